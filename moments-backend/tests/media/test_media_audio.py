"""Speech sound lies where the pictures say: 16 kHz mono, sample 0 = the first picture."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from media import judge
from media.makers import Drawn, draw
from videomoments.core.errors import InvalidInput
from videomoments.media.engine import MediaEngine


async def extracted(made: Drawn, target: Path) -> npt.NDArray[np.float32]:
    engine = MediaEngine()
    await engine.extract_audio(made.path, target, await engine.probe(made.path))
    with wave.open(str(target)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16_000, 1, 2)
        return np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float32) / 32768


@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        (".mp4", {}),
        (".mp4", {"audio_delay": 1.37}),
        (".mp4", {"start": 10.0, "audio_delay": 0.7}),
        (".mkv", {"audio_delay": -0.5, "start": 1.0}),
        (".mp4", {"rate": 44_100, "channels": 2}),
        (".mp4", {"channels": 6}),
        (".webm", {"video": "libvpx-vp9", "audio": "libopus", "channels": 2}),
        (".ts", {"audio_delay": 0.5}),
        (".mkv", {"audio": "flac"}),
        (".avi", {"video": "mpeg4", "audio": "pcm_s16le", "b_frames": 0}),
        (".mp4", {"audio_gap": (2.2, 3.6)}),
        (".m4a", {"video": None}),
        (".wav", {"video": None, "audio": "pcm_s16le", "rate": 8_000}),
    ],
)
async def test_beeps_lie_on_the_timeline(suffix: str, options: dict[str, Any], tmp_path: Path) -> None:
    made = draw(tmp_path / f"source{suffix}", seconds=5, size=(160, 96), **options)
    samples = await extracted(made, tmp_path / "a.wav")
    gap = options.get("audio_gap", (9, 9))
    wanted = [at for at in made.beeps if not gap[0] <= at < gap[1]]
    assert judge.beeps(samples, 16_000) == pytest.approx(wanted, abs=0.006)
    assert len(samples) / 16_000 == pytest.approx(made.seconds, abs=0.06)
    if options.get("audio_delay", 0) > 0:
        assert np.abs(samples[: int(options["audio_delay"] * 16_000) - 400]).max() == 0


async def test_no_sound_is_an_answer_not_a_crash(tmp_path: Path) -> None:
    made = draw(tmp_path / "a.mp4", audio=None, seconds=1)
    info = await MediaEngine().probe(made.path)
    with pytest.raises(InvalidInput) as caught:
        await MediaEngine().extract_audio(made.path, tmp_path / "a.wav", info)
    assert caught.value.code == "no_audio"
    assert not list(tmp_path.glob("*.wav*"))
