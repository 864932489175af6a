"""What the product ships with: its instances by name, and the starter that `exasite new` writes."""

from __future__ import annotations

import re
from importlib.resources import files
from importlib.resources.abc import Traversable

_SUFFIX = ".toml"
_STUDIES = "exasite.instances.studies"


def shipped_names() -> tuple[str, ...]:
    """Names of the shipped instances, sorted."""
    names = (entry.name for entry in files("exasite.instances").iterdir())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX)))


def shipped_file(name: str) -> Traversable:
    """The file of a shipped instance. `name` must be one of `shipped_names()`."""
    return files("exasite.instances").joinpath(name + _SUFFIX)


def shipped_studies() -> tuple[str, ...]:
    """Names of the shipped studies, sorted."""
    names = (entry.name for entry in files(_STUDIES).iterdir())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX)))


def shipped_study(name: str) -> Traversable:
    """The file of a shipped study. `name` must be one of `shipped_studies()`."""
    return files(_STUDIES).joinpath(name + _SUFFIX)


def is_file_name(name: str) -> bool:
    """Whether a name is safe as a file name in the current folder, on any system."""
    return re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}", name) is not None


def copied_text(source: str, name: str) -> str:
    """Text of a shipped instance under a new name."""
    text = shipped_file(source).read_text(encoding="utf-8")
    return re.sub(r"(?m)^name\s*=.*$", f'name = "{name}"', text, count=1)


def starter_text(name: str) -> str:
    """A commented instance to start from, as TOML."""
    return _STARTER.replace("NAME", name)


_STARTER = '''\
# A question to exasite. Check it with `exasite check NAME.toml`; unknown keys are errors.
# `exasite schema` lists every key, `exasite catalog` every id and number that can be named here.

name = "NAME"
question = "16,384 coherent GPUs near Memphis: what should be built?"
# extends = "memphis-100k"            # start from another instance and change a few lines
# decision_date = 2026-01-01          # lead times count from here

[workload]
kind = "training"
model = "llama3-405b"                 # an id of `exasite catalog models`, or a table of numbers
# precision = "bf16"                  # bf16 | fp8 | fp4; left out: bf16 up to Hopper-class chips, fp8 later
# batch_tokens = 16e6                 # global batch [tokens]
# sequence_length = 8192              # [tokens]

[require]                             # each a number, or a table like { min = 10000, max = 20000 }
coherent_gpus = 16384                 # in one cluster; rounded up to whole racks or servers
# gpus = 16384                        # in all clusters together
# effective_exaflops = 6              # at least [EFLOP/s]
# training_flops = 3.8e25             # the run [FLOP] ...
# training_days = 90                  # ... and its longest duration [days]

[limit]                               # whatever is left out is not limited
# capex_usd = 1.5e9
# facility_mw = 50
# energy_price_usd_per_mwh = 90
# co2_t_per_year = 100_000
# water_m3_per_year = 500_000
# online_by = 2028-06-30

[objective]                           # maximize: efficiency | exaflops_per_capex | exaflops_per_watt
maximize = "efficiency"               #           | exaflops_per_tco | exaflops
weights = { capex = 0.5, watts = 0.5 }
# minimize = "tco"                    # or minimize: capex | tco | training_cost | facility_mw

[choices]                             # catalogue ids; left out: all that fit
# accelerators = ["H100-SXM", "B200-SXM"]
# cooling = ["d2c_tower", "d2c_dry"]
# power = ["grid", "gas_recip", "battery"]

[[sites]]                             # repeat for more sites
id = "memphis_tn"                     # an id of `exasite catalog sites`
# grid_limit_mw = 150
# weather_file = "memphis.epw"        # own EPW or TMY3 year
# max_clusters = 1

# [finance]
# discount_rate = 0.08

# [catalog.accelerators.H100-SXM]     # any catalogue number can be replaced for a what-if
# price_usd = 25000
'''
