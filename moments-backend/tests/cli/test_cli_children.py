"""Child processes: ended in order, killed when they won't, never outliving the command, started again with patience."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from videomoments.cli import children
from videomoments.cli.children import Child, forget_old_logs

SLEEPER = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]
DEAF = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)",
]
ENDED = [sys.executable, "-c", "print('the reason')"]


def wait_for(condition: Callable[[], object], seconds: float = 300.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_a_child_ends_when_it_is_told_to(tmp_path: Path) -> None:
    with Child("worker", SLEEPER, {}, tmp_path / "logs") as child:
        pid = child.pid
        assert pid is not None
        wait_for(lambda: "up" in child.tail())
        assert os.getpgid(pid) == pid != os.getpgid(0)
    assert not psutil.pid_exists(pid)
    assert child.log.stat().st_mode & 0o077 == 0


def test_a_deaf_child_is_killed_with_what_it_started(tmp_path: Path) -> None:
    script = f"import subprocess, sys; subprocess.Popen({DEAF!r}); exec({DEAF[2]!r})"
    child = Child("worker", [sys.executable, "-c", script], {}, tmp_path)
    child.grace = 0.3
    child.start()
    wait_for(lambda: child.tail().count("up") == 2)
    family = [psutil.Process(child.pid), *psutil.Process(child.pid).children(recursive=True)]
    assert len(family) >= 2
    child.stop()
    wait_for(lambda: not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in family))


def test_the_environment_is_ours_and_the_childs_own(tmp_path: Path) -> None:
    show = [sys.executable, "-c", "import os; print(os.environ['DATABASE_URL'], 'PATH' in os.environ)"]
    with Child("worker", show, {"DATABASE_URL": "postgresql://nowhere"}, tmp_path) as child:
        wait_for(lambda: not child.running)
        assert child.tail() == "postgresql://nowhere True"


def test_another_environment_ends_a_child_and_the_same_does_not(tmp_path: Path) -> None:
    with Child("worker", SLEEPER, {"A": "1"}, tmp_path) as child:
        child.use({"A": "1"})
        time.sleep(0.2)
        assert child.running
        child.use({"A": "2"})
        wait_for(lambda: not child.running)


@pytest.mark.fault
def test_a_child_ends_by_itself_when_its_parent_is_killed(tmp_path: Path) -> None:
    serving = (
        f"import sys; sys.argv = ['x']; from videomoments.cli.children import end_with_parent; end_with_parent(); exec({SLEEPER[2]!r})"
    )
    parent = (
        "import time; from pathlib import Path; from videomoments.cli.children import Child\n"
        f"child = Child('worker', {[sys.executable, '-c', serving]!r}, {{}}, Path({str(tmp_path)!r}))\n"
        "child.start(); print(child.pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        child = psutil.Process(int(process.stdout.readline()))
        wait_for(lambda: any("up" in log.read_text() for log in tmp_path.glob("worker-*.log")))
        process.send_signal(signal.SIGKILL)
    wait_for(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


def test_logs_stay_small_and_few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "_LOG_BYTES", 1000)
    child = Child("worker", ENDED, {}, tmp_path)
    child.log.write_bytes(b"a line\n" * 1000 + b"the last line\n")
    child.bound_log()
    assert child.log.stat().st_size < 1000
    assert child.tail(1) == "the last line"
    for number in range(30):
        (tmp_path / f"worker-{number}.log").touch()
    (tmp_path / "postgres.log").touch()
    forget_old_logs(tmp_path, "worker")
    assert len(list(tmp_path.glob("worker-*"))) == 10
    assert (tmp_path / "postgres.log").exists()
