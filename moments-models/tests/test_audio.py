"""Any file becomes 16 kHz mono sound of the same length."""

from __future__ import annotations

import wave
from pathlib import Path

import av
import numpy as np
import pytest

from conftest import RATE, write_wav
from moments_models.audio import samples, to_wav, wav_duration
from moments_models.errors import UnreadableMedia
from moments_models.request_jobs import Job


def test_what_is_ready_is_read_as_it_is(tmp_path: Path) -> None:
    sent = write_wav(tmp_path / "a.wav", np.sin(np.arange(RATE) / 20) / 2)
    assert to_wav(sent, tmp_path / "b.wav", Job()) == sent
    assert wav_duration(sent) == pytest.approx(1.0)
    parts = [samples(sent, at, 700) for at in range(0, 2 * RATE, 700)]
    assert np.array_equal(np.concatenate(parts), samples(sent, 0, RATE))
    assert np.allclose(samples(sent, 0, RATE), np.sin(np.arange(RATE) / 20) / 2, atol=1e-4)


def test_other_rates_and_channels_are_converted(tmp_path: Path) -> None:
    sent = write_wav(tmp_path / "a.wav", np.zeros(2 * 44_100 * 3), rate=44_100, channels=2)
    done = to_wav(sent, tmp_path / "b.wav", Job())
    assert wav_duration(done) == pytest.approx(3.0, abs=0.01)


def test_a_hole_in_the_sound_becomes_silence(tmp_path: Path) -> None:
    path = tmp_path / "a.mka"
    with av.open(str(path), "w", format="matroska") as container:
        stream = container.add_stream("flac", rate=RATE, layout="mono")
        for index in list(range(10)) + list(range(30, 40)):  # two seconds are missing
            frame = av.AudioFrame.from_ndarray(np.full((1, RATE // 10), 1000, np.int16), format="s16", layout="mono")
            frame.sample_rate, frame.pts = RATE, index * RATE // 10
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    done = to_wav(path, tmp_path / "b.wav", Job())
    assert wav_duration(done) == pytest.approx(4.0, abs=0.4)
    assert abs(samples(done, int(3.6 * RATE), 100)).max() > 0.01


def test_a_cut_off_file_is_as_long_as_it_is(tmp_path: Path) -> None:
    whole = write_wav(tmp_path / "a.wav", np.zeros(RATE * 4))
    whole.write_bytes(whole.read_bytes()[: RATE * 4])
    assert wav_duration(whole) == pytest.approx(2.0, abs=0.01)


def test_pictures_without_sound_are_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        container.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p")))
        container.mux(stream.encode(None))
    with pytest.raises(UnreadableMedia, match="no sound"):
        to_wav(path, tmp_path / "b.wav", Job())


def test_the_wave_module_agrees(tmp_path: Path) -> None:
    sent = write_wav(tmp_path / "a.wav", np.zeros(100), rate=8000)
    with wave.open(str(to_wav(sent, tmp_path / "b.wav", Job()))) as reader:
        assert (reader.getframerate(), reader.getnchannels(), reader.getsampwidth()) == (RATE, 1, 2)
