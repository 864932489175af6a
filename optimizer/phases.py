"""When which power sources are there: the phases of a site's supply, and the modes in which clusters can work.

Where nothing asks about time there is one phase in which everything is there. A date to be online by, or a delay that
counts, cuts the life of the chips at the lead times of the sources: bridge power first, permanent power later.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from exasite.models.evaluate import Phase
from exasite.models.power import SiteSource
from exasite.options import Mode
from exasite.setting import Setting, decimal_year

_MOST_PHASES = 6
_SAME_YEARS = 0.25  # sources that come within a quarter come together, with the last of them
_PAUSE_LEVELS = (0.125, 0.25, 0.5, 1.0)  # of the share that may be given up


@dataclass(frozen=True)
class Timeline:
    """Phases in order, and the numbers of those a cluster may start in with the share of the life each keeps."""

    phases: tuple[Phase, ...]
    starts: tuple[tuple[int, float], ...]


def lead_years(source: SiteSource, setting: Setting) -> float:
    """Years from the decision to the first power of a source, its first year on the market considered."""
    first = source.first_year - decimal_year(setting.loaded.instance.decision_date)
    return max(source.lead_years, first)


def timeline(setting: Setting) -> Timeline:
    """Phases of the power supply, the same at all sites."""
    counted = setting.loaded.instance.objective.count_delay
    latest = setting.years_allowed
    if not counted and latest == float("inf"):
        return Timeline((Phase(),), ((0, 1.0),))
    first = setting.ready_years if counted else latest
    life = setting.terms.life_it_years
    leads = {lead_years(source, setting) for at in setting.sites for source in at.sources}
    starts = [first, *_merged(sorted(lead for lead in leads if first < lead < first + life))]
    ends = [*starts[1:], first + life]
    phases = tuple(Phase(start, (end - start) / life) for start, end in zip(starts, ends, strict=True))
    if not counted:
        return Timeline(phases, ((0, 1.0),))
    kept = [(k, 1.0 - (phase.start_years - first) / life) for k, phase in enumerate(phases)]
    return Timeline(phases, tuple(pair for pair in kept if phases[pair[0]].start_years <= latest + 1e-9))


def _merged(leads: list[float]) -> list[float]:
    """Lead times with those close to each other drawn to the latest, so that nothing counts before it is there."""
    groups: list[list[float]] = []
    for lead in leads:
        if groups and lead - groups[-1][0] <= _SAME_YEARS:
            groups[-1].append(lead)
        else:
            groups.append([lead])
    while len(groups) >= _MOST_PHASES:
        widths = [b[-1] - a[0] for a, b in pairwise(groups)]
        at = widths.index(min(widths))
        groups[at : at + 2] = [groups[at] + groups[at + 1]]
    return [group[-1] for group in groups]


def modes(setting: Setting, times: Timeline) -> tuple[Mode, ...]:
    """Every way to operate a cluster that the question allows: how much it gives up, and when it starts."""
    curtail = setting.loaded.instance.curtail
    shares = [0.0] if curtail.energy_share == 0 else [0.0, *(level * curtail.energy_share for level in _PAUSE_LEVELS)]
    return tuple(
        Mode(share, curtail.load_share if share > 0 else 0.0, start, kept)
        for start, kept in times.starts
        for share in shares
    )
