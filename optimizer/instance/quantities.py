"""What a number written as text was probably meant to be: "5 B$" is 5e9, "0.15 GW" is 150 [MW]."""

from __future__ import annotations

import re

from exasite.models.units import UNITS, conversion_factor

_NUMBER = re.compile(r"^([+-]?\d[\d,_ ]*(?:\.\d+)?(?:e[+-]?\d{1,3})?)\s*(.{0,20})$", re.IGNORECASE | re.ASCII)
_COUNT_WORDS = {
    "k": 1e3, "thousand": 1e3, "m": 1e6, "mn": 1e6, "million": 1e6, "b": 1e9, "bn": 1e9, "billion": 1e9,
    "t": 1e12, "tn": 1e12, "trillion": 1e12,
}  # fmt: skip
_ANY_UNIT = {"usd", "us$", "$", "dollars", "gpus", "gpu", "days", "tokens"}


def meant_number(text: str, unit: str) -> float | None:
    """The number a text like "5 B$" or "100k" stands for in `unit`, or None if it cannot be told."""
    match = _NUMBER.match(text[:80].strip().lstrip("$").strip())
    if match is None:
        return None
    digits, word = re.sub(r"[,_ ]", "", match[1]), match[2].strip()
    value = float(digits)
    if not word or word == unit or word.casefold() in _ANY_UNIT:
        return value
    if word in UNITS and unit in UNITS and UNITS[word][0] == UNITS[unit][0]:
        return value * conversion_factor(word, unit)
    count_word = word.casefold().removesuffix("$").removesuffix("usd").removesuffix("gpus").strip()
    return value * _COUNT_WORDS[count_word] if count_word in _COUNT_WORDS else None


def written(value: float) -> str:
    """A number as one would type it in TOML: 5e9, 150, 0.25."""
    text = f"{value:.12g}"
    if "e" not in text and (abs(value) < 1e6 or not text.endswith("000")):
        return text
    mantissa, exponent = f"{value:.12e}".split("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
