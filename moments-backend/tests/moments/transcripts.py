"""Hypothesis strategies for transcripts: in order, with pauses, sometimes touching, sometimes odd."""

from __future__ import annotations

from hypothesis import strategies as st

from videomoments.inference.transcript import Word

_SPOKEN = st.sampled_from(
    ["so", "we", "moments", "Dr.", "right?", "end.", "yes!", "well...", "e.g.", "naïve", "猫です。", "和", "3.5", "J."]
)


@st.composite
def words(draw: st.DrawFn, min_size: int = 0, max_size: int = 60) -> list[Word]:
    """Words on whole milliseconds, each after the one before; a zero length happens."""
    result: list[Word] = []
    time = draw(st.integers(0, 5000))
    for text in draw(st.lists(_SPOKEN, min_size=min_size, max_size=max_size)):
        length = draw(st.sampled_from([0, 60, 150, 300, 300, 500, 900, 4000]))
        result.append(Word(time / 1000, (time + length) / 1000, text))
        time += length + draw(st.sampled_from([0, 0, 0, 50, 120, 400, 799, 800, 1500, 9000]))
    return result
