"""An explanation as a planner reads it."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from exasite.decisions.compare_report import report as comparison_report
from exasite.decisions.explain import Binding, Conflicting, Explanation, WhyNot
from exasite.decisions.near_best import Alternatives
from exasite.words import money

_MOST_ITEMS = 6
_SAME = 2e-4


def report(found: Explanation) -> RenderableType:
    """The explanation as a rich renderable."""
    heading = Text(f"\n{found.instance}", style="bold")
    heading.append(f"  {found.question}\n", style="not bold")
    blocks: list[RenderableType] = [heading]
    if found.status == "infeasible":
        blocks += _conflict(found)
    elif found.value is None:
        blocks.append(Text(found.message, style="bold yellow"))
    else:
        blocks += _bindings(found)
    if found.why_not is not None:
        blocks += _why_not(found.why_not)
    if found.near_best is not None:
        blocks += _near_best(found.near_best)
    return Group(*blocks)


def _conflict(found: Explanation) -> list[RenderableType]:
    if not found.conflict:
        return [Text(f"NO DESIGN: {found.message}", style="bold red")]
    blocks: list[RenderableType] = [
        Text("NO DESIGN: these cannot all be had together; drop any one, and there is a design", style="bold red")
    ]
    if found.message:
        blocks.append(Text(found.message, style="yellow"))
    blocks.append(Padding(_conflict_table(found.conflict), (0, 2)))
    if found.together:
        words = ", ".join(f"{key} {shown(key, value)}" for key, value in found.together.items())
        blocks.append(Padding(Text(f"or all of them give way by the same share: {words}"), (0, 2)))
    return blocks


def _conflict_table(conflict: tuple[Conflicting, ...]) -> Table:
    table = Table(box=None, padding=(0, 2), header_style="dim")
    for name in ("demand", "the least change of it alone that gives a design", "key"):
        table.add_column(name)
    for entry in conflict:
        table.add_row(Text(entry.words), Text(freed(entry)), Text(entry.key, style="dim"))
    return table


def freed(entry: Conflicting) -> str:
    """The least change of a demand in words."""
    if entry.items:
        more = f" and {len(entry.items) - _MOST_ITEMS} more" if len(entry.items) > _MOST_ITEMS else ""
        return f"allow {' or '.join(entry.items[:_MOST_ITEMS])}{more}"
    if entry.freed_by is None:
        return "no change of it alone was found"
    if isinstance(entry.freed_by, float) and isinstance(entry.value, float) and entry.value:
        share = entry.freed_by / entry.value - 1.0
        return f"{shown(entry.key, entry.freed_by)} ({100 * share:+.1f} %)"
    return str(entry.freed_by)


def shown(key: str, value: float | str) -> str:
    """A value of a demand in the words of a planner."""
    if isinstance(value, str):
        return value
    return money(value) if key in ("limit.capex_usd", "limit.opex_usd_per_year") else f"{value:,.6g}"


def _bindings(found: Explanation) -> list[RenderableType]:
    if not found.bindings:
        return [Text("no limit or requirement has a number: nothing to ease")]
    binding = [b for b in found.bindings if b.binds]
    head = f"{len(binding)} of {len(found.bindings)} limits and requirements hold the best design back"
    table = Table(box=None, padding=(0, 2), header_style="dim")
    table.add_column("limit or requirement")
    table.add_column("1 % of it is worth", justify="right")
    table.add_column("in dollars", justify="right")
    table.add_column("without it", justify="right")
    table.add_column("key", overflow="fold")
    for entry in found.bindings:
        dollars = money(entry.worth_usd) if entry.worth_usd else ""
        without = f"+{100 * entry.gain_without:.1f} %" if entry.gain_without else "the same"
        table.add_row(Text(entry.words), _gain(entry), dollars, without, Text(entry.key, style="dim"))
    return [Text(head, style="bold"), Padding(table, (0, 2))]


def _gain(entry: Binding) -> str:
    return f"+{100 * entry.gain:.3f} %" if entry.gain > 0 else "nothing"


def _why_not(asked: WhyNot) -> list[RenderableType]:
    what = f"{asked.choice} {' or '.join(asked.items)}"
    if asked.conflict:
        blocks: list[RenderableType] = [Text(f"\nWHY NOT {what}? It cannot be built here:", style="bold")]
        return [*blocks, Padding(_conflict_table(asked.conflict), (0, 2))]
    if asked.loss is None:
        return [Text(f"\nWHY NOT {what}? {asked.message or 'no design uses it'}", style="bold")]
    if abs(asked.loss) <= _SAME:
        return [Text(f"\nWHY NOT {what}? It is as good as the best design.", style="bold")]
    how = f"{100 * asked.loss:.2f} % worse"
    if asked.loss < 0:
        how = f"{-100 * asked.loss:.2f} % better, but the question does not allow it"
    head = Text(f"\nWHY NOT {what}? The best design with it is {how}.", style="bold")
    changes = "; ".join(f"{key}: {words}" for key, words in asked.changed.items())
    lines: list[RenderableType] = [head, Padding(Text(f"it differs in {changes}"), (0, 2))]
    if asked.comparison is not None:
        lines.append(comparison_report(asked.comparison))
    return lines


def _near_best(others: Alternatives) -> list[RenderableType]:
    table = Table(box=None, padding=(0, 2), header_style="dim")
    for name in ("", "below the best", "EFLOPS", "B$", "MW", "what differs"):
        table.add_column(name, justify="left" if name == "what differs" else "right")
    for number, one in enumerate(others.designs, start=1):
        words = "; ".join(f"{key}: {text}" for key, text in one.changed.items()) or "sizes only"
        table.add_row(str(number), f"{100 * one.loss:.2f} %", f"{one.effective_exaflops:,.2f}",
                      f"{one.capex_usd / 1e9:,.3f}", f"{one.facility_mw_mean:,.1f}", Text(words))  # fmt: skip
    blocks: list[RenderableType] = [Text("\nNear-optimal designs", style="bold"), Padding(table, (0, 2))]
    beaten = {name: reason for name, reason in others.beaten.items() if "below the best" in reason}
    if others.beaten:
        lines = "; ".join(f"{name} ({reason.removesuffix(' below the best')})" for name, reason in beaten.items())
        lines += f"; {len(others.beaten) - len(beaten)} items do not fit or have no design"
        blocks.append(Padding(Text(f"further below: {lines}", style="dim"), (0, 2)))
    return blocks
