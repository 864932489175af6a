"""exasite designs AI datacenters: the provably best design for a question, its worth, and its build plan.

Public names are imported when they are first used, so that `import exasite` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from exasite.errors import InputError, Problem
    from exasite.export.write import export_plan
    from exasite.instance.loading import LoadedInstance, load_instance
    from exasite.instance.schema import Instance
    from exasite.plans.build import plan
    from exasite.plans.records import Plan
    from exasite.plot import write_plot
    from exasite.result import Result
    from exasite.solving import solve

    __version__: str

# public name -> module that defines it
_HOME = {
    "InputError": "exasite.errors",
    "Instance": "exasite.instance.schema",
    "LoadedInstance": "exasite.instance.loading",
    "Plan": "exasite.plans.records",
    "Problem": "exasite.errors",
    "Result": "exasite.result",
    "export_plan": "exasite.export.write",
    "load_instance": "exasite.instance.loading",
    "plan": "exasite.plans.build",
    "solve": "exasite.solving",
    "write_plot": "exasite.plot",
}

__all__ = ["InputError", "Instance", "LoadedInstance", "Plan", "Problem", "Result", "__version__", "export_plan",
           "load_instance", "plan", "solve", "write_plot"]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return import_module("importlib.metadata").version("exasite")
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'exasite' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
