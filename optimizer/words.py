"""Figures in the words of a planner."""

from __future__ import annotations


def money(usd: float) -> str:
    """Dollars as a planner writes them."""
    for size, unit in ((1e9, "B$"), (1e6, "M$"), (1e3, "k$")):
        if abs(usd) >= size:
            return f"{usd / size:,.2f} {unit}" if usd / size < 100 else f"{usd / size:,.0f} {unit}"
    return f"{usd:,.0f} $"


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"
