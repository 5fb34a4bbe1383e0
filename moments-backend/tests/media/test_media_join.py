"""Picture and sound that a site keeps in two files become one."""

from __future__ import annotations

from pathlib import Path

import pytest

from media.makers import draw
from videomoments.core.errors import UnsupportedMedia
from videomoments.media.engine import MediaEngine


@pytest.mark.parametrize(
    ("picture", "video", "sound", "audio", "ending"),
    [
        (".mp4", "libx264", ".m4a", "aac", ".mp4"),
        (".webm", "libvpx-vp9", ".webm", "libopus", ".mp4"),
        (".ts", "libx264", ".ts", "aac", ".mp4"),
    ],
)
async def test_picture_and_sound_become_one_file(picture: str, video: str, sound: str, audio: str, ending: str, tmp_path: Path) -> None:
    seen = draw(tmp_path / f"a{picture}", seconds=3, video=video, audio=None)
    heard = draw(tmp_path / f"b{sound}", seconds=3, video=None, audio=audio)
    assert await MediaEngine().mux_tracks(seen.path, heard.path, tmp_path / "joined") == ending
    info, apart = await MediaEngine().probe(tmp_path / "joined"), await MediaEngine().probe(seen.path)
    assert info.video is not None
    assert apart.video is not None
    assert info.audio is not None
    assert info.video.codec == apart.video.codec
    assert abs(info.duration - apart.duration) < 0.1
    assert "damaged" not in info.warnings
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted({seen.path.name, heard.path.name, "joined"})


async def test_files_without_their_part_are_refused(tmp_path: Path) -> None:
    seen = draw(tmp_path / "a.mp4", seconds=1, audio=None)
    with pytest.raises(UnsupportedMedia):
        await MediaEngine().mux_tracks(seen.path, seen.path, tmp_path / "joined")
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]
