"""Recordings to export: made by hand for the readable tests, by hypothesis for the others."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import strategies as st

from videomoments.exports.rates import NAMED_RATES, FrameRate, named_rate
from videomoments.exports.recording import ExportedMoment, Recording
from videomoments.inference.transcript import Segment, Word

# The rates of the issue, each with a start timecode as cameras write it.
RATES = {"23.976": "01:00:00:00", "25": "10:00:00:00", "29.97df": "00:58:59;28", "60": "00:00:00:00"}
TALK = "So this is a talk about bread. It has yeast in it, and flour, and water, and a little salt. Nobody knows why we knead it so long."


def said(text: str, *, start: float = 0.0, each: float = 0.4, gap: float = 0.05) -> tuple[Word, ...]:
    """`text` spoken evenly."""
    return tuple(Word(start + n * each, start + (n + 1) * each - gap, word) for n, word in enumerate(text.split()))


def recording(
    rate: str = "29.97df", *, timecode: str | None = None, moments: tuple[ExportedMoment, ...] | None = None, **changes: object
) -> Recording:
    """Ten minutes on bread, three moments, one of them rejected."""
    words = said(TALK)
    made = (
        ExportedMoment("m2", 'Lighthouse & "Tower" <é>', 70.2, 95.9, 0.7, "It stands\nalone", "extractive+signal"),
        ExportedMoment("m1", "Bread and Yeast", 0.0, 35.25, 0.59, "A topic of its own", "extractive+signal"),
        ExportedMoment("m3", "Rejected", 120.0, 130.0, 0.1, None, "extractive", review="rejected"),
        ExportedMoment("m4", "Made by me", 300.0, 315.0),
    )
    values: dict[str, object] = {
        "identifier": "v1",
        "title": "Talk on bread",
        "source": "talk on bread.mp4",
        "media_url": "file:///media/talk%20on%20bread.mp4",
        "duration": 600.0,
        "rate": named_rate(rate),
        "start_timecode": timecode,
        "width": 1920,
        "height": 1080,
        "language": "en",
        "transcript_engine": "whisper_base",
        "words": words,
        "segments": (Segment(0.0, 12.0, TALK),),
        "moments": made if moments is None else moments,
    }
    return Recording(**(values | changes))  # type: ignore[arg-type]


@st.composite
def recordings(draw: st.DrawFn) -> Recording:
    """Any number of moments anywhere in up to six hours, at one of the rates of the issue, overlapping ones included."""
    rate = draw(st.sampled_from(sorted(RATES)))
    duration = draw(st.floats(1.0, 6 * 3600, allow_nan=False))
    pairs = draw(st.lists(st.tuples(st.floats(0, duration), st.floats(0, duration)), max_size=12))
    moments = tuple(
        ExportedMoment(f"m{n}", f"Moment {n}", min(pair), max(pair) + 1e-3, 0.5, "because", "extractive") for n, pair in enumerate(pairs)
    )
    return recording(rate, timecode=draw(st.sampled_from([None, RATES[rate]])), moments=moments, duration=duration)


def frame_rates() -> st.SearchStrategy[FrameRate]:
    return st.sampled_from([FrameRate(*found) for found in NAMED_RATES.values()])


def near(time: float, frame: int, rate: Fraction) -> bool:
    """Whether the frame is the nearest one to the time, in exact arithmetic of the test's own."""
    return abs(Fraction(time) * rate - frame) <= Fraction(1, 2)
