"""The study that `exasite new NAME --study` writes, and copies of shipped ones."""

from __future__ import annotations

import re

from exasite.instance.shipped import shipped_studies, shipped_study


def study_names() -> tuple[str, ...]:
    return shipped_studies()


def copied_study(source: str, name: str) -> str:
    """Text of a shipped study under a new name."""
    text = shipped_study(source).read_text(encoding="utf-8")
    return re.sub(r"(?m)^name\s*=.*$", f'name = "{name}"', text, count=1)


def study_starter(name: str) -> str:
    """A commented study to start from, as TOML."""
    return _STARTER.replace("NAME", name)


_STARTER = '''\
# A study: many scenarios of one question. Check it with `exasite check NAME.toml`, run it with
# `exasite study NAME.toml`. What is done is kept in the folder NAME-study; run it again to go on.

name = "NAME"
question = "At which price of power does the cooling change?"
base = "hopper-16k"                   # a shipped instance, or a TOML file relative to this one
seed = 0                              # of the samples

[set]                                 # changes of the base that hold in all scenarios
"choices.cooling" = ["air_tower_wse", "d2c_tower", "d2c_dry", "imm1_dry"]
"objective.maximize" = "exaflops_per_tco"

[[axes]]                              # every value of an axis with every value of the others
path = "sites.0.energy_price_usd_per_mwh"     # as in --set
values = [40, 80, 120]
# range = { from = 40, to = 120, steps = 5, scale = "linear" }    # or "log"
# name = "power price"                # what it is called in tables and charts

[[axes]]
path = "catalog.cooling.imm1_dry.capex_usd_per_kw"
factors = [0.7, 1.0, 1.3]             # times the value of the base

# [[axes]]                            # sites of the catalogue in the place of the first site
# sites = ["memphis_tn", "phoenix_az", "quincy_wa"]

# [[axes]]                            # several paths together
# paths = ["catalog.switches.qm9790.price_usd", "catalog.optics.mpo_fibre.price_usd"]
# factors = [0.5, 1, 2]

# [[axes]]                            # numbers with a distribution are sampled, all at once
# path = "sites.0.gas_price_usd_per_mmbtu"
# distribution = { kind = "uniform", low = 2, high = 8 }    # loguniform, normal, triangular, catalog

# [[axes]]
# rows = "all"                        # every row of the base design that has a range, low to high; "allowed": those and
#                                     # the rows of everything that may be chosen instead

# [sampling]
# method = "latin_hypercube"          # sobol, or saltelli for first-order and total sensitivity
# samples = 200

# [one_at_a_time]                     # each row at its low and at its high: a tornado
# rows = "all"                        # or a list: ["accelerators.H100-SXM.price_usd"]

# [[scenarios]]                       # by hand
# name = "cheap chips, dear power"
# set = { "catalog.accelerators.H100-SXM.price_usd" = 25000, "sites.0.energy_price_usd_per_mwh" = 120 }

[regret]                              # the most frequent designs tried in other scenarios; designs = 0: not
designs = 5
scenarios = 100
'''
