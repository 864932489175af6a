"""Small pieces of Markdown, and when two texts count as the same."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_NUMBER = re.compile(r"(?<![\w.])[+-]?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?(?![\w.]*\d)")
NOTICE = "<!-- made by docs/generate.py: change the code or the data, not this page -->"


def table(header: Sequence[str], rows: Iterable[Sequence[object]], numbers: Iterable[int] = ()) -> str:
    """A table; the columns of `numbers` are aligned to the right."""
    right = set(numbers)
    lines = ["| " + " | ".join(header) + " |"]
    lines.append("|" + "|".join("--:" if i in right else "---" for i in range(len(header))) + "|")
    lines += ["| " + " | ".join(cell(value) for value in row) + " |" for row in rows]
    return "\n".join(lines)


def cell(value: object) -> str:
    """Text that stays in its cell."""
    text = str(value).replace("\n", " ").strip()
    return text.replace("|", "\\|") if "`" not in text else text.replace("|", "/")


def code(name: str) -> str:
    return f"`{name}`"


def number(value: float) -> str:
    """Four significant digits, thousands apart."""
    if value == 0:
        return "0"
    size = abs(value)
    if not 1e-3 <= size < 1e7:
        return f"{value:.3g}"
    digits = max(0, 4 - len(str(int(size))) if size >= 1 else 4)
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(share: float, digits: int = 1) -> str:
    return f"{100.0 * share:.{digits}f} %"


def page(title: str, *parts: str) -> str:
    return "\n\n".join([f"# {title}", NOTICE, *(part.strip("\n") for part in parts if part)]) + "\n"


def anchor(heading: str) -> str:
    """The anchor a heading gets: lower case, spaces to dashes, no punctuation."""
    kept = re.sub(r"[^\w\- ]", "", re.sub(r"[`*]", "", heading).lower())
    return kept.strip().replace(" ", "-")


def same(old: str, new: str) -> bool:
    """Whether two texts agree, but for numbers that differ by one unit in their last digit.

    Other processors and libraries round differently; a change of the model or of the catalogue is larger.
    """
    if old == new:
        return True
    words = (_NUMBER.split(old), _NUMBER.split(new))
    first, second = _NUMBER.findall(old), _NUMBER.findall(new)
    if words[0] != words[1] or len(first) != len(second):
        return False
    return all(_close(a, b) for a, b in zip(first, second, strict=True))


def _close(a: str, b: str) -> bool:
    if a == b:
        return True
    x, y = (float(text.replace(",", "")) for text in (a, b))
    if abs(x) < 1e-6 and abs(y) < 1e-6:
        return True
    decimals = [len(text.partition(".")[2].partition("e")[0]) for text in (a, b)]
    if "e" in a or "e" in b:
        return abs(x - y) <= 0.02 * max(abs(x), abs(y))
    return "." in a and decimals[0] == decimals[1] and abs(x - y) <= 1.001 * 10.0 ** -decimals[0]
