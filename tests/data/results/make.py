"""Solve the questions whose results are kept here, and write them: python tests/data/results/make.py [NAME ...]"""

from __future__ import annotations

import sys
from pathlib import Path

import exasite

NAMES = ("off-grid-campus", "us-portfolio")


def main(names: list[str]) -> int:
    for name in names or NAMES:
        found = exasite.solve(name)
        path = Path(__file__).with_name(f"{name}.json")
        path.write_text(found.to_json(indent=1) + "\n", encoding="utf-8")
        print(f"wrote {path.name}: {found.status}, {found.totals.capex_usd if found.totals else 0:,.2f} USD")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
