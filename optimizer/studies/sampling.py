"""Samples in the unit cube: Latin hypercube, Sobol, and Saltelli's scheme for first-order and total sensitivity."""

from __future__ import annotations

import numpy as np

from exasite.errors import InputError, Problem
from exasite.studies.schema import Sampling

_INSIDE = 1e-9  # quantiles stay off 0 and 1, where a normal distribution has no value


def unit_samples(sampling: Sampling, count: int, seed: int) -> np.ndarray:
    """Rows of `count` numbers between 0 and 1; the same for the same seed.

    Sobol and Saltelli samples come in powers of two: the number asked for is rounded up. Saltelli's scheme makes
    count + 2 rows out of each. Raises InputError for Saltelli without SALib.
    """
    from scipy.stats import qmc

    if sampling.method == "saltelli":
        found = _saltelli(count, power_of_two(sampling.samples), seed)
    elif sampling.method == "sobol":
        engine = qmc.Sobol(count, scramble=True, seed=seed)
        found = engine.random_base2(power_of_two(sampling.samples).bit_length() - 1)
    else:
        found = qmc.LatinHypercube(count, seed=seed).random(sampling.samples)
    return np.clip(found, _INSIDE, 1.0 - _INSIDE)


def sample_size(sampling: Sampling, count: int) -> int:
    """Number of scenarios that a sample of `count` axes makes."""
    if sampling.method == "latin_hypercube":
        return sampling.samples
    size = power_of_two(sampling.samples)
    return size * (count + 2) if sampling.method == "saltelli" else size


def power_of_two(number: int) -> int:
    """The least power of two that is not below a number."""
    return 1 << (number - 1).bit_length()


def unit_problem(count: int) -> dict[str, object]:
    """The sampled axes as SALib wants them."""
    return {"num_vars": count, "names": [str(i) for i in range(count)], "bounds": [[0.0, 1.0]] * count}


def _saltelli(count: int, size: int, seed: int) -> np.ndarray:
    require_salib()
    from SALib.sample import sobol

    return np.asarray(sobol.sample(unit_problem(count), size, calc_second_order=False, scramble=True, seed=seed))


def require_salib() -> None:
    """Raises InputError, with the fix, where SALib is not installed."""
    try:
        import SALib  # noqa: F401
    except ImportError:
        fix = "pip install 'exasite[study]', or choose latin_hypercube"
        raise InputError([Problem("sampling.method", "saltelli needs SALib, which is not installed", fix)]) from None
