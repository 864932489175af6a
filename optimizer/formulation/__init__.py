"""The optimisation model: one function per family of variables or constraints, called in order by `build`."""

from exasite.formulation.build import BuiltModel, RatioLimits, build

__all__ = ["BuiltModel", "RatioLimits", "build"]
