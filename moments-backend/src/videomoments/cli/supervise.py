"""Keeps the processes of `moments serve` running: one that dies is started again, at once the first time."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import threading
from collections.abc import Sequence
from types import FrameType

import httpx2

from videomoments.cli import endings, weights
from videomoments.cli.children import Child, own_process
from videomoments.cli.console import quiet_logs, say
from videomoments.cli.interrupts import HANG_UP, hung_up, note_hang_up
from videomoments.cli.restarts import FirstStart, Restarts, Revival
from videomoments.cli.settings import child_environment, connected, welcome, with_stack
from videomoments.cli.webui_build import ensure_webui
from videomoments.core.config import Settings
from videomoments.core.errors import ServiceUnavailable
from videomoments.embedded import ended_servers, revive
from videomoments.inference.model_registry import ModelConfig, default_models
from videomoments.services.wiring import build_services

_LOOK_SECONDS = 0.5
# Seconds between checks that the embedded servers respond. A server that has ended is noticed at each look.
_REVIVE_SECONDS = 5.0
_START_SECONDS = 60.0


class _StopSignal:
    """Records which signal has asked us to end. A second signal interrupts at once."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self.number: int | None = None
        # Until everything runs, a signal interrupts at once.
        self.listening = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._hear)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        del frame
        if number == HANG_UP:
            note_hang_up()
        if self.event.is_set() or not self.listening:
            raise KeyboardInterrupt
        self.number = number
        self.event.set()


def serve_until_signalled(settings: Settings, workers: int, *, webui: bool) -> int:
    """Runs everything until a signal. Returns the exit status. Raises MomentsError when it can't be started."""
    quiet_logs()
    refuse_taken_port(settings)
    stop_signal = _StopSignal()
    welcome(settings)
    if webui:
        ensure_webui(say)
    with connected(settings, examined=True, on_progress=say) as running:
        if settings.models_url is None:
            weights.pull(weights.missing_for(asyncio.run(_default_models(running))))
        with contextlib.ExitStack() as stack:
            names = ["api", *(["worker"] if workers == 1 else [f"worker-{number}" for number in range(1, workers + 1)])]
            children = [_child(name, running) for name in names]
            for child in children:
                stack.enter_context(child)
            # Leaving the stack ends the children one after the other. All are asked to stop first, so that they end together.
            stack.callback(_request_stop, children)
            stop_signal.listening = True
            _wait_until_it_answers(settings, running, children, stop_signal)
            if not stop_signal.event.is_set():
                say(f"VideoMoments answers on {address(running)} (API: {address(running)}/api/openapi.json). Ctrl-C ends it.")
            _look_after(settings, running, children, stop_signal)
            say("Ending.")
    if stop_signal.number == signal.SIGTERM:
        return endings.DONE
    return endings.HUNG_UP if hung_up() else endings.INTERRUPTED


def refuse_taken_port(settings: Settings) -> None:
    """Raises ServiceUnavailable (`port_taken`) when another process listens there."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise ServiceUnavailable(
                f"Port {settings.port} can't be listened on ({error.strerror}).",
                code="port_taken",
                advice="End what uses it, or choose another with --port.",
            ) from error


def address(settings: Settings) -> str:
    """Returns the address for a browser."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}"


def _child(name: str, running: Settings) -> Child:
    return Child(name, own_process(name.partition("-")[0]), child_environment(running), running.home / "logs")


def _request_stop(children: Sequence[Child]) -> None:
    for child in children:
        child.request_stop()


async def _default_models(settings: Settings) -> list[ModelConfig]:
    services = build_services(settings, pool_size=1)
    try:
        known = {model.key: model for model in await services.models.list()}
    finally:
        await services.close()
    return [known[key] for key in default_models(known.values())]


def _wait_until_it_answers(base: Settings, running: Settings, children: Sequence[Child], stop_signal: _StopSignal) -> None:
    start = FirstStart(children[0], lambda: ended_servers(base), lambda: _revive(base, running, children), seconds=_START_SECONDS)
    with httpx2.Client(trust_env=False, timeout=2.0) as client:
        while not stop_signal.event.is_set():
            start.look()
            with contextlib.suppress(httpx2.HTTPError):
                client.get(f"{address(running)}/health")
                return
            stop_signal.event.wait(0.1)


def _look_after(base: Settings, running: Settings, children: Sequence[Child], stop_signal: _StopSignal) -> None:
    watched = [Restarts(child) for child in children]
    servers = Revival(lambda: ended_servers(base), lambda: _revive(base, running, children), every=_REVIVE_SECONDS)
    while not stop_signal.event.wait(_LOOK_SECONDS):
        for restarts in watched:
            if what := restarts.look():
                say(what)
            restarts.child.bound_log()
        if what := servers.look():
            say(what)


def _revive(base: Settings, running: Settings, children: Sequence[Child]) -> None:
    environment = child_environment(with_stack(running, revive(base)))
    for child in children:
        child.use(environment)
