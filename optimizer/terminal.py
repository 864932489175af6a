"""Where text, tables and JSON go: results on stdout, messages on stderr, no colour without a terminal."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from rich.console import Console

_WIDTH_WITHOUT_TERMINAL = 160  # columns; COLUMNS overrides


def console(*, messages: bool = False) -> Console:
    """A console on stdout, or on stderr for messages, with the terminal's colour and width if any."""
    stream = sys.stderr if messages else sys.stdout
    width = None if stream.isatty() or os.environ.get("COLUMNS") else _WIDTH_WITHOUT_TERMINAL
    return Console(file=stream, width=width, highlight=False, soft_wrap=messages)


def message(text: str) -> None:
    """Plain text on stderr, never wrapped or interpreted."""
    print(text, file=sys.stderr)


def print_json(document: Any) -> None:
    """One JSON document on stdout. NaN and infinity must have been replaced by None."""
    print(json.dumps(document, indent=2, allow_nan=False))
