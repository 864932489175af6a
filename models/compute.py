"""Step time of a training run on N accelerators, and the share of achievable FLOP/s it keeps (SFU)."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Links:
    """The links an accelerator computes over. Rates are one way, per accelerator.

    `congestion` is kappa: the loss per unit of ln(N/8). A network with `island_taper` > 1 gives the full
    scale-out rate inside islands of `island_gpus` and 1/taper of it between them.
    """

    scale_up_domain: int
    scale_up_gb_per_s: float
    scale_out_gbit_per_s: float
    congestion: float
    island_gpus: float = math.inf
    island_taper: float = 1.0
