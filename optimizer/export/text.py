"""Text from outside made inert: for tables that spreadsheets open, for Markdown, and for names of files and anchors."""

from __future__ import annotations

import re
import unicodedata

_FORMULA_STARTS = "=+-@\uff1d\uff0b\uff0d\uff20"  # also in full width, which some programs take for the same
_MOST_SLUG, _MOST_CELL = 60, 32_767  # a cell of a workbook holds no more
_MARKDOWN = re.compile(r"([\\`*\[\]<>{}|~&$]|(?<![^\W_])_|_(?![^\W_]))")  # a _ within a word is no markup
_BEGINS = re.compile(r"^(\s*)([-+=#!]|\d+(?=[.)]))")  # what makes a line a list, a title or a rule
_LINKS = re.compile(r"(://|www\.|@|mailto:|xmpp:)", re.IGNORECASE)  # what renderers turn into links by themselves
# Marks that turn the direction of text around them, and characters without width that hide things.
_JOINER = 0x200D  # joins emoji, and stays
_HIDDEN = {*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF, 0x061C} - {_JOINER}
_BROKEN = ("Cc", "Cs", "Cn")


def plain(text: str, most: int | None = None) -> str:
    """One line of text without control characters, direction marks and broken unicode, cut to `most` characters."""
    kept = []
    for character in text:
        code = ord(character)
        if character in "\t\n\r\v\f\x85\u2028\u2029":
            kept.append(" ")
        elif code not in _HIDDEN and unicodedata.category(character) not in _BROKEN:
            kept.append(character)
    found = "".join(kept)
    if most is not None and len(found) > most:
        return found[: most - 1] + "…"
    return found


def cell(text: str) -> str:
    """Text for a CSV file: a spreadsheet that opens it finds no formula."""
    found = plain(text)
    return f"'{found}" if found.lstrip()[:1] in tuple(_FORMULA_STARTS) and found.strip() else found


def workbook_text(text: str) -> str:
    """Text for a cell of a workbook, which is written as text and never read as a formula."""
    return plain(text, _MOST_CELL)


def markdown(text: str, most: int | None = None) -> str:
    """Text for Markdown: no markup, no HTML, no link; what renderers would make a link of stands as code."""
    found = plain(text, most)
    if _LINKS.search(found):
        quoted = found.replace("`", "'").replace("|", "\\|").strip()
        return f"`{quoted}`" if quoted else ""
    escaped = _MARKDOWN.sub(r"\\\1", found).replace("\\<", "&lt;").replace("\\&", "&amp;")
    return _BEGINS.sub(_begun, escaped)


def _begun(found: re.Match[str]) -> str:
    """A line's beginning that is no more than text."""
    space, mark = found.group(1), found.group(2)
    return f"{space}{mark}\\" if mark.isdigit() else f"{space}\\{mark}"


def slug(text: str, default: str = "plan") -> str:
    """A name for a file, a folder or an anchor: small letters, digits and dashes, and nothing else."""
    folded = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii").lower()
    found = re.sub(r"[^a-z0-9]+", "-", folded).strip("-")[:_MOST_SLUG].strip("-")
    return found or default
