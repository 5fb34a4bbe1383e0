"""Holds the engines of one running program: loaded on first use, with a bounded queue in front of each."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from moments_models import weights
from moments_models.engine_contract import EngineKind, EngineSpec
from moments_models.errors import Busy, ClientGone, LibraryMissing, UnknownModel, WeightsMissing


class HostedEngine:
    """One engine and its queue."""

    def __init__(self, spec: EngineSpec, *, max_waiting: int) -> None:
        self.spec = spec
        self._engine: Any = None
        self._lock = threading.Lock()
        self._slots = asyncio.Semaphore(spec.parallel)
        self._max_waiting = max_waiting
        self._waiting = 0
        self._running = 0

    @property
    def loaded(self) -> bool:
        return self._engine is not None

    @property
    def weights_present(self) -> bool:
        if self.spec.brings_weights and not weights.brought(self.spec.name).is_dir():
            return False
        return all(weights.present(name) for name in self.spec.weights)

    @property
    def waiting(self) -> int:
        """Returns the number of requests in the queue."""
        return self._waiting

    @property
    def running(self) -> int:
        """Returns the number of requests that are being worked on."""
        return self._running

    def get(self) -> Any:
        """Returns the engine, and loads it if needed. Blocks: call it in a thread. Raises `LibraryMissing`, `WeightsMissing`."""
        with self._lock:
            if self._engine is None:
                self._complain()
                self._engine = self.spec.load()
            return self._engine

    def _complain(self) -> None:
        name, library = self.spec.name, self.spec.library
        if library is not None and not library.installed:
            raise LibraryMissing(f"{name} needs a library that is not here: pip install 'moments-models[{library.extra}]'")
        if self.spec.brings_weights and not weights.brought(name).is_dir():
            raise WeightsMissing(f"{name} needs its weights in the folder {weights.brought(name)}")
        missing = [weight for weight in self.spec.weights if not weights.present(weight)]
        if missing:
            raise WeightsMissing(f"{name} needs weights that are not here: moments-models pull {' '.join(missing)}")

    @asynccontextmanager
    async def slot(self, gone: Callable[[], Awaitable[bool]]) -> AsyncIterator[None]:
        """Waits for a turn. Raises `Busy` when the queue is full, `ClientGone` when the client leaves while it waits."""
        if self._slots.locked() and self._waiting >= self._max_waiting:
            raise Busy(f"{self.spec.name} has {self._waiting} requests waiting; try again later")
        self._waiting += 1
        # One acquisition for the whole wait preserves the order of the queue; it is polled from time to time.
        turn = asyncio.create_task(self._slots.acquire())
        try:
            while not (await asyncio.wait({turn}, timeout=0.5))[0]:
                if await gone():
                    raise ClientGone("the client has left the queue")
        except BaseException:
            if not turn.cancel():
                self._slots.release()  # it came just now
            raise
        finally:
            self._waiting -= 1
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1
            self._slots.release()


class Host:
    """The served engines by name."""

    def __init__(self, specs: Iterable[EngineSpec], *, max_waiting: int = 16) -> None:
        self.engines: Mapping[str, HostedEngine] = {spec.name: HostedEngine(spec, max_waiting=max_waiting) for spec in specs}

    def engine(self, name: str, kind: EngineKind) -> HostedEngine:
        """Returns the engine of that name. Raises `UnknownModel` when no such engine of that kind is served."""
        hosted = self.engines.get(name)
        if hosted is None or hosted.spec.kind is not kind:
            served = [spec for spec, engine in self.engines.items() if engine.spec.kind is kind]
            raise UnknownModel(f"the model {name!r} is not served here; served are {', '.join(served) or 'none'}")
        return hosted

    def first(self, kind: EngineKind) -> HostedEngine:
        """Returns the engine for a request that names none. Raises `UnknownModel` when none of that kind is served."""
        for hosted in self.engines.values():
            if hosted.spec.kind is kind:
                return hosted
        raise UnknownModel(f"no {kind} model is served here")
