"""Units of the catalogue: which unit a field is held in, and the factors that convert to it.

A field's canonical unit is the suffix of its name (`price_usd` is USD, `server_power_w` is W).
A catalogue row may be written in any unit of the same dimension; it is converted once, at load.
"""

from __future__ import annotations

HOURS_PER_YEAR = 8760.0
SECONDS_PER_HOUR = 3600.0
BITS_PER_BYTE = 8.0
KELVIN_AT_ZERO_CELSIUS = 273.15
FIT_HOURS = 1e9  # one FIT is one failure in 1e9 hours
BTU_PER_MMBTU = 1e6
LITRES_PER_CUBIC_METRE = 1e3
BYTES_PER_GB = 1e9
FLOP_PER_TFLOP = 1e12
WEEKS_PER_YEAR = 52.18

# unit -> (dimension, factor to the dimension's base unit)
UNITS: dict[str, tuple[str, float]] = {
    "1": ("number", 1.0),
    "%": ("number", 0.01),
    "USD": ("money", 1.0),
    "M$": ("money", 1e6),
    "B$": ("money", 1e9),
    "USD/kW": ("money per power", 1.0),
    "USD/MW": ("money per power", 1e-3),
    "M$/MW": ("money per power", 1e3),
    "USD/W": ("money per power", 1e3),
    "USD/kWh": ("money per energy", 1e3),
    "USD/MWh": ("money per energy", 1.0),
    "c/kWh": ("money per energy", 10.0),
    "USD/(kW*year)": ("money per power and time", 1.0),
    "USD/(MW*year)": ("money per power and time", 1e-3),
    "M$/(MW*year)": ("money per power and time", 1e3),
    "USD/(kW*month)": ("money per power and time", 12.0),
    "USD/(MW*day)": ("money per power and time", 0.365),
    "USD/MMBtu": ("money per heat", 1.0),
    "USD/acre": ("money per area", 1.0),
    "USD/TB": ("money per data", 1.0),
    "USD/(GB/s)": ("money per bandwidth", 1.0),
    "W/(GB/s)": ("power per bandwidth", 1.0),
    "W": ("power", 1.0),
    "kW": ("power", 1e3),
    "MW": ("power", 1e6),
    "GW": ("power", 1e9),
    "TFLOP/s": ("compute rate", 1.0),
    "PFLOP/s": ("compute rate", 1e3),
    "FLOP": ("compute", 1.0),
    "GB": ("data", 1.0),
    "TB": ("data", 1e3),
    "byte": ("data", 1e-9),
    "GB/s": ("bandwidth", 1.0),
    "TB/s": ("bandwidth", 1e3),
    "Gbit/s": ("bandwidth", 0.125),
    "Tbit/s": ("bandwidth", 125.0),
    "s": ("time", 1.0),
    "us": ("time", 1e-6),
    "minute": ("time", 60.0),
    "hour": ("time", 3600.0),
    "day": ("time", 86400.0),
    "week": ("time", 604800.0),
    "month": ("time", 2628000.0),
    "year": ("time", 31536000.0),
    "calendar year": ("date", 1.0),
    "1/hour": ("rate", 1.0),
    "FIT": ("rate", 1e-9),
    "1/day": ("rate", 1.0 / 24.0),
    "1/year": ("rate", 1.0 / 8760.0),
    "1/(1000*day)": ("rate", 1.0 / 24000.0),
    "degC": ("temperature", 1.0),
    "K": ("temperature difference", 1.0),
    "eV": ("energy of activation", 1.0),
    "Btu/kWh": ("heat rate", 1.0),
    "kg/MWh": ("emission per energy", 1.0),
    "kg/MMBtu": ("emission per heat", 1.0),
    "acre": ("area", 1.0),
    "m2": ("area", 1.0 / 4046.8564224),
    "acre/MW": ("area per power", 1.0),
    "L/kWh": ("water per energy", 1.0),
    "m": ("length", 1.0),
    "degree": ("angle", 1.0),
    "token": ("token", 1.0),
    "text": ("text", 1.0),
}

# suffix of a field's name -> canonical unit; the longest matching suffix decides
SUFFIX_UNITS: dict[str, str] = {
    "_usd": "USD",
    "_usd_per_kw": "USD/kW",
    "_usd_per_kwh": "USD/kWh",
    "_usd_per_mwh": "USD/MWh",
    "_usd_per_kw_year": "USD/(kW*year)",
    "_usd_per_kw_month": "USD/(kW*month)",
    "_usd_per_mw_year": "USD/(MW*year)",
    "_usd_per_mmbtu": "USD/MMBtu",
    "_usd_per_acre": "USD/acre",
    "_usd_per_tb": "USD/TB",
    "_usd_per_gb_per_s": "USD/(GB/s)",
    "_w_per_gb_per_s": "W/(GB/s)",
    "_w": "W",
    "_kw": "kW",
    "_mw": "MW",
    "_tflops": "TFLOP/s",
    "_flop": "FLOP",
    "_gb": "GB",
    "_tb": "TB",
    "_bytes": "byte",
    "_gb_per_s": "GB/s",
    "_tb_per_s": "TB/s",
    "_gbit_per_s": "Gbit/s",
    "_tbit_per_s": "Tbit/s",
    "_s": "s",
    "_us": "us",
    "_minutes": "minute",
    "_hours": "hour",
    "_days": "day",
    "_weeks": "week",
    "_months": "month",
    "_years": "year",
    "_year": "calendar year",
    "_per_hour": "1/hour",
    "_fit": "FIT",
    "_per_year": "1/year",
    "_celsius": "degC",
    "_kelvin": "K",
    "_ev": "eV",
    "_btu_per_kwh": "Btu/kWh",
    "_kg_per_mwh": "kg/MWh",
    "_kg_per_mmbtu": "kg/MMBtu",
    "_acres": "acre",
    "_acres_per_mw": "acre/MW",
    "_l_per_kwh": "L/kWh",
    "_m": "m",
    "_m2": "m2",
    "_degrees": "degree",
    "_tokens": "token",
}


def canonical_unit(field: str) -> str:
    """Unit in which a catalogue field is held: that of the longest known suffix of its name, else "1" (a number)."""
    suffixes = [suffix for suffix in SUFFIX_UNITS if field.endswith(suffix)]
    return SUFFIX_UNITS[max(suffixes, key=len)] if suffixes else "1"


def conversion_factor(unit: str, target: str) -> float:
    """Factor that turns a number in `unit` into one in `target`.

    Raises ValueError if a unit is unknown or the two are of different dimensions.
    """
    for name in (unit, target):
        if name not in UNITS:
            raise ValueError(f"unknown unit '{name}'")
    dimension, factor = UNITS[unit]
    target_dimension, target_factor = UNITS[target]
    if dimension != target_dimension:
        raise ValueError(f"unit '{unit}' ({dimension}) cannot be converted to '{target}' ({target_dimension})")
    return factor / target_factor
