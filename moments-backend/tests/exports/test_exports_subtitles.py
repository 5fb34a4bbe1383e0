"""SRT and VTT, opened by a library that did not write them."""

from __future__ import annotations

import html
import random

import pysubs2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_machine import examples
from recordings import TALK, recording, said

from videomoments.core.times import Interval
from videomoments.exports import srt, vtt
from videomoments.exports.cues import INAUDIBLE, LINE_CHARACTERS, MAX_SECONDS, build_cues
from videomoments.exports.recording import ExportedMoment
from videomoments.inference.recognition_details import RecognitionDetails
from videomoments.inference.transcript import Segment, Word

WORDS = ["a", "bread", "it's", "Nobody", "knows.", "why?", "and,", "extraordinarily", "<b>", "&amp;", "-->", "{\\an8}", "été", "日本"]


@st.composite
def speech(draw: st.DrawFn) -> tuple[Word, ...]:
    chance = random.Random(draw(st.integers(0, 2**32)))
    at, words = chance.uniform(0, 5), []
    for _ in range(draw(st.integers(0, 120))):
        length = chance.uniform(0.05, 1.2)
        words.append(Word(at, at + length, chance.choice(WORDS)))
        at += length + chance.choice([0, 0, 0, 0.1, 0.5, 3.0, -0.04])
    return tuple(words)


def opened(text: str, kind: str) -> list[tuple[int, int, str]]:
    return [(event.start, event.end, event.plaintext) for event in pysubs2.SSAFile.from_string(text, format_=kind)]


@settings(max_examples=examples(60), deadline=None)
@given(speech())
def test_a_parser_library_reads_what_was_said(words: tuple[Word, ...]) -> None:
    source = recording(words=words, segments=(), duration=max([word.end for word in words], default=1.0))
    cues = build_cues(source)
    expected = [(round(cue.start * 1000), round(cue.end * 1000)) for cue in cues]
    for kind, text in (("srt", srt.write(source)), ("vtt", vtt.write(source))):
        found = opened(text, kind) if cues else []
        assert [(start, end) for start, end, _ in found] == expected
    assert "".join("".join(cue.text.split()) for cue in cues) == "".join(word.text for word in words)


def test_f85_speech_that_was_not_understood_is_marked() -> None:
    words = (*said("Bread is old.", start=1.0), *said("And slow.", start=20.0))
    lost = RecognitionDetails(not_understood=(Interval(5.0, 9.0), Interval(19.5, 24.0), Interval(30.0, 30.4)))
    talk = recording(words=words, segments=(), duration=40.0, hearing=lost)
    assert [(cue.start, cue.end, cue.text) for cue in build_cues(talk)] == [
        (1.0, pytest.approx(2.15), "Bread is old."),
        (5.0, 9.0, INAUDIBLE),
        (20.0, 21.0, "And slow."),
        (21.0, 24.0, INAUDIBLE),
    ]
    assert opened(srt.write(talk), "srt")[1] == (5000, 9000, INAUDIBLE)
    clip = talk.of_clip(ExportedMoment("m", "Slow", 8.0, 22.0))
    assert [(cue.start, cue.end, cue.text) for cue in build_cues(clip)] == [
        (0.0, 1.0, INAUDIBLE),
        (12.0, 13.0, "And slow."),
        (13.0, 14.0, INAUDIBLE),
    ]
    nothing = recording(words=(), segments=(), hearing=RecognitionDetails(not_understood=(Interval(0.0, 3.0),)))
    assert [cue.text for cue in build_cues(nothing)] == [INAUDIBLE]


@settings(max_examples=examples(60), deadline=None)
@given(speech())
def test_cues_can_be_read(words: tuple[Word, ...]) -> None:
    cues = build_cues(recording(words=words, duration=max([word.end for word in words], default=1.0)))
    for cue, following in zip(cues, [*cues[1:], None], strict=True):
        assert 0 <= cue.start < cue.end
        assert following is None or cue.end <= following.start
        assert cue.end - cue.start <= MAX_SECONDS + 1.3  # one word may be longer than a cue
        assert len(cue.text.split("\n")) <= 2


def test_lines_are_short_and_even() -> None:
    cues = build_cues(recording())
    assert cues[0].text == "So this is a talk about bread."
    for cue in cues:
        lines = cue.text.split("\n")
        assert all(len(line) <= LINE_CHARACTERS for line in lines)
        assert len(lines) == 1 or abs(len(lines[0]) - len(lines[1])) <= 16
    assert " ".join(cue.text.replace("\n", " ") for cue in cues) == TALK


def test_the_files_themselves() -> None:
    source = recording(words=said("Salt & <pepper> -->"), duration=2.0)
    assert srt.write(source) == "1\n00:00:00,000 --> 00:00:01,550\nSalt & ‹pepper› --›\n"
    assert vtt.write(source) == "WEBVTT\n\n1\n00:00:00.000 --> 00:00:01.550\nSalt &amp; &lt;pepper&gt; --&gt;\n"
    assert html.unescape(vtt.write(source).splitlines()[-1]) == "Salt & <pepper> -->"


def test_hours() -> None:
    late = recording(words=said("Late.", start=3725.5), duration=4000.0)
    assert "01:02:05,500 --> 01:02:06,500" in srt.write(late)


def test_no_speech_is_an_empty_track() -> None:
    silent = recording(words=(), segments=())
    assert srt.write(silent) == ""
    assert opened(vtt.write(silent), "vtt") == []
    assert vtt.write(silent).startswith("WEBVTT")


def test_phrases_without_word_times_are_spread_over_their_time() -> None:
    phrases = (Segment(10.0, 20.0, TALK),)
    cues = build_cues(recording(words=(), segments=phrases))
    assert cues[0].start == 10.0
    assert cues[-1].end == pytest.approx(20.0, abs=0.01)
    assert len(cues) > 1


def test_kana_and_han_get_no_spaces() -> None:
    words = tuple(Word(n * 0.3, n * 0.3 + 0.3, text) for n, text in enumerate(["今日", "は", "東京", "へ", "行く。"]))
    assert build_cues(recording(words=words))[0].text == "今日は東京へ行く。"


def test_a_clips_captions_are_in_its_own_time() -> None:
    source = recording(words=said(TALK, start=100.0))
    moment = ExportedMoment("m", "x", 101.0, 105.0, clip=Interval(101.0, 105.1))
    own = source.of_clip(moment)
    cues = build_cues(own)
    assert own.duration == pytest.approx(4.1)
    assert cues[0].start == pytest.approx(0.2)  # "is" begins at 100.8: most of it lies before the clip
    assert cues[0].text.startswith("a talk about")
    assert cues[-1].end <= own.duration
    without_clip = source.of_clip(ExportedMoment("m", "x", 101.0, 105.0))
    assert without_clip.duration == pytest.approx(4.0)
