"""One HTML file that needs no network: title, words, plotly figures and tables, light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from exasite.errors import InputError, Problem
from exasite.save import write_whole

COLOURS = ("#4c78a8", "#f2b134", "#72b7b2", "#e45756", "#54a24b", "#b279a2", "#9d755d", "#8c8c8c")
_CONFIG = {"responsive": True, "displayModeBar": False}
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>
<style>body{{font-family:system-ui,sans-serif;margin:0 auto;max-width:1200px;padding:1rem;color:#222;background:#fff}}
h1{{font-size:1.3rem}}h2{{font-size:1.1rem;margin-top:2rem}}p{{color:#555;max-width:70ch}}
.wide{{overflow-x:auto}}table{{border-collapse:collapse;font-size:.9rem}}
th,td{{padding:.3rem .6rem;text-align:left;border-bottom:1px solid #ddd;vertical-align:top}}
td.n,th.n{{text-align:right;white-space:nowrap}}tr.on{{background:#fdf3d8}}
@media print{{body{{max-width:none}}}}</style></head><body>
<h1>{title}</h1><p>{words}</p>{body}</body></html>"""


def write_page(path: str | Path, title: str, words: str, parts: Sequence[str], option: str = "--plot") -> Path:
    """Write the page whole, or not at all. Raises InputError where the file cannot be written."""
    page = _PAGE.format(title=escape(title), words=escape(words), body="".join(parts))
    try:
        return write_whole(Path(path), page)
    except OSError as error:
        raise InputError([Problem(option, f"cannot write {path}: {error.strerror}", "name another file")]) from None


def figure_html(figure: Any, *, library: bool, name: str = "") -> str:
    """A plotly figure as a fragment; `library`: with plotly itself, which a page needs once."""
    return str(figure.to_html(full_html=False, include_plotlyjs=library, config=_CONFIG, div_id=name or None))


def html_table(heads: Sequence[str], rows: Sequence[Sequence[object]], numeric: Sequence[int] = ()) -> str:
    """A table; columns in `numeric` are set to the right. All text is escaped."""
    right = set(numeric)

    def cells(tag: str, values: Sequence[object]) -> str:
        return "".join(
            f"<{tag} class=n>{escape(str(v))}</{tag}>" if i in right else f"<{tag}>{escape(str(v))}</{tag}>"
            for i, v in enumerate(values)
        )

    body = "".join(f"<tr id=row{number}>{cells('td', row)}</tr>" for number, row in enumerate(rows))
    return f"<div class=wide><table><thead><tr>{cells('th', heads)}</tr></thead><tbody>{body}</tbody></table></div>"


def styled(figure: Any, title: str, x: str, y: str, height: int = 420) -> Any:
    """The looks all figures share."""
    return figure.update_layout(
        title=title, xaxis_title=x, yaxis_title=y, template="plotly_white", height=height,
        legend={"orientation": "h", "y": -0.25}, margin={"l": 50, "r": 15, "t": 50, "b": 50},
    )  # fmt: skip
