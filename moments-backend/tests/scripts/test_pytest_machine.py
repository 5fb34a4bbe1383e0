"""What is told of skipped tests, and clocks that run faster."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest_machine


def test_a_skip_says_how_to_get_what_is_missing() -> None:
    lines = pytest_machine.summary(["OpenSSH's sshd is not installed"] * 2 + ["this model does not watch video"])
    assert lines == [
        "   2 skipped: OpenSSH's sshd is not installed: install openssh-server",
        "   1 skipped: this model does not watch video",
    ]


def test_the_reason_of_a_report() -> None:
    assert pytest_machine.reason_of(("test_a.py", 3, "Skipped: no /dev/full")) == "no /dev/full"


def test_one_summary_of_several_sessions(tmp_path: Path) -> None:
    collected = tmp_path / "skipped"
    collected.write_text("no Chromium on this machine\nno Chromium on this machine\n")
    script = Path(pytest_machine.__file__)
    told = subprocess.run([sys.executable, str(script), str(collected)], capture_output=True, text=True, check=True).stdout
    assert told == "   2 skipped: no Chromium on this machine: install chromium, or name one in CHROMIUM\n"
    assert not collected.exists()
    nothing = subprocess.run([sys.executable, str(script), str(collected)], capture_output=True, text=True, check=True).stdout
    assert nothing == "Nothing was skipped.\n"


def test_a_session_collects_its_skips_its_clock_runs_faster_and_properties_are_tried_as_told(tmp_path: Path) -> None:
    """In a process of its own, with a clock of the operating system that no plugin reaches beside it."""
    (tmp_path / "conftest.py").write_text("from pytest_machine import pytest_configure, pytest_terminal_summary\n")
    (tmp_path / "test_a.py").write_text(
        "import asyncio, time, pytest\n"
        "def real(): return time.clock_gettime(time.CLOCK_MONOTONIC)\n"
        "def test_a():\n"
        "    fast, true = time.monotonic(), real()\n"
        "    while real() < true + 0.05: pass\n"
        "    assert time.monotonic() - fast > 0.4\n"
        "async def _loop(): return asyncio.get_running_loop().time()\n"
        "def test_b(): assert asyncio.run(_loop()) <= time.monotonic()\n"
        "def test_c(): pytest.skip('no Chromium')\n"
        "def test_d():\n"
        "    from hypothesis import settings\n"
        "    used = settings()\n"
        "    assert (used.max_examples, used.deadline, used.print_blob) == (7, None, True)\n"
    )
    environment = os.environ | {"MOMENTS_TEST_CLOCK_RATE": "10", "MOMENTS_SKIPPED": str(tmp_path / "skipped"), "MOMENTS_TEST_EXAMPLES": "7"}
    environment["PYTHONPATH"] = str(Path(pytest_machine.__file__).parent)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", str(tmp_path), str(tmp_path)]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "3 passed, 1 skipped" in done.stdout
    assert "   1 skipped: no Chromium: install chromium" in done.stdout
    assert (tmp_path / "skipped").read_text() == "no Chromium\n"
