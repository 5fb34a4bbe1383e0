"""JSON, CSV and chapters, read by Python's own libraries."""

from __future__ import annotations

import csv
import io
import json
import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from pytest_machine import examples
from recordings import recording, recordings

from videomoments.exports import FORMATS, chapters, csv_table, json_document
from videomoments.exports.naming import clip_name, slug
from videomoments.exports.recording import ExportedMoment, Recording


def test_json_says_everything() -> None:
    found = json.loads(json_document.write(recording("29.97df", timecode="01:00:00;00")))
    assert found["video"]["frame_rate"] == "30000/1001"
    assert found["video"]["drop_frame"] is True
    assert [moment["identifier"] for moment in found["moments"]] == ["m1", "m2", "m3", "m4"]
    assert found["moments"][0]["start_timecode"] == "01:00:00;00"
    assert found["moments"][0]["engine"] == "extractive+signal"
    assert found["moments"][2]["review"] == "rejected"
    assert found["moments"][3]["engine"] is None
    assert found["transcript"]["engine"] == "whisper_base"
    assert found["transcript"]["words"][0] == {"word": "So", "start": 0.0, "end": 0.4 - 0.05, "confidence": None}


def test_json_of_sound_has_no_frame_rate() -> None:
    found = json.loads(json_document.write(recording("25", has_video=False)))
    assert found["video"]["frame_rate"] is None


def test_csv_is_read_back() -> None:
    odd = ExportedMoment("m9", '=HYPERLINK("http://x"),\n"quoted"', 1.0, 2.5, 0.5, "-1+1", "extractive")
    text = csv_table.write(recording("25", moments=(odd,)))
    assert text.startswith("\ufeff")
    (row,) = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    assert list(row) == list(csv_table.COLUMNS)
    assert row["title"] == "'" + odd.title  # never a formula
    assert row["reason"] == "'-1+1"
    assert (row["start_time"], row["end_time"], row["duration"]) == ("1.000", "2.500", "1.500")
    assert (row["start_timecode"], row["end_timecode"]) == ("00:00:01:00", "00:00:02:12")


@settings(max_examples=examples(100), deadline=None)
@given(recordings())
def test_chapters_keep_youtubes_rules(source: Recording) -> None:
    lines = chapters.write(source).splitlines()
    times = []
    for line in lines:
        found = re.fullmatch(r"(?:(\d+):)?(\d{1,2}):(\d{2}) (.+)", line)
        assert found is not None
        times.append(int(found[1] or 0) * 3600 + int(found[2]) * 60 + int(found[3]))
    assert times[0] == 0
    assert all(later - earlier >= chapters.SHORTEST_SECONDS for earlier, later in pairwise(times))
    assert times[-1] == 0 or source.duration - times[-1] >= chapters.SHORTEST_SECONDS


def test_chapters_in_words() -> None:
    assert chapters.write(recording()) == '0:00 Bread and Yeast\n1:10 Lighthouse & "Tower" ‹é›\n5:00 Made by me\n'
    late = ExportedMoment("m", "Late", 3700.0, 3750.0)
    assert chapters.write(recording(moments=(late,), duration=4000.0)) == "0:00:00 Start\n1:01:40 Late\n"


def test_of_two_close_moments_the_better_is_a_chapter() -> None:
    close = (ExportedMoment("a", "Weak", 100.0, 130.0, 0.2), ExportedMoment("b", "Strong", 104.0, 130.0, 0.9))
    assert chapters.write(recording(moments=close)) == "0:00 Start\n1:44 Strong\n"


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_writes_text_that_utf8_holds(name: str) -> None:
    assert FORMATS[name].write(recording()).encode()


def test_file_names() -> None:
    assert slug("Talk: on/bread? \u202e..") == "talk-on-bread"
    assert slug("???") == "video"
    assert len(slug("漢" * 300).encode()) <= 150
    assert clip_name(2, "Lighthouse & Tower") == "02-lighthouse-tower"
