"""exasite designs AI datacenters: the provably best design for a question, its worth, and its build plan.

Public names are imported when they are first used, so that `import exasite` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from exasite.decisions.compare import Comparison, compare
    from exasite.decisions.explain import Explanation, explain
    from exasite.decisions.frontier import frontier
    from exasite.decisions.frontier_records import Frontier
    from exasite.decisions.lever_records import Levers
    from exasite.decisions.levers import levers
    from exasite.decisions.near_best import Alternatives, alternatives
    from exasite.errors import InputError, Problem
    from exasite.export.write import export_plan
    from exasite.instance.loading import LoadedInstance, load_instance
    from exasite.instance.schema import Instance
    from exasite.plans.build import plan
    from exasite.plans.records import Plan
    from exasite.plot import write_plot
    from exasite.result import Result
    from exasite.solving import solve
    from exasite.studies.library import study
    from exasite.workbench import Workbench

    __version__: str

# public name -> module that defines it
_HOME = {
    "Alternatives": "exasite.decisions.near_best",
    "Comparison": "exasite.decisions.compare",
    "Explanation": "exasite.decisions.explain",
    "Frontier": "exasite.decisions.frontier_records",
    "InputError": "exasite.errors",
    "Instance": "exasite.instance.schema",
    "Levers": "exasite.decisions.lever_records",
    "LoadedInstance": "exasite.instance.loading",
    "Plan": "exasite.plans.records",
    "Problem": "exasite.errors",
    "Result": "exasite.result",
    "Workbench": "exasite.workbench",
    "alternatives": "exasite.decisions.near_best",
    "compare": "exasite.decisions.compare",
    "explain": "exasite.decisions.explain",
    "frontier": "exasite.decisions.frontier",
    "levers": "exasite.decisions.levers",
    "export_plan": "exasite.export.write",
    "load_instance": "exasite.instance.loading",
    "plan": "exasite.plans.build",
    "solve": "exasite.solving",
    "study": "exasite.studies.library",
    "write_plot": "exasite.plot",
}

__all__ = [
    "Alternatives", "Comparison", "Explanation", "Frontier", "InputError", "Instance", "Levers", "LoadedInstance",
    "Plan", "Problem", "Result", "Workbench", "__version__", "alternatives", "compare", "explain", "export_plan",
    "frontier", "levers", "load_instance", "plan", "solve", "study", "write_plot",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return import_module("importlib.metadata").version("exasite")
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'exasite' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
