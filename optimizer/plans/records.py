"""The Plan: frozen records of everything that is handed to those who buy, build, connect and pay."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from exasite.result import Record, SourceRow

if TYPE_CHECKING:
    import pandas as pd  # not imported where it is not used: the command line starts at once

Basis = Literal["catalogue", "allocated", "included", "remainder"]


class BillItem(Record):
    """A row of the bill of materials. The totals of all rows add up to the capex of the design.

    basis: `catalogue`, count times a price of the catalogue; `allocated`, a share of a line that is priced as a whole;
    `included`, part of another row's price and 0 here; `remainder`, what whole units and rounding leave.
    """

    site: str
    part: str = Field(description="cluster 1, cluster 2, or the id of a power source")
    line: str = Field(description="capex line of the design that the row is part of")
    item: str
    name: str
    count: int
    unit: str
    unit_price_usd: float | None
    total_usd: float
    basis: Basis
    confidence: str
    source: str
    supplier: str = ""
    lead: str = Field(default="", description="step of the timeline that delivers it")
    lead_weeks: float | None = None
    note: str = ""


class RackPlan(Record):
    """Racks of a cluster: counts, density against what the cooling method carries, floor."""

    site: str
    cluster: int
    accelerator: str
    servers: int
    spare_servers: int
    servers_per_rack: float
    compute_racks: int
    network_racks: int
    storage_racks: int
    racks: int
    rows: int
    racks_per_row: int
    halls: int
    white_space_m2: float
    floor_m2: float
    rack_kw: float
    rack_limit_kw: float
    rack_liquid_kw: float
    rack_air_kw: float
    fits: bool
    pods: int


class TierPlan(Record):
    """Switches of one tier of a cluster's compute fabric and their ports."""

    site: str
    cluster: int
    tier: str
    switch: str
    switches: int
    ports_per_switch: int
    links_down: int
    links_up: int
    ports: int
    spare_ports: int
    oversubscription: float | None


class PodRow(Record):
    """Port map of a pod: its nodes, its leaf group, the switches above it, numbered through each tier."""

    site: str
    cluster: int
    pod: int
    nodes: str
    racks: str = Field(description="compute racks these nodes stand in, numbered through the cluster")
    leaves: str
    above: str
    shared: str = Field(description="switches of the last tier, reached by every pod")
    links_down: int
    links_up: int


class NetworkPlan(Record):
    """The interconnect of a cluster as a whole."""

    site: str
    cluster: int
    interconnect: str
    name: str
    tiers: int
    nodes: int
    accelerators_per_node: int
    planes: int
    switches: int
    circuit_switches: int
    switch_modules: int
    node_modules: int
    circuit_modules: int
    optical_engines: int
    links: int
    links_per_leaf_and_spine: float | None
    tapered: bool
    power_mw: float


class LoadRow(Record):
    """A load of the power schedule [MW], at the peak (nameplate, hottest hours) and in the mean (at work)."""

    site: str
    load: str
    peak_mw: float
    mean_mw: float


class SourcePlan(Record):
    """A power source of the schedule: units, N+k, what it can and does deliver, from when."""

    site: str
    source: str
    name: str
    kind: str
    units: int | None
    unit_mw: float | None
    spare_units: int | None
    capacity_mw: float
    storage_mwh: float | None
    firm_mw: float
    energy_mwh: float
    energy_share: float
    cost_usd_per_mwh: float | None
    online_date: str


class DayPlan(Record):
    """A day of the year hour by hour [MW]: who delivers, what is drawn, charged, paused and missing."""

    site: str
    day: str = Field(description="typical, hottest, dearest sun ...")
    why: str
    date: str
    sources_mw: dict[str, tuple[float, ...]]
    demand_mw: tuple[float, ...]
    charge_mw: tuple[float, ...]
    unserved_mw: tuple[float, ...]


class PowerPlan(Record):
    """Power and cooling of a site as a whole."""

    site: str
    it_mw: float
    it_mw_mean: float
    facility_mw_peak: float
    facility_mw_mean: float
    pue_mean: float
    pue_peak: float
    cooling: str
    liquid_share: float
    water_m3_per_year: float
    firm_mw: float
    firm_availability: float
    hours: str = Field(description="where the hours come from")


class Task(Record):
    """A task of the timeline. Weeks count from the decision; `slack_weeks` is how much it may slip without delay."""

    id: str
    site: str
    name: str
    kind: Literal["milestone", "order", "build", "commission", "power"]
    weeks: float
    weeks_low: float
    weeks_high: float
    after: tuple[str, ...]
    start_week: float
    end_week: float
    latest_start_week: float
    slack_weeks: float
    critical: bool
    start_date: str
    end_date: str
    latest_start_date: str = Field(description="order by, or begin by, this day")
    delay_if_high_weeks: float = Field(description="delay of the first work of the site if the task takes its high")
    source: str = ""


class SiteTimeline(Record):
    """Dates of a site, and how they agree with those of the result."""

    site: str
    critical_path: tuple[str, ...]
    online_date: str
    full_power_date: str
    result_online_date: str
    difference_days: int
    explanation: str


class Quarter(Record):
    """Capex that falls due in a quarter, by line of the bill."""

    quarter: str
    lines_usd: dict[str, float]
    total_usd: float
    cumulative_usd: float


class MoneyRow(Record):
    """A figure at low, base and high catalogue prices with the design and its operation fixed."""

    figure: str
    unit: str
    low: float | None
    base: float
    high: float | None
    note: str = ""


class Verify(Record):
    """A number to verify: the objective with it at its low and its high, the design fixed."""

    rank: int
    table: str
    item: str
    field: str
    unit: str
    low: float
    base: float
    high: float
    confidence: str
    source: str
    objective_at_low: float | None
    objective_at_high: float | None
    swing: float = Field(description="largest relative change of the objective")
    capex_change_usd: float = Field(description="largest change of the capex")


class Risk(Record):
    """Something the plan hangs on."""

    kind: Literal["money", "performance", "supplier", "site", "power", "date", "data"]
    title: str
    detail: str
    share: float | None = None


class SitePlan(Record):
    """A site of the plan: where, when, how much."""

    site: str
    name: str
    clusters: int
    gpus: int
    effective_exaflops: float
    capex_usd: float
    facility_mw_peak: float
    it_mw: float
    land_acres: float
    water_m3_per_year: float
    online_date: str
    full_power_date: str


class Header(Record):
    """What the plan answers and what it rests on."""

    name: str
    question: str
    instance_sha256: str
    status: str
    message: str
    objective: str
    objective_value: float | None
    gap: float | None
    decision_date: str
    start_date: str
    online_date: str
    exasite_version: str
    catalog_sha256: str
    money_year: int
    same_catalog: bool


class Plan(Record):
    """A build plan. `exasite schema plan` prints its JSON schema.

    Money in USD of `header.money_year`, power in MW, dates ISO, weeks from the start.
    """

    header: Header
    figures: tuple[MoneyRow, ...] = Field(description="headline figures")
    sites: tuple[SitePlan, ...]
    bill: tuple[BillItem, ...]
    racks: tuple[RackPlan, ...]
    networks: tuple[NetworkPlan, ...]
    tiers: tuple[TierPlan, ...]
    pods: tuple[PodRow, ...]
    power: tuple[PowerPlan, ...]
    loads: tuple[LoadRow, ...]
    sources: tuple[SourcePlan, ...]
    days: tuple[DayPlan, ...]
    tasks: tuple[Task, ...]
    timelines: tuple[SiteTimeline, ...]
    cash: tuple[Quarter, ...]
    capex: tuple[MoneyRow, ...] = Field(description="capex by line")
    opex: tuple[MoneyRow, ...] = Field(description="yearly expenses by line")
    money: tuple[MoneyRow, ...] = Field(description="ownership, cost of a unit of work")
    verify: tuple[Verify, ...] = Field(description="numbers to verify first")
    risks: tuple[Risk, ...]
    assumptions: tuple[str, ...]
    rows: tuple[SourceRow, ...] = Field(description="every catalogue row used")

    @property
    def total_usd(self) -> float:
        """Sum of the bill, which is the capex of the design to the cent."""
        return round(sum(round(row.total_usd * 100) for row in self.bill)) / 100

    def to_json(self, indent: int | None = 2) -> str:
        return self.model_dump_json(indent=indent)

    @classmethod
    def from_json(cls, text: str) -> Plan:
        return cls.model_validate_json(text)

    def frame(self, table: str = "bill") -> pd.DataFrame:
        """A table of the plan as a DataFrame: bill, tasks, cash, pods, sources ... Raises KeyError for another name."""
        import pandas as pd

        from exasite.export.tables import tables_of

        tables = tables_of(self)
        if table not in tables:
            raise KeyError(f"a plan has no table '{table}'; it has {', '.join(tables)}")
        found = tables[table]
        return pd.DataFrame(list(found.rows), columns=[column.key for column in found.columns])

    def _repr_html_(self) -> str:
        """Jupyter: the summary of the plan, as text."""
        return f"<pre style='font-family:monospace'>{escape(str(self))}</pre>"

    def __hash__(self) -> int:
        return hash(self.to_json())

    def __str__(self) -> str:
        from exasite.plans.summary import as_text

        return as_text(self)
