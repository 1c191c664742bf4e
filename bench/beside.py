"""What others at the line do while something large is measured: small writes, pages of a list."""

from __future__ import annotations

import http.client
import threading
import time
from datetime import UTC, datetime

from ivr.records import Database
from ivr.services import heartbeats

WRITE_EACH_S = 0.025
ASK_EACH_S = 1.0


class _Beside:
    """Something small, again and again in a thread of its own; milliseconds of each."""

    def __init__(self, each_s: float) -> None:
        self.taken: list[float] = []
        self._each_s = each_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._go_on)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _go_on(self) -> None:
        while not self._over.wait(self._each_s):
            began = time.perf_counter()
            self._once()
            self.taken.append((time.perf_counter() - began) * 1000)

    def _once(self) -> None:
        raise NotImplementedError

    def figures(self) -> dict[str, float]:
        """Of all so far."""
        taken = sorted(self.taken) or [0.0]
        return {
            "number": len(self.taken),
            "p50_ms": round(taken[len(taken) // 2], 1),
            "p95_ms": round(taken[int(len(taken) * 0.95)], 1),
            "p99_ms": round(taken[int(len(taken) * 0.99)], 1),
            "max_ms": round(taken[-1], 1),
        }


class Writer(_Beside):
    """Small transactions, as the line's."""

    def __init__(self, database: Database) -> None:
        super().__init__(WRITE_EACH_S)
        self._database = database

    def __enter__(self) -> Writer:
        super().__enter__()
        return self

    def _once(self) -> None:
        with self._database.begin() as session:
            heartbeats.beat(session, "bench", {"n": len(self.taken)}, datetime.now(UTC))


class Asker(_Beside):
    """One page of the desk, over HTTP."""

    def __init__(self, port: int, path: str, token: str) -> None:
        super().__init__(ASK_EACH_S)
        self._port, self._path = port, path
        self._headers = {"Authorization": f"Bearer {token}"}

    def _once(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)
        connection.request("GET", self._path, headers=self._headers)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        if answer.status != 200:
            raise RuntimeError(f"{self._path}: {answer.status}")
