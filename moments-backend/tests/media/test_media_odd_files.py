"""Each odd file ends as the table says, and nothing else is opened or called on the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from media.canaries import listener, opened_files
from media.makers import draw
from media.odd_files import ODD_FILES, OddFile
from videomoments.core.errors import UnsupportedMedia
from videomoments.core.names import ClipKind
from videomoments.core.times import Interval
from videomoments.media.engine import MediaEngine
from videomoments.media.types import ClipRequest, MediaInfo, ThumbnailRequest


@pytest.mark.parametrize("odd", ODD_FILES, ids=lambda odd: odd.name)
async def test_f47_f64_f65_an_odd_file_gets_its_verdict(odd: OddFile, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    draw(folder / "canary.ts", seconds=0.2, size=(32, 32), audio=None)
    source = folder / odd.name
    odd.make(source)
    with listener() as (port, hits):
        if b"{port}" in source.read_bytes()[:500]:
            source.write_text(source.read_text().replace("{port}", str(port)))
        with opened_files(folder) as opened:
            info = await _judged(odd, source)
            if info is not None:
                await _used(source, info, tmp_path)
    assert opened <= {odd.name}
    assert not hits


async def _judged(odd: OddFile, source: Path) -> MediaInfo | None:
    engine = MediaEngine()
    if odd.code is not None:
        with pytest.raises(UnsupportedMedia) as caught:
            await engine.probe(source)
        assert (caught.value.code, caught.value.retryable) == (odd.code, False)
        assert caught.value.message.count("\n") == 0
        return None
    info = await engine.probe(source)
    assert info.duration == pytest.approx(odd.seconds, abs=0.1)
    assert odd.warnings <= set(info.warnings)
    assert (info.has_video, info.has_audio) == (odd.video, odd.audio)
    return info


async def _used(source: Path, info: MediaInfo, folder: Path) -> None:
    """What the pipeline does with a usable file; padded beyond both of its ends."""
    engine = MediaEngine()
    if info.has_audio:
        await engine.extract_audio(source, folder / "a.wav", info, waveform=folder / "a.waveform")
    await engine.shots(source, info, within=await engine.shots(source, info))
    await engine.thumbnails(source, [ThumbnailRequest("t", folder / "t.jpg")], info)
    asked = ClipRequest("c", Interval(0.5, 2.5), folder / f"c{'.mp4' if info.has_video else '.m4a'}", ClipKind.DELIVERED)
    [clip] = [clip async for clip in engine.cut(source, [asked], info)]
    assert clip.end <= info.duration + 0.05
    if info.has_video:
        assert clip.frames <= 2.1 * 60, "no rate of the source's is believed"
