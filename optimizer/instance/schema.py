"""The records of an instance: which keys exist, their types, units and sensible bounds.

A section says only what one key may hold on its own; what keys must satisfy together, and whether ids exist
in the catalogue, is in `checking`. All sections are frozen and refuse unknown keys; no number is taken from
a bool or a string. `None` means: not set, the default of the catalogue or of the model applies.
"""

from __future__ import annotations

import math
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    GetJsonSchemaHandler,
    PlainValidator,
    Tag,
)

Maximize = Literal["efficiency", "exaflops_per_capex", "exaflops_per_watt", "exaflops_per_tco", "exaflops"]
Minimize = Literal["capex", "tco", "training_cost", "facility_mw"]
CHOICE_TABLES = {
    "accelerators": "accelerators",
    "interconnects": "fabrics",
    "cooling": "cooling",
    "storage": "storage",
    "recovery": "recovery",
    "power": "power_sources",
}  # key of [choices] -> catalogue table of its ids
MOST_USD = 1e14
MOST_GPUS = 1e8
EARLIEST, LATEST = date(2015, 1, 1), date(2060, 12, 31)


def number(
    unit: str,
    default: Any = None,
    *,
    above: float | None = None,
    least: float | None = None,
    most: float | None = None,
) -> Any:
    """A numeric key: its unit, default, open (`above`) or closed (`least`) lower bound and upper bound."""
    extra: dict[str, Any] = {"unit": unit}
    return Field(default, gt=above, ge=least, le=most, description=f"[{unit}]", json_schema_extra=extra)


def _whole(value: object) -> object:
    """Accept 1e5 where a whole number is meant."""
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        return int(value)
    return value


def _day(value: object) -> object:
    """Accept a date written as text, which JSON and the command line need."""
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise ValueError(f"expected a date like 2027-06-30, got {value[:40]!r}") from None
    return value


def _sensible_day(value: date) -> date:
    if not EARLIEST <= value <= LATEST:
        raise ValueError(f"expected a date between {EARLIEST} and {LATEST}, got {value}")
    return value


Whole = Annotated[int, BeforeValidator(_whole)]
Day = Annotated[date, BeforeValidator(_day), AfterValidator(_sensible_day)]
Word = Annotated[str, Field(min_length=1, max_length=200)]
Ids = Annotated[tuple[Word, ...], Field(strict=False, min_length=1, max_length=1000)]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Range(Section):
    """Bounds on a quantity. `exact` means that number, rounded up to whole racks or servers."""

    min: float | None = Field(None, gt=0)
    max: float | None = Field(None, gt=0)
    exact: float | None = Field(None, gt=0)

    @property
    def lower(self) -> float | None:
        """Largest of the given lower bounds."""
        bounds = [bound for bound in (self.min, self.exact) if bound is not None]
        return max(bounds) if bounds else None

    @property
    def upper(self) -> float | None:
        """Smallest of the given upper bounds (an exact number of GPUs may exceed it by part of one rack)."""
        bounds = [bound for bound in (self.max, self.exact) if bound is not None]
        return min(bounds) if bounds else None

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, handler(core_schema)]}


def _plain(meaning: str) -> BeforeValidator:
    """A plain number stands for one bound of the range: `exact`, `min` or `max`."""

    def convert(value: object) -> object:
        if isinstance(value, int | float | str):  # bool and str: let the bound's own check say what is wrong
            return {meaning: value}
        return value

    return BeforeValidator(convert)


def _bounded(most: float, whole: bool = False) -> AfterValidator:
    def check(value: Range) -> Range:
        for bound in (value.min, value.max, value.exact):
            if bound is not None and bound > most:
                raise ValueError(f"{bound:g} is above the largest sensible value, {most:g}")
            if whole and bound is not None and not float(bound).is_integer():
                raise ValueError(f"expected a whole number, got {bound:g}")
        if value.min is None and value.max is None and value.exact is None:
            raise ValueError("expected a number, or a table with min, max or both")
        return value

    return AfterValidator(check)


GpuRange = Annotated[Range, _plain("exact"), _bounded(MOST_GPUS, whole=True)]


class InlineModel(Section):
    """A transformer given by its shape instead of a catalogue id (fields of `models.workload.Workload`)."""

    name: Word = "inline model"
    layers: Whole = number("layers", ..., least=1, most=10_000)
    hidden: Whole = number("width", ..., least=1, most=1_000_000)
    heads: Whole = number("heads", ..., least=1, most=100_000)
    kv_heads: Whole | None = number("heads", least=1, most=100_000)
    ffn: Whole = number("width", ..., least=1, most=10_000_000)
    gated: bool = True
    vocabulary: Whole = number("tokens", ..., least=1, most=100_000_000)
    tied: bool = False
    sequence_length: Whole | None = number("tokens", least=1, most=1e9)
    batch_tokens: float | None = number("tokens", above=0, most=1e12)
    moe_factor_small_domain: float | None = number("fraction", above=0, most=1)
    moe_factor_large_domain: float | None = number("fraction", above=0, most=1)
    total_parameters: float | None = number("parameters", above=0, most=1e18)
    checkpoint_bytes_per_parameter: float | None = number("byte", above=0, most=100)


def _model_kind(value: object) -> str | None:
    if isinstance(value, str):
        return "<id>"
    return "<inline>" if isinstance(value, dict | InlineModel) else None


ModelChoice = Annotated[
    Annotated[Word, Tag("<id>")] | Annotated[InlineModel, Tag("<inline>")], Discriminator(_model_kind)
]


class WorkloadSection(Section):
    """What the datacenter computes. `precision` None: bf16 up to Hopper-class chips, fp8 later."""

    kind: Literal["training", "inference"] = "training"
    model: ModelChoice = "llama3-405b"
    precision: Literal["bf16", "fp8", "fp4"] | None = None
    batch_tokens: float | None = number("tokens", above=0, most=1e12)
    sequence_length: Whole | None = number("tokens", least=1, most=1e9)
    software_year: float | None = number("calendar year", least=2018, most=2060)


class RequireSection(Section):
    """What the design must reach.

    A plain number means: for gpus and coherent_gpus that many, rounded up to whole racks or servers; for
    effective_exaflops and tokens_per_second at least; for training_days at most. A table gives {min, max}.
    """

    gpus: GpuRange | None = number("GPUs")
    coherent_gpus: GpuRange | None = number("GPUs")
    effective_exaflops: Annotated[Range, _plain("min"), _bounded(1e9)] | None = number("EFLOP/s")
    training_days: Annotated[Range, _plain("max"), _bounded(36_525)] | None = number("days")
    tokens_per_second: Annotated[Range, _plain("min"), _bounded(1e18)] | None = number("tokens/s")
    training_flops: float | None = number("FLOP", above=0, most=1e36)
    hourly_clean_share: float | None = number("fraction", above=0, most=1)


class LimitSection(Section):
    """What the design must not exceed."""

    capex_usd: float | None = number("USD", above=0, most=MOST_USD)
    opex_usd_per_year: float | None = number("USD/year", above=0, most=MOST_USD)
    facility_mw: float | None = number("MW", above=0, most=1e7)
    energy_price_usd_per_mwh: float | None = number("USD/MWh", above=0, most=1e6)
    co2_t_per_year: float | None = number("t/year", above=0, most=1e12)
    co2_t_per_exaflop_year: float | None = number("t/(EFLOP/s year)", above=0, most=1e12)
    water_m3_per_year: float | None = number("m3/year", above=0, most=1e13)
    land_acres: float | None = number("acre", above=0, most=1e9)
    online_by: Day | None = None


class Weights(Section):
    capex: float | None = number("1", least=0, most=1)
    watts: float | None = number("1", least=0, most=1)


class ObjectiveSection(Section):
    """Exactly one of `maximize` and `minimize`; `weights` only for efficiency.

    `count_delay`: ExaFLOPS are counted as the mean over the life of the chips from the day the cluster could be ready,
    so that months without power cost what they lose.
    """

    maximize: Maximize | None = None
    minimize: Minimize | None = None
    weights: Weights | None = None
    count_delay: bool = False

    @property
    def kind(self) -> str:
        """Name of the objective, e.g. efficiency or tco."""
        return self.maximize or self.minimize or "efficiency"

    @property
    def is_maximized(self) -> bool:
        return self.minimize is None


class ChoicesSection(Section):
    """Catalogue ids the design may use; None: all that fit."""

    accelerators: Ids | None = None
    interconnects: Ids | None = None
    cooling: Ids | None = None
    storage: Ids | None = None
    recovery: Ids | None = None
    power: Ids | None = None


class GivenFactors(Section):
    """Measured factors of a site that replace the model's."""

    mamf: float | None = number("fraction", above=0, most=1)
    sfu: float | None = number("fraction", above=0, most=1)
    goodput: float | None = number("fraction", above=0, most=1)
    pue: float | None = number("1", least=1, most=10)


Months = Annotated[tuple[Annotated[Whole, Field(ge=1, le=12)], ...], Field(strict=False, min_length=1, max_length=12)]
HoursOfDay = Annotated[
    tuple[Annotated[Whole, Field(ge=0, le=23)], ...], Field(strict=False, min_length=1, max_length=24)
]


class TariffSection(Section):
    """How the grid is paid. `average`: one price with everything in it. `wholesale`: hourly prices (`sites.price_file`,
    or `market` and `year` of the shipped ones), a charge on the billed peak, and what is billed though it is not used.
    """

    kind: Literal["average", "wholesale"] = "average"
    market: Word | None = None
    year: Whole | None = number("calendar year", least=2000, most=2100)
    loss_fraction: float | None = number("fraction", least=0, most=0.5)
    adder_usd_per_mwh: float | None = number("USD/MWh", least=-1e4, most=1e4)
    demand_charge_usd_per_kw_month: float | None = number("USD/(kW month)", least=0, most=1e4)
    capacity_charge_usd_per_kw_month: float | None = number("USD/(kW month)", least=0, most=1e4)
    billed_months: Months | None = None
    billed_hours_of_day: HoursOfDay | None = None
    min_bill_fraction: float | None = number("fraction", least=0, most=1)
    contract_mw: float | None = number("MW", above=0, most=1e6)


_SITE_VALUES = (
    "name", "latitude_degrees", "longitude_degrees", "elevation_m", "grid_limit_mw", "nuclear_limit_mw",
    "energy_price_usd_per_mwh", "gas_price_usd_per_mmbtu", "grid_co2_kg_per_mwh", "gas_limit_mw",
    "land_limit_acres", "construction_multiplier", "grid_wait_years",
)  # fmt: skip


class SiteSection(Section):
    """A site of the catalogue (`id`), or an own one (`name`, latitude and longitude).

    An own site names in `like` the catalogue site whose climate, prices and profiles stand in for all that is
    not given here, or gives at least its energy price and weather file.
    """

    id: Word | None = None
    name: Word | None = None
    like: Word | None = None
    latitude_degrees: float | None = number("degree", least=-90, most=90)
    longitude_degrees: float | None = number("degree", least=-180, most=180)
    elevation_m: float | None = number("m", least=-500, most=6000)
    grid_limit_mw: float | None = number("MW", least=0, most=1e6)
    nuclear_limit_mw: float | None = number("MW", least=0, most=1e6)
    energy_price_usd_per_mwh: float | None = number("USD/MWh", least=0, most=1e5)
    gas_price_usd_per_mmbtu: float | None = number("USD/MMBtu", least=0, most=1e4)
    grid_co2_kg_per_mwh: float | None = number("kg/MWh", least=0, most=1e4)
    gas_limit_mw: float | None = number("MW", least=0, most=1e6)
    land_limit_acres: float | None = number("acre", least=0, most=1e7)
    construction_multiplier: float | None = number("1", above=0, most=20)
    grid_wait_years: float | None = number("years", least=0, most=50)
    weather_file: Word | None = None
    price_file: Word | None = None
    solar_file: Word | None = None
    wind_file: Word | None = None
    connection_usd_per_kw: float | None = number("USD/kW", least=0, most=1e5)
    tariff: TariffSection = TariffSection()
    max_clusters: Whole = number("clusters", 1, least=1, most=100)
    gpus: GpuRange | None = number("GPUs")
    choices: ChoicesSection = ChoicesSection()
    given: GivenFactors = GivenFactors()

    @property
    def key(self) -> str:
        """Name under which the site appears in results: its name, else its catalogue id."""
        return self.name or self.id or ""

    @property
    def base_id(self) -> str:
        """Catalogue site from which everything not given here is taken."""
        return self.id or self.like or ""

    @property
    def site_values(self) -> dict[str, float | str]:
        """What is given here of the fields of `models.site.Site`: for its override_site or custom_site."""
        values = {key: getattr(self, key) for key in _SITE_VALUES}
        return {key: value for key, value in values.items() if value is not None}


class FacilitySection(Section):
    """The electrical plant, spare units (None: as many as the availability needs), and how firm the power must be.

    `unserved_share` is the energy that may stay unserved in the whole year; None: 1 - firm_availability.
    """

    electrical: Word | None = None
    spare_units: Whole | None = number("units", least=0, most=100_000)
    firm_availability: float | None = number("fraction", least=0.5, most=0.999999)
    unserved_share: float | None = number("fraction", least=0, most=0.5)


class CurtailSection(Section):
    """Load that may be given up: at most `energy_share` of the energy of a year, `load_share` of the load at once.

    Pauses of `shortest_hours` each pay for one restart; the time lost is taken off the effective ExaFLOPS.
    """

    energy_share: float = number("fraction", 0.0, least=0, most=0.5)
    load_share: float = number("fraction", 1.0, above=0, most=1)
    shortest_hours: float | None = number("h", least=1, most=1000)


class FinanceSection(Section):
    discount_rate: float | None = number("fraction per year", least=0, most=1)
    it_life_years: float | None = number("years", above=0, most=50)
    facility_life_years: float | None = number("years", above=0, most=100)
    contingency_fraction: float | None = number("fraction", least=0, most=2)
    soft_cost_fraction: float | None = number("fraction", least=0, most=2)


def _override(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("expected a number or a word")
    if not isinstance(value, str) and not abs(value) <= 1e40:
        raise ValueError("expected a finite number of sensible size")
    return value


OverrideValue = Annotated[
    Any,
    PlainValidator(_override),
    Field(json_schema_extra={"anyOf": [{"type": "number"}, {"type": "string"}]}),
]


class Instance(Section):
    """A question to the optimizer. Written as TOML; see the sections for keys and units."""

    name: Word = "unnamed"
    question: Annotated[str, Field(max_length=10_000)] = ""
    extends: Word | None = None
    decision_date: Day = date(2026, 1, 1)
    workload: WorkloadSection = WorkloadSection()
    require: RequireSection = RequireSection()
    limit: LimitSection = LimitSection()
    objective: ObjectiveSection = ObjectiveSection()
    choices: ChoicesSection = ChoicesSection()
    sites: Annotated[tuple[SiteSection, ...], Field(strict=False, max_length=10_000)] = ()
    facility: FacilitySection = FacilitySection()
    curtail: CurtailSection = CurtailSection()
    finance: FinanceSection = FinanceSection()
    scale: dict[str, Annotated[float, Field(ge=0, le=1e6)]] = Field(
        default_factory=dict,
        description="lever -> factor on all the numbers it stands for: what if SFU were 1.2 times as good",
    )
    catalog: dict[str, dict[str, dict[str, OverrideValue]]] = Field(
        default_factory=dict,
        description="table -> item -> field -> value in the field's unit and the model's money year",
    )


