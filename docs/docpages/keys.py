"""The page of instance keys, from the records that read them."""

from __future__ import annotations

import types
import typing
from typing import Any

from pydantic import BaseModel

from docpages.markdown import code, page, table
from exasite.instance import schema
from exasite.instance.shipped import shipped_names, shipped_studies
from exasite.studies import schema as studies
from exasite.studies.reading import read_study

_SECTIONS: tuple[tuple[str, type[BaseModel]], ...] = (
    ("(top level)", schema.Instance),
    ("[workload]", schema.WorkloadSection),
    ("[workload.model]", schema.InlineModel),
    ("[require]", schema.RequireSection),
    ("[limit]", schema.LimitSection),
    ("[objective]", schema.ObjectiveSection),
    ("[choices]", schema.ChoicesSection),
    ("[[sites]]", schema.SiteSection),
    ("[sites.given]", schema.GivenFactors),
    ("[facility]", schema.FacilitySection),
    ("[finance]", schema.FinanceSection),
)
_STUDY_SECTIONS: tuple[tuple[str, type[BaseModel]], ...] = (
    ("(top level of a study)", studies.Study),
    ("[[axes]]", studies.Axis),
    ("[axes.range]", studies.Steps),
    ("[axes.distribution]", studies.Distribution),
    ("[sampling]", studies.Sampling),
    ("[one_at_a_time]", studies.OneAtATime),
    ("[[scenarios]]", studies.ListedScenario),
    ("[regret]", studies.Regret),
)
_PLAIN = {
    "int": "whole number",
    "float": "number",
    "str": "text",
    "bool": "true or false",
    "date": "date",
    "Range": "number or range",
}
_TEXTS = {
    "(top level)": "A question. `[catalog.TABLE.ITEM]` replaces numbers of the [catalogue](catalogue.md).",
    "[workload]": "What the datacenter computes. Precision left out: bf16 up to Hopper-class chips, fp8 from Blackwell "
    "on. This version solves training only.",
    "[objective]": "Exactly one of `maximize` and `minimize`; `[objective.weights]` has `capex` and `watts` and is for "
    "efficiency only. Left out: efficiency, half and half.",
    "[choices]": "Catalogue ids the design may use; left out: all that fit. A site may have its own `[sites.choices]`.",
    "[facility]": "Electrical architecture (an id of table `electrical`), and how many units of each source on site "
    "must be able to stand still (left out: as many as their availability asks for).",
    "[finance]": "Terms that replace those of the catalogue.",
}


def keys_page() -> str:
    return page("Instance keys", _introduction(), *(_section(name, record) for name, record in _SECTIONS))


def study_keys_page() -> str:
    sections = (_section(name, record).replace("list of ids", "list") for name, record in _STUDY_SECTIONS)
    return page("Study keys", _study_introduction(), *sections, _shipped_studies())


def _shipped_studies() -> str:
    shipped = [read_study(name).study for name in shipped_studies()]
    rows = [[code(study.name), code(study.base), study.question, study.answer] for study in shipped]
    return "## The shipped studies\n\n" + table(["study", "base", "question", "answer"], rows)


def _study_introduction() -> str:
    return """\
A study is a TOML file that names a base instance and what is varied around it; how to use one is in
[studies](studies.md). Unknown keys are errors that name the nearest known key. A path is written as in `--set`.
The shipped studies and their answers stand [at the end](#the-shipped-studies)."""


def _introduction() -> str:
    shipped = ", ".join(code(name) for name in shipped_names())
    return f"""\
An instance is a TOML file. Unknown and misspelt keys are errors that name the nearest known key; nothing is ignored.
`exasite new NAME` writes a commented one, `exasite check` lists every problem of one, `exasite schema` prints all of
this as a JSON schema. Units stand in brackets. A range is a number, or a table like `{{ min = 10, max = 20 }}`.

Shipped instances: {shipped}."""


def _section(name: str, record: type[BaseModel]) -> str:
    text = _TEXTS.get(name) or " ".join((record.__doc__ or "").split())
    rows = []
    for key, field in record.model_fields.items():
        if _is_section(field.annotation):
            continue
        extra = field.json_schema_extra
        unit = str(extra["unit"]) if isinstance(extra, dict) and "unit" in extra else ""
        shown = f"[{unit}]" if unit else ""
        rows.append([code(field.alias or key), _kind(field.annotation), shown, _bounds(field), _default(field)])
    return f"## {code(name)}\n\n{text}\n\n{table(['key', 'value', 'unit', 'bounds', 'if left out'], rows)}"


def _is_section(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, schema.Section) and annotation is not schema.Range


def _kind(annotation: Any) -> str:
    """What a key takes, in a word."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Literal:
        return " or ".join(code(str(word)) for word in arguments)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(dict.fromkeys(_kind(a) for a in arguments if a is not type(None)))
    if origin is typing.Annotated:
        return _kind(arguments[0])
    if origin is not None:
        return "list of ids" if origin is tuple and not _is_section(arguments[0]) else "tables"
    return "table" if _is_section(annotation) else _PLAIN.get(annotation.__name__, "")


def _bounds(field: Any) -> str:
    found = []
    for mark in field.metadata:
        for attribute, words in (("gt", "above"), ("ge", "from"), ("le", "to"), ("lt", "below")):
            if (value := getattr(mark, attribute, None)) is not None:
                found.append(f"{words} {value:g}")
    return " ".join(found)


def _default(field: Any) -> str:
    if field.is_required():
        return "required"
    value = field.default
    if value is None or value in ("", ()) or field.default_factory is not None:
        return ""
    if isinstance(value, bool):
        return code(str(value).lower())
    return code(str(value))
