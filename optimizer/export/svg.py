"""Small charts as SVG text: no script, no outside file, colours by the page's style sheet, all text escaped.

Classes: `s0` ... `s11` are the colours of series, `axis`, `grid`, `box`, `line` and `label` what they say.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

from exasite.export.text import plain

_WIDTH = 720
_COLOURS = 12
_NICE = (1.0, 2.0, 2.5, 5.0, 10.0)
_MOST_LABEL = 44


def frame(width: float, height: float, title: str, body: Sequence[str]) -> str:
    """An SVG that scales to the page, with a title that is read aloud."""
    label = escape(plain(title, 200), quote=True)
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{label}" preserveAspectRatio="xMidYMid meet">'
        f"<title>{label}</title>{''.join(body)}</svg>"
    )


def text(x: float, y: float, words: str, anchor: str = "start", kind: str = "label", most: int = _MOST_LABEL) -> str:
    """Text at a place; what does not fit is cut."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}">{escape(plain(words, most))}</text>'


def rect(x: float, y: float, width: float, height: float, kind: str, tip: str = "") -> str:
    inside = f"<title>{escape(plain(tip, 200))}</title>" if tip else ""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{max(height, 0):.1f}" '
        f'class="{kind}">{inside}</rect>'
    )


def line(x1: float, y1: float, x2: float, y2: float, kind: str = "axis") -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def colour(number: int) -> str:
    return f"s{number % _COLOURS}"


def ceiling(value: float) -> float:
    """The next round number above a value, for an axis."""
    if value <= 0:
        return 1.0
    size = 10.0 ** math.floor(math.log10(value))
    return next(step * size for step in _NICE if step * size >= value * (1 - 1e-9))


def short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 10 or value == 0 else f"{value:,.3g}"


def _axis(left: float, top: float, width: float, height: float, most: float, unit: str) -> list[str]:
    """Grid lines with numbers, and the unit above them."""
    parts = [text(left - 6, top - 8, unit, "end", "tick")]
    for k in range(5):
        y = top + height * (1 - k / 4)
        parts += [line(left, y, left + width, y, "grid"), text(left - 6, y + 4, short(most * k / 4), "end", "tick")]
    return parts


def legend(names: Sequence[str], y: float, left: float, width: float = _WIDTH) -> tuple[list[str], float]:
    """Names with their colours in as many lines as they need; also the height used."""
    parts, x, row = [], left, 0
    for number, name in enumerate(names):
        wide = 24 + 6.6 * min(len(name), _MOST_LABEL)
        if x + wide > width and x > left:
            x, row = left, row + 1
        parts += [rect(x, y + 18 * row, 11, 11, colour(number)), text(x + 16, y + 18 * row + 10, name, kind="tick")]
        x += wide
    return parts, 18.0 * (row + 1) + 6


def stacked_hours(series: Mapping[str, Sequence[float]], demand: Sequence[float], title: str, unit: str = "MW") -> str:
    """A day hour by hour: sources stacked, the demand as a line."""
    left, top, height = 58.0, 26.0, 190.0
    width, hours = _WIDTH - left - 12, len(demand)
    shown = {name: values for name, values in series.items() if max(values, default=0.0) > 1e-3}
    sums = [sum(values[h] for values in shown.values()) for h in range(hours)]
    most = ceiling(max([*sums, *demand], default=1.0))
    step, body = width / max(hours, 1), _axis(left, top, width, height, most, unit)
    base = [0.0] * hours
    for number, (name, values) in enumerate(shown.items()):
        for h in range(hours):
            size = height * values[h] / most
            y = top + height - height * base[h] / most - size
            body.append(rect(left + h * step + 0.5, y, step - 1, size, colour(number),
                             f"{name}, hour {h}: {values[h]:,.1f} {unit}"))  # fmt: skip
            base[h] += values[h]
    across = [left + (h + 0.5) * step for h in range(hours)]
    points = " ".join(f"{x:.1f},{top + height * (1 - mw / most):.1f}" for x, mw in zip(across, demand, strict=True))
    body.append(f'<polyline points="{points}" class="demand"/>')
    body += [text(left + (h + 0.5) * step, top + height + 16, str(h), "middle", "tick") for h in range(0, hours, 3)]
    keys, used = legend(list(shown), top + height + 26, left)
    return frame(_WIDTH, top + height + 26 + used, title, [*body, *keys])


def stacked_bars(rows: Mapping[str, Mapping[str, float]], title: str, unit: str) -> str:
    """Columns by name with stacked parts and the running total as a line."""
    left, top, height = 58.0, 26.0, 210.0
    width, names = _WIDTH - left - 12, list(dict.fromkeys(part for parts in rows.values() for part in parts))
    sums, total, step = [], 0.0, width / max(len(rows), 1)
    for parts in rows.values():
        total += sum(parts.values())
        sums.append(total)
    most = ceiling(max([*sums, 1e-9]))
    body = _axis(left, top, width, height, most, unit)
    for column, (name, parts) in enumerate(rows.items()):
        base, x = 0.0, left + column * step
        for part, value in parts.items():
            size = height * max(value, 0.0) / most
            body.append(rect(x + step * 0.15, top + height - base - size, step * 0.7, size,
                             colour(names.index(part)), f"{name}, {part}: {value:,.1f} {unit}"))  # fmt: skip
            base += size
        if len(rows) <= 16 or column % 2 == 0:
            body.append(text(x + step / 2, top + height + 16, name, "middle", "tick"))
    points = " ".join(f"{left + (k + 0.5) * step:.1f},{top + height * (1 - v / most):.1f}" for k, v in enumerate(sums))
    body.append(f'<polyline points="{points}" class="demand"/>')
    keys, used = legend(names, top + height + 26, left)
    return frame(_WIDTH, top + height + 26 + used, title, [*body, *keys])


def bars(rows: Sequence[tuple[str, float, float | None, float | None]], title: str, unit: str) -> str:
    """Bars with a whisker from low to high: (name, value, low, high)."""
    left, top, step = 200.0, 10.0, 26.0
    width = _WIDTH - left - 110
    most = max([max(value, high or 0.0) for _, value, _, high in rows] + [1e-9])
    body = []
    for number, (name, value, low, high) in enumerate(rows):
        y = top + number * step
        size = width * max(value, 0.0) / most
        body += [text(left - 8, y + 14, name, "end"), rect(left, y + 3, size, 15, "s0", f"{name}: {value:,.2f} {unit}")]
        end = size
        if low is not None and high is not None and high > low:
            a, b = left + width * max(low, 0.0) / most, left + width * max(high, 0.0) / most
            middle = y + 10.5
            body += [line(a, middle, b, middle, "whisker"), line(a, middle - 4, a, middle + 4, "whisker"),
                     line(b, middle - 4, b, middle + 4, "whisker")]  # fmt: skip
            end = max(end, b - left)
        body.append(text(left + end + 6, y + 14, f"{short(value)} {unit}", kind="tick"))
    return frame(_WIDTH, top + step * len(rows) + 8, title, body)
