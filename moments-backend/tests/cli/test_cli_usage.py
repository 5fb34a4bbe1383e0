"""What is said about a command line before anything is started: help, versions, and what is wrong with it, in one line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from videomoments.cli.app import run

COMMANDS = ("generate", "demo", "serve", "api", "worker", "runs", "models", "eval", "db", "doctor", "clean")


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = run(arguments)
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_moments_alone_prints_help(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = said(capsys)
    assert status == 0
    assert all(command in out for command in COMMANDS)


@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS), ("runs", "show"), ("models", "pull"), ("db", "upgrade")])
def test_every_command_has_help(capsys: pytest.CaptureFixture[str], command: tuple[str, ...]) -> None:
    status, out, err = said(capsys, *command, "--help")
    assert status == 0
    assert "Usage: moments" in out
    assert err == ""


def test_hidden_options_stay_hidden(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = said(capsys, "worker", "--help")
    assert "until-stdin" not in out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = said(capsys, "--version")
    assert status == 0
    assert out.startswith("moments ")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("generate",), "SOURCE"),
        (("nonsense",), "nonsense"),
        (("generate", "a.mp4", "--nonsense"), "--nonsense"),
        (("generate", "a.mp4", "--max-moments", "0"), "--max-moments"),
        (("generate", "a.mp4", "--max-moments", "many"), "--max-moments"),
        (("generate", "a.mp4", "--min-duration", "60", "--max-duration", "30"), "--min-duration is above --max-duration"),
        (("generate", "a.mp4", "--language", "English"), "--language"),
        (("generate", ""), "path"),
        (("generate", "a.mp4", "--prompt", "user\u202etxt"), "--prompt: U+202E (right-to-left override)"),
        (("generate", "a.mp4", "--prompt", "caf\udce9"), "--prompt: U+DCE9 (half of a character)"),
        (("generate", "gone.mp4"), "There is no file gone.mp4."),
        (("generate", "a.mp4", "--json=v3"), "--json=v2"),
        (("generate", "a.mp4", "--json="), "--json=v2"),
        (("generate", "http://localhost:8000/a.mp4"), "not public"),
        (("keys", "create", "two\nlines"), "one line"),
        (("keys", "create", "  "), "1 to 100"),
        (("keys", "create", "\u3164"), "nothing to read"),
        (("keys", "create", "desk\u202e"), "U+202E"),
        (("keys", "create", "desk", "--days", "-1"), "--days"),
        (("generate", "ftp://example.org/a.mp4"), "http"),
        (("generate", "https://user:secret@example.org/a.mp4"), "credentials"),
        (("generate", "https://"), "http"),
        (("serve", "--port", "0"), "--port"),
        (("models", "pull"), "--all"),
        (("models", "pull", "nonsense"), "nonsense"),
        (("models", "pull", "minilm", "--all"), "--all"),
        (("runs", "list", "--status", "tired"), "tired"),
    ],
)
def test_wrong_usage_is_one_line_and_status_2(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], expected: str) -> None:
    status, out, err = said(capsys, *arguments)
    assert status == 2
    assert out == ""
    assert len(err.strip().splitlines()) == 1
    assert expected in err
    assert "Traceback" not in err
    assert "secret" not in err


def test_an_output_that_is_a_file_is_wrong_usage(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("")
    status, _, err = said(capsys, "generate", "a.mp4", "--output", str(taken))
    assert status == 2
    assert "not a folder" in err


def test_a_variable_that_makes_no_sense_is_wrong_usage(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOMENTS_PORT", "seven")
    status, _, err = said(capsys, "serve")
    assert status == 2
    assert "PORT" in err
    assert len(err.strip().splitlines()) == 1


def test_help_loads_nothing_heavy() -> None:
    heavy = ("sqlalchemy", "pydantic", "redis", "av", "fastapi", "httpx2", "numpy", "asyncio")
    script = (
        "import sys, io, contextlib\n"
        "from videomoments.cli.app import run\n"
        "with contextlib.redirect_stdout(io.StringIO()): status = run(['--help'])\n"
        f"print(status, [name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "0 []"


def test_the_module_runs_as_the_command_does() -> None:
    done = subprocess.run([sys.executable, "-m", "videomoments", "--version"], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.startswith("moments ")
