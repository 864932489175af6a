"""The store of a study: one SQLite file that keeps every finished scenario, whatever happens to the process.

SQLite, because it comes with Python, because a commit is whole or not there when a process is killed at any moment,
and because several processes may write one file (write-ahead log). It holds results by key and nothing else: which
scenario of which study has which key is computed anew in each run.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from exasite.errors import InputError, Problem

FILE_NAME = "study.sqlite"
FAILED = "failed"
AGAIN = (FAILED, "no_design")  # by a bug or a time limit: tried again on the next run
_FORMAT = 1
_WAIT_S = 120.0  # for another run that is writing
_AT_ONCE = 500  # keys in one question
_TABLE = """
CREATE TABLE IF NOT EXISTS results (
    key TEXT PRIMARY KEY, status TEXT NOT NULL, reason TEXT NOT NULL, record TEXT NOT NULL, seconds REAL NOT NULL
) WITHOUT ROWID
"""
# An answer is never replaced by a failure, nor by another run's same answer.
_PUT = """
INSERT INTO results (key, status, reason, record, seconds) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET status = excluded.status, reason = excluded.reason, record = excluded.record,
    seconds = excluded.seconds WHERE results.status IN ('failed', 'no_design')
"""


@dataclass(frozen=True)
class Outcome:
    """What became of a scenario: `status` of the result or "failed", why, and what is recorded of the design."""

    key: str
    status: str
    reason: str
    record: dict[str, Any]
    seconds: float


class Store:
    """Outcomes by key, in one file. Every `put` is kept at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._connection = sqlite3.connect(path, timeout=_WAIT_S, isolation_level=None)
            self._open()
        except sqlite3.DatabaseError as error:
            message = f"cannot be used as the store of a study: {error}"
            raise InputError([Problem("", message, "move it away, or name another folder", str(path))]) from None

    def _open(self) -> None:
        run = self._connection.execute
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = NORMAL")  # a power cut may lose the last rows, never the file
        (known,) = run("PRAGMA user_version").fetchone()
        if known not in (0, _FORMAT):
            raise sqlite3.DatabaseError(f"it has format {known}, this version writes {_FORMAT}")
        run(_TABLE)
        run(f"PRAGMA user_version = {_FORMAT}")

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:  # fmt: skip
        self._connection.close()

    def put(self, outcome: Outcome) -> None:
        record = json.dumps(outcome.record, sort_keys=True, allow_nan=False)
        self._connection.execute(_PUT, (outcome.key, outcome.status, outcome.reason, record, outcome.seconds))

    def get(self, key: str) -> Outcome | None:
        return next(self.outcomes([key]), None)

    def outcomes(self, keys: Iterable[str]) -> Iterator[Outcome]:
        """What is known of these keys, in no particular order."""
        for some in _groups(keys):
            marks = ",".join("?" * len(some))
            rows = self._connection.execute(
                f"SELECT key, status, reason, record, seconds FROM results WHERE key IN ({marks})", some
            )
            for key, status, reason, record, seconds in rows.fetchall():
                yield Outcome(key, status, reason, json.loads(record), seconds)

    def statuses(self, keys: Iterable[str]) -> dict[str, str]:
        """Status of each of these keys that is known."""
        found: dict[str, str] = {}
        for some in _groups(keys):
            marks = ",".join("?" * len(some))
            found |= dict(self._connection.execute(f"SELECT key, status FROM results WHERE key IN ({marks})", some))
        return found

    def forget(self, keys: Iterable[str]) -> None:
        """Take results out, so that they are solved again."""
        for some in _groups(keys):
            self._connection.execute(f"DELETE FROM results WHERE key IN ({','.join('?' * len(some))})", some)


def _groups(keys: Iterable[str]) -> Iterator[list[str]]:
    everything = list(keys)
    for start in range(0, len(everything), _AT_ONCE):
        yield everything[start : start + _AT_ONCE]
