"""Cooling: properties of the formula for every method, shares, water, compatibility."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exasite.models.catalog import load_catalog
from exasite.models.climate import Climate, climate_names, climate_table
from exasite.models.cooling import (
    CoolingTable,
    compatible,
    cooling_method,
    electrical_loss,
    incompatibility,
    it_power_multiplier,
    overheads,
)
from exasite.models.heat_path import cooling_overhead, source_temperature, water_use

METHODS = load_catalog().items("cooling")
ANY_METHOD = st.sampled_from(METHODS)
ANY_CLIMATE = st.sampled_from(climate_names())
SHIFT = st.floats(-20, 12)
LOSS = st.floats(0, 0.3)


@dataclass(frozen=True)
class Machine:
    """An accelerator as cooling sees it."""

    id: str = "air-cooled"
    server_power_w: float = 1275.0
    unit_gpus: int = 8
    rack_power_w: float = 40_800.0
    needs_liquid: bool = False


RACK_SCALE = Machine("VR200-NVL72", 1833.0, 72, 132_000.0, True)


def table(method: str, climate: Climate, loss: float = 0.069) -> CoolingTable:
    return overheads(cooling_method(load_catalog(), method), climate, loss)


def shifted(name: str, shift: float) -> Climate:
    return climate_table(name, dry_bulb_shift=shift, wet_bulb_shift=shift)


@given(ANY_METHOD, ANY_CLIMATE, SHIFT, LOSS)
def test_pue_above_one_and_peak_above_mean(method: str, name: str, shift: float, loss: float) -> None:
    result = table(method, shifted(name, shift), loss)
    assert np.all(result.pue >= 1) and np.all(result.pue >= 1 + loss)
    assert result.pue_peak >= result.pue_mean >= 1
    assert result.peak_overhead_liquid >= result.mean_overhead_liquid
    assert result.peak_overhead_air >= result.mean_overhead_air
    assert min(result.water_l_per_kwh, result.water_liquid_l_per_kwh, result.water_air_l_per_kwh) >= 0


@given(ANY_METHOD, ANY_CLIMATE, SHIFT, st.floats(0, 8))
def test_pue_does_not_rise_where_it_is_colder(method: str, name: str, shift: float, colder: float) -> None:
    warm, cold = table(method, shifted(name, shift)), table(method, shifted(name, shift - colder))
    assert np.all(cold.pue <= warm.pue + 1e-12)
    assert cold.pue_peak <= warm.pue_peak + 1e-12


@given(ANY_METHOD, ANY_CLIMATE, LOSS, LOSS)
def test_electrical_loss_adds_and_no_more(method: str, name: str, one: float, two: float) -> None:
    climate = climate_table(name)
    first, second = table(method, climate, one), table(method, climate, two)
    assert np.allclose(second.pue - first.pue, two - one)
    assert second.pue_peak - first.pue_peak == pytest.approx(two - one)
    assert second.water_l_per_kwh == first.water_l_per_kwh


@given(ANY_METHOD, ANY_CLIMATE)
def test_the_liquid_share_weighs_the_two_paths(method: str, name: str) -> None:
    result = table(method, climate_table(name))
    phi = load_catalog().value("cooling", method, "liquid_fraction")
    assert result.liquid_fraction == phi
    assert np.allclose(result.pue, 1 + phi * result.overhead_liquid + (1 - phi) * result.overhead_air)
    own = phi * result.water_liquid_l_per_kwh + (1 - phi) * result.water_air_l_per_kwh
    assert result.water_l_per_kwh == pytest.approx(own)
    if phi == 0:
        assert np.array_equal(result.overhead_liquid, result.overhead_air)


@pytest.mark.parametrize("method", ["d2c_tower", "d2c_dry", "d2c100_dry_T45", "imm1_dry", "imm2_dry"])
def test_air_of_a_liquid_hall_is_cooled_by_the_companion(method: str) -> None:
    companion = load_catalog().text("cooling", method, "air_companion")
    climate = climate_table("phoenix_az")
    result, air = table(method, climate), table(companion, climate)
    assert np.array_equal(result.overhead_air, air.overhead_air)
    assert result.mean_overhead_liquid < result.mean_overhead_air


@given(ANY_CLIMATE)
def test_order_of_methods(name: str) -> None:
    climate = climate_table(name)
    pue = {method: table(method, climate).pue_mean for method in METHODS}
    assert pue["imm2_dry"] <= pue["imm1_dry"] <= pue["d2c_dry"] < pue["air_dry_nowater"]
    assert pue["d2c100_dry_T45"] <= pue["d2c_dry"]
    assert pue["air_dry_adiab"] <= pue["air_dry_nowater"]
    assert max(pue[m] for m in METHODS if not m.startswith("legacy")) < pue["legacy_wcc"] < pue["legacy_acc"]


@pytest.mark.parametrize(
    ("site", "method", "pue"),
    [
        ("memphis_tn", "air_tower_wse", 1.129),
        ("phoenix_az", "air_dry_nowater", 1.313),
        ("phoenix_az", "d2c_dry", 1.143),
        ("singapore_sg", "air_evap_acc", 1.337),
        ("stockholm_se", "d2c_tower", 1.117),
        ("golden_co", "legacy_acc", 1.798),
    ],
)
def test_known_annual_values(site: str, method: str, pue: float) -> None:
    assert table(method, climate_table(site)).pue_mean == pytest.approx(pue, abs=0.008)


def test_the_formula_by_hand() -> None:
    """Dry cooler at 40 C supply, air at 37 C: source 45, half on compressors at a lift of 15 K."""
    method = cooling_method(load_catalog(), "d2c_dry")
    assert method.liquid is not None
    hour = np.array([37.0]), np.array([20.0])
    assert source_temperature(method.liquid, method.parameters, *hour)[0] == 45.0
    overhead = cooling_overhead(method.liquid, method.parameters, *hour)[0]
    assert overhead == pytest.approx(0.029 + 1.05 * 0.5 / (0.4 * 310.15 / 15.0))


def test_a_warmer_supply_saves_energy_in_the_heat() -> None:
    climate = climate_table("phoenix_az")
    pue = []
    for supply in (30.0, 35.0, 40.0, 45.0):
        catalog = load_catalog().override({"cooling": {"d2c_dry": {"supply_celsius": supply}}})
        pue.append(overheads(cooling_method(catalog, "d2c_dry"), climate, 0.069).pue_mean)
    assert pue == sorted(pue, reverse=True) and pue[0] - pue[-1] > 0.05


def test_water_by_hand_and_by_climate() -> None:
    method = cooling_method(load_catalog(), "air_tower_wse")
    cold = np.array([0.0]), np.array([-2.0])
    tower = water_use(method.air, method.parameters, *cold)[0]
    assert tower == pytest.approx(1.48 * 0.86 * 1.044 * 5 / 4)
    phoenix, stockholm = climate_table("phoenix_az"), climate_table("stockholm_se")
    for name in ("air_dry_adiab", "air_evap_wcc"):
        assert table(name, phoenix).water_l_per_kwh > 2 * table(name, stockholm).water_l_per_kwh
    for name in ("air_dry_nowater", "d2c_dry", "d2c100_dry_T45", "imm1_dry", "imm2_dry"):
        assert table(name, phoenix).water_l_per_kwh == 0


def test_electrical_architectures() -> None:
    catalog = load_catalog()
    loss = {item: electrical_loss(catalog, item) for item in catalog.items("electrical")}
    assert loss["rack_battery"] < loss["ups_efficient"] < loss["ups_double_conversion"] < loss["legacy"]
    with pytest.raises(ValueError, match="at least 0"):
        table("d2c_dry", climate_table("golden_co"), -0.01)


def test_rack_limits() -> None:
    methods = {name: cooling_method(load_catalog(), name) for name in METHODS}
    refused = {name for name, method in methods.items() if not compatible(method, Machine())}
    assert refused <= {"d2c100_dry_T45"}  # made for systems without fans
    cold_plates = {name for name, method in methods.items() if compatible(method, RACK_SCALE)}
    assert cold_plates == {"d2c_tower", "d2c_dry", "d2c100_dry_T45"}
    assert "cold plates" in incompatibility(methods["imm1_dry"], RACK_SCALE)
    dense = Machine("VR200-NVL72", 600e3 / 144, 144, 600_000.0, True)
    assert "600 kW" in incompatibility(methods["d2c_dry"], dense)
    assert compatible(methods["d2c100_dry_T45"], dense)
    big_server = Machine("big", 2000.0, 8, 64_000.0)
    assert not compatible(methods["legacy_acc"], big_server)  # 16 kW in a rack of 15


def test_a_unit_over_several_racks_counts_by_rack() -> None:
    two_racks = Machine("two racks", 900.0, 64, 29_000.0)
    assert compatible(cooling_method(load_catalog(), "air_tower_wse"), two_racks)


def test_fans_are_saved_once() -> None:
    liquid, air = (cooling_method(load_catalog(), name) for name in ("d2c_tower", "air_tower_wse"))
    assert it_power_multiplier(liquid, Machine()) == 0.93
    assert it_power_multiplier(liquid, RACK_SCALE) == 1.0
    assert it_power_multiplier(air, Machine()) == 1.0


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("liquid_fraction", 1.2, "at most 1"),
        ("heat_sink", "lake", "heat_sink must be one of"),
        ("range_kelvin", 0.0, "range_kelvin must be above 0"),
    ],
)
def test_unusable_numbers_are_refused(field: str, value: float | str, message: str) -> None:
    catalog = load_catalog().override({"cooling": {"d2c_dry": {field: value}}})
    with pytest.raises(ValueError, match=message):
        cooling_method(catalog, "d2c_dry")


def test_other_refusals() -> None:
    catalog = load_catalog().override({"cooling": {"air_tower_wse": {"liquid_fraction": 0.5}}})
    with pytest.raises(ValueError, match="air_companion"):
        cooling_method(catalog, "air_tower_wse")
    catalog = load_catalog().override({"cooling_parameters": {"formula": {"cycles_of_concentration": 1.0}}})
    with pytest.raises(ValueError, match="cycles_of_concentration"):
        cooling_method(catalog, "air_tower_wse")
    with pytest.raises(KeyError, match="did you mean"):
        cooling_method(load_catalog(), "d2c_dri")
