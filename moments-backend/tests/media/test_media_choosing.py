"""Which of several sounds and pictures is used, and that everything uses the same (F91)."""

from __future__ import annotations

import wave
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
from av.audio.stream import AudioStream as AvAudio
from av.stream import Disposition
from av.video.stream import VideoStream as AvVideo

from media.makers import picture
from videomoments.core.errors import UnsupportedMedia
from videomoments.core.names import ClipKind
from videomoments.core.times import Interval
from videomoments.demo import sample_path
from videomoments.media.engine import MediaEngine
from videomoments.media.probing.probe import probe
from videomoments.media.sound.hearing import sounds_like_speech
from videomoments.media.types import ClipRequest, MediaInfo

RATE = 48_000
SECONDS = 8
Samples = npt.NDArray[np.float32]


def _speech() -> Samples:
    """The first seconds of the sample, of one speaker."""
    with av.open(str(sample_path())) as container:
        resampler = av.AudioResampler("fltp", "mono", RATE)
        held = []
        for frame in container.decode(container.streams.audio[0]):
            frame.pts = None
            held += [made.to_ndarray()[0] for made in resampler.resample(frame)]
            if sum(map(len, held)) >= SECONDS * RATE:
                break
    return np.concatenate(held)[: SECONDS * RATE].astype(np.float32)


def _tone(hertz: float = 300.0, level: float = 0.2) -> Samples:
    return (level * np.sin(2 * np.pi * hertz * np.arange(SECONDS * RATE) / RATE)).astype(np.float32)


def _noise(level: float) -> Samples:
    return (level * np.random.default_rng(3).standard_normal(SECONDS * RATE)).astype(np.float32)


def _beeps() -> Samples:
    """Messages of a desktop: a beep now and then, else digital silence."""
    made = _tone(880.0, 0.5)
    made[np.arange(len(made)) % (3 * RATE) > RATE // 5] = 0
    return made


def _band() -> Samples:
    """Chords, a bass drum and a hi-hat: it swings, but not in syllables."""
    at = np.arange(SECONDS * RATE) / RATE
    beat, half = at % 0.25, at % 0.5
    made = sum(0.08 / part * np.sin(2 * np.pi * note * part * half) * np.exp(-2 * half) for note in (262, 330, 392) for part in range(1, 6))
    made = made + 0.5 * np.sin(2 * np.pi * 60 * (at % 1)) * np.exp(-15 * (at % 1)) + _noise(0.15) * np.exp(-40 * beat)
    return np.asarray(made, np.float32)


SILENCE: Samples = np.zeros(SECONDS * RATE, np.float32)


def recorded(
    target: Path, sounds: Sequence[Samples], *, pictures: int = SECONDS * 10, defaults: Sequence[int] = (0,), covers: int = 0
) -> Path:
    """A recording with these sounds as AAC tracks, `pictures` of H.264 and `covers` plain one-picture tracks before them."""
    with av.open(str(target), "w") as out:
        films = [out.add_stream("mjpeg", rate=10) for _ in range(covers)] + ([out.add_stream("libx264", rate=10)] if pictures else [])
        tracks = [out.add_stream("aac", rate=RATE) for _ in sounds]
        for stream in films:
            assert isinstance(stream, AvVideo)
            stream.width, stream.height, stream.pix_fmt = 160, 96, "yuvj420p" if stream.codec_context.name == "mjpeg" else "yuv420p"
        for number, track in enumerate(tracks):
            track.disposition = Disposition.default if number in defaults else Disposition(0)
        packets = [packet for number, film in enumerate(films) for packet in _film(film, 1 if number < covers else pictures)]
        for track, sound in zip(tracks, sounds, strict=True):
            packets += _encoded(track, sound)
        for packet in sorted(packets, key=lambda packet: (packet.dts or 0) * packet.time_base):
            out.mux(packet)
    return target


def _film(stream: AvVideo, count: int) -> list[av.Packet]:
    packets = []
    for number in range(count):
        frame = av.VideoFrame.from_ndarray(picture(number, number // 30, 160, 96), format="rgb24").reformat(format=stream.pix_fmt)
        frame.pts, frame.time_base = number, Fraction(1, 10)
        packets += stream.encode(frame)
    return packets + stream.encode(None)


def _encoded(track: AvAudio, sound: Samples) -> list[av.Packet]:
    track.codec_context.layout = "mono"
    packets = []
    for first in range(0, len(sound), 1024):
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound[None, first : first + 1024]), format="fltp", layout="mono")
        frame.sample_rate, frame.pts = RATE, first
        packets += track.encode(frame)
    return packets + track.encode(None)


@pytest.fixture(scope="module")
def speech() -> Samples:
    return _speech()


async def probed(path: Path, track: int | None = None) -> MediaInfo:
    """In this process: a child for each would cost more than all the rest."""
    return probe(path, lambda: None, track)


async def heard(path: Path, info: MediaInfo, folder: Path) -> Samples:
    """What the recogniser gets, from -1 to 1."""
    await MediaEngine().extract_audio(path, folder / "heard.wav", info)
    with wave.open(str(folder / "heard.wav")) as reader:
        return np.frombuffer(reader.readframes(reader.getnframes()), np.int16).astype(np.float32) / 32768


def test_f91_speech_is_told_from_what_is_none(speech: Samples) -> None:
    def pieces(sound: Samples) -> list[bool]:
        low = (sound[::6] * 32767).clip(-32768, 32767).astype(np.int16)
        return [sounds_like_speech(low[first : first + 16_000]) for first in range(0, len(low), 16_000)]

    assert all(pieces(speech))
    assert all(pieces(speech * 0.03)), "a quiet voice"
    assert sum(pieces(speech + _noise(0.01))) >= 3, "in a room that hisses"
    for other in (SILENCE, _tone(), _noise(0.1), _noise(0.0005), _beeps(), _band()):
        assert not any(pieces(other))


@pytest.mark.parametrize(
    ("first", "why"),
    [
        ("silence", "track 1, the default, is silent"),
        ("hiss", "hardly any speech is heard on track 1, the default"),
        ("tone", "hardly any speech is heard on track 1, the default"),
        ("desktop", "hardly any speech is heard on track 1, the default"),
        ("band", "hardly any speech is heard on track 1, the default"),
    ],
)
@pytest.mark.parametrize("defaults", [(0,), (0, 1)])
async def test_f91_the_track_with_speech_is_used(first: str, why: str, defaults: tuple[int, ...], speech: Samples, tmp_path: Path) -> None:
    sounds = {"silence": SILENCE, "hiss": _noise(0.0008), "tone": _tone(), "desktop": _beeps(), "band": _band()}
    source = recorded(tmp_path / "obs.mp4", [sounds[first], speech], defaults=defaults)
    info = await probed(source)
    assert info.audio_number == 2
    assert info.audio is not None
    assert info.audio.index == info.audio_tracks[1].index
    default = "the default" in info.audio_reason
    assert info.audio_reason == f"speech is heard on it; {why}" if default else "it is the file's default"
    assert [track.sound for track in info.audio_tracks] == ["silent" if first == "silence" else "other", "speech"]
    assert info.remarks == (f"audio track 2 of 2 is used: {info.audio_reason}",)
    assert float(np.abs(await heard(source, info, tmp_path)).max()) > 0.1
    assert MediaInfo.from_dict(info.to_dict()) == info


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov", ".ts"])
async def test_f91_clips_waveform_and_transcript_share_the_track(suffix: str, speech: Samples, tmp_path: Path) -> None:
    """The wrong track is a tone: wherever it came through, it would be heard."""
    source = recorded(tmp_path / f"obs{suffix}", [SILENCE, _tone(), speech])
    info = await MediaEngine().probe(source)
    assert info.audio_number == 3
    right = await heard(source, info, tmp_path)
    for way in ("exact", "copy", "encode"):
        asked = ClipRequest("c", Interval(1.0, 5.0), tmp_path / f"{way}.mp4", ClipKind.DELIVERED, way=way)  # type: ignore[arg-type]
        given = ClipRequest("i", Interval(1.0, 5.0), tmp_path / f"{way} input.mp4", ClipKind.INPUT)
        async for clip in MediaEngine().cut(source, [asked, given], info):
            cut = await heard(clip.path, await probed(clip.path), tmp_path)
            there = right[round(clip.start * 16_000) :]
            assert np.corrcoef(_loudness(cut)[:300], _loudness(there)[:300])[0, 1] > 0.9, clip.key


def _loudness(sound: Samples) -> Samples:
    """Per 10 ms: the tone's is the same everywhere."""
    whole = sound[: len(sound) // 160 * 160].reshape(-1, 160)
    return np.asarray(np.abs(whole).max(axis=1), np.float32)


async def test_f91_the_default_stays_where_it_has_speech_or_none_has(speech: Samples, tmp_path: Path) -> None:
    both = await probed(recorded(tmp_path / "two.mkv", [speech * 0.5, speech], defaults=(1,)))
    assert (both.audio_number, both.audio_reason) == (2, "it is the file's default")
    none = await probed(recorded(tmp_path / "none.mkv", [_tone(), _noise(0.1)], defaults=(0,)))
    assert (none.audio_number, none.audio_reason) == (1, "it is the file's default")
    music = await probed(recorded(tmp_path / "music.mkv", [SILENCE, _tone()], defaults=(0,)))
    assert (music.audio_number, music.audio_reason) == (2, "track 1, the default, is silent")
    silent = await probed(recorded(tmp_path / "silent.mkv", [SILENCE, SILENCE], defaults=(0,)))
    assert (silent.audio_number, silent.audio_reason) == (1, "it is the file's default; all are silent")


async def test_f91_a_track_that_can_not_be_decoded_is_passed_over(speech: Samples, tmp_path: Path) -> None:
    source = recorded(tmp_path / "two.mp4", [speech, speech])
    source.write_bytes(source.read_bytes().replace(b"mp4a", b"xyzw", 1).replace(b"esds", b"xsds", 1))
    info = await probed(source)
    assert (info.audio_number, info.has_audio) == (2, True)
    assert [track.sound for track in info.audio_tracks] == ["undecodable", "speech"]
    assert "can't be decoded" in info.audio_reason


async def test_f91_the_track_that_is_asked_for_is_used(speech: Samples, tmp_path: Path) -> None:
    source = recorded(tmp_path / "obs.mp4", [_tone(), speech])
    info = await probed(source, 1)
    assert (info.audio_number, info.audio_reason) == (1, "it was asked for")
    with pytest.raises(UnsupportedMedia) as caught:
        await probed(source, 3)
    assert caught.value.code == "no_such_audio_track"
    assert "2 audio tracks" in caught.value.message
    source.write_bytes(source.read_bytes().replace(b"mp4a", b"xyzw", 1).replace(b"esds", b"xsds", 1))
    with pytest.raises(UnsupportedMedia) as caught:
        await probed(source, 1)
    assert caught.value.code == "audio_track_undecodable"


async def test_f91_another_sound_keeps_the_timeline(speech: Samples, tmp_path: Path) -> None:
    """What was cut and said before keeps its times."""
    source = recorded(tmp_path / "talk.m4a", [speech, _tone()], pictures=0)
    before = await probed(source, 1)
    after = before.with_audio_of(await probed(source, 2))
    assert (after.audio_number, after.start_pts) == (2, before.start_pts)
    assert after.audio is not None
    assert after.audio.start == pytest.approx(0.0, abs=0.03)


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
@pytest.mark.parametrize("covers", [1, 2])
async def test_f91_a_track_of_one_picture_is_a_cover(suffix: str, covers: int, speech: Samples, tmp_path: Path) -> None:
    info = await probed(recorded(tmp_path / f"song{suffix}", [speech], pictures=0, covers=covers))
    assert info.video is None
    assert info.has_audio
    assert info.remarks == tuple(f"video track {number} is one picture: a cover" for number in range(1, covers + 1))
    film = await probed(recorded(tmp_path / f"film{suffix}", [speech], covers=covers))
    assert film.video is not None
    assert film.video.codec == "h264"
    assert len(film.left_out) == covers


async def test_f91_of_two_films_one_is_used_and_the_other_named(speech: Samples, tmp_path: Path) -> None:
    one = recorded(tmp_path / "one.mp4", [speech])
    with av.open(str(one)) as first, av.open(str(one)) as second, av.open(str(tmp_path / "two.mkv"), "w") as out:
        pairs = [(first, first.streams.video[0]), (second, second.streams.video[0])]
        targets = [out.add_stream_from_template(stream) for _, stream in pairs]
        sound = out.add_stream_from_template(first.streams.audio[0])
        for (container, stream), target in zip(pairs, targets, strict=True):
            for packet in container.demux([stream, *([first.streams.audio[0]] if container is first else [])]):
                if packet.dts is not None:
                    packet.stream = sound if packet.stream.type == "audio" else target
                    out.mux(packet)
    info = await probed(tmp_path / "two.mkv")
    assert info.has_video
    assert len(info.left_out) == 1
    assert info.left_out[0].endswith("is not used: another one is the default")
