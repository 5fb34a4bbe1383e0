"""Stores requests in progress, by the id that their client gave them."""

from __future__ import annotations

import threading
from collections import OrderedDict

from moments_models.errors import ClientGone

_KEPT = 256


class Job:
    """One request: its progress, and whether its client is still connected. It is shared between the event loop and a worker thread."""

    def __init__(self) -> None:
        self.done = 0.0
        self.total = 0.0
        self._gone = threading.Event()

    def report(self, done: float, total: float) -> None:
        self.check()
        self.done, self.total = min(done, total), total

    def check(self) -> None:
        if self._gone.is_set():
            raise ClientGone("the client has gone")

    def abandon(self) -> None:
        """Marks the request as abandoned: the worker thread stops at its next check."""
        self._gone.set()


class Jobs:
    """Stores the newest 256 jobs that have an id, finished ones included."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[str, Job] = OrderedDict()

    def start(self, request_id: str | None) -> Job:
        job = Job()
        if request_id:
            self._jobs[request_id] = job
            self._jobs.move_to_end(request_id)
            while len(self._jobs) > _KEPT:
                self._jobs.popitem(last=False)
        return job

    def find(self, request_id: str) -> Job | None:
        return self._jobs.get(request_id)
