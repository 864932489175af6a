"""Write the gallery: build plans of shipped questions as `exasite plan` writes them.

    python docs/gallery.py            solve the questions and write docs/gallery
"""

from __future__ import annotations

import sys
from pathlib import Path

import exasite
from exasite.export.write import export_plan
from exasite.words import money

GALLERY = Path(__file__).resolve().parent / "gallery"
NAMES = ("memphis-100k", "shale-gas")
FORMATS = ("xlsx", "html", "md")


def main(arguments: list[str]) -> int:
    if arguments:
        print(__doc__)
        return 2
    for name in NAMES:
        made = exasite.plan(name)
        for path in export_plan(made, GALLERY / name, FORMATS):
            size = f"{path.stat().st_size / 1e3:,.0f} kB"
            print(f"wrote {path.relative_to(GALLERY.parent)}: {money(made.total_usd)}, {size}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
