"""What `make lint` finds in tests that depend on the machine's speed, and what it leaves alone."""

from __future__ import annotations

import subprocess
from pathlib import Path

import check_tests
import pytest

WALL_TIMES = {
    "difference": "import time\ndef test(): \n began = time.monotonic()\n assert time.monotonic() - began < 2",
    "named": "from time import perf_counter\ndef test():\n t = perf_counter()\n took = perf_counter() - t\n assert took < 1",
    "aliased module": "import time as clock\ndef test():\n a = clock.time()\n assert 1 > clock.time() - a",
    "aliased function": "from time import monotonic as now\ndef test():\n a = now()\n assert now() - a <= 1",
    "assigned function": "import time\nnow = time.monotonic\ndef test():\n a = now()\n assert now() - a <= 1",
    "nanoseconds": "import time\ndef test():\n a = time.monotonic_ns()\n assert (time.monotonic_ns() - a) / 1e9 < 3",
    "loop": "import asyncio\nasync def test():\n loop = asyncio.get_running_loop()\n a = loop.time()\n assert loop.time() - a < 1",
    "two instants": "import time\ndef test():\n a = time.time()\n b = time.time()\n assert b - a < 1",
    "attribute": "import time\ndef test(self):\n self.a = time.time()\n assert round(time.time() - self.a) == 1",
    "lower bound": "import time\ndef test():\n a = time.monotonic()\n assert time.monotonic() - a >= 1.0",
    "end that is no loop's": "import time\ndef test():\n end = time.monotonic() + 2\n work()\n assert time.monotonic() < end",
    "approximately": "import time, pytest\ndef test():\n a = time.time()\n assert time.time() - a == pytest.approx(1)",
    "own function": "import time\ndef spent():\n return time.time() - A\ndef test():\n assert spent() < 1",
    "raised": "import time, pytest\ndef test():\n a = time.time()\n if time.time() - a > 5:\n  pytest.fail('slow')",
    "answer": "def test(answer):\n assert answer.elapsed < LIMIT",
    "tuple": "import time\ndef test():\n began, cpu = time.monotonic(), 0\n assert time.monotonic() - began < 3",
    "walrus": "import time\ndef test():\n if (a := time.time()):\n  assert time.time() - a < 3",
    "datetime": "from datetime import datetime\ndef test(x):\n assert (datetime.now() - x).total_seconds() < 5",
    "average": "import time\ndef test():\n spans = []\n a = time.time()\n assert max(1, time.time() - a) < 4",
}


@pytest.mark.parametrize("name", WALL_TIMES)
def test_an_asserted_wall_time_is_found(name: str) -> None:
    [(line, fault)] = check_tests.faults_of(WALL_TIMES[name])
    assert "asserts a wall time" in fault
    assert line > 1


SHORT = {
    "wait_for": "import asyncio\nasync def test(x):\n await asyncio.wait_for(x, 5)",
    "timeout": "import asyncio\nasync def test(x):\n async with asyncio.timeout(10):\n  await x",
    "process": "def test(process):\n process.wait(3)",
    "communicate": "def test(process):\n process.communicate(timeout=30)",
    "run": "import subprocess\ndef test():\n subprocess.run(['x'], timeout=20)",
    "until": "async def test():\n await until(condition, 10)",
    "end of a run": "async def test(services):\n await end_of(services, 'r', 30)",
    "request": "def test(client):\n client.get('/health', timeout=20)",
    "default of a helper": "async def until(condition, seconds: float = 20.0):\n await condition(seconds)",
    "default by name": "def wait_for(condition, *, timeout=10):\n condition(timeout)",
    "default that is a limit": "import asyncio\nasync def seen(x, limit=20):\n async with asyncio.timeout(limit):\n  await x",
    "client": "import httpx\ndef test():\n httpx.Client(timeout=10)",
    "shortened limit": "def test():\n Limits(stall_seconds=1.5)",
    "lease": "def test(stack):\n settings_over(stack, lease_seconds=2.0)",
    "lease in a mapping": "VALUES = {'MOMENTS_LEASE_SECONDS': '3'}",
}


@pytest.mark.parametrize("name", SHORT)
def test_a_short_watchdog_or_lease_is_found(name: str) -> None:
    [(_, fault)] = check_tests.faults_of(SHORT[name])
    assert "slow machine" in fault


HARMLESS = {
    "watchdog": "import time\ndef wait(c):\n end = time.monotonic() + 60\n while not c():\n  assert time.monotonic() < end\n",
    "loop": "import time\ndef fuzz():\n a = time.monotonic()\n while time.monotonic() - a < 600:\n  work()",
    "printed": "import time\ndef main():\n a = time.monotonic()\n print(time.monotonic() - a)",
    "injected clock": "def test():\n now = [0.0]\n clock = Clock(lambda: now[0])\n assert clock.left() - 3 < 2",
    "recorded time": "def test(run):\n assert run.started_at < run.completed_at",
    "expected timeout": "import asyncio, pytest\nasync def test(x):\n with pytest.raises(TimeoutError):\n  await asyncio.wait_for(x, 5)",
    "pause": "import asyncio\nasync def test(x):\n await asyncio.wait([x], timeout=2)\n x.wait(0.01)",
    "default of a recording": "def film(target, seconds=6.0):\n make(target, seconds)",
    "default of minutes": "async def until(condition, seconds=300.0):\n await condition(seconds)",
    "minutes": "import asyncio\nasync def test(x):\n await asyncio.wait_for(x, 300)",
    "long lease": "def test(stack):\n settings_over(stack, lease_seconds=3600.0)",
    "seconds of a recording": "def test(clip):\n assert clip.end - clip.start < 2",
    "instant of a file": "import time\ndef test(path):\n day = time.time() - 90000\n path.touch(day)\n assert path.exists()",
}


@pytest.mark.parametrize("name", HARMLESS)
def test_what_does_no_harm_is_left_alone(name: str) -> None:
    assert check_tests.faults_of(HARMLESS[name]) == []


def test_the_file_and_the_line_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "test_a.py"
    path.write_text(WALL_TIMES["difference"])
    assert check_tests.main([str(path)]) == 1
    assert capsys.readouterr().err.startswith(f"{path}:4: asserts a wall time (time.monotonic() - began < 2)")
    path.write_text(HARMLESS["watchdog"])
    assert check_tests.main([str(path)]) == 0


def test_a_test_that_git_does_not_track_yet_is_looked_at(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    for name in ("e2e/test_new.py", "e2e/notes.md", "e2e_other/test_a.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert list(check_tests.files(tmp_path)) == [tmp_path / "e2e" / "test_new.py"]
