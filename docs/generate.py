"""Write the pages of the documentation that follow from the code, and the outputs in the worked examples.

    python docs/generate.py            write them
    python docs/generate.py --check    exit 1 if one is out of date, and say which
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS))

from docpages.catalogue import catalogue_page  # noqa: E402
from docpages.commands import commands_page  # noqa: E402
from docpages.keys import keys_page, study_keys_page  # noqa: E402
from docpages.markdown import same  # noqa: E402
from docpages.sessions import refreshed  # noqa: E402
from docpages.validation import validation_page  # noqa: E402

GENERATED: dict[str, Callable[[], str]] = {
    "catalogue.md": catalogue_page,
    "command_line.md": commands_page,
    "instance.md": keys_page,
    "study.md": study_keys_page,
    "validation.md": validation_page,
}
WORKED_EXAMPLES = ("tutorial.md", "decision.md", "howto.md", "studies.md", "README.md")


def current(name: str) -> str:
    """The text a page should have now."""
    if name in GENERATED:
        return GENERATED[name]()
    return refreshed(page(name).read_text(encoding="utf-8"))[0]


def out_of_date() -> list[str]:
    """Names of pages that do not say what the code says."""
    pages = [*GENERATED, *WORKED_EXAMPLES]
    return [name for name in pages if not same(_text(name), current(name))]


def page(name: str) -> Path:
    """Where a page is: the README at the top, all others here."""
    return DOCS.parent / name if name == "README.md" else DOCS / name


def _text(name: str) -> str:
    path = page(name)
    return path.read_text(encoding="utf-8") if path.exists() else ""


def main(arguments: list[str]) -> int:
    if arguments == ["--check"]:
        stale = out_of_date()
        for name in stale:
            print(f"{name} is out of date; run: python docs/generate.py")
        return 1 if stale else 0
    if arguments:
        print(__doc__)
        return 2
    for name in [*GENERATED, *WORKED_EXAMPLES]:
        text = current(name)
        if not same(_text(name), text):
            page(name).write_text(text, encoding="utf-8")
            print(f"wrote {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
