"""Lanes on an existing Dask cluster. dask.distributed is an extra, imported only here."""

from __future__ import annotations

import random
import time
from concurrent.futures import Future
from typing import Any

from exasite.errors import InputError, Problem
from exasite.studies.store import Outcome
from exasite.studies.workers import Lane, Task, Work, run_anywhere

_CONNECT_S = 20
_FIRST_WORKER_S = 60
_LOOK_AGAIN_S = 2.0


class DaskLane(Lane):
    """One worker of the cluster, preferred but not required: what it leaves behind is solved by another."""

    def __init__(self, client: Any, address: str, work_id: int, work: Any) -> None:
        self._executor = client.get_executor(workers=[address], allow_other_workers=True, pure=False)
        self._work_id, self._work = work_id, work

    def submit(self, task: Task) -> Future[Outcome]:
        future: Future[Outcome] = self._executor.submit(run_anywhere, self._work_id, self._work, task)
        return future

    def close(self, at_once: bool = False) -> None:
        self._executor.shutdown(wait=not at_once)


class DaskCluster:
    """A cluster by its scheduler's address; each worker is a lane, those that come later too."""

    def __init__(self, address: str, work: Work) -> None:
        try:
            from distributed import Client
        except ImportError:
            fix = "pip install 'exasite[dask]'"
            raise InputError([Problem("--dask", "a Dask cluster needs dask.distributed", fix)]) from None
        try:
            self._client = Client(address, timeout=_CONNECT_S, set_as_default=False)
            self._client.wait_for_workers(1, timeout=_FIRST_WORKER_S)
        except Exception as error:  # whatever the network says
            message = f"no Dask cluster with workers at {address}: {type(error).__name__}"
            raise InputError([Problem("--dask", message, "give the address of its scheduler")]) from None
        self._check_versions()
        self._work_id = random.SystemRandom().getrandbits(60)
        self._work = work
        self._known: set[str] = set()
        self._looked = 0.0

    def _check_versions(self) -> None:
        import exasite

        try:
            found = set(self._client.run(_version).values())
        except Exception as error:
            message = f"the workers cannot import exasite: {type(error).__name__}: {error}"
            raise InputError([Problem("--dask", message, "install exasite on them")]) from None
        if found != {exasite.__version__}:
            message = f"the workers have exasite {', '.join(sorted(found))}, this is {exasite.__version__}"
            raise InputError([Problem("--dask", message, "install the same version")])

    def new_lanes(self) -> list[Lane]:
        """A lane for each worker not seen before; looks every few seconds only."""
        if time.monotonic() - self._looked < _LOOK_AGAIN_S:
            return []
        self._looked = time.monotonic()
        addresses = [a for a in self._client.scheduler_info(n_workers=-1)["workers"] if a not in self._known]
        self._known.update(addresses)
        return [DaskLane(self._client, address, self._work_id, self._work) for address in addresses]

    def close(self) -> None:
        self._client.close()


def _version() -> str:
    import exasite

    return exasite.__version__
