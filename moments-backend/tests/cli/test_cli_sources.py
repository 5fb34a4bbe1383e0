"""What a command line may name: every source is looked at before anything is started."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from videomoments.cli.intake import Refusal, Taken, take
from videomoments.core.config import Settings, is_loopback

# The first bytes of a file that may be media: an MP4's first box.
MEDIA = b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41" + bytes(range(256)) * 20


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", min_free_bytes=0, allow_private="", source_buckets="")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which the command is typed."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def made(*paths: Path, content: bytes = MEDIA) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def names(taken: Taken, below: Path) -> list[str]:
    assert taken.refusals == [], [refusal.line for refusal in taken.refusals]
    return [str(source.path.relative_to(below)) for source in taken.sources if source.path is not None]


def refused(settings: Settings, typed: str) -> Refusal:
    taken = take([typed], settings)
    assert taken.sources == []
    [refusal] = taken.refusals
    return refusal


def test_a_path_becomes_absolute(here: Path, settings: Settings) -> None:
    made(here / "talks" / "a b.mp4")
    [source] = take(["talks/a b.mp4"], settings).sources
    assert source.path == here / "talks" / "a b.mp4"
    assert (source.name, source.label, source.remote) == (str(source.path), "a b.mp4", False)


def test_home_and_file_urls_are_paths(monkeypatch: pytest.MonkeyPatch, here: Path, settings: Settings) -> None:
    monkeypatch.setenv("HOME", str(here))
    made(here / "a b.mp4")
    for typed in ("~/a b.mp4", f"file://{here}/a%20b.mp4", f"file://localhost{here}/a%20b.mp4"):
        assert names(take([typed], settings), here) == ["a b.mp4"]


@pytest.mark.parametrize(
    "name", ["C:talk.mp4", "talk?.mp4", "talk [1].mp4", "a:b.mp4", "-talk.mp4", "https.mp4", "no ending", "~nobody-at-all.mp4"]
)
def test_odd_names_are_paths_when_they_are_there(here: Path, settings: Settings, name: str) -> None:
    made(here / name)
    assert names(take([name], settings), here) == [name]


def test_a_name_that_is_no_utf_8_can_be_printed(here: Path, settings: Settings) -> None:
    name = os.fsdecode(b"caf\xe9.mp4")
    made(here / name)
    [source] = take([name], settings).sources
    assert source.path is not None
    assert source.path.name == name
    source.name.encode("utf-8")


def test_a_url_keeps_its_secrets_out_of_messages(settings: Settings) -> None:
    [source] = take(["https://example.org/talks/a.mp4?token=secret"], settings).sources
    assert source.remote
    assert source.name == "https://example.org/talks/a.mp4?token=secret"
    assert source.label == "example.org/talks/a.mp4"
    for url in ("https://user:secret@example.org/a.mp4", "ftp://example.org/a.mp4?token=secret", "https://user:se/secret@example.org/a"):
        assert "secret" not in refused(settings, url).line


@pytest.mark.parametrize(
    ("typed", "code", "said"),
    [
        ("", "invalid_input", "''"),
        ("  ", "invalid_input", "'  '"),
        ("gone.mp4", "file_missing", "There is no file gone.mp4."),
        ("file:///gone/a%20b.mp4", "file_missing", "There is no file file:///gone/a%20b.mp4."),
        ("file://server/a.mp4", "invalid_input", "no file of this machine"),
        ("talks", "no_media", "talks is a folder without video or audio files. Give the files, or --recursive"),
        ("empty.mp4", "no_media", "empty.mp4 is a folder without video or audio files. Give a video"),
        ("*.webm", "file_missing", "There is no file *.webm, and none that it matches."),
        ("*.txt", "no_media", "*.txt matches 2 files, none of them video or audio."),
        ("zero.mp4", "empty_file", "zero.mp4 is empty."),
        ("page.mp4", "not_media", "page.mp4 is a web page, not a video or audio file."),
        ("picture.mp4", "not_media", "picture.mp4 is a picture (PNG), not a video or audio file."),
        ("words.mp4", "not_media", "words.mp4 is text, not a video or audio file."),
        ("link.mp4", "file_missing", "link.mp4 is a link to nowhere.mp4, which is not there."),
        ("pipe.mp4", "not_a_file", "pipe.mp4 is a pipe, a socket or a device"),
        ("/dev/null", "not_a_file", "/dev/null is a pipe, a socket or a device"),
        ("zero.mp4/a.mp4", "file_missing", "There is no file zero.mp4/a.mp4."),
        ("x" * 5000, "file_unreadable", "File name too long"),
        ("example.org/talk.mp4", "file_missing", "If that is a web address, begin it with https://."),
        ("https:/example.org/talk.mp4", "file_missing", "If that is a web address, begin it with https://."),
        ("www.example.org", "file_missing", "If that is a web address, begin it with https://."),
        ("ftp://example.org/a.mp4", "invalid_url", "ftp://example.org/a.mp4: Only http and https"),
        ("https://", "invalid_url", "https://: "),
        ("http://[", "invalid_url", "malformed"),
        ("http://localhost/a.mp4", "address_refused", "not public"),
        ("http://media.localhost:8000/a.mp4", "address_refused", "not public"),
        ("http://127.0.0.1/a.mp4", "address_refused", "not public"),
        ("http://2130706433/a.mp4", "address_refused", "number"),
        ("http://10.1.2.3/a.mp4", "address_refused", "not public"),
        ("gs://bucket/a.mp4", "bucket_refused", "not allowed here"),
    ],
)
def test_what_can_not_be_taken_is_told_in_one_line_as_it_was_typed(
    here: Path, settings: Settings, typed: str, code: str, said: str
) -> None:
    (here / "talks" / "deeper").mkdir(parents=True)
    (here / "empty.mp4").mkdir()
    made(here / "one.txt", here / "two.txt", here / "words.mp4", content=b"These are words.\n")
    made(here / "zero.mp4", content=b"")
    made(here / "page.mp4", content=b"<!DOCTYPE html><title>Not found</title>")
    made(here / "picture.mp4", content=b"\x89PNG\r\n\x1a\n" + bytes(100))
    (here / "link.mp4").symlink_to("nowhere.mp4")
    os.mkfifo(here / "pipe.mp4")
    refusal = refused(settings, typed)
    assert refusal.error.code == code
    assert said in refusal.line
    assert len(refusal.line.splitlines()) == 1
    assert len(refusal.line) < 500


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read(here: Path, settings: Settings) -> None:
    made(here / "locked.mp4")
    (here / "locked.mp4").chmod(0)
    assert refused(settings, "locked.mp4").line == "locked.mp4 can't be read: Permission denied. Check its permissions."


def test_a_line_break_in_a_name_stays_on_one_line(here: Path, settings: Settings) -> None:
    made(here / "new\nline.mp4", content=b"text")
    assert len(refused(settings, "new\nline.mp4").line.splitlines()) == 1


def test_a_folder_is_the_media_in_it_as_people_number_it(here: Path, settings: Settings) -> None:
    made(*(here / "talks" / name for name in ("part 10.mp4", "part 2.MP4", "a.mp3", ".hidden.mp4", "deeper/b.mkv")))
    made(here / "talks" / "notes.txt", here / "talks" / "broken.mp4", content=b"Not a video.")
    taken = take(["talks"], settings)
    assert names(taken, here) == ["talks/a.mp3", "talks/part 2.MP4", "talks/part 10.mp4"]
    assert taken.remarks == [
        "talks: 3 video or audio files.",
        "Passed over: talks/broken.mp4 is text, not a video or audio file.",
    ]


def test_folders_in_folders_when_asked_but_not_what_this_program_wrote(here: Path, settings: Settings) -> None:
    made(here / "a.mp4", here / "deeper" / "b.mp4", here / "moments-output" / "x" / "clips" / "1.mp4", here / "out" / "clips" / "1.mp4")
    assert names(take(["."], settings), here) == ["a.mp4"]
    assert names(take(["."], settings, recursive=True, output=Path("out")), here) == ["a.mp4", "deeper/b.mp4"]


def test_a_pattern_that_the_shell_left_alone_is_expanded(here: Path, settings: Settings) -> None:
    made(here / "a1.mp4", here / "a2.mp4", here / "b.mp4", here / "a3.dat")
    made(here / "a4.mp4", content=b"text")
    taken = take(["a*"], settings)
    assert names(taken, here) == ["a1.mp4", "a2.mp4"]
    assert taken.remarks == ["a*: 2 video or audio files.", "Passed over: a4.mp4 is text, not a video or audio file."]
    assert names(take(["*.dat"], settings), here) == ["a3.dat"]
    assert names(take([f"{here}/a[12].mp4"], settings), here) == ["a1.mp4", "a2.mp4"]


def test_what_is_named_twice_by_folders_and_patterns_is_taken_once(here: Path, settings: Settings) -> None:
    made(here / "a.mp4", here / "b.mp4")
    assert names(take(["a.mp4", ".", "*.mp4"], settings), here) == ["a.mp4", "b.mp4"]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (["talks/a.mp4", "talks"], ["a.mp4"]),
        (["talks", "talks/a.mp4"], ["a.mp4"]),
        (["talks/*.mp4", "talks", "talks/a.mp4"], ["a.mp4"]),
        (["link", "talks/a.mp4", "talks/../talks/a.mp4"], ["a.mp4", "a.mp4"]),
        (["talks/a.mp4", "talks/a.mp4", "talks"], ["a.mp4", "a.mp4"]),
        (["talks", "talks/a.mp4", "talks/a.mp4"], ["a.mp4", "a.mp4"]),
    ],
)
def test_a_file_and_its_folder_are_one_and_a_file_typed_twice_is_two(
    here: Path, settings: Settings, typed: list[str], expected: list[str]
) -> None:
    made(here / "talks" / "a.mp4")
    (here / "link").symlink_to("talks")
    assert [source.label for source in take(typed, settings).sources] == expected


def test_all_that_is_wrong_is_told_and_nothing_is_taken(here: Path, settings: Settings) -> None:
    made(here / "a.mp4")
    taken = take(["gone.mp4", "a.mp4", "http://localhost/"], settings)
    assert [refusal.typed for refusal in taken.refusals] == ["gone.mp4", "http://localhost/"]
    assert [refusal.name for refusal in taken.refusals] == [str(here / "gone.mp4"), "http://localhost/"]


class _Piped(io.TextIOWrapper):
    def isatty(self) -> bool:
        return False


def piped(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", _Piped(io.BytesIO(content)))


def test_standard_input_is_read_once_into_a_file_without_a_name(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    piped(monkeypatch, MEDIA * 1000)
    [source] = take(["-"], settings).sources
    assert (source.name, source.label, source.path) == ("-", "stdin", None)
    assert source.content is not None
    source.content.seek(0)
    assert source.content.read() == MEDIA * 1000
    assert list(settings.home.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "changed", "code"),
    [
        (b"", {}, "empty_file"),
        (b"some words", {}, "not_media"),
        (b"\xff\xd8\xff\xe0" + bytes(5000), {}, "not_media"),
        (MEDIA * 3, {"max_source_bytes": 10_000}, "too_large"),
        (MEDIA, {"min_free_bytes": 2**62}, "no_space_left"),
    ],
)
def test_standard_input_that_is_refused(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, content: bytes, changed: dict[str, Any], code: str
) -> None:
    piped(monkeypatch, content)
    refusal = refused(settings.model_copy(update=changed), "-")
    assert refusal.error.code == code
    assert list(settings.home.iterdir()) == []


def test_a_terminal_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    piped(monkeypatch, b"")
    monkeypatch.setattr(_Piped, "isatty", lambda _: True)
    refusal = refused(settings, "-")
    assert refusal.error.code == "nothing_piped"
    assert "moments generate -" in refusal.line


def test_standard_input_twice(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    piped(monkeypatch, MEDIA)
    assert [refusal.line for refusal in take(["-", "-"], settings).refusals] == ["-: Standard input can be read once. Give - once."]


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        *((name, True) for name in ("127.0.0.1", "::1", "localhost", "127.1.2.3")),
        *((name, False) for name in ("0.0.0.0", "::", "10.0.0.1", "example.org", "localhost.example.org", "2130706433", "")),
    ],
)
def test_what_only_this_machine_reaches(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
