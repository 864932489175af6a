"""Build and solve small choices, and what every solution must keep, read hour by hour from its variables."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest
from pyomo.environ import Objective, value
from tiny_options import options

from exasite.formulation import build
from exasite.formulation.deployment import demand_mw, facility_peak_mw, units_of
from exasite.instance.schema import Instance
from exasite.models.evaluate import Phase
from exasite.objectives import optimise
from exasite.pricing import PricedSession
from exasite.session import Clock

HOURS = 8760.0
ONE_PHASE = (Phase(),)


def built(question, *sites, phases=ONE_PHASE):
    instance, choice = Instance.model_validate(question), replace(options(*sites), phases=phases)
    return instance, build(instance, choice, hours_per_year=HOURS, flop_per_token=2e12)


def lp_text(model, folder, quantity):
    """The model as an LP file, without its comments, with one of the quantities as the objective."""
    for objective in model.component_objects(Objective):
        objective.deactivate()
    model.component(f"quantity_{quantity}").activate()
    model.write(str(folder / "model.lp"), io_options={"symbolic_solver_labels": True})
    lines = (folder / "model.lp").read_text(encoding="utf-8").splitlines()
    kept = "\n".join(line for line in lines if line and not line.startswith("\\")) + "\n"
    # Ten digits, so that the last bit of a product does not matter.
    return re.sub(r"(?<![\w.(])[+-]?\d+\.\d+(e[+-]?\d+)?", lambda m: f"{float(m[0]):+.10g}", kept)


def stretched(at):
    """Availability given for two hours, repeated over the hours of the site."""
    hours = len(at.hour_weights)
    return replace(at, supply=tuple(replace(s, availability=np.resize(s.availability, hours)) for s in at.supply))


def optimum(question, *sites, phases=ONE_PHASE):
    instance, model = built(question, *(stretched(s) for s in sites), phases=phases)
    session = PricedSession(model.compiled, model.choices, clock=Clock(30.0))
    found = optimise(
        session, model.compiled.quantities, instance, gap=1e-6, life_years=5.0, hours_per_year=HOURS
    )
    if found.columns is not None:
        model.compiled.load(found.columns)
    return found, model


def series(variable, g, hours):
    return np.array([value(variable[g, h]) for h in hours])


def check_site(model, at, phases=ONE_PHASE, *, least_cost=False):
    """Everything that must hold at one site, whatever the question; the bill is no more than it must be at least cost."""
    plant, place, near = model.model.supply[at.id], model.model.site[at.id], 1e-5
    for option in at.supply:
        g = option.id
        capacity, firm = value(plant.capacity[g]), value(plant.firm[g])
        assert -near <= capacity <= option.max_mw + near and -near <= firm <= capacity + near
        assert option.firm or abs(firm) <= near
        if option.unit_mw > 0:
            units = value(plant.count[g])
            assert capacity == pytest.approx(option.unit_mw * units, abs=near)
            if capacity > near:
                assert firm <= max(option.firm_mw_per_unit * units - option.firm_offset_mw, 0.0) + near
        else:
            assert firm <= option.firm_mw_per_unit * capacity + near
        if option.kind == "storage":
            assert option.firm_hours * firm <= value(plant.energy[g]) + near
        assert not math.isfinite(option.contract_mw) or capacity == pytest.approx(
            option.contract_mw * sum(value(place.clusters[j]) for j in place.segments), abs=near
        )
    for k, phase in enumerate(phases):
        paid = check_phase(plant, place, at, k, phase)
        bill = value(plant.phase[k].bill)
        assert bill >= paid - near
        assert not least_cost or bill == pytest.approx(paid, abs=near)
    check_clusters(place, at)


def check_phase(plant, place, at, k, phase):
    """Operation in one phase: only what is there runs, within what it has, every hour is served; returns its bill."""
    block, near = plant.phase[k], 1e-5
    there = [option for option in at.supply if option.lead_years <= phase.start_years]
    working = [m for m, mode in enumerate(at.modes) if mode.start_phase <= k]
    assert set(block.sources) == {option.id for option in there}
    outputs = {option.id: series(block.output, option.id, block.hours) for option in there}
    charges = {g: series(block.charge, g, block.hours) for g in block.storages}
    for option in there:
        output, capacity = outputs[option.id], value(plant.capacity[option.id])
        assert (output >= -near).all() and (output <= option.availability * capacity + near).all()
        assert not option.must_take or output == pytest.approx(option.availability * capacity, abs=near)
        if math.isfinite(option.full_load_hours):
            assert output @ at.hour_weights <= option.full_load_hours * capacity + near * HOURS
        if option.min_load_mw > 0:
            check_running(plant, block, at, option, output)
        if option.kind == "storage":
            check_storage(plant, block, at, option, output, charges[option.id])
    wanted = {m: np.array([value(demand_mw(place, at, h, m)) for h in block.hours]) for m in working}
    given_up = check_pauses(block, at, wanted)
    forced = [option.id for option in there if option.must_take or option.min_load_mw > 0]
    spilled = np.array([value(block.spilled[h]) for h in block.hours]) if forced else np.zeros(len(block.hours))
    assert (spilled >= -near).all() and (spilled <= sum((outputs[g] for g in forced), np.zeros(1)) + near).all()
    served = sum(outputs.values()) - sum(charges.values(), np.zeros(len(block.hours)))
    assert served - spilled + given_up == pytest.approx(sum(wanted.values()), abs=near)
    check_firmness(plant, place, at, there, working, outputs, charges)
    return bill_musd(plant, at, there, outputs)


def check_pauses(block, at, wanted):
    """A mode gives up exactly its share of its energy, never more at once than can be dropped; returns the sum [MW]."""
    total, near = np.zeros(len(at.hour_weights)), 1e-5
    for m, demand in wanted.items():
        mode = at.modes[m]
        if mode.paused_share == 0:
            assert (m, 0) not in block.paused
            continue
        paused = series(block.paused, m, block.hours)
        assert (paused >= -near).all() and (paused <= mode.droppable_share * demand + near).all()
        assert paused @ at.hour_weights == pytest.approx(mode.paused_share * (demand @ at.hour_weights), abs=near * HOURS)
        total += paused
    return total


def check_firmness(plant, place, at, there, working, outputs, charges):
    """The peak that cannot be dropped is carried; standby counts only as far as the grid it stands by for."""
    near, firm = 1e-5, {option.id: value(plant.firm[option.id]) for option in there}
    peak = sum((1 - at.dropped_share * at.modes[m].droppable_share) * value(facility_peak_mw(place, at, m)) for m in working)
    carried = sum((firm[o.id] for o in there if o.firm), np.zeros(len(at.hour_weights)))
    for option in there:
        if not option.firm and option.kind == "variable":
            carried = carried + option.availability * value(plant.capacity[option.id])
        if not option.firm and option.kind == "storage":
            carried = carried + outputs[option.id] - charges[option.id]
    assert (carried >= peak - near).all()
    beside = sum(value(plant.capacity[o.id]) for o in there if o.kind in ("grid", "contract"))
    assert sum(firm[o.id] for o in there if o.kind == "backup") <= at.standby_share * beside + near


def check_running(plant, block, at, option, output):
    """Units run for whole days, between their least output and what is available."""
    for day in np.unique(at.hour_days).tolist():
        running, hours = value(block.running[option.id, day]), at.hour_days == day
        assert running == pytest.approx(round(running), abs=1e-5)
        assert running <= value(plant.count[option.id]) + 1e-5
        assert (output[hours] >= option.min_load_mw * running - 1e-5).all()
        assert (output[hours] <= option.unit_mw * option.availability[hours] * running + 1e-5).all()


def bill_musd(plant, at, there, outputs):
    """Energy hour by hour, the peak of the billed hours, and what is paid for though it is not used [M$/year]."""
    total, hours = 0.0, at.hour_weights
    for option in there:
        output, capacity = outputs[option.id], value(plant.capacity[option.id])
        price = np.broadcast_to(option.cost_usd_per_mwh, len(hours))
        billed = np.ones(len(hours), dtype=bool) if option.billed is None else option.billed
        least = option.min_bill_fraction
        total += (output * price) @ hours / 1e6
        total += option.demand_musd_per_mw_year * max(output[billed].max(initial=0.0), least * capacity)
        if option.bills_energy:
            mean = price @ hours / hours.sum()
            total += mean / 1e6 * max(0.0, least * hours.sum() * capacity - output @ hours)
    return total


def check_storage(plant, block, at, option, output, charge):
    """Levels follow from what goes in and out, through the calendar or within each day, and never leave the store."""
    g, near = option.id, 1e-5
    level, energy = series(block.level, g, block.hours), value(plant.energy[g])
    least = option.minimum_charge_fraction * energy
    assert (charge >= -near).all() and (charge + output <= value(plant.capacity[g]) + near).all()
    change = option.round_trip_efficiency * charge - output
    of_day = {day: np.flatnonzero(at.hour_days == day) for day in np.unique(at.hour_days).tolist()}
    if not len(at.calendar):
        assert (level >= least - near).all() and (level <= energy + near).all()
        for hours in of_day.values():
            assert level[hours] - np.roll(level[hours], 1) == pytest.approx(change[hours], abs=near)
            assert change[hours].sum() == pytest.approx(0.0, abs=10 * near)
        return
    morning = np.array([value(block.morning[g, d]) for d in range(len(at.calendar))])
    days = [of_day[day] for day in at.calendar.tolist()]
    for d, hours in enumerate(days):
        assert level[hours] == pytest.approx(np.cumsum(change[hours]), abs=near)
        through = morning[d] + level[hours]
        assert (through >= least - near).all() and (through <= energy + near).all()
        assert morning[(d + 1) % len(days)] == pytest.approx(through[-1], abs=near)
    assert sum(change[hours].sum() for hours in days) == pytest.approx(0.0, abs=near * len(days))


def check_clusters(place, at):
    counts = np.array([value(place.clusters[j]) for j in place.segments])
    units = np.array([units_of(place, at, j) for j in place.segments])
    assert counts.sum() <= at.max_clusters
    assert (units >= at.segments.lower * counts - 1e-6).all()
    assert (units <= at.segments.upper * counts + 1e-6).all()
