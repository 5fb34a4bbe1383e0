"""A terminal that is closed and a reader that goes away, in the middle of the main job: real processes on a real pseudo-terminal."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import io
import os
import pty
import signal
import socket
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from cli.commands import Home, command, moments
from support.stack import Stack
from videomoments.cli import console
from videomoments.core.config import Settings
from videomoments.core.names import StageName
from videomoments.demo import sample_path
from videomoments.services.run_queries import RunView
from videomoments.services.wiring import build_services

pytestmark = pytest.mark.timeout(400)

# Generous: only a command that hangs gets so far.
_WATCHDOG = 180.0


@pytest.fixture
def mute_models() -> Iterator[str]:
    """A model service that takes every question and answers none: a run that asks it stays where it is."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture
def environment(stack: Stack, tmp_path: Path, mute_models: str) -> dict[str, str]:
    parts = {"DATABASE_URL": stack.database_url, "REDIS_URL": stack.redis_url, "STORAGE_URL": (tmp_path / "store").as_uri()}
    home = Home(tmp_path / "home")
    home.folder.mkdir()
    found = home.environment | parts | {"MOMENTS_MODELS_URL": mute_models, "TERM": "xterm"}
    upgraded = moments(home, "db", "upgrade", folder=tmp_path, **parts)
    assert upgraded.returncode == 0, upgraded.stderr
    return found


def run_of(stack: Stack, environment: dict[str, str], title: str) -> RunView | None:
    """The newest run of the video with that title."""

    async def ask() -> RunView | None:
        settings = Settings(home=Path(environment["MOMENTS_HOME"]), database_url=stack.database_url, redis_url=stack.redis_url)
        services = build_services(settings, pool_size=1)
        try:
            return next((run for run in await services.run_queries.page() if run.title == title), None)
        finally:
            await services.close()

    return asyncio.run(ask())


def until_transcribing(stack: Stack, environment: dict[str, str], title: str, process: subprocess.Popen[Any]) -> RunView:
    deadline = time.monotonic() + _WATCHDOG
    while time.monotonic() < deadline:
        run = run_of(stack, environment, title)
        if run is not None and run.current_stage is StageName.TRANSCRIPTION:
            return run
        assert process.poll() is None, "the command has ended"
        time.sleep(0.3)
    raise AssertionError("the run did not get to its third stage")


def recording(folder: Path, name: str) -> Path:
    """The sample under a name, and with bytes, of its own."""
    target = folder / f"{name}.mp4"
    target.write_bytes(sample_path().read_bytes())
    return target


@contextmanager
def in_terminal(environment: dict[str, str], folder: Path, *arguments: str | Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A command that leads a session on a terminal of its own, and the terminal's other end."""
    ours, theirs = pty.openpty()

    def lead() -> None:
        for number in (signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    process = subprocess.Popen(
        command("generate", *arguments),
        env=environment,
        cwd=folder,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lead,
    )
    os.close(theirs)
    os.set_blocking(ours, False)
    try:
        yield process, ours
    finally:
        with contextlib.suppress(OSError):
            os.close(ours)
        process.kill()
        process.wait()


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [one for one in processes if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


@pytest.mark.fault
def test_closing_the_terminal_cancels_the_run_and_leaves_nothing_running(stack: Stack, environment: dict[str, str], tmp_path: Path) -> None:
    with in_terminal(environment, tmp_path, recording(tmp_path, "hung up")) as (process, terminal):
        run = until_transcribing(stack, environment, "hung up", process)
        with contextlib.suppress(BlockingIOError):
            assert b"Transcribing" in os.read(terminal, 1_000_000)
        children = psutil.Process(process.pid).children(recursive=True)
        assert children
        os.close(terminal)
        # A shell passes it on to its jobs, after the kernel has sent it already.
        process.send_signal(signal.SIGHUP)
        assert process.wait(_WATCHDOG) == 129
    ended = run_of(stack, environment, "hung up")
    assert ended is not None
    assert (ended.request_id, ended.status, ended.stalled) == (run.request_id, "cancelled", False)
    assert alive(children) == []
    assert not (tmp_path / "moments-output").exists()


@pytest.mark.fault
def test_a_reader_of_the_progress_that_goes_away_cancels_the_run(stack: Stack, environment: dict[str, str], tmp_path: Path) -> None:
    """`moments generate … 2>&1 | head -1`"""
    process = subprocess.Popen(
        command("generate", recording(tmp_path, "unread"), "--json"),
        env=environment,
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"unread\n"
        process.stdout.close()
        assert process.wait(_WATCHDOG) == 141
    finally:
        process.kill()
        process.wait()
    ended = run_of(stack, environment, "unread")
    assert ended is not None
    assert ended.status == "cancelled"


def test_a_terminal_that_is_gone_without_a_word_takes_what_is_written_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that was detached (`disown`) goes on."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as stream:
        os.close(ours)
        with pytest.raises(OSError, match="Input/output error"):
            os.write(stream.fileno(), b"x")
        monkeypatch.setattr(sys, "stderr", stream)
        console.messages().print("nobody reads this")
        console.say("nor this")
        stream.write("nor what is flushed at the end")
        stream.flush()


def test_a_closed_pipe_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        with pytest.raises(BrokenPipeError):
            console.results().print("nobody reads this")
        console.let_go(stream)


def test_what_has_no_descriptor_is_left_alone() -> None:
    stream = io.StringIO()
    console.let_go(stream)
    stream.write("kept")
    assert stream.getvalue() == "kept"
