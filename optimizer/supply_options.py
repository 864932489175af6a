"""A site's sources as the formulation sees them: the hours they are judged in, prices, firm lines, bounds."""

from __future__ import annotations

import math

import numpy as np

from exasite.models.cooling import CoolingTable
from exasite.models.finance import plant_annuity_factor
from exasite.models.firmness import firm_line, paired_availability
from exasite.models.power import SiteSource
from exasite.models.profiles import HOURS_IN_DAY, HOURS_IN_YEAR
from exasite.models.representative import Extreme, RepresentativeDays, representative_days
from exasite.options import SupplyOption
from exasite.phases import lead_years
from exasite.setting import Setting, SiteSetting

PRICE = "price"
_COOL, _WEATHER = "cool", "weather"
_VARIABLE_ROOM, _STORAGE_ROOM = 30.0, 10.0  # bounds on MW of sun, wind and storage, in peaks of the site
_MATTERS = 0.05  # least output of a unit over the peak of the site, from which on and off are decided
_ORDINARY = 0.95  # share of the hours whose price is not a spike
_USD_PER_MUSD = 1e6


def representative_hours(at: SiteSetting, sources: list[SiteSource], tables: list[CoolingTable], typical: int,
                         always: tuple[int, ...] = (), *, runs: bool = True) -> RepresentativeDays:  # fmt: skip
    """Representative days of a site: typical of sun, wind, heat and prices, and the extreme ones as they are.

    Extreme are the days and the three-day lulls of least sun, of least wind, of both together and of most heat; the
    dearest day; and the days of `always`. Where the question does not see how the plant runs (`runs` false), only the
    leanest and the hottest day: the run through the year adds more if they are not enough.
    """
    profiles = {s.id: s.profile for s in sources if s.profile is not None}
    extremes: dict[str, Extreme] = dict.fromkeys(profiles, "low")
    if len(profiles) > 1:
        profiles[_WEATHER] = sum((p / max(p.mean(), 1e-9) for p in profiles.values()), np.zeros(HOURS_IN_YEAR))
        extremes[_WEATHER] = "low"
    load = np.mean([table.overhead_air[at.climate.hour_index()] for table in tables], axis=0)
    if np.ptp(load) > 0:
        profiles[_COOL], extremes[_COOL] = load.max() - load, "low"  # large when cooling needs little
    tariff = next((s.tariff for s in sources if s.tariff is not None), None)
    days = set(always)
    if not runs:
        days |= {_daily_least(profiles[name]) for name in (_WEATHER, "solar_pv", "wind", _COOL) if name in profiles}
        extremes = {}
    if tariff is not None and np.ptp(tariff.energy_usd_per_mwh) > 0:
        # Clipped, so that days are told apart by ordinary prices, too, and not by the rare spikes alone.
        profiles[PRICE] = np.minimum(tariff.energy_usd_per_mwh, np.quantile(tariff.energy_usd_per_mwh, _ORDINARY))
        days.add(_daily_least(-tariff.energy_usd_per_mwh))
    if tariff is not None and tariff.demand_usd_per_mw_year > 0 and not tariff.billed_hours.all():
        days.add(_hottest_billed_day(load, tariff.billed_hours))
    return representative_days(profiles, typical=typical, extremes=extremes, always=sorted(days))


def mean_of_days(hours: RepresentativeDays, values: np.ndarray) -> np.ndarray:
    """Mean by hour of the days that each representative day stands for: dear hours keep their weight in the year."""
    daily = values.reshape(-1, HOURS_IN_DAY)
    return np.concatenate([daily[hours.calendar == day].mean(axis=0) for day in range(hours.day_count)])


def _daily_least(values: np.ndarray) -> int:
    return int(np.argmin(values.reshape(-1, HOURS_IN_DAY).sum(axis=1)))


def _hottest_billed_day(load: np.ndarray, billed: np.ndarray) -> int:
    """Day of the largest load in the hours in which the peak is billed."""
    return int(np.argmax(np.where(billed, load + 1.0, 0.0))) // HOURS_IN_DAY


def supply_option(source: SiteSource, hours: RepresentativeDays, setting: Setting, peak_mw: float,
                  availability: float | None) -> SupplyOption:  # fmt: skip
    """A source in the records of the formulation, its size bounded by what the site could ever use.

    `peak_mw` is the largest peak the site can have; `availability` the one that each kind of firm source must have.
    """
    per_unit, offset = _firm(source, setting, peak_mw, availability)
    tariff, interest = source.tariff, source.construction_interest_factor
    price: float | np.ndarray = source.marginal_cost_usd_per_mwh
    if tariff is not None and has_hourly_price(source):
        price = mean_of_days(hours, tariff.energy_usd_per_mwh)
    return SupplyOption(
        id=source.id,
        kind=source.kind,
        unit_mw=source.unit_mw,
        max_mw=min(source.max_mw, _useful_mw(source, peak_mw, per_unit, offset)),
        capex_musd_per_mw=source.capex_musd_per_mw * interest,
        capex_musd_per_mwh=source.capex_musd_per_mwh * interest,
        annual_capex_factor=float(plant_annuity_factor(setting.terms, source.life_years)),
        fixed_musd_per_mw_year=source.fixed_musd_per_mw_year,
        cost_usd_per_mwh=price,
        co2_t_per_mwh=source.co2_t_per_mwh,
        land_acres_per_mw=source.land_acres_per_mw,
        availability=hours.profiles[source.id] if source.profile is not None
        else np.full(hours.hours, source.availability),
        must_take=source.must_take,
        firm=source.firm,
        fuel=source.fuel,
        firm_mw_per_unit=per_unit,
        firm_offset_mw=offset,
        full_load_hours=source.annual_limit_hours,
        round_trip_efficiency=source.round_trip_efficiency,
        firm_hours=0.0,
        lead_years=lead_years(source, setting),
        demand_musd_per_mw_year=0.0 if tariff is None else tariff.demand_usd_per_mw_year / _USD_PER_MUSD,
        billed=None if tariff is None else tariff.billed_hours[hours.hour_index],
        min_bill_fraction=0.0 if tariff is None else tariff.min_bill_fraction,
        bills_energy=tariff is not None and tariff.kind == "flat",
        contract_mw=math.nan if tariff is None else tariff.contract_mw,
        min_load_mw=min_load_mw(source, setting, peak_mw),
        minimum_charge_fraction=source.minimum_charge_fraction,
        clean=source.is_clean,
    )  # fmt: skip


def min_load_mw(source: SiteSource, setting: Setting, peak_mw: float) -> float:
    """Least output of a running unit [MW], where on or off matters: a large unit beside weather or hourly prices."""
    sources = [s for at in setting.sites for s in at.sources]
    swings = any(s.kind in ("variable", "storage") or has_hourly_price(s) for s in sources)
    least = source.min_load_fraction * source.unit_mw
    return least if swings and source.kind == "dispatchable" and least > _MATTERS * peak_mw else 0.0


def has_hourly_price(source: SiteSource) -> bool:
    return source.tariff is not None and float(np.ptp(source.tariff.energy_usd_per_mwh)) > 0


def _firm(source: SiteSource, setting: Setting, peak_mw: float, availability: float | None) -> tuple[float, float]:
    """Firm MW per unit and offset [MW]: N+k if the instance says how many units stand still, else by availability.

    The line by availability is drawn for the largest peak the site can have: more units need relatively fewer spares.
    Standby beside a grid that alone is not good enough needs to work only when the grid does not. Where that turned out
    not to be enough (`availability` is given), it must be as good as any other source: it also carries what lies above
    a small grid.
    """
    spares = setting.loaded.instance.facility.spare_units
    if spares is not None and source.unit_mw > 0:
        return source.unit_mw, spares * source.unit_mw
    if not source.firm or peak_mw <= 0:
        return source.firm_mw_per_unit, source.firm_offset_mw
    wanted = availability or setting.firm_availability
    if source.kind == "backup" and availability is None:
        grids = [s.unit_availability for at in setting.sites for s in at.sources if s.kind == "grid"]
        beside = paired_availability(wanted, min(grids)) if grids and min(grids) < wanted else wanted
        wanted = max(beside, 0.5)
    load = min(peak_mw, setting.catalog.value("firmness", "standard", "reference_load_mw"))
    line = firm_line(source, load, wanted)
    return line.mw_per_unit, line.offset_mw


def standby_room(sources: list[SiteSource], setting: Setting, availability: float | None) -> float:
    """Standby that counts as firm per MW of grid: beside a grid that is not good enough alone it stands in for the grid
    and carries what lies above it.
    """
    wanted = availability or setting.firm_availability
    return 2.0 if any(s.kind == "grid" and s.unit_availability < wanted for s in sources) else 1.0


def _useful_mw(source: SiteSource, peak_mw: float, per_unit: float, offset: float) -> float:
    """More of a source than this can never be of use."""
    if source.kind == "variable":
        return _VARIABLE_ROOM * peak_mw
    if source.kind == "storage":
        return _STORAGE_ROOM * peak_mw
    if source.unit_mw <= 0:
        return 2.0 * peak_mw
    carrying = max(math.ceil((peak_mw + offset) / max(per_unit, 1e-9)), math.ceil(peak_mw / (0.5 * source.unit_mw)))
    return source.unit_mw * (carrying + 1)
