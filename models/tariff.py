"""What a grid bills: energy at its price in every hour, a charge on the billed peak, and minimum bills.

An average price holds its demand charges; a wholesale price does not. Never both.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exasite.models.catalog import Catalog
from exasite.models.profiles import (
    DAYS_IN_MONTH,
    HOURS_IN_DAY,
    HOURS_IN_YEAR,
    hour_of_day,
    month_of_hour,
    wholesale_median_level,
    wholesale_shape,
)
from exasite.models.units import conversion_factor

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_MONTHS = len(DAYS_IN_MONTH)
_SPIKE_DAYS = (1, 2, 3, 4, 5)  # of a month
_KW_PER_MW = conversion_factor("MW", "kW")


@dataclass(frozen=True)
class Tariff:
    """How the energy of a grid is paid.

    kind                    "flat" (an average price) or "wholesale"
    energy_usd_per_mwh      what one delivered MWh costs in each hour [USD/MWh], shape [8760]
    demand_usd_per_mw_year  demand and capacity charges on the billed peak [USD/(MW year)]
    billed_hours            hours in which the billed peak is measured, shape [8760]
    min_bill_fraction       share of the contract billed whatever is used [1]: of its MW, or of the energy if flat
    contract_mw             [MW]; nan: as large as the design needs
    """

    kind: str
    energy_usd_per_mwh: Floats
    demand_usd_per_mw_year: float
    billed_hours: Bools
    min_bill_fraction: float
    contract_mw: float


@dataclass(frozen=True)
class GridBill:
    """The bill of a year [USD/year] by part, and the peak it is reckoned on [MW]."""

    energy_usd: float
    demand_usd: float
    minimum_usd: float
    billed_mw: float


def flat_tariff(price_usd_per_mwh: float, *, min_bill_fraction: float = 0.0, contract_mw: float = math.nan) -> Tariff:
    """An average price [USD/MWh] with everything in it; `min_bill_fraction` of the contract's energy is always paid."""
    prices = np.full(HOURS_IN_YEAR, price_usd_per_mwh)
    return Tariff("flat", prices, 0.0, np.ones(HOURS_IN_YEAR, dtype=bool), min_bill_fraction, contract_mw)


def wholesale_tariff(
    price_usd_per_mwh: Floats, *, loss_fraction: float = 0.0, adder_usd_per_mwh: float = 0.0,
    demand_charge_usd_per_kw_month: float, capacity_charge_usd_per_kw_month: float = 0.0,
    billed_months: Sequence[int] = tuple(range(1, 13)), billed_hours_of_day: Sequence[int] = tuple(range(24)),
    min_bill_fraction: float, contract_mw: float = math.nan,
) -> Tariff:  # fmt: skip
    """Hourly prices [USD/MWh, shape [8760]] at the meter, and charges on the peak drawn in the billed hours.

    The peak of the year is billed in all twelve months (a ratchet). Raises ValueError for a wrong shape.
    """
    if price_usd_per_mwh.shape != (HOURS_IN_YEAR,):
        raise ValueError(f"expected {HOURS_IN_YEAR} hourly prices, got shape {price_usd_per_mwh.shape}")
    billed = np.isin(month_of_hour(), billed_months) & np.isin(hour_of_day(), billed_hours_of_day)
    charge = (demand_charge_usd_per_kw_month + capacity_charge_usd_per_kw_month) * _KW_PER_MW * _MONTHS
    energy = price_usd_per_mwh * (1.0 + loss_fraction) + adder_usd_per_mwh
    return Tariff("wholesale", energy, charge, billed, min_bill_fraction, contract_mw)


@dataclass(frozen=True)
class MarketTerms:
    """Charges on the peak where nothing else is agreed [USD/(kW month)], and the months whose peak is billed."""

    demand_charge_usd_per_kw_month: float
    capacity_charge_usd_per_kw_month: float
    billed_months: tuple[int, ...]


def market_terms(catalog: Catalog, market: str) -> MarketTerms:
    """Usual charges beside the wholesale price of a market: PJM adds capacity, ERCOT bills its summer peaks.

    A market that is not known gets the usual demand charge of a large load, on the peak of all months.
    """
    usual = catalog.value("power_sources", "grid", "demand_charge_usd_per_kw_month")
    if market.startswith("ercot"):
        months = tuple(int(month) for month in catalog.words("prices", "tariff_ercot_4cp", "billed_months"))
        return MarketTerms(catalog.value("prices", "tariff_ercot_4cp", "demand_charge_usd_per_kw_month"), 0.0, months)
    capacity = 0.0
    if market.startswith("pjm"):
        capacity = catalog.value("prices", "pjm_capacity", "auction_2027_2028_usd_per_kw_month")
    return MarketTerms(usual, capacity, tuple(range(1, _MONTHS + 1)))


def grid_bill_usd(tariff: Tariff, drawn_mw: Floats, contract_mw: float) -> GridBill:
    """The exact bill of a year of an hourly draw [MW, shape [8760]] under a contract [MW]."""
    energy = float(drawn_mw @ tariff.energy_usd_per_mwh)
    if tariff.kind == "flat":
        least = tariff.min_bill_fraction * contract_mw * HOURS_IN_YEAR
        unused = max(0.0, least - float(drawn_mw.sum()))
        return GridBill(energy, 0.0, unused * float(tariff.energy_usd_per_mwh.mean()), 0.0)
    peak = float(drawn_mw[tariff.billed_hours].max(initial=0.0))
    billed = max(peak, tariff.min_bill_fraction * contract_mw)
    demand = tariff.demand_usd_per_mw_year
    return GridBill(energy, demand * peak, demand * (billed - peak), billed)


def wholesale_prices(catalog: Catalog, market: str, year: int) -> Floats:
    """Wholesale price of every hour of a year [USD/MWh], shape [8760], with the mean that was published.

    Made from the means and medians by month and hour of the day, which alone hide the few dearest hours: ordinary
    days carry the median, and what the mean lies above it falls on `k` days of the month, evenly spread. Where the
    median lies above the mean, all days carry the mean. k is the number of days, 1 to 5, with which dropping the
    dearest 1 % of hours lowers the mean most nearly as published (table `prices`). Which days are dear is made up;
    that dear hours come together on few days is not.

    Against the published statistics of both markets, 2022 to 2024: mean exact; without the dearest 1 % of hours
    within 0.7 %, without 5 % from 0.1 % below to 2.6 % above; 95th percentile 7 to 19 % low; 99th from 24 % low to
    58 % high (8 % but for two years); the dearest hour from 61 % low to 27 % high. Shapes of month and hour know
    no weekend, so on-peak means read up to 11 % low and off-peak means up to 20 % high.
    Raises KeyError for an unknown market or year.
    """
    item = f"{market}_{year}"
    mean, wanted = (catalog.value("prices", item, f) for f in ("mean_usd_per_mwh", "mean_without_top_1pct_usd_per_mwh"))
    found = [_with_spikes(market, year, days) * mean for days in _SPIKE_DAYS]
    return min(found, key=lambda prices: abs(mean_without_dearest(prices, 0.01) - wanted))


def mean_without_dearest(prices: Floats, share: float) -> float:
    """Mean of the prices [USD/MWh] without the dearest share of the hours."""
    kept = np.sort(prices)[: len(prices) - round(share * len(prices))]
    return float(kept.mean())


def _with_spikes(market: str, year: int, days: int) -> Floats:
    """Price over the mean of the year [1]: medians on ordinary days, the excess of the mean on `days` of each month."""
    mean, median = wholesale_shape(market, year), wholesale_shape(market, year, median=True)
    level = wholesale_median_level(market, year)
    ordinary = np.minimum(median * level, mean)
    shape = np.empty(HOURS_IN_YEAR)
    first = 0
    for length in DAYS_IN_MONTH:
        span = slice(first * HOURS_IN_DAY, (first + length) * HOURS_IN_DAY)
        spread = np.linspace(0, length, days, endpoint=False).astype(int) + length // (2 * days)
        dear = np.isin(np.arange(length), spread)
        cells = ordinary[span].reshape(length, HOURS_IN_DAY)
        excess = (mean[span].reshape(length, HOURS_IN_DAY) - cells) * length / dear.sum()
        shape[span] = np.where(dear[:, None], cells + excess, cells).ravel()
        first += length
    return shape / shape.mean()
