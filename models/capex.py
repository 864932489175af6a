"""Capital cost of a site: one record with a line per subject; construction lines come from the catalogue.

Scope. The construction base (shell, contractor, electrical, mechanical) is one base only: the US average of
Cushman & Wakefield [1], raised by the liquid premium of Turner & Townsend [2] and split by [2]. It leaves
out land, utility works, soft cost and owner contingency, which are lines of their own, and everything
owner-furnished (servers, network, storage). Other bases ([3], JLL, Goldman) have other scopes and must not
be added.

Mechanical = the cooling method's own plant + a distribution common to all methods, set so that cold plates
with a tower give the mechanical chain of the base. Cold plates then cost 7.6 % more than an air
hall with a tower, inside the 7-10 % premium of [2], and the air hall is within 1 % of the air base of [1].

[1] Cushman & Wakefield, Data Center Development Cost Guide, 2025.
[2] Turner & Townsend, Data Centre Construction Cost Index 2025-26.
[3] Epoch AI, cost breakdown of a 1 GW AI data centre, 2026.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from exasite.models.catalog import Catalog
from exasite.models.units import conversion_factor

FloatArray = npt.NDArray[np.float64]

IT_LINES = ("servers", "spares", "network", "storage")
CONSTRUCTION_LINES = ("shell", "electrical", "mechanical")
FACILITY_LINES = (*CONSTRUCTION_LINES, "utility", "soft", "contingency")
LINES = (*IT_LINES, *CONSTRUCTION_LINES, "land", "utility", "soft", "contingency")
KW_PER_MW = conversion_factor("MW", "kW")


def _zero() -> FloatArray:
    return np.zeros((), dtype=np.float64)


@dataclass(frozen=True)
class Capex:
    """Capital cost by line [USD], arrays that broadcast; the order is that of `LINES`."""

    servers_usd: FloatArray
    spares_usd: FloatArray
    network_usd: FloatArray
    storage_usd: FloatArray
    shell_usd: FloatArray
    electrical_usd: FloatArray
    mechanical_usd: FloatArray
    land_usd: FloatArray
    utility_usd: FloatArray
    soft_usd: FloatArray
    contingency_usd: FloatArray

    def lines(self) -> dict[str, FloatArray]:
        """Line name to cost [USD]."""
        return {field.name.removesuffix("_usd"): getattr(self, field.name) for field in fields(self)}

    @property
    def total_usd(self) -> FloatArray:
        total = _zero()
        for cost in self.lines().values():
            total = total + cost
        return total

    def plus(self, other: Capex) -> Capex:
        """Sum line by line."""
        mine, theirs = self.lines(), other.lines()
        return capex_of(**{line: mine[line] + theirs[line] for line in LINES})


@dataclass(frozen=True)
class FacilityPrices:
    """Prices of building a site, per kW of IT unless the name says otherwise; shares are of construction."""

    shell_usd_per_kw: float
    contractor_usd_per_kw: float
    electrical_usd_per_kw: float
    mechanical_common_usd_per_kw: float
    soft_fraction: float
    contingency_fraction: float
    land_usd_per_acre: float
    land_acres_per_mw: float
    utility_usd_per_kw: float


def capex_of(**lines: npt.ArrayLike) -> Capex:
    """A record from some lines [USD]; the others are 0. Raises ValueError for a line that does not exist."""
    unknown = sorted(set(lines) - set(LINES))
    if unknown:
        raise ValueError(f"unknown capex line '{unknown[0]}'; known: {', '.join(LINES)}")
    costs = {f"{line}_usd": np.asarray(lines.get(line, 0.0), dtype=np.float64) for line in LINES}
    return Capex(**costs)


def facility_prices(catalog: Catalog) -> FacilityPrices:
    """Prices of building a site (table `capex_items`)."""
    return FacilityPrices(
        **{
            field.name: catalog.value("capex_items", "site" if _of_site(field.name) else "facility",
            field.name) for field in fields(FacilityPrices)
        }
    )


def _of_site(field: str) -> bool:
    return field.startswith(("land_", "utility_"))


def facility_capex(
    prices: FacilityPrices,
    *,
    it_mw: npt.ArrayLike,
    cooling_usd_per_kw: npt.ArrayLike,
    site_multiplier: npt.ArrayLike = 1.0,
    land_usd_per_acre: npt.ArrayLike | None = None,
    with_utility_works: bool = True,
) -> Capex:
    """Construction, land, utility works, soft cost and contingency of a facility [USD].

    it_mw: IT power the plant is sized for (nameplate) [MW]. cooling_usd_per_kw: the cooling method's own
    capex [USD per kW of IT]. site_multiplier: regional construction cost (not on land). land_usd_per_acre
    replaces the catalogue's price [USD/acre]. with_utility_works: set false where the grid source of the
    power model already carries the cost of the connection. Soft cost and contingency are shares of
    construction and utility works.
    """
    it_kw = np.asarray(it_mw, dtype=np.float64) * KW_PER_MW
    local = it_kw * np.asarray(site_multiplier, dtype=np.float64)
    shell = local * (prices.shell_usd_per_kw + prices.contractor_usd_per_kw)
    electrical = local * prices.electrical_usd_per_kw
    method = np.asarray(cooling_usd_per_kw, dtype=np.float64)
    mechanical = local * (method + prices.mechanical_common_usd_per_kw)
    utility = local * (prices.utility_usd_per_kw if with_utility_works else 0.0)
    works = shell + electrical + mechanical + utility
    acre = np.asarray(prices.land_usd_per_acre if land_usd_per_acre is None else land_usd_per_acre)
    return capex_of(
        shell=shell,
        electrical=electrical,
        mechanical=mechanical,
        land=land_acres(prices, it_mw) * acre,
        utility=utility,
        soft=works * prices.soft_fraction,
        contingency=works * prices.contingency_fraction,
    )


def land_acres(prices: FacilityPrices, it_mw: npt.ArrayLike) -> FloatArray:
    """Land of the campus without generation [acre] for an IT power [MW]."""
    return np.asarray(it_mw, dtype=np.float64) * prices.land_acres_per_mw


def it_capex(
    *,
    gpus: npt.ArrayLike,
    price_usd_per_gpu: npt.ArrayLike,
    spare_gpus: npt.ArrayLike = 0.0,
    network_usd: npt.ArrayLike = 0.0,
    storage_usd: npt.ArrayLike = 0.0,
) -> Capex:
    """Owner-furnished equipment [USD]: servers and spares by count and price, network, storage."""
    price = np.asarray(price_usd_per_gpu, dtype=np.float64)
    return capex_of(
        servers=np.asarray(gpus, dtype=np.float64) * price,
        spares=np.asarray(spare_gpus, dtype=np.float64) * price,
        network=network_usd,
        storage=storage_usd,
    )
