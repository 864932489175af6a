"""Measure `exasite solve` on shipped instances, each in its own process, and print a table for performance.md.

    python docs/measure.py [NAME ...]
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import tempfile
import time

from exasite.instance.shipped import shipped_names

_CODE = """
import resource, sys
from exasite.cli import main
try:
    main(["solve", sys.argv[1], "--json"])
finally:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
"""
_KB_PER_MB = 1024.0


def measured(name: str) -> str:
    """One row of the table. Peak memory is that of Linux, where it is given in kB."""
    started = time.monotonic()
    with tempfile.TemporaryFile("w+") as output:
        ended = subprocess.run(
            [sys.executable, "-c", _CODE, name], stdout=output, stderr=subprocess.PIPE, text=True, check=False
        )
        seconds = time.monotonic() - started
        output.seek(0)
        result = json.load(output)
    solver, gap = result["solver"], result["objective"]["gap"]
    memory = float(ended.stderr.split()[-1]) / _KB_PER_MB
    shown = "" if gap is None else f"{100 * gap:.3f} %"
    counts = f"{solver['configurations']:,} | {solver['segments']:,}"
    return f"| {name} | {seconds:.1f} | {memory:.0f} | {counts} | {shown} | {result['status']} |"


def main(names: list[str]) -> None:
    print("| instance | seconds | peak memory, MB | configurations | segments | gap | status |")
    print("|---|--:|--:|--:|--:|--:|---|")
    for name in names or shipped_names():
        print(measured(name), flush=True)
    print(f"\nMachine: {platform.machine()}, {platform.system()}, Python {platform.python_version()}")


if __name__ == "__main__":
    main(sys.argv[1:])
