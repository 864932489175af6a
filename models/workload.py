"""Training workloads: the shape of a model, its batch and precision, and the software that trains it."""

from __future__ import annotations

from dataclasses import dataclass

from exasite.models.accelerator import PRECISIONS
from exasite.models.catalog import Catalog
from exasite.models.units import conversion_factor

TABLE = "models"
LARGE_DOMAIN = 72  # scale-up domains of at least this size take the large-domain mixture-of-experts factor


@dataclass(frozen=True)
class Workload:
    """A transformer trained with a fixed batch, and what its software stack can do.

    A mixture of experts is described by the dense equivalent of its active parameters; `total_parameters`
    then counts all experts and the two factors scale SFU. `software_year` is the calendar year of the stack.
    """

    name: str
    layers: int
    hidden: int
    heads: int
    kv_heads: int
    ffn: int
    gated: bool
    vocabulary: int
    tied: bool
    sequence_length: float
    batch_tokens: float
    precision: str
    software_year: float
    total_parameters: float | None = None
    moe_factor_small_domain: float = 1.0
    moe_factor_large_domain: float = 1.0
    checkpoint_bytes_per_parameter: float = 14.0
    exchange_bytes_per_parameter: float = 4.0
    flash_attention: bool = True
    sequence_parallel: bool = True
    tensor_overlap: bool = True
    data_overlap: bool = True
    balanced_stages: bool = True

    @property
    def parameters_per_layer(self) -> float:
        """Parameters of one layer: attention h^2 (2 + 2 kv/heads) and two or three feed-forward matrices."""
        attention = self.hidden**2 * (2.0 + 2.0 * self.kv_heads / self.heads)
        return attention + (3 if self.gated else 2) * self.hidden * self.ffn

    @property
    def active_parameters(self) -> float:
        """Parameters a token passes through, embeddings included."""
        embeddings = self.vocabulary * self.hidden * (1 if self.tied else 2)
        return self.layers * self.parameters_per_layer + embeddings

    @property
    def parameters(self) -> float:
        """All parameters held and checkpointed."""
        return self.active_parameters if self.total_parameters is None else self.total_parameters

    def moe_factor(self, scale_up_domain: int) -> float:
        """SFU factor of a mixture of experts on a scale-up domain of that many accelerators; 1 if dense."""
        large = scale_up_domain >= LARGE_DOMAIN
        return self.moe_factor_large_domain if large else self.moe_factor_small_domain


def workload(
    catalog: Catalog,
    model_id: str,
    *,
    precision: str,
    batch_tokens: float | None = None,
    sequence_length: float | None = None,
    software_year: float | None = None,
) -> Workload:
    """Workload of a catalogue model; None takes the catalogue's number.

    Raises KeyError for an unknown model, ValueError for a precision other than bf16, fp8, fp4.
    """
    if precision not in PRECISIONS:
        raise ValueError(f"precision must be one of {', '.join(PRECISIONS)}, got '{precision}'")

    def value(name: str) -> float:
        return catalog.value(TABLE, model_id, name)

    def default(name: str) -> float:
        return catalog.value("compute_parameters", "planner", name)

    has_total = catalog.has(TABLE, model_id, "total_parameters")
    return Workload(
        name=catalog.text(TABLE, model_id, "name"),
        layers=int(value("layers")),
        hidden=int(value("hidden")),
        heads=int(value("heads")),
        kv_heads=int(value("kv_heads")),
        ffn=int(value("ffn")),
        gated=value("gated") > 0,
        vocabulary=int(value("vocabulary")),
        tied=value("tied") > 0,
        sequence_length=value("sequence_length_tokens") if sequence_length is None else sequence_length,
        batch_tokens=value("batch_tokens") if batch_tokens is None else batch_tokens,
        precision=precision,
        software_year=default("software_year") if software_year is None else software_year,
        total_parameters=value("total_parameters") if has_total else None,
        moe_factor_small_domain=catalog.value_or(TABLE, model_id, "moe_factor_small_domain", 1.0),
        moe_factor_large_domain=catalog.value_or(TABLE, model_id, "moe_factor_large_domain", 1.0),
        checkpoint_bytes_per_parameter=value("checkpoint_bytes_per_parameter"),
        exchange_bytes_per_parameter=default("exchange_bytes_per_parameter"),
    )


def flop_per_token(load: Workload) -> float:
    """Model FLOP per token, forward and backward [FLOP/token].

    F = 6 (L n_l + V h) + 12 L h s: the convention of the standardised MFU. Recompute is not counted,
    attention is not halved for causality, only the output embedding multiplies.
    """
    matrices = load.layers * load.parameters_per_layer + load.vocabulary * load.hidden
    return 6.0 * matrices + 12.0 * load.layers * load.hidden * load.sequence_length


def checkpoint_gb(load: Workload) -> float:
    """Size of one checkpoint of weights and optimizer state [GB]."""
    return load.parameters * load.checkpoint_bytes_per_parameter * conversion_factor("byte", "GB")
