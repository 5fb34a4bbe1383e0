"""Lengths of MP3 and raw AAC by their frames' headers: the same as by reading every packet."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.audio.stream import AudioStream

from videomoments.core.errors import UnsupportedMedia
from videomoments.media.probing.frame_count import count_frames, rate_changes
from videomoments.media.probing.probe import probe
from videomoments.media.reading.opening import open_source
from videomoments.media.reading.packets import packets_of


def _nothing() -> None:
    pass


def _sung(target: Path, rate: int, options: dict[str, str] | None = None) -> Path:
    codec, muxer = {".mp3": ("libmp3lame", "mp3"), ".aac": ("aac", "adts")}[target.suffix]
    with av.open(str(target), "w", format=muxer) as out:
        stream = out.add_stream(codec, rate=rate, options=options or {})
        assert isinstance(stream, AudioStream)
        stream.codec_context.layout = "mono"
        chance = np.random.default_rng(1)
        for number in range(3 * rate // 1152):
            loud = 0.2 if number % 40 < 20 else 0.001
            frame = av.AudioFrame.from_ndarray(chance.normal(0, loud, (1, 1152)).astype(np.float32), format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = rate, number * 1152, Fraction(1, rate)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return target


def _packets(path: Path) -> tuple[int, int, str]:
    """How many packets FFmpeg reads, where the first one lies, and the decoder's name."""
    with open_source(path) as container:
        stream = container.streams.audio[0]
        places = [packet.pos for packet in packets_of(container, stream)]
        assert places[0] is not None
        return len(places), places[0], stream.codec_context.name


@pytest.mark.parametrize(
    ("name", "rate", "options"),
    [
        ("a.mp3", 44_100, {"b": "96k"}),
        ("variable.mp3", 48_000, {"global_quality": "400", "flags": "+qscale"}),
        ("half.mp3", 22_050, {}),
        ("quarter.mp3", 11_025, {}),
        ("a.aac", 48_000, {}),
        ("half.aac", 22_050, {}),
    ],
)
def test_headers_count_as_many_frames_as_packets_come(name: str, rate: int, options: dict[str, str], tmp_path: Path) -> None:
    path = _sung(tmp_path / name, rate, options)
    count, first, codec = _packets(path)
    assert count_frames(path, codec, first, _nothing) == count
    assert probe(path, _nothing).duration == pytest.approx(3, abs=0.15)
    with path.open("ab") as file:
        file.write(b"TAG" + bytes(125))
    assert count_frames(path, codec, first, _nothing) == count


@pytest.mark.parametrize("name", ["a.mp3", "a.aac"])
def test_junk_between_frames_is_left_to_the_parser(name: str, tmp_path: Path) -> None:
    path = _sung(tmp_path / name, 44_100)
    whole = probe(path, _nothing).duration
    _, first, codec = _packets(path)
    data = path.read_bytes()
    middle = data.index(data[first : first + 2], len(data) // 2)
    path.write_bytes(data[:middle] + b"junk" * 50 + data[middle:])
    assert count_frames(path, codec, first, _nothing) is None
    assert probe(path, _nothing).duration == pytest.approx(whole, abs=0.2)


@pytest.mark.parametrize("name", ["a.mp3", "a.aac"])
def test_f47_a_file_that_was_cut_off_is_as_long_as_what_is_there(name: str, tmp_path: Path) -> None:
    path = _sung(tmp_path / name, 44_100)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    assert probe(path, _nothing).duration == pytest.approx(1.5, abs=0.5)


@pytest.mark.parametrize("suffix", [".mp3", ".aac"])
def test_f82_a_change_of_rate_is_found_where_it_is_and_junk_is_none(suffix: str, tmp_path: Path) -> None:
    one, other = (_sung(tmp_path / f"{rate}{suffix}", rate).read_bytes() for rate in (44_100, 48_000))
    lone = other[other.index(b"\xff") :][:400]
    made = {
        "same": (one + one, []),
        "tagged": (one + b"TAG" + bytes(125) + other, [len(one) + 128 + other.index(b"\xff")]),
        "there and back": (one + other + one, [len(one) + other.index(b"\xff"), len(one + other) + one.index(b"\xff")]),
        "junk": (one + b"junk\xff\xfb" * 50 + one, []),
        "a lone header": (one + lone + one, []),
        "nothing": (b"", []),
        "short": (b"\xff", []),
    }
    for name, (data, places) in made.items():
        (tmp_path / "made").write_bytes(data)
        found = rate_changes(tmp_path / "made", suffix[1:], _nothing)
        assert [(at, data[at] == 0xFF) for at in found] == [(at, True) for at in places], name


@pytest.mark.parametrize("data", [b"\xff\xfb\x90\x00", b"\xff\xf1\x50\x80" + bytes(4), b"\xff" * 4096, bytes(range(256)) * 16])
@pytest.mark.parametrize("codec", ["mp3float", "aac", "flac"])
def test_nonsense_is_not_counted(data: bytes, codec: str, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(data)
    counts: Callable[[int], int | None] = lambda first: count_frames(path, codec, first, _nothing)  # noqa: E731
    assert [counts(first) for first in (0, 1, 4090, 10**6)] == [None] * 4
    with pytest.raises(UnsupportedMedia):
        probe(path, _nothing)
