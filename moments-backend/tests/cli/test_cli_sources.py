"""What a command line may name: whatever could be a file is tried by the run; a URL is checked for its form."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from videomoments.cli.source import parse_source
from videomoments.core.config import is_loopback


def test_a_path_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    source = parse_source("talks/a b.mp4")
    assert source.path == tmp_path / "talks" / "a b.mp4"
    assert source.name == str(source.path)
    assert source.label == "a b.mp4"


def test_home_and_file_urls_are_paths(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert parse_source("~/a.mp4").path == tmp_path / "a.mp4"
    assert parse_source("file:///talks/a%20b.mp4").path == Path("/talks/a b.mp4")


@pytest.mark.parametrize("name", ["C:talk.mp4", "talk?.mp4", "a:b.mp4", "-talk.mp4", "https.mp4", "no such thing"])
def test_odd_names_are_paths(name: str) -> None:
    assert parse_source(name).path == Path(name).absolute()


def test_a_url_keeps_its_secrets_out_of_messages() -> None:
    source = parse_source("https://example.org/talks/a.mp4?token=secret")
    assert source.path is None
    assert source.name == "https://example.org/talks/a.mp4?token=secret"
    assert source.label == "example.org/talks/a.mp4"


@pytest.mark.parametrize("text", ["", "  ", "-", "ftp://example.org/a.mp4", "https://", "http://user:pass@example.org/a.mp4"])
def test_what_can_be_neither_is_wrong_usage(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        parse_source(text)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        *((name, True) for name in ("127.0.0.1", "::1", "localhost", "127.1.2.3")),
        *((name, False) for name in ("0.0.0.0", "::", "10.0.0.1", "example.org", "localhost.example.org", "2130706433", "")),
    ],
)
def test_what_only_this_machine_reaches(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
