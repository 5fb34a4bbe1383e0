"""A line that only fills is told from one that says something."""

from __future__ import annotations

import pytest

from videomoments.moments.skipping.cue_languages import cue_language
from videomoments.moments.skipping.filler_words import only_fills


@pytest.mark.parametrize(
    ("text", "language", "fills"),
    [
        ("Um, so, uh.", "en", True),
        ("Okay, yeah, all right.", "en", True),
        ("Where was I?", "en", True),
        ("[Applause]", "en", True),
        ("Okay so the keeper rowed out.", "en", False),
        ("Right turns are harder than left turns.", "en", False),
        ("Well designed systems fail late.", "en", False),
        ("Ähm, also.", "de", True),
        ("Also der Leuchtturm stand auf einem Riff.", "de", False),
        ("Eh, bueno.", "es", True),
        ("Euh, donc voilà.", "fr", True),
    ],
)
def test_a_line_that_only_fills(text: str, language: str, fills: bool) -> None:
    assert only_fills(text, cue_language(language)) is fills


def test_in_a_language_without_cues_only_named_sounds_fill() -> None:
    assert only_fills("[Music]", None)
    assert not only_fills("Um.", None)
