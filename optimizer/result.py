"""The answer: frozen records with the keys of the JSON contract, a table and DataFrames."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

if TYPE_CHECKING:
    import pandas as pd  # not imported where it is not used: the command line starts at once
    from rich.console import Console, ConsoleOptions, RenderResult

Status = Literal["optimal", "feasible", "infeasible", "no_design", "bad_input"]
EXIT_CODES: dict[str, int] = {"optimal": 0, "bad_input": 2, "infeasible": 3, "no_design": 4, "feasible": 5}


class Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")


class InstanceName(Record):
    """The question: name, hash, and all of it (after `extends` and `--set`), so that a saved result is enough."""

    name: str
    sha256: str
    question: str = ""
    content: dict[str, Any] = Field(default_factory=dict, repr=False)


class Objective(Record):
    """Value of the objective, the proven bound, and their relative distance (of the ratio, for ratios)."""

    kind: str
    value: float | None = None
    bound: float | None = None
    gap: float | None = None


class Totals(Record):
    """Sums over all sites. `it_mw` is nameplate; `it_mw_mean` the mean draw at work."""

    gpus: int
    peak_exaflops: float
    effective_exaflops: float
    mfu: float
    capex_usd: float
    tco_usd: float = Field(description="annual cost (annuities, energy, expenses) x tco_years, not discounted")
    tco_years: float
    usd_per_gpu_hour: float
    opex_usd_per_year: float
    it_mw: float
    it_mw_mean: float
    facility_mw_mean: float
    facility_mw_peak: float
    pue_mean: float
    energy_mwh_per_year: float
    energy_price_usd_per_mwh: float
    co2_t_per_year: float = Field(description="mean over the life; co2_t_per_year_highest: in the worst phase")
    co2_t_per_year_highest: float
    co2_t_per_exaflop_year: float
    hourly_clean_share: float = Field(description="of the energy, hour by hour, in the phase where it is least")
    paused_share: float = Field(0.0, description="of the energy at work that is given up")
    water_m3_per_year: float
    land_acres: float
    exaflops_per_billion_usd: float
    exaflops_per_megawatt: float
    efficiency: float = Field(
        description="effective ExaFLOPS per (billion USD)^w (MW)^(1-w) with the instance's weights"
    )
    online_date: str = Field(description="when the last site starts to work")
    full_power_date: str = Field(description="when the last power source of the design is there")
    delay_months: float = Field(0.0, description="from the cluster being ready to power for it")
    training_days: float | None = None
    training_cost_usd: float | None = None
    tokens_per_second: float


class Cluster(Record):
    """One coherent cluster: what it is made of, the chain from peak to effective, power, and capex by line."""

    accelerator: str
    gpus: int
    spare_gpus: int
    interconnect: str
    network_tiers: int
    network_switches: int
    cooling: str
    storage: str
    recovery: str
    names: dict[str, str] = Field(description="what the ids above are called in words")
    precision: str
    parallel_split: str
    peak_exaflops: float
    mamf: float
    sfu: float
    goodput: float
    mfu: float
    effective_exaflops: float
    paused_share: float = 0.0
    storage_write_gb_per_s: float
    job_mttf_hours: float
    checkpoint_interval_s: float | None
    it_mw: float
    it_mw_mean: float
    liquid_share: float
    capex_usd: dict[str, float]


class Supply(Record):
    """One power source of a site. `firm_mw` is what can be counted on, `spare_units` the k of N+k that may stand still.

    Energy, its share of all energy delivered, and the cost of a MWh (annuity, fixed, fuel, bills) are means over the
    life; `online_date` is when the source is there.
    """

    source: str
    name: str
    units: int | None
    spare_units: int | None = None
    capacity_mw: float
    firm_mw: float
    energy_mwh: float
    energy_share: float = 0.0
    storage_mwh: float | None = None
    capex_usd: float
    cost_usd_per_mwh: float | None
    lead_years: float
    online_date: str = ""


class PhaseResult(Record):
    """A time in which the same sources are there: energy by source, CO2 and unserved energy of a year of it."""

    start_date: str
    years: float
    energy_mwh: dict[str, float]
    co2_t: float
    unserved_mwh: float


class SiteResult(Record):
    site: str
    name: str
    clusters: tuple[Cluster, ...]
    supply: tuple[Supply, ...]
    capex_usd: float
    facility_mw_mean: float
    facility_mw_peak: float
    pue_mean: float
    pue_peak: float
    energy_price_usd_per_mwh: float = Field(description="all-in: annuities, fixed cost, fuel and bills over energy")
    online_date: str = Field(description="first MW at work")
    full_power_date: str = Field(description="last source there")
    firm_availability: float = Field(description="probability that the firm units carry what they must at the peak")
    phases: tuple[PhaseResult, ...] = ()


class Comparison(Record):
    """One figure of the optimiser against the same figure recomputed: relative difference."""

    optimizer: float
    recomputed: float
    difference: float


class Check(Record):
    """The design re-evaluated by the physics alone, and dispatched over all hours of the year."""

    effective_exaflops: Comparison
    capex_usd: Comparison
    facility_mw_mean: Comparison
    objective: Comparison
    year_unserved_mwh: float | None = None
    year_unserved_share: float | None = None
    unserved_share_allowed: float | None = None
    year_supply_cost_usd: Comparison | None = None
    year_unproven_hours: int = 0
    firm_availability: float | None = None
    standby_expected_mwh: float = 0.0
    standby_allowed_mwh: float = 0.0
    rule_breaks: dict[str, float] = Field(default_factory=dict, description="worst break of each rule [MW, MWh]")
    representative_days: int = 0
    rounds: int = 1
    year_opex_usd: Comparison | None = None
    year_co2_t: Comparison | None = None
    segment_tolerance: float


class Solver(Record):
    name: str
    version: str
    seconds: float
    build_seconds: float
    nodes: int
    ratio_iterations: int
    threads: int
    seed: int
    configurations: int
    segments: int
    segments_dropped: int


class SourceRow(Record):
    """A number of the catalogue that the result rests on."""

    table: str
    item: str
    field: str
    value: float | str
    unit: str
    money_year: int | None
    confidence: str
    source: str


class Provenance(Record):
    exasite_version: str
    catalog_sha256: str
    low_confidence_capex_share: float | None = None
    rows: tuple[SourceRow, ...] = ()


class Result(Record):
    """Answer to an instance. `exasite schema result` prints its JSON schema."""

    instance: InstanceName
    status: Status
    message: str = ""
    objective: Objective
    totals: Totals | None = None
    sites: tuple[SiteResult, ...] = ()
    check: Check | None = None
    solver: Solver
    provenance: Provenance
    _hourly: dict[str, tuple[pd.DataFrame, ...]] = PrivateAttr(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """Exit code of the command line for this status."""
        return EXIT_CODES[self.status]

    def to_json(self, indent: int | None = 2) -> str:
        return self.model_dump_json(indent=indent)

    @classmethod
    def from_json(cls, text: str) -> Result:
        return cls.model_validate_json(text)

    def to_frame(self) -> pd.DataFrame:
        """One row a cluster: site, choices, chain, power and capex, as a DataFrame."""
        import pandas as pd

        return pd.DataFrame([_cluster_row(site, cluster) for site in self.sites for cluster in site.clusters])

    def supply_frame(self) -> pd.DataFrame:
        """One row a power source and site, as a DataFrame."""
        import pandas as pd

        return pd.DataFrame([{"site": s.site, **supply.model_dump()} for s in self.sites for supply in s.supply])

    def capex_frame(self) -> pd.DataFrame:
        """One row a capex line, site and cluster or power source, in USD."""
        import pandas as pd

        rows = []
        for site in self.sites:
            for number, cluster in enumerate(site.clusters, start=1):
                rows += [(site.site, f"cluster {number}", line, cost) for line, cost in cluster.capex_usd.items()]
            rows += [(site.site, s.source, "power", s.capex_usd) for s in site.supply]
        return pd.DataFrame(rows, columns=["site", "part", "line", "capex_usd"])

    def __eq__(self, other: object) -> bool:
        """The same answer; the hours of the year, which JSON does not keep, are left out."""
        return isinstance(other, Result) and self.model_dump() == other.model_dump()

    def __hash__(self) -> int:
        return hash(self.to_json())

    def hourly_frame(self, site: str | None = None, phase: int = -1) -> pd.DataFrame:
        """Every hour of the year of a site in a phase [MW]: demand, sources, charge, level [MWh], paused, unserved.

        Known only right after solving, not from a saved result. Raises KeyError for an unknown site, ValueError if the
        hours are not known.
        """
        if not self._hourly:
            raise ValueError("the hours are known only right after solving: solve again, or read hourly.csv of -o")
        return self._hourly[site or next(iter(self._hourly))][phase]

    def hours_of(self, site: str) -> tuple[pd.DataFrame, ...]:
        """The hours of a site in each phase; none where they are not known."""
        return self._hourly.get(site, ())

    def table(self) -> pd.DataFrame:
        """The headline figures, one a row, with their units."""
        import pandas as pd

        values: Mapping[str, Any] = self.totals.model_dump() if self.totals else {}
        return pd.DataFrame({"figure": list(values), "value": list(values.values())})

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from exasite.report import one_page

        yield one_page(self)

    def _repr_html_(self) -> str:
        """Jupyter: the one-page answer as HTML."""
        from exasite.report import as_html

        return as_html(self)

    def __str__(self) -> str:
        from exasite.report import as_text

        return as_text(self)


def _cluster_row(site: SiteResult, cluster: Cluster) -> dict[str, Any]:
    row = {"site": site.site, **cluster.model_dump(exclude={"capex_usd", "names"})}
    row["capex_usd"] = sum(cluster.capex_usd.values())
    return row
