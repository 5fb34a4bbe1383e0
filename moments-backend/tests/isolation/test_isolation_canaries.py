"""The room sees what it is there to see: each way to call out and each kind of write, made on purpose."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from isolation import allowed
from isolation.files import HOME
from isolation.room import Phase, Report, run_in_room
from isolation.wire import Call

CANARIES = Path(__file__).parent / "canaries"
CHECKOUT = Path(__file__).parents[3]
OURS = [sys.executable, "-m", "videomoments", "--version"]

pytestmark = pytest.mark.usefixtures("rooms")


def ran(code: str, **environment: str) -> Report:
    report = run_in_room([Phase([sys.executable, "-c", code])], environment=environment)
    assert report.status == 0, report.output
    return report


def kinds(calls: list[Call]) -> set[tuple[str, str]]:
    return {(call.kind, call.what) for call in calls}


def test_our_command_alone_does_nothing_of_the_kind() -> None:
    report = run_in_room([Phase(OURS)], environment={})
    assert (report.status, report.calls, allowed.places(report.written, CHECKOUT)) == (0, [], [])


def test_a_dependency_that_calls_out_is_noticed_with_the_process() -> None:
    report = run_in_room([Phase(OURS)], environment={"PYTHONPATH": str(CANARIES / "calls_out")})
    assert report.status == 0  # it hides its failures, as such dependencies do
    assert ("name", "events.canary.example (A)") in kinds(report.calls)
    assert ("tcp", "events.canary.example:443") in kinds(report.calls)
    asked = next(call for call in report.calls if call.kind == "name")
    assert "videomoments --version" in asked.process
    assert set(allowed.setting_up(report.calls)) == {
        "events.canary.example (A)",
        "events.canary.example (AAAA)",
        "events.canary.example:443",
    }


def test_a_dependency_that_writes_into_the_home_folder_is_noticed() -> None:
    report = run_in_room([Phase(OURS)], environment={"PYTHONPATH": str(CANARIES / "writes_home")})
    assert allowed.places(report.written, CHECKOUT) == [f"{HOME}/.cache/canary/deviceid"]


def test_onnxruntime_without_our_variable_is_noticed() -> None:
    """The real one, for as long as its wheel reports. It also shows that the variable is what stops it."""
    ask = "import onnxruntime; onnxruntime.get_available_providers(); onnxruntime.InferenceSession"
    loud, quiet = (ran(ask, ORT_DISABLE_TELEMETRY=value) for value in ("0", "1"))
    assert allowed.places(loud.written, CHECKOUT) != []
    assert (quiet.calls, allowed.places(quiet.written, CHECKOUT)) == ([], [])


CALLS = """
import contextlib, socket
def attempt(call):
    with contextlib.suppress(OSError):
        call()
attempt(lambda: socket.create_connection(("192.0.2.7", 8443), 5))
attempt(lambda: socket.create_connection(("2001:db8::7", 443), 5))
attempt(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("239.255.255.250", 1900)))
attempt(lambda: socket.getnameinfo(("192.0.2.9", 80), 0))
server = socket.create_server(("127.0.0.1", 0))
socket.create_connection(server.getsockname()).close()
"""


def test_addresses_without_a_name_are_counted_and_loopback_is_not() -> None:
    """Refused connections too, and ports that nobody listens on."""
    found = kinds(ran(CALLS).calls)
    expected = {("tcp", "192.0.2.7:8443"), ("udp", "239.255.255.250:1900"), ("name", "9.2.0.192.in-addr.arpa (PTR)")}
    # Where the kernel has no IPv6, nobody can ask for it.
    assert expected <= found <= expected | {("tcp", "2001:db8::7:443")}


WRITES = f"""
import os
from pathlib import Path
Path("/etc/canary").write_text("x")
Path("/etc/hostname").touch()
os.remove("/etc/passwd")
Path("{CHECKOUT}/README.md").write_text("x")
Path("{CHECKOUT}/.pytest_cache").mkdir(exist_ok=True)
Path("{CHECKOUT}/.pytest_cache/x").write_text("x")
Path("/tmp/kept").write_text("x")
"""


@pytest.mark.skipif("os.geteuid() != 0", reason="only root may write there at all")
def test_writes_anywhere_are_listed_and_change_nothing() -> None:
    before = (CHECKOUT / "README.md").read_text()
    report = ran(WRITES)
    assert allowed.places(report.written, CHECKOUT) == ["/etc/canary", "/etc/passwd (removed)", f"{CHECKOUT}/README.md"]
    assert "/tmp/kept" in report.written
    assert (CHECKOUT / "README.md").read_text() == before
    assert not Path("/tmp/kept").exists()


def test_a_command_that_fails_is_the_last_and_leaves_no_process() -> None:
    linger = "import subprocess, sys; subprocess.Popen(['sleep', '987654']); sys.exit(3)"
    report = run_in_room([Phase([sys.executable, "-c", linger]), Phase(["touch", "/tmp/second"])], environment={})
    assert (report.status, report.written) == (3, [])
    running = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert b"sleep\x00987654\x00" not in running
