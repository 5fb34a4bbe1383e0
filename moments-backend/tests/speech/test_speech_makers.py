"""The makers of spoken test media tell the truth about what they make."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction

import av
import numpy as np
import pytest

from sample_facts import sample_truth
from speech.fixtures import SpeechLibrary
from speech.makers import FPS, FRAMES, Spoken, converted, looped, part, reordered, silent, topic_pieces, without_audio
from speech.strip import frame_number
from videomoments.demo import sample_path


def frames_at(made: Spoken, times: list[float]) -> list[int]:
    """The strip's numbers in the frames shown at `times` (ascending), by a decoder that starts at the keyframe before each."""
    found = []
    with av.open(str(made.path)) as container:
        stream = container.streams.video[0]
        for time in times:
            container.seek(int(time / stream.time_base), stream=stream)
            for frame in container.decode(stream):
                if frame.time + 0.5 / FPS > time:
                    found.append(frame_number(frame.to_ndarray(format="rgb24")))
                    break
    return found


def loudness(made: Spoken, step: float = 0.01) -> np.ndarray:
    """Root mean square of the sound, one value per `step` seconds, channels added up."""
    with av.open(str(made.path)) as container:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=16_000)
        pieces = [piece.to_ndarray().ravel() for frame in container.decode(audio=0) for piece in resampler.resample(frame)]
        pieces += [piece.to_ndarray().ravel() for piece in resampler.resample(None)]
    sound = np.concatenate(pieces)
    block = int(16_000 * step)
    return np.sqrt(np.mean(sound[: len(sound) // block * block].reshape(-1, block) ** 2, axis=1))


def assert_speech_stands_where_the_truth_says(made: Spoken, *, factor: float = 1.0) -> None:
    level = loudness(made)
    threshold = 0.008 * factor
    for line in made.lines:
        assert level[int(line.start * 100) : int(line.end * 100)].max() > threshold * 3, line
    for before, after in itertools.pairwise(made.lines):
        pause = level[int(before.end * 100) + 12 : int(after.start * 100) - 12]
        assert pause.max() < threshold, (before, after)


def test_truth_of_the_sample_holds_together() -> None:
    truth = sample_truth()
    assert len(truth.topics) == 5
    assert sample_path().stat().st_size < 3_000_000
    assert truth.duration == FRAMES / FPS > 150
    for before, after in itertools.pairwise(truth.topics):
        assert 1.2 <= after.start - before.end <= 2.2
        assert any(before.end < cut < after.start for cut in truth.cuts)
    for before, after in itertools.pairwise(truth.lines):
        assert 0.3 <= after.start - before.end <= 2.2
    assert all(28 <= topic.end - topic.start <= 40 for topic in truth.topics)
    assert all(8 <= round(cut * FPS) % truth.keyframe_interval <= truth.keyframe_interval - 8 for cut in truth.cuts)


def test_every_frame_of_the_sample_carries_its_number_and_cuts_are_where_the_truth_says() -> None:
    numbers, jumps, before = [], [], None
    with av.open(str(sample_path())) as container:
        container.streams.video[0].thread_type = "AUTO"
        for index, frame in enumerate(container.decode(video=0)):
            luma = frame.to_ndarray()[:480]
            numbers.append(frame_number(luma))
            assert frame.pts * frame.time_base == Fraction(index, FPS)
            small = luma[::8, ::8].astype(int)
            if (
                before is not None and np.abs(small - before).mean() > 25
            ):  # the lighthouse's flashes change 14 on average, the cuts at least 38
                jumps.append(index / FPS)
            before = small
    assert numbers == list(range(FRAMES))
    assert jumps == list(sample_truth().cuts)


def test_the_strip_survives_scaling_and_refuses_other_pictures() -> None:
    with av.open(str(sample_path())) as container:
        frame = next(itertools.islice(container.decode(video=0), 437, None))
    for width, height in ((854, 480), (640, 360), (426, 240), (1280, 720)):
        assert frame_number(frame.reformat(width, height, "rgb24").to_ndarray()) == 437
    with pytest.raises(ValueError, match="no strip"):
        frame_number(np.zeros((480, 854, 3), dtype=np.uint8))


def test_reordered_topics_keep_their_pauses_and_their_frames(speech: SpeechLibrary) -> None:
    order = (3, 0, 4, 2, 1)
    made = speech.get(".mp4", reordered, order)
    titles = [topic.title for topic in sample_truth().topics]
    assert [topic.title for topic in made.topics] == [titles[index] for index in order]
    assert made.duration == pytest.approx(sample_truth().duration)
    for before, after in itertools.pairwise(made.topics):
        assert 1.2 <= after.start - before.end <= 2.5
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    times = sorted({*made.cuts, *(random.Random(seed).randrange(FRAMES) / FPS for _ in range(10))})
    assert frames_at(made, times) == [made.sample_frame(time) for time in times]
    assert_speech_stands_where_the_truth_says(made)
    with av.open(str(made.path)) as container:
        assert sum(1 for packet in container.demux(video=0) if packet.size) == FRAMES


def test_part_of_a_topic(speech: SpeechLibrary) -> None:
    made = speech.get(".mp4", part, 40.0, 8.0)
    assert made.duration == 8.0
    assert frames_at(made, [0.0, 4.0]) == [1000, 1100]
    assert [topic.title for topic in made.topics] == ["Why lighthouses are striped"]
    assert_speech_stands_where_the_truth_says(made)


def test_looped_picture_and_sound_stay_together(speech: SpeechLibrary) -> None:
    made = speech.get(".mp4", looped, 400.0)
    assert len(made.topics) == 12
    times = [0.0, 179.0, 180.52, 181.0, 361.04, 380.0, 395.0]
    assert frames_at(made, times) == [made.sample_frame(time) for time in times]
    assert_speech_stands_where_the_truth_says(made)
    with av.open(str(made.path)) as container:
        assert container.duration / av.time_base == pytest.approx(400, abs=0.2)


@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".mkv", ".mov"])
def test_containers_with_a_picture(speech: SpeechLibrary, suffix: str) -> None:
    made = speech.get(suffix, part, 30.0, 12.0)
    assert frames_at(made, [0.0, 6.44, 11.0]) == [750, 911, 1025]
    assert_speech_stands_where_the_truth_says(made)


@pytest.mark.parametrize("suffix", [".mp3", ".m4a", ".flac", ".wav", ".ogg"])
def test_sound_alone(speech: SpeechLibrary, suffix: str) -> None:
    made = speech.get(suffix, converted, seconds=20.0)
    with av.open(str(made.path)) as container:
        assert not container.streams.video
    assert_speech_stands_where_the_truth_says(made)


@pytest.mark.parametrize(("channels", "rate"), [(1, 8_000), (2, 44_100), (6, 48_000), (2, 16_000)])
def test_channels_and_sample_rates(speech: SpeechLibrary, channels: int, rate: int) -> None:
    made = speech.get(".mp4", converted, seconds=10.0, channels=channels, sample_rate=rate)
    with av.open(str(made.path)) as container:
        stream = container.streams.audio[0]
        assert (stream.channels, stream.rate) == (channels, rate)
    assert_speech_stands_where_the_truth_says(made, factor=0.6)


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_rotation_is_upright_once_the_matrix_is_applied(speech: SpeechLibrary, rotation: int) -> None:
    made = speech.get(".mp4", converted, seconds=2.0, rotation=rotation)
    with av.open(str(made.path)) as container:
        frame = next(itertools.islice(container.decode(video=0), 30, None))
    stored = frame.to_ndarray(format="rgb24")
    assert frame.rotation % 360 == rotation
    assert stored.shape[:2] == ((480, 854) if rotation == 180 else (854, 480))
    assert frame_number(np.rot90(stored, frame.rotation // 90)) == 30


def test_no_audio_and_silence(speech: SpeechLibrary) -> None:
    mute, quiet = speech.get(".mp4", without_audio, 4.0), speech.get(".mp4", silent, 4.0)
    with av.open(str(mute.path)) as container:
        assert not container.streams.audio
    assert loudness(quiet).max() < 1e-4
    assert mute.lines == quiet.lines == ()


def test_topic_pieces_cover_the_sample() -> None:
    pieces = topic_pieces()
    assert sum(piece.frames for piece in pieces) == FRAMES
    assert pieces[0].first == 0
