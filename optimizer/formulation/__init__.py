"""The optimisation model: one function per family of variables or constraints, called in order by `build`."""

from exasite.formulation.build import BuiltModel, build

__all__ = ["BuiltModel", "build"]
