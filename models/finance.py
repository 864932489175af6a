"""Annual cost and cost of ownership from capital cost, lives, rates and yearly expenses.

Convention: the cost of ownership over the life of the IT is the undiscounted sum of equal annual costs. A
class of capital with a longer life than the IT is charged only the annuities of those years; rates are as
the source has them [1], all money is in dollars of the catalogue's money year.

[1] Epoch AI, cost breakdown of a 1 GW AI data centre, 2026 (annuities and yearly expenses).
[2] L. A. Barroso, U. Holzle, P. Ranganathan, The Datacenter as a Computer, 3rd ed., 2018.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from exasite.models.capex import FACILITY_LINES, IT_LINES, Capex
from exasite.models.catalog import Catalog
from exasite.models.units import HOURS_PER_YEAR

FloatArray = npt.NDArray[np.float64]

_SMALLEST_RATE = 1e-15  # below it a rate changes nothing, and its digits are lost


@dataclass(frozen=True)
class Finance:
    """Rates [1/year], lives [years] and yearly expenses [USD per MW of IT and year]."""

    rate_it: float
    rate_facility: float
    rate_land: float
    life_it_years: float
    life_facility_years: float
    taxes_usd_per_mw_year: float
    maintenance_usd_per_mw_year: float
    labour_usd_per_mw_year: float
    water_usd_per_mw_year: float


@dataclass(frozen=True)
class AnnualCost:
    """Yearly cost [USD/year]: annuities of the capital, energy with its fixed costs, the site's expenses."""

    capital_usd: FloatArray
    energy_usd: FloatArray
    taxes_usd: FloatArray
    maintenance_usd: FloatArray
    labour_usd: FloatArray
    water_usd: FloatArray

    @property
    def opex_usd(self) -> FloatArray:
        """Everything but the annuities [USD/year]."""
        return self.energy_usd + self.taxes_usd + self.maintenance_usd + self.labour_usd + self.water_usd

    @property
    def total_usd(self) -> FloatArray:
        return self.capital_usd + self.opex_usd


def finance(catalog: Catalog) -> Finance:
    """Default rates, lives and expenses (table `finance`); a study replaces fields of the record."""
    names = [field.name for field in fields(Finance)]
    return Finance(**{name: catalog.value("finance", "default", name) for name in names})


def crf(rate: npt.ArrayLike, years: npt.ArrayLike) -> FloatArray:
    """Capital recovery factor r/(1-(1+r)^-n) [1/year], rate [1/year] and life [years]; arguments broadcast.

    A rate of 0 gives 1/n, an infinite life gives r. Raises ValueError for a negative rate or a life of 0 or
    less.
    """
    r, n = np.broadcast_arrays(np.asarray(rate, dtype=np.float64), np.asarray(years, dtype=np.float64))
    if np.any(r < 0) or np.any(n <= 0):
        raise ValueError("expected a rate of at least 0 and a life above 0 years")
    charged = r > _SMALLEST_RATE
    safe = np.where(charged, r, 1.0)
    # expm1 and log1p keep the digits of small rates
    return np.where(charged, safe / -np.expm1(-n * np.log1p(safe)), 1.0 / n)


def annuity_factors(terms: Finance) -> dict[str, float]:
    """Yearly cost per dollar of each capex line [1/year]: IT, facility, and land (interest only)."""
    it = float(crf(terms.rate_it, terms.life_it_years))
    facility = float(crf(terms.rate_facility, terms.life_facility_years))
    return {**dict.fromkeys(IT_LINES, it), **dict.fromkeys(FACILITY_LINES, facility), "land": terms.rate_land}


def annual_capital_usd(terms: Finance, capex: Capex) -> FloatArray:
    """Sum of the annuities of all lines [USD/year]."""
    factors = annuity_factors(terms)
    total = np.zeros((), dtype=np.float64)
    for line, cost in capex.lines().items():
        total = total + cost * factors[line]
    return total


def plant_annuity_factor(terms: Finance, life_years: npt.ArrayLike) -> FloatArray:
    """Yearly cost per dollar of a power source with its own life [1/year], at the facility's rate."""
    return crf(terms.rate_facility, life_years)


def site_opex_usd(terms: Finance, it_mw: npt.ArrayLike) -> Mapping[str, FloatArray]:
    """Yearly expenses of a site by kind [USD/year] for the IT power it is sized for [MW]; energy apart."""
    size = np.asarray(it_mw, dtype=np.float64)
    kinds = ("taxes", "maintenance", "labour", "water")
    return {kind: size * getattr(terms, f"{kind}_usd_per_mw_year") for kind in kinds}


def annual_cost(
    terms: Finance,
    capex: Capex,
    *,
    it_mw: npt.ArrayLike,
    energy_usd: npt.ArrayLike = 0.0,
    plant_annuity_usd: npt.ArrayLike = 0.0,
) -> AnnualCost:
    """Yearly cost of a site.

    it_mw [MW]; energy_usd: energy, fuel and the fixed yearly costs of supply [USD/year]; plant_annuity_usd:
    annuities of the power plant [USD/year], from `plant_annuity_factor`.
    """
    expenses = site_opex_usd(terms, it_mw)
    return AnnualCost(
        capital_usd=annual_capital_usd(terms, capex) + np.asarray(plant_annuity_usd, dtype=np.float64),
        energy_usd=np.asarray(energy_usd, dtype=np.float64),
        taxes_usd=expenses["taxes"],
        maintenance_usd=expenses["maintenance"],
        labour_usd=expenses["labour"],
        water_usd=expenses["water"],
    )


def tco_usd(terms: Finance, cost: AnnualCost) -> FloatArray:
    """Cost of ownership over the life of the IT [USD]: yearly cost times `life_it_years`, not discounted."""
    return cost.total_usd * terms.life_it_years


def usd_per_gpu_hour(cost: AnnualCost, gpus: npt.ArrayLike) -> FloatArray:
    """Cost of an accelerator-hour [USD/h], every hour of the year counted as sold."""
    return cost.total_usd / (np.asarray(gpus, dtype=np.float64) * HOURS_PER_YEAR)


def training_cost_usd(cost: AnnualCost, days: npt.ArrayLike) -> FloatArray:
    """Share of the yearly cost that a run of so many days uses up [USD]."""
    return cost.total_usd * np.asarray(days, dtype=np.float64) * 24.0 / HOURS_PER_YEAR
