"""Published training runs as a measure of what is possible."""

from __future__ import annotations

from exasite.models.catalog import Catalog, read_table

_TABLE = "validation_mfu"


def best_published_sfu(catalog: Catalog) -> tuple[float, str]:
    """The highest SFU = MFU / MAMF of the published runs, and which run that is."""
    best, name = 0.0, ""
    for run in read_table(_TABLE):
        chip, field = run["accelerator"], f"mamf_{run['precision']}"
        if catalog.has("accelerators", chip, field):
            sfu = float(run["published_mfu_percent"]) / 100.0 / catalog.value("accelerators", chip, field)
            if sfu > best:
                best, name = sfu, f"{run['model']} on {run['gpus']} {chip}"
    return best, name
