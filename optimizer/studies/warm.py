"""Imported once by the server that workers are forked from: all a first scenario would wait for, nothing solved."""

from __future__ import annotations

import exasite.models.representative
import exasite.studies.workers
import exasite.workbench  # noqa: F401
from exasite.compiled import warm_up
from exasite.models.catalog import load_catalog

load_catalog()
warm_up()
