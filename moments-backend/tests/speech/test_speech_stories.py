"""What a person gets from real speech, judged against the truth: topics, exact clips, every kind of file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cli.commands import Home, moments
from speech.fixtures import SpeechLibrary
from speech.judge import assert_clips_exact, assert_topics_found, assert_valid
from speech.makers import FRAMES, Piece, Spoken, converted, part, reordered, spoken
from support.stack import embedded_settings, short_home
from videomoments.demo import sample_path
from videomoments.embedded import running_stack

pytestmark = [pytest.mark.story, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    """One data folder for the module, whose models stay loaded from one command to the next."""
    with short_home() as folder:
        home = Home(folder)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("MOMENTS_WEIGHTS", home.environment["MOMENTS_WEIGHTS"])
            with running_stack(embedded_settings(folder)):
                yield home


def documents(home: Home, folder: Path, *arguments: str | Path) -> list[dict[str, Any]]:
    done = moments(home, *arguments, "--json", folder=folder, timeout=500)
    assert done.returncode == 0, [line for line in done.stderr.splitlines() if line.startswith("moments: ")] or done.stderr
    found = json.loads(done.stdout)
    return found if isinstance(found, list) else [found]


def test_the_demo_finds_the_topics_of_the_sample(home: Home, tmp_path: Path) -> None:
    truth = spoken(sample_path(), [Piece(0, FRAMES)])
    [document] = documents(home, tmp_path, "demo")
    assert_valid(document, truth)
    assert_topics_found(document, truth)
    assert_clips_exact(document, truth)


def test_the_same_for_its_topics_in_other_orders(home: Home, tmp_path: Path, speech: SpeechLibrary) -> None:
    truths = [speech.get(".mp4", reordered, order) for order in ((2, 0, 4, 1, 3), (4, 3, 1, 0, 2))]
    found = documents(home, tmp_path, "generate", *(truth.path for truth in truths))
    for document, truth in zip(found, truths, strict=True):
        assert_valid(document, truth)
        assert_topics_found(document, truth)
        assert_clips_exact(document, truth)


def test_every_kind_of_file_with_speech(home: Home, tmp_path: Path, speech: SpeechLibrary) -> None:
    # One command for all of them: starting it costs more than a file of a few seconds.
    made: list[Spoken] = [
        speech.get(".mp4", part, 40.0, 8.0),
        speech.get(".webm", part, 75.0, 12.0),
        speech.get(".mov", part, 144.0, 12.0),
        speech.get(".mp4", converted, seconds=8.0, channels=6),
        speech.get(".mp4", converted, seconds=8.0, channels=2, sample_rate=8_000),
        speech.get(".mp4", converted, seconds=8.0, rotation=90),
        speech.get(".mp4", converted, seconds=8.0, rotation=270),
        *(speech.get(suffix, converted, seconds=8.0) for suffix in (".mp3", ".m4a", ".flac", ".wav", ".ogg")),
    ]
    assert_heard_and_cut(documents(home, tmp_path, "generate", *(truth.path for truth in made), "--min-duration", "3"), made)


def test_matroska_with_b_frames(home: Home, tmp_path: Path, speech: SpeechLibrary) -> None:
    made = speech.get(".mkv", part, 112.0, 12.0)
    assert_heard_and_cut(documents(home, tmp_path, "generate", made.path, "--min-duration", "3"), [made])


def assert_heard_and_cut(found: list[dict[str, Any]], made: list[Spoken]) -> None:
    """Each file gave a moment, most of its words, and exact clips (of sound alone: sound)."""
    for document, truth in zip(found, made, strict=True):
        assert_valid(document, truth)
        assert document["moments"], truth.path.name
        heard = set(document["transcript"]["text"].lower().replace(",", "").replace(".", "").split())
        said = {word for line in truth.lines for word in line.text.lower().replace(",", "").replace(".", "").split()}
        assert len(heard & said) >= 0.6 * len(said), (truth.path.name, heard)
        if truth.pieces:
            assert_clips_exact(document, truth)
        else:
            assert all(moment["clip"]["path"].endswith(".m4a") for moment in document["moments"])


def test_a_copy_with_another_name_is_another_video(home: Home, tmp_path: Path, speech: SpeechLibrary) -> None:
    first = speech.get(".mp4", part, 40.0, 8.0)
    copy = replace(first, path=tmp_path / "a b&c;ü'.mp4")
    copy.path.write_bytes(first.path.read_bytes())
    [document] = documents(home, tmp_path, "generate", copy.path, "--no-clips", "--min-duration", "3")
    assert_valid(document, copy)
    assert document["video"]["source"] == str(copy.path)
    assert document["video"]["title"] == "a b&c;ü'"
