"""The joined clock, and where it is seen to begin anew."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videomoments.media.clock import WRAP, Clock, Piece, Span, offsets, piece_at
from videomoments.media.probing.seams import PICTURES, SOUND, Seam, Stamped, find_seams
from videomoments.media.reading import view as views
from videomoments.media.reading.view import Bytes, View


def span(first: float, seconds: float) -> Span:
    return Span(Fraction(str(first)), Fraction(str(first)) + Fraction(str(seconds)))


@given(
    st.lists(st.tuples(st.integers(0, 90_000), st.integers(2, 60), st.floats(-0.05, 0.05), st.floats(-0.05, 0.05)), min_size=1, max_size=8)
)
def test_f82_nothing_is_covered_and_the_sound_keeps_its_place(parts: list[tuple[int, int, float, float]]) -> None:
    spans = [(span(start, seconds), span(round(start + early, 3), round(seconds + late, 3))) for start, seconds, early, late in parts]
    found = offsets(spans)
    before = [None, None]
    for (pictures, sound), (by, other) in zip(spans, found, strict=True):
        assert by == other
        for lane, each in enumerate((pictures, sound)):
            assert before[lane] is None or each.first + by >= before[lane] - Fraction(1, 10)
            before[lane] = each.end + by


def test_f82_turns_of_33_bits_are_counted_out() -> None:
    assert offsets([(span(10, 5), span(10, 5)), (span(3, 5), Span(WRAP + 3, WRAP + 8))]) == [(0, 0), (12, 12 - WRAP)]


def test_f82_a_stream_alone_goes_on_where_it_ended() -> None:
    assert offsets([(span(0, 20), span(0, 8)), (None, span(3608, 12))]) == [(0, 0), (0, -3600)]


def test_a_time_belongs_to_the_piece_that_began_last() -> None:
    pieces = [Piece(((0, 1),), float(at), float(at + 5), 0.0) for at in (0, 5, 10)]
    assert [piece_at(pieces, at) for at in (-1.0, 0.0, 4.99, 5.0, 30.0)] == [0, 0, 0, 1, 2]


def test_f82_a_joined_clock_goes_through_json() -> None:
    clock = Clock(pictures=(Piece(((0, 10),), 0.0, 1.0, 0.0), Piece(((0, 3), (10, 20)), 1.0, 2.0, 0.5)))
    assert Clock.from_dict(clock.to_dict()) == clock


def stream(*stretches: tuple[float, float, float, float]) -> list[Stamped]:
    """Packets of both streams in turn: (pictures' clock, sound's clock, seconds, sound's lag in the file)."""
    found: list[Stamped] = []
    waiting: list[tuple[float, Stamped]] = []
    told = 0.0
    for pictures, sound, seconds, lag in stretches:
        for number in range(round(seconds * 25)):
            at = number / 25
            waiting.append((told + at, Stamped(PICTURES, 0, pictures + at, 0.04, pictures + at)))
            waiting.append((told + at + lag, Stamped(SOUND, 0, sound + at, 0.04, sound + at)))
        told += seconds
    for place, (_, packet) in enumerate(sorted(waiting, key=lambda pair: pair[0])):
        found.append(Stamped(packet.lane, place * 188, packet.at, packet.lasts, packet.shown))
    return found


@pytest.mark.parametrize(
    ("later", "seams"),
    [
        ((10.0, 10.0), (1, 1)),
        ((3610.0, 3610.0), (1, 1)),
        ((0.0, 0.0), (1, 1)),
        ((40.0, 40.0), (0, 0)),
        ((45.0, 45.0), (0, 0)),  # a gap of five seconds stays one
        ((55.0, 55.0), (1, 1)),
        ((40.0, 3640.0), (0, 1)),
        ((3640.0, 40.0), (1, 0)),
        ((40.0, 39.0), (0, 0)),  # the sound overlaps itself by a second: what is covered is dropped
        ((39.5, 39.5), (1, 1)),
    ],
)
@pytest.mark.parametrize("lag", [0.0, 0.7])
def test_f82_what_is_a_seam(later: tuple[float, float], seams: tuple[int, int], lag: float) -> None:
    found = find_seams(stream((10.0, 10.0, 30.0, lag), (*later, 20.0, lag)))
    assert (sum(seam.pictures is not None for seam in found), sum(seam.sound is not None for seam in found)) == seams
    assert len(found) == max(seams)


def test_f82_a_stream_that_jumps_and_comes_back_has_two_seams() -> None:
    found = find_seams(stream((10.0, 10.0, 30.0, 0.1), (40.0, 900.0, 30.0, 0.1), (70.0, 70.0, 30.0, 0.1)))
    assert [(seam.pictures is None, seam.sound is None) for seam in found] == [(True, False)] * 2


def test_f82_many_short_pieces() -> None:
    found = find_seams(stream(*((0.0, 0.0, 6.0, 0.2),) * 50))
    assert len(found) == 49
    assert all(seam.pictures is not None and seam.sound is not None for seam in found)
    assert isinstance(found[0], Seam)


def test_sound_alone_may_be_silent_for_a_while() -> None:
    alone = [packet for packet in stream((0.0, 0.0, 10.0, 0.0), (40.0, 40.0, 10.0, 0.0)) if packet.lane == SOUND]
    assert find_seams(alone) == []
    far = [packet for packet in stream((0.0, 0.0, 10.0, 0.0), (4000.0, 4000.0, 10.0, 0.0)) if packet.lane == SOUND]
    assert len(find_seams(far)) == 1


def test_a_view_reads_its_ranges_as_one_file(tmp_path: Path) -> None:
    whole = bytes(range(256))
    (tmp_path / "a").write_bytes(whole)
    ranges = ((0, 3), (100, 110), (200, 256))
    wanted = b"".join(whole[first:end] for first, end in ranges)
    view = View(tmp_path / "a", ranges)
    read = b""
    while data := view.read(7):
        read += data
    assert read == wanted
    assert view.seek(-4, 2) == len(wanted) - 4
    assert view.read() == wanted[-4:]
    assert view.seek(3) == 3
    assert view.read(2) == whole[100:102]
    view.close()


def test_bytes_are_read_a_window_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "_WINDOW", 16)
    whole = bytes(range(250)) + b"marker" + bytes(range(50))
    (tmp_path / "a").write_bytes(whole)
    with Bytes(tmp_path / "a") as data:
        assert len(data) == len(whole)
        for start, end in ((0, 4), (14, 20), (3, 60), (240, 400), (400, 410)):
            assert data[start:end] == whole[start:end]
        assert data[255] == whole[255]
        assert data.find(b"marker") == 250
        assert data.find(b"marker", 251) == -1
        assert data.find(b"marker", 0, 253) == -1
        assert data.find(bytes([14, 15, 16, 17])) == 14
