"""Judges the JSON document of `moments generate` against the truth about the video it was given."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import av

from speech.makers import FPS, Spoken
from speech.strip import frame_number
from videomoments.core.names import StageName

Document = dict[str, Any]

CLOSE_SECONDS = 2.0
MOST_TITLE_WORDS = 9


def assert_valid(document: Document, truth: Spoken) -> None:
    """A completed run, every stage accounted for, every moment inside the measured duration."""
    run = document["run"]
    assert run["status"] == "completed", document.get("error")
    assert [stage["name"] for stage in run["stages"]] == [name.value for name in StageName]
    for stage in run["stages"]:
        assert stage["status"] == "completed" or (stage["status"] == "skipped" and stage["reason"]), stage
    duration = document["video"]["duration"]
    assert abs(duration - truth.duration) < 0.15, (duration, truth.duration)
    for moment in document["moments"]:
        assert 0.0 <= moment["start_time"] < moment["end_time"] <= duration, moment
        assert 0.0 <= moment["score"] <= 1.0
        assert moment["engine"]


def assert_topics_found(document: Document, truth: Spoken, *, moments: int = 4, starts: int = 3) -> None:
    """At least so many moments, so many topics whose start is within 2.0 s of one's, and titles that are not whole sentences."""
    found = document["moments"]
    assert len(found) >= moments, [moment["title"] for moment in found]
    near = [topic for topic in truth.topics if any(abs(moment["start_time"] - topic.start) <= CLOSE_SECONDS for moment in found)]
    assert len(near) >= starts, ([moment["start_time"] for moment in found], [topic.start for topic in truth.topics])
    spoken = {_plain(line.text) for line in truth.lines} | {_plain(text) for text in re.split(r"[.!?]", document["transcript"]["text"])}
    for moment in found:
        assert _plain(moment["title"]) not in spoken, moment["title"]
        assert 1 <= len(moment["title"].split()) <= MOST_TITLE_WORDS, moment["title"]
    assert len({moment["title"] for moment in found}) == len(found)


def assert_clips_exact(document: Document, truth: Spoken) -> None:
    """Every moment has a clip; it decodes to the end, frame by frame, and its first picture is within one frame of its start."""
    for moment in document["moments"]:
        clip = moment["clip"]
        assert clip is not None
        numbers, sound = numbers_of(Path(clip["path"]))
        start, end = moment["start_time"], moment["end_time"]
        expected = {truth.sample_frame(min(max(start + step / FPS, 0.0), truth.duration - 1 / FPS)) for step in (-1, 0, 1)}
        assert numbers[0] in expected, (numbers[0], expected, moment)
        assert abs(len(numbers) / FPS - (end - start)) <= 2 / FPS, (len(numbers), moment)
        assert abs(sound - (end - start)) <= 0.1, (sound, moment)
        jumps = sum(after != before + 1 for before, after in pairwise(numbers))
        assert jumps <= len(truth.pieces) - 1, numbers


def numbers_of(clip: Path) -> tuple[list[int], float]:
    """The strip's number in every frame of a clip, and the seconds of sound in it."""
    samples = 0
    rate = 1
    with av.open(str(clip)) as container:
        numbers = [frame_number(frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]
    with av.open(str(clip)) as container:
        for frame in container.decode(audio=0):
            samples, rate = samples + frame.samples, frame.sample_rate
    return numbers, samples / rate


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[a-z']+", text.lower()))
