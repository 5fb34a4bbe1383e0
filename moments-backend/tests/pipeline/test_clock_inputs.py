"""What was made of a recording holds as long as its clock is read by the same map."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import Any, cast

import pytest

from videomoments.media.clock import CLOCK_VERSION, Clock
from videomoments.media.types import AudioStream, MediaInfo
from videomoments.pipeline.conditions import audio_inputs
from videomoments.pipeline.input_clips import clip_inputs
from videomoments.pipeline.stage import StageContext

OLD = MediaInfo("wav", 1000, 60.0, 0.0, None, AudioStream(0, "pcm_s16le", 16_000, 1, 0.0, 60.0, decodable=True))
NEW = dataclasses.replace(OLD, clock=Clock())


def context(info: MediaInfo) -> StageContext:
    """As much of a run as the inputs ask for."""

    async def media_info() -> MediaInfo:
        return info

    async def video() -> Any:
        return SimpleNamespace(cloud_url="videos/v/source.wav")

    async def originals() -> list[Any]:
        return [SimpleNamespace(identifier="m", start_time=1.0, end_time=2.0)]

    made = SimpleNamespace(media_info=media_info, video=video, originals=originals, options=SimpleNamespace(audio_track=None))
    made.clock_inputs = lambda: StageContext.clock_inputs(cast(StageContext, made))
    return cast(StageContext, made)


@pytest.mark.parametrize("inputs", [audio_inputs, clip_inputs])
async def test_f92_only_what_was_measured_anew_depends_on_the_map(inputs: Any) -> None:
    old, new = await inputs(context(OLD)), await inputs(context(NEW))
    assert "clock" not in old
    assert new == {**old, "clock": CLOCK_VERSION}


def test_f92_a_row_of_an_older_version_is_read_as_it_was_written() -> None:
    kept = OLD.to_dict()
    del kept["clock"]
    assert MediaInfo.from_dict(kept) == OLD
    assert MediaInfo.from_dict(NEW.to_dict()) == NEW
