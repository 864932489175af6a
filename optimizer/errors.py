"""What is said to a user whose input cannot be used: every problem at once, each with its place and a fix."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MOST_PRINTED = 40  # problems printed in full; the record always carries all of them
_LONGEST_NAME = 60  # longer names are cut before they are compared or shown
_CLOSE_ENOUGH = 0.5


@dataclass(frozen=True)
class Problem:
    """One thing wrong with an input.

    `place` is the key as `--set` would write it (`sites.0.grid_limit_mw`), empty for the input as a whole;
    `source` the file (or `--set ...`) that says it; `line` its line there, if known.
    """

    place: str
    message: str
    fix: str = ""
    source: str = ""
    line: int | None = None

    def __str__(self) -> str:
        where = f"{self.source}:{self.line}" if self.line else self.source
        head = "  ".join(part for part in (where, self.place) if part)
        text = f"{head}: {self.message}" if head else self.message
        return printable(f"{text}; {self.fix}" if self.fix else text)


class InputError(Exception):
    """Input that cannot be used. `problems` holds every problem found; `str()` is the list a user reads."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        shown = self.problems[:MOST_PRINTED]
        lines = [f"{number}. {problem}" for number, problem in enumerate(shown, start=1)]
        if len(self.problems) > len(shown):
            lines.append(f"... and {len(self.problems) - len(shown)} more")
        return "\n".join(lines)


def nearest(name: str, known: Sequence[str]) -> str | None:
    """The known name closest to `name` (case does not count), or None if none is near."""
    folded = {candidate.casefold(): candidate for candidate in reversed(known)}
    wanted = name[:_LONGEST_NAME].casefold()
    near = difflib.get_close_matches(wanted, folded, n=1, cutoff=_CLOSE_ENOUGH)
    return folded[near[0]] if near else None


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """The fix for an unknown name: the nearest known one, else the first known ones."""
    near = nearest(name, known)
    if near is not None:
        return f"did you mean {near}?"
    if not known:
        return ""
    more = ", ..." if len(known) > 12 else ""
    return f"known: {', '.join(known[:12])}{more}"


def shown(value: object) -> str:
    """A value as it is quoted in a message: short, whatever it is."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.12g}"
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # nested beyond Python's limit, or an integer of thousands of digits
        return f"a {type(value).__name__}"
    return text if len(text) <= _LONGEST_NAME else text[:_LONGEST_NAME] + "..."


def printable(text: str) -> str:
    """Text that any terminal can print: control characters and broken unicode are escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
