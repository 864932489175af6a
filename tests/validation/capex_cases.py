"""Published site costs and what the capex and finance models say about them.

`tolerance` is the stated relative error. Inputs that are not the model's own (prices of servers and network,
kW per accelerator) are the published ones named in the row, in dollars of the source's year.
"""

from __future__ import annotations

from dataclasses import replace

from published import Case, table

from exasite.models.capex import (
    CONSTRUCTION_LINES,
    Capex,
    capex_of,
    facility_capex,
    facility_prices,
    it_capex,
)
from exasite.models.catalog import load_catalog, price_index
from exasite.models.finance import annual_capital_usd, annual_cost, finance, site_opex_usd, usd_per_gpu_hour

CATALOG = load_catalog()
PRICES = facility_prices(CATALOG)
TERMS = finance(CATALOG)
TO_2026 = price_index()[2026] / price_index()[2025]
COLD_PLATE, AIR_TOWER = 3_000.0, 2_100.0  # cooling methods with a tower [USD/kW of IT]
EPOCH = "Epoch AI, 1 GW cost breakdown"
XAI = "epoch-research/ai-chip-counts, xAI timelines"
SEMIANALYSIS = "SemiAnalysis InferenceX constants (cost of ownership)"
GW = 1_000.0  # [MW]
ENERGY_USD_PER_MW_YEAR = 8_760 * 1.14 * 0.71 * 83.4  # Epoch: PUE, share of nameplate, USD/MWh


def construction(it_mw: float, method: float, multiplier: float = 1.0) -> float:
    """Shell, electrical and mechanical [USD]."""
    lines = facility(it_mw, method, multiplier).lines()
    return sum(float(lines[line]) for line in CONSTRUCTION_LINES)


def facility(it_mw: float, method: float = COLD_PLATE, multiplier: float = 1.0) -> Capex:
    return facility_capex(PRICES, it_mw=it_mw, cooling_usd_per_kw=method, site_multiplier=multiplier)


def base_cases() -> list[Case]:
    cold_plate, air = (construction(1.0, method) / 1e6 for method in (COLD_PLATE, AIR_TOWER))
    return [
        Case("Construction, cold plate, M$/MW IT", 11.7 * 1.085, cold_plate, 0.005,
             "Cushman & Wakefield 2025 x Turner & Townsend premium", "the base itself"),
        Case("Construction, air with tower, M$/MW IT", 11.7, air, 0.02, "Cushman & Wakefield 2025"),
        Case("Liquid over air, ratio", 1.085, cold_plate / air, 0.015, "Turner & Townsend: premium 7-10 %"),
        Case("Construction, air, with contingency, Silicon Valley, $/W", 13.3,
             air * (1 + PRICES.contingency_fraction), 0.05, "Turner & Townsend DCCI 2025-26"),
    ]  # fmt: skip


def gigawatt_cases() -> list[Case]:
    built = facility(GW)
    construct = construction(GW, COLD_PLATE) / 1e9 * TO_2026
    all_in = construct + float(built.soft_usd + built.contingency_usd) / 1e9 * TO_2026
    land, utility = (float(cost) / 1e6 * TO_2026 for cost in (built.land_usd, built.utility_usd))
    site = it_capex(gpus=1, price_usd_per_gpu=21.188e9, network_usd=4.925e9)
    total = float(built.total_usd) * TO_2026 / 1e9 + float(site.total_usd) / 1e9
    bernstein = (0.39 + 0.13 + 0.03 + 0.0125) * 35.0 + float(built.total_usd) / 1e9
    note = "ours takes the US market average and a premium; the source is one hyperscale builder"
    return [
        Case("1 GW: facility without soft cost and contingency, B$", 11.433, construct, 0.15, EPOCH, note),
        Case("1 GW: facility with soft cost and contingency, B$", 11.433, all_in, 0.36, EPOCH, note),
        Case("1 GW: land, M$", 172.0, land, 0.06, EPOCH, "acres derived from it"),
        Case("1 GW: utility works, M$", 164.0, utility, 0.001, EPOCH, "input"),
        Case("1 GW: whole site, servers and network as published, B$", 37.883, total, 0.12, EPOCH),
        Case("1 GW: whole site, IT shares as published, B$", 35.0, bernstein, 0.05, "Bernstein (quoted)"),
        Case("1 GW: whole site, B$", 44.0, total, 0.06, "Epoch Frontier Data Centers Hub (quoted)"),
    ]


def annual_cases() -> list[Case]:
    terms = replace(TERMS, life_facility_years=14.0)
    servers = float(annual_capital_usd(terms, capex_of(servers=21_188.0)))
    building = float(annual_capital_usd(terms, capex_of(shell=11_433.0)))
    network = float(annual_capital_usd(terms, capex_of(network=4_925.0)))
    land_and_works = float(annual_capital_usd(terms, capex_of(land=172.0, utility=164.0)))
    expenses = sum(float(value) for value in site_opex_usd(terms, GW).values()) / 1e6 * TO_2026
    energy = ENERGY_USD_PER_MW_YEAR * GW / 1e6
    whole = servers + building + network + land_and_works + expenses + energy
    return [
        Case("1 GW: annuity of servers, M$/year", 5_021.0, servers, 0.002, EPOCH, "solved from it"),
        Case("1 GW: annuity of the facility, M$/year", 1_387.0, building, 0.002, EPOCH, "solved from it"),
        Case("1 GW: annuity of the network, M$/year", 1_167.0, network, 0.002, EPOCH),
        Case("1 GW: annuity of land and utility works, M$/year", 33.0, land_and_works, 0.01, EPOCH),
        Case("1 GW: taxes, maintenance, labour, water, M$/year", 309.0, expenses, 0.001, EPOCH, "input"),
        Case("1 GW: energy, M$/year", 594.0, energy, 0.01, EPOCH),
        Case("1 GW: all yearly cost, M$/year", 8_514.0, whole, 0.005, EPOCH),
    ]


def xai_cases() -> list[Case]:
    it_mw = 100_000 * 1.40e-3
    compute = float(it_capex(gpus=100_000, price_usd_per_gpu=32_000.0).total_usd) / 1e9
    built = facility(it_mw, COLD_PLATE, 1.028)
    all_in = float(built.total_usd - built.land_usd) / 1e9
    building = construction(it_mw, COLD_PLATE, 1.028) / 1e9
    note = "an existing factory was converted in 122 days: shell and part of the works were there"
    return [
        Case("xAI 100k H100: compute, B$", 3.2, compute, 0.001, XAI, "32 k$ per GPU"),
        Case("xAI 100k H100: power, MW", 181.0, it_mw * 1.3, 0.01, XAI, "1.40 kW per GPU, facility 1.3 x IT"),
        Case("xAI 100k H100: building, construction only, B$", 1.5, building, 0.23, XAI, note),
        Case("xAI 100k H100: building, all in, B$", 1.5, all_in, 0.47, XAI, note),
    ]  # fmt: skip


def hourly(server_usd: float, network_usd: float, it_kw: float) -> float:
    """Cost of an accelerator-hour with Epoch's energy terms [USD/h]."""
    it_mw = it_kw * 1e-3
    capex = it_capex(gpus=1, price_usd_per_gpu=server_usd, network_usd=network_usd).plus(facility(it_mw))
    cost = annual_cost(TERMS, capex, it_mw=it_mw, energy_usd=it_mw * ENERGY_USD_PER_MW_YEAR)
    return float(usd_per_gpu_hour(cost, 1))


def hourly_cases() -> list[Case]:
    h100 = hourly(32_000.0, 4_800.0, 1.40)
    gb200 = hourly(49_000.0, 10_300.0, 2.08)
    dearer = "neocloud: higher cost of capital, not published; the model has no rate of its own for it"
    return [
        Case("H100, owned by a hyperscaler, $/GPU-hour", 1.30, h100, 0.08, SEMIANALYSIS),
        Case("GB200 NVL72, owned by a hyperscaler, $/GPU-hour", 2.21, gb200, 0.04, SEMIANALYSIS),
        Case("H100, owned by a neocloud, $/GPU-hour", 1.69, h100, 0.22, SEMIANALYSIS, dearer),
        Case("GB200 NVL72, owned by a neocloud, $/GPU-hour", 2.75, gb200, 0.22, SEMIANALYSIS, dearer),
    ]


def cases() -> list[Case]:
    return base_cases() + gigawatt_cases() + annual_cases() + xai_cases() + hourly_cases()


def validation_table() -> list[dict[str, object]]:
    """Rows for the documentation."""
    return table(cases())
