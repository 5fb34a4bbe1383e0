"""Formats that people really have, with speech in them, through all eight stages: words are heard, moments found, clips cut (F94)."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from corpus.test_corpus import through_the_pipeline
from media.format_files import Wave, built
from support.workers import stage_of
from videomoments.core.config import Settings
from videomoments.core.names import RunStatus, StageName
from videomoments.demo import sample_path
from videomoments.media.types import MediaInfo
from videomoments.services.wiring import Services
from videomoments.storage import configured_store

pytestmark = pytest.mark.story
_SECONDS = 8
# Muxer, the file's name, and its codecs by their decoders.
_FILES = (
    ("asf", "talk.wmv", "wmv2", "wmav2"),
    ("asf", "talk.wma", None, "wmav2"),
    ("aiff", "talk.aiff", None, "pcm_s16be"),
    ("caf", "talk.caf", None, "pcm_s16be"),
    ("amr", "memo.amr", None, "amrnb"),
    ("3gp", "phone.3gp", "h263", "amrnb"),
    ("vob", "camcorder.mpg", "mpeg2video", "ac3"),
    ("wav", "old.wav", None, "adpcm_ima_wav"),
    ("mpegts", "broadcast.ts", "h264", "aac_latm"),
    ("avi", "dv.avi", "dvvideo", "pcm_s16le"),
    ("avi", "camera.avi", "mjpeg", "adpcm_ima_wav"),
    ("mxf", "studio.mxf", "mpeg2video", "pcm_s16le"),
    ("flv", "stream.flv", "flv", "nellymoser"),
)


@pytest.fixture(scope="module")
def speech() -> Wave:
    """The sample's first seconds, mono at 48 kHz."""
    with av.open(str(sample_path())) as container:
        resampler = av.AudioResampler("fltp", "mono", 48_000)
        held = []
        for frame in container.decode(container.streams.audio[0]):
            frame.pts = None
            held += [made.to_ndarray()[0] for made in resampler.resample(frame)]
            if sum(map(len, held)) >= _SECONDS * 48_000:
                break
    return np.concatenate(held)[: _SECONDS * 48_000].astype(np.float32)


@pytest.mark.parametrize(("muxer", "name", "video", "audio"), _FILES, ids=[name for _, name, _, _ in _FILES])
async def test_f94_a_format_goes_through_all_eight_stages(
    muxer: str, name: str, video: str | None, audio: str, speech: Wave, services: Services, settings: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    built(folder / name, muxer, video, audio, seconds=_SECONDS, wave=speech)
    found = await through_the_pipeline(services, settings, folder / name)
    assert found.run.status is RunStatus.COMPLETED, found.run.error
    assert found.video.media_info is not None
    assert MediaInfo.from_dict(found.video.media_info).remarks == ()
    said = await services.transcripts.of_video(found.video.identifier)
    assert said is not None
    assert said.word_count > 10
    moments = await services.moments.of_video(found.video.identifier)
    assert moments
    for view in moments:
        assert view.current_clip is not None
        await configured_store(settings).get_to_file(view.current_clip.cloud_url, tmp_path / "clip")
        with av.open(str(tmp_path / "clip")) as clip:
            assert (len(clip.streams.video), len(clip.streams.audio)) == (int(video is not None), 1)


async def test_f94_pictures_that_are_refused_are_named_and_the_speech_goes_on(
    speech: Wave, services: Services, settings: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    built(folder / "dvr.mpg", "vob", "h264", "mp2", seconds=_SECONDS, wave=speech)
    found = await through_the_pipeline(services, settings, folder / "dvr.mpg")
    assert found.run.status is RunStatus.COMPLETED, found.run.error
    assert found.moments
    assert "its pictures can't be used: h264 in mpeg" in (stage_of(found.run, StageName.VIDEO_DOWNLOAD).reason or "")
