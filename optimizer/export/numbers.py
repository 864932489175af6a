"""Numbers of the plan as they are read, by the form of their column."""

from __future__ import annotations

from exasite.export.columns import Form
from exasite.export.tables import Value

_DIGITS: dict[Form, int] = {"price": 2, "usd": 0, "count": 0, "weeks": 1}


def shown(value: Value, form: Form) -> str:
    """A value as text; empty for none."""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if form == "share":
        return f"{100 * value:,.2f} %"
    digits = _DIGITS.get(form)
    return number(float(value)) if digits is None else f"{value:,.{digits}f}"


def number(value: float) -> str:
    """A number with as many digits as say something."""
    size = abs(value)
    if size >= 1000 or value.is_integer():
        return f"{value:,.0f}"
    if size >= 1:
        return f"{value:,.2f}"
    return f"{value:.4g}"
