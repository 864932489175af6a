"""The records of a study file: which keys exist, their types and bounds. What they mean: `axes`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainValidator

from exasite.instance.schema import Section, Whole, Word, number

MOST_SCENARIOS = 1_000_000
Method = Literal["latin_hypercube", "sobol", "saltelli"]
DistributionKind = Literal["uniform", "loguniform", "normal", "triangular", "catalog"]
ALL_ROWS, ALLOWED_ROWS = "all", "allowed"


def _value(value: object) -> object:
    """A value as TOML may hold it: a number, a word, a truth, a date, or a list or table of them."""
    if isinstance(value, bool | int | float | str | date | datetime):
        return value
    if isinstance(value, list | tuple):
        return [_value(entry) for entry in value]
    if isinstance(value, dict):
        return {str(key): _value(entry) for key, entry in value.items()}
    raise ValueError(f"expected a number, a word, a list or a table, got a {type(value).__name__}")


Value = Annotated[Any, PlainValidator(_value), Field(json_schema_extra={"description": "any value of TOML"})]
Paths = Annotated[tuple[Word, ...], Field(strict=False, min_length=1, max_length=1000)]
Rows = Annotated[
    tuple[Word, ...],
    BeforeValidator(lambda value: (value,) if isinstance(value, str) else value),
    Field(strict=False, min_length=1, max_length=10_000),
]
Numbers = Annotated[tuple[float, ...], Field(strict=False, min_length=1, max_length=100_000)]


class Steps(Section):
    """Numbers from `from` to `to`, both included: evenly spaced, or by equal factors with scale = "log"."""

    from_: float = Field(..., alias="from", description="first number")
    to: float = Field(..., description="last number")
    steps: Whole = number("numbers", ..., least=2, most=100_000)
    scale: Literal["linear", "log"] = "linear"


class Distribution(Section):
    """Where samples of a number come from. `catalog`: triangular over low, base and high of the catalogue row."""

    kind: DistributionKind = "catalog"
    low: float | None = None
    high: float | None = None
    mode: float | None = None
    mean: float | None = None
    deviation: float | None = Field(None, gt=0)


class Axis(Section):
    """What is varied: one path, several at once, catalogue rows one by one, or the sites.

    One of `path`, `paths`, `rows` and `sites`; and one of `values`, `factors`, `range` and `distribution` (not with
    `sites`). `factors` multiply the value of the base; `relative` says that numbers of `range` and `distribution` do.
    """

    name: Word | None = None
    unit: Annotated[str, Field(max_length=40)] = ""
    path: Word | None = None
    paths: Paths | None = None
    rows: Rows | None = None
    sites: Paths | None = None
    values: Annotated[tuple[Value, ...], Field(strict=False, min_length=1, max_length=100_000)] | None = None
    factors: Numbers | None = None
    range: Steps | None = None
    distribution: Distribution | None = None
    relative: bool = False
    labels: Paths | None = Field(None, description="what each value is called")


class Sampling(Section):
    """How the axes with a distribution are sampled, all at once."""

    method: Method = "latin_hypercube"
    samples: Whole = number("samples", 100, least=2, most=MOST_SCENARIOS)


class OneAtATime(Section):
    """Catalogue rows set to low and to high, one after the other, beside the base case.

    `rows`: "all" (of the base design, as far as they have a range), "allowed" (those and all that may be chosen
    instead) or a list like "accelerators.H100-SXM.price_usd".
    """

    rows: Rows = (ALL_ROWS,)


class ListedScenario(Section):
    """One scenario by hand: paths and their values."""

    name: Word
    set: dict[str, Value] = Field(default_factory=dict)


class Regret(Section):
    """How many of the most frequent designs are tried in how many scenarios; designs = 0 leaves it out."""

    designs: Whole = number("designs", 5, least=0, most=100)
    scenarios: Whole = number("scenarios", 100, least=1, most=100_000)


class Study(Section):
    """A study: a base instance and what is varied around it."""

    name: Word = "unnamed"
    question: Annotated[str, Field(max_length=10_000)] = ""
    answer: Annotated[str, Field(max_length=10_000)] = ""
    base: Word = Field(..., description="a shipped instance, or a TOML file relative to this one")
    seed: Whole = number("1", 0, least=0, most=2_000_000_000)
    set: dict[str, Value] = Field(default_factory=dict, description="changes of the base that hold in all scenarios")
    axes: Annotated[tuple[Axis, ...], Field(strict=False, max_length=1000)] = ()
    sampling: Sampling = Sampling()
    one_at_a_time: OneAtATime | None = None
    scenarios: Annotated[tuple[ListedScenario, ...], Field(strict=False, max_length=MOST_SCENARIOS)] = ()
    record: Paths | None = Field(None, description="columns of the table: totals.KEY, choices.KEY, objective.KEY")
    regret: Regret = Regret()


STUDY_KEYS = frozenset(("base", "axes", "one_at_a_time", "scenarios", "sampling"))  # no key of an instance
