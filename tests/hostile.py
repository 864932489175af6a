"""Texts that must do no harm wherever they come out, and a plan in which every free text is one of them."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from exasite.plans.records import Plan

ISO_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}$")
QUARTER = re.compile(r"^\d{4}-Q\d$")
TEXTS = (
    "=cmd|'/c calc'!A0",
    "+1+1", "-2+3", "@SUM(A1)", "\t=1+1", "\r=1+1", " =1+1", "\uff1d1+1",
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "</title><script>alert(1)</script>",
    "{{ 7*7 }}{% raw %}", "]]><svg onload=alert(1)>", "javascript:alert(1)",
    "[click](http://evil.example/x) ![](http://evil.example/y.png) <http://evil.example>",
    "http://evil.example www.evil.example a@evil.example",
    "| a | b |\n|---|---|\n# not a title\n- item\n```\ncode\n---",
    "../x", "../../etc/passwd", "C:\\windows\\x", "CON", "x\x00y", "a/b\\c",
    "x" * 10_000, "\u202egnp.exe", "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "\U0001f680\U0001f468\u200d\U0001f469\u200d\U0001f467", "line one\nline two\r\nline three\u2028four", "`code` *b* _i_ ~~s~~",
    "&lt;b&gt; &amp; &#60;", "", " ",
)  # fmt: skip
_LONG = 5000
# Where a text begins matters to a spreadsheet; anywhere else the texts can stand together, each as bad as alone.
PLANS = (
    *(text for text in TEXTS if text.strip()[:1] and text.strip()[0] in "=+-@\uff1d"),
    " ".join(text for text in TEXTS if len(text) < _LONG),
    "\n".join(reversed([text for text in TEXTS if len(text) < _LONG])),
    next(text for text in TEXTS if len(text) > _LONG),
    "",
)
# what other records or the code look things up by, or what holds one of few words
_KEPT = {"basis", "kind", "confidence", "quarter", "lead"}
_TOKEN = "q7x"  # the texts begin alike; a mark of their own keeps different texts different


@cache
def hostile_plan(plan: Plan, text: str) -> Plan:
    """The plan with `text` in every free text, ids with it; equal texts stay equal, so that rows still fit together."""
    seen: dict[str, str] = {}

    def changed(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {_name(k, key): changed(v, k) for k, v in value.items()}
        if isinstance(value, list | tuple):
            return tuple(changed(v, key) for v in value)
        return _name(value, key) if isinstance(value, str) else value

    def _name(value: str, key: str) -> str:
        fixed = key in _KEPT or ISO_DATE.match(value) or QUARTER.match(value) or value in _FIELDS or not value
        if fixed:
            return value
        return seen.setdefault(value, f"{text}{_TOKEN}{len(seen)}" if len(text) < _LONG else f"{len(seen)}{text}")

    return Plan.model_validate(changed(plan.model_dump()))


def _fields(model: Any) -> set[str]:
    names = set()
    for name, field in model.model_fields.items():
        names.add(name)
        for part in re.findall(r"\w+", str(field.annotation)):
            found = getattr(__import__("exasite.plans.records", fromlist=[part]), part, None)
            if hasattr(found, "model_fields") and found is not model:
                names |= _fields(found)
    return names


_FIELDS = _fields(Plan)
