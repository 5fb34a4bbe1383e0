"""The truth about the sample that `moments demo` runs on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from videomoments.demo import sample_path


@dataclass(frozen=True, slots=True)
class Topic:
    """One subject of the sample: from its first spoken sound to its last, in seconds."""

    start: float
    end: float
    title: str


@dataclass(frozen=True, slots=True)
class SpokenSentence:
    """One spoken sentence, from its first sound to its last, in seconds."""

    start: float
    end: float
    text: str


@dataclass(frozen=True, slots=True)
class Strip:
    """Where the machine-readable frame number stands, in pixels of the sample's own size.

    Its `blocks`, from the left: light, dark, 16 bits Gray code of the frame's number (highest first), 4 check bits (exclusive-or of the
    code's four nibbles), dark, light. Block i spans `left + i * pitch` to `+ width`, and `top` to `+ height`; its bar starts at `bar_top`.
    """

    blocks: int
    left: int
    pitch: int
    width: int
    top: int
    height: int
    bar_top: int


@dataclass(frozen=True, slots=True)
class Truth:
    """What is known about the sample; times are seconds from the first frame, `cuts` are the first frames of new pictures."""

    duration: float
    fps: int
    frames: int
    width: int
    height: int
    keyframe_interval: int
    language: str
    topics: tuple[Topic, ...]
    cuts: tuple[float, ...]
    lines: tuple[SpokenSentence, ...]
    strip: Strip


@cache
def sample_truth() -> Truth:
    """The truth that came with the sample."""
    content: dict[str, Any] = json.loads(sample_path().with_name("sample.json").read_text("utf-8"))
    return Truth(
        duration=content["duration"],
        fps=content["fps"],
        frames=content["frames"],
        width=content["width"],
        height=content["height"],
        keyframe_interval=content["keyframe_interval"],
        language=content["language"],
        topics=tuple(Topic(**topic) for topic in content["topics"]),
        cuts=tuple(content["cuts"]),
        lines=tuple(SpokenSentence(**line) for line in content["lines"]),
        strip=Strip(**content["strip"]),
    )
