"""Names are in every script, outputs are not: no command may fail at its end because of a sign that its terminal does not have."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator

import pytest
from commands import Home, moments

from support.stack import short_home
from videomoments.cli.console import json_text, write_any_text

TITLE = "Ciência – 東京 🎬"
# As a container or a cron job may have it, and an output that takes nothing else.
POSIX = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"}


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    with short_home() as folder:
        yield Home(folder)


def test_text_loses_its_signs_and_json_keeps_them(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii", write_through=True))
    with pytest.raises(UnicodeEncodeError):
        sys.stdout.write(TITLE)
    write_any_text()
    sys.stdout.write(TITLE + "\n" + json_text({"title": TITLE}))
    text, _, document = written.getvalue().decode("ascii").partition("\n")
    assert text == "Ci?ncia ? ?? ?"
    assert json.loads(document) == {"title": TITLE}


def test_json_is_readable_where_it_may_be(capsys: pytest.CaptureFixture[str]) -> None:
    print(json_text({"title": TITLE}))
    assert TITLE in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--help",), "generate"),
        (("generate", "--help"), "--max-moments"),
        (("keys", "create", TITLE, "--scope", "read"), "may read"),
        (("keys", "list"), "Ci?ncia ? ?? ?"),
        (("runs", "list"), ""),
        (("models", "list"), "whisper_base"),
        (("doctor",), "All is well."),
        (("db", "status"), "up to date"),
    ],
)
def test_commands_in_a_posix_locale(arguments: tuple[str, ...], says: str, home: Home) -> None:
    done = moments(home, *arguments, **POSIX)
    assert done.returncode == 0, done.stderr
    assert says in done.stdout + done.stderr
    assert "UnicodeEncodeError" not in done.stderr


def test_lists_as_json_in_a_posix_locale(home: Home) -> None:
    moments(home, "keys", "create", TITLE, "--scope", "read", **POSIX)
    assert TITLE in [key["name"] for key in json.loads(moments(home, "keys", "list", "--json", **POSIX).stdout)]


def test_what_can_not_be_found_is_said_in_any_locale(home: Home) -> None:
    done = moments(home, "generate", f"{TITLE}.mp4", **POSIX)
    assert done.returncode in (1, 2)
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr
