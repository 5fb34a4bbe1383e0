"""What each format can hold: titles of any text read back by readers that are not ours, clocks over midnight, rates, file names."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from dataclasses import replace
from fractions import Fraction
from typing import Any
from xml.etree import ElementTree as Xml

import pysubs2
import pytest
from fcpxml.parser import FCPXMLParser
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pytest_machine import examples
from recordings import recording, said

from videomoments.core.text import checked_line, named, shortened, shows, unwanted
from videomoments.exports import FORMATS, Notes, Recording, chapters, csv_table, edl, fcpxml, json_document, otio, srt, vtt
from videomoments.exports.naming import PLATFORMS, clip_name, readable_name, slug
from videomoments.exports.rates import FrameRate, rate_of
from videomoments.exports.recording import ExportedMoment
from videomoments.exports.targets import JSON

OFTEN = settings(max_examples=examples(150), deadline=None)
CODE, LINES = "C++ std::vector<int> -> speed", "a\x1cb\u2028c\x85d\r\ne\tf"
# Letters, marks, joiners, signs of markup, controls, halves of pairs, what turns text around: everything, and the worst of it often.
TITLES = st.one_of(st.text(max_size=200), st.text("<>{}&\\\"'|;:*=+-@[]#NnhH \t\n\r\x00\x1b\u202e\ud800\ufffe\u200d\u0941é漢", max_size=60))


def made(title: str, **changes: Any) -> Recording:
    return recording("25", moments=(ExportedMoment("m", title, 20.0, 31.0, 0.5, title, "extractive"),), **changes)


def plain(text: str) -> str:
    """What the title is, where it may stand in a file at all: the test's own reckoning."""
    kept = (sign for sign in text if sign.isspace() or not unwanted(sign))
    return " ".join(unicodedata.normalize("NFC", "".join(kept)).split())


def otio_of(text: str, adapter: str, **options: Any) -> Any:
    library = pytest.importorskip("opentimelineio", reason="OpenTimelineIO has no wheel for this Python")
    return library.adapters.read_from_string(text, adapter, **options)


def clips(timeline: Any) -> list[Any]:
    return [clip for track in timeline.tracks if track.kind == "Video" for clip in track.find_clips()]


@OFTEN
@given(TITLES)
@example(CODE)
@example("\n'")
@example("\r=1+1")
def test_f95_any_title_is_read_back_from_every_format(title: str) -> None:
    source, name = made(title), plain(title) or "Moment"
    row = next(iter(csv.DictReader(io.StringIO(csv_table.write(source).removeprefix("\ufeff"), newline=""))))
    assert " ".join(row["title"].split()) in (plain(title), "'" + plain(title))
    whole = title.replace("\ud800", "\ufffd")
    assert json.loads(json_document.write(source))["moments"][0]["title"] == whole
    assert clips(otio_of(otio.write(source), "otio_json"))[0].name == name
    lines = chapters.write(source).splitlines()
    assert len(lines) == 2
    assert not set("<>") & set("".join(lines))
    assert lines[1].removeprefix("0:20 ").translate({0x2039: "<", 0x203A: ">"}) == (name.translate({0x2039: "<", 0x203A: ">"}))
    text = fcpxml.write(source)
    (clip,) = Xml.fromstring(text).iter("asset-clip")
    assert clip.attrib["name"] == name
    (timeline,) = FCPXMLParser().parse_string(text).timelines
    assert [clip.name for clip in timeline.clips] == [name]
    cut = clips(otio_of(edl.write(source), "cmx_3600", rate=25))
    assert len(cut) == 1
    assert cut[0].source_range.duration.value == 275
    assert f"* LOC: 01:00:00:00 GREEN   {name}\n" in edl.write(source)
    for form in FORMATS.values():
        assert form.write(source).encode()


@OFTEN
@given(st.lists(TITLES, min_size=1, max_size=6))
@example(["C:\\Nested", "a\\hb", "\\", "N"])
@example(["1", "00:00:01,000", "-->"])
def test_f95_any_words_are_read_back_from_subtitles(words: list[str]) -> None:
    spoken = " ".join(words)
    source = recording(words=said(spoken), segments=(), duration=600.0)
    expected = plain(spoken)
    shown = " ".join(event.plaintext.replace("\n", " ") for event in pysubs2.SSAFile.from_string(srt.write(source), format_="srt"))
    back = str.maketrans({"‹": "<", "›": ">", "⧵": "\\", "(": "{", ")": "}"})
    assert "".join(shown.translate(back).split()) == "".join(expected.translate(back).split())
    cues = re.split(r"\n\n(?=\d+\n)", vtt.write(source).strip())[1:]
    text = " ".join(" ".join(cue.split("\n")[2:]) for cue in cues)
    assert "".join(text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").split()) == "".join(expected.split())


def test_f95_what_is_replaced_is_said() -> None:
    notes = Notes()
    assert chapters.write(made(CODE), notes).splitlines()[1] == "0:20 C++ std::vector‹int› -› speed"
    assert list(notes) == [
        "YouTube shows chapters from 3 on.",
        "Signs that the format can't hold are replaced: “<” by “‹”, “>” by “›”.",
    ]
    notes = Notes()
    assert Xml.fromstring(fcpxml.write(made("a\x07b\u202ec"), notes)).find(".//asset-clip").attrib["name"] == "abc"  # type: ignore[union-attr]
    assert list(notes) == ["Signs that the format can't hold are left out: U+0007 (control character), U+202E (right-to-left override)."]
    notes = Notes()
    json_document.write(made("half \ud800"), notes)
    assert list(notes) == ["Signs that the format can't hold are replaced: U+D800 (half of a character) by “\ufffd”."]
    notes = Notes()
    for form in FORMATS.values():
        if form.name != "chapters":
            form.write(made("Nothing odd: नमस्ते 👩\u200d🔬"), notes)
    assert list(notes) == []


def test_f95_a_text_that_the_format_holds_as_it_is_is_not_read_sign_by_sign() -> None:
    notes, long = Notes(), " ".join(["नमस्ते", "\x07", "👩\u200d🔬"] * 1000)
    assert JSON.text(long, notes) is long
    assert JSON.text(long + "\udc00", notes) == long + "\ufffd"
    assert len(list(notes)) == 1


def test_f95_a_description_has_room_for_five_thousand_bytes() -> None:
    many = tuple(ExportedMoment(str(n), f"{n} " + "漢字" * 60, n * 20.0, n * 20.0 + 10, n / 200) for n in range(150))
    notes = Notes()
    text = chapters.write(recording(moments=many, duration=4000.0), notes)
    assert 4000 < len(text.encode()) <= 5000
    assert any("5000 bytes" in note for note in notes)
    assert "Texts of more than 20 characters are cut." in list(notes)
    assert " 149 " in text  # the best stay
    few = tuple(ExportedMoment(str(n), f"{n} " + "a" * 290, n * 20.0, n * 20.0 + 10) for n in range(30))
    assert len(chapters.write(recording(moments=few, duration=4000.0)).splitlines()) == 30


def test_f95_a_description_of_many_moments_is_not_written_for_each_that_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    many = tuple(ExportedMoment(str(n), f"{n} " + "word " * 8, n * 20.0, n * 20.0 + 10, n * 7919 % 2000 / 2000) for n in range(2000))
    source, tries, written = recording(moments=many, duration=41_000.0), [0], chapters._written

    def counted(*arguments: Any) -> str:
        tries[0] += 1
        return written(*arguments)

    monkeypatch.setattr(chapters, "_written", counted)
    lines = chapters.write(source).splitlines()
    assert tries[0] < 50
    kept = {line.split()[1] for line in lines[1:]}
    assert len(kept) > 100
    ranked = sorted(many, key=lambda moment: moment.score or 0.0, reverse=True)
    assert kept == {moment.title.split()[0] for moment in ranked[: len(kept)]}
    more = sorted(ranked[: len(kept) + 1], key=lambda moment: moment.start)
    assert len(written(more, Notes(), 20).encode()) > 5000


@pytest.mark.parametrize(
    ("rate", "start"), [("25", "23:59:50:00"), ("29.97df", "23:59:50;00"), ("47.952", "23:59:50:00"), ("60", "23:59:59:59")]
)
def test_f95_an_edl_over_midnight_has_no_event_that_ends_before_it_begins(rate: str, start: str) -> None:
    source = recording(rate, timecode=start)
    notes = Notes()
    text = edl.write(source, notes)
    pairs = [(source.rate.frame_of(a), source.rate.frame_of(b)) for a, b in re.findall(r" C +(\S+) (\S+) \d\d:\S+ \d\d:\S+\n", text)]
    assert pairs == [(source.frames(moment).first, source.frames(moment).end) for moment in source.not_rejected]
    assert f"SOURCE TIMECODE {start} PASSES MIDNIGHT" in text
    assert any("passes midnight" in note for note in notes)
    found = clips(otio_of(text, "cmx_3600", rate=float(source.rate.rate)))
    assert [clip.source_range.duration.value for clip in found] == [source.frames(moment).count for moment in source.not_rejected]


def test_f95_a_day_that_is_not_crossed_keeps_its_timecode() -> None:
    ends_at_midnight = recording(
        "25", timecode="23:59:50:00", moments=(ExportedMoment("m", "x", 1.0, 10.0), ExportedMoment("n", "y", 12.0, 20.0))
    )
    assert "PASSES MIDNIGHT" in edl.write(ends_at_midnight)  # an end at 00:00:00:00 is before any start
    beside = recording("25", timecode="23:59:50:00", moments=(ExportedMoment("m", "x", 1.0, 9.0), ExportedMoment("n", "y", 12.0, 20.0)))
    assert "23:59:51:00 23:59:59:00" in edl.write(beside)
    assert "00:00:02:00 00:00:10:00" in edl.write(beside)
    assert "MIDNIGHT" not in edl.write(recording("25", timecode="23:49:00:00"))


@pytest.mark.parametrize(
    ("fps", "rate", "in_edl"),
    [
        (47.952, Fraction(48000, 1001), Fraction(48000, 1001)),
        (48.0, Fraction(48), Fraction(48)),
        (90.0, Fraction(90), Fraction(30)),
        (95.904, Fraction(96000, 1001), Fraction(48000, 1001)),
        (96.0, Fraction(96), Fraction(48)),
        (100.0, Fraction(100), Fraction(50)),
        (119.88, Fraction(120000, 1001), Fraction(60000, 1001)),
        (120.0, Fraction(120), Fraction(60)),
    ],
)
def test_f95_a_high_rate_keeps_its_frames(fps: float, rate: Fraction, in_edl: Fraction) -> None:
    found = rate_of(fps)
    assert found == FrameRate(rate)
    source = recording("25", moments=(ExportedMoment("m", "x", 1 / 3, 2.5),))
    source = replace(source, rate=found, measured_rate=fps, start_timecode="01:00:00:10")
    frames = source.frames(source.moments[0])
    (clip,) = clips(otio_of(otio.write(source), "otio_json"))
    assert (clip.source_range.start_time.value, clip.source_range.duration.value) == (source.first_frame + frames.first, frames.count)
    assert clip.source_range.start_time.rate == pytest.approx(float(rate))
    root = Xml.fromstring(fcpxml.write(source))
    assert Fraction(root.find("resources/format").attrib["frameDuration"].removesuffix("s")) == 1 / rate  # type: ignore[union-attr]
    asset = root.find(".//asset-clip")
    assert asset is not None
    assert Fraction(asset.attrib["start"].removesuffix("s")) * rate == source.first_frame + frames.first
    notes = Notes()
    (cut,) = clips(otio_of(edl.write(source, notes), "cmx_3600", rate=float(in_edl)))
    exact = (source.first_frame + frames.first) / rate
    assert abs(Fraction(cut.source_range.start_time.value) / in_edl - exact) <= 1 / in_edl
    assert abs(Fraction(cut.source_range.duration.value) / in_edl - frames.count / rate) <= 1 / in_edl
    assert any("can't count" in note for note in notes) == (rate != in_edl)


def test_a_divided_rate_subtracts_the_first_picture_once() -> None:
    source = recording("25", timecode="01:00:00:00", moments=(ExportedMoment("m", "x", 4.0, 5.0),))
    for rate in (Fraction(60), Fraction(120)):  # an EDL counts the first as it is, and every second frame of the other
        text = edl.write(replace(source, rate=FrameRate(rate), first_picture=2.0))
        assert " C        01:00:02:00 01:00:03:00 " in text


def test_f95_a_rate_that_no_editor_has_is_said() -> None:
    odd = replace(recording("60"), measured_rate=144.0, start_timecode="00:00:00:70")
    for name in ("edl", "fcpxml", "otio", "csv", "json"):
        notes = Notes()
        FORMATS[name].write(odd, notes)
        assert "The source's 144 pictures a second are counted as 60, boundaries to the nearest." in list(notes)
        assert any("00:00:00:70 is none at 60" in note for note in notes)
    notes = Notes()
    otio.write(replace(recording("29.97"), measured_rate=29.98), notes)
    assert list(notes) == []


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("हिन्दी में बातचीत", "हिन्दी-में-बातचीत"),
        ("การทำขนมปัง", "การทำขนมปัง"),
        ("தமிழ் மொழி", "தமிழ்-மொழி"),
        ("İSTANBUL'da IŞIK", "istanbul-da-işik"),
        ("ISTANBUL Çiğ köfte", "istanbul-çiğ-köfte"),
        ("نیم\u200cفاصله", "نیم\u200cفاصله"),
        ("Cafe\u0301 Ⅳ", "café-ⅳ"),
        ("ＦＵＬＬ　ｗｉｄｔｈ", "full-width"),
        ("မြန်မာ ខ្មែរ ລາວ", "မြန်မာ-ខ្មែរ-ລາວ"),
        ("שָׁלוֹם עולם", "שָׁלוֹם-עולם"),
        ("1️⃣ First", "1-first"),
        ("CON", "con-video"),
        ("com¹", "com¹-video"),
        ("-_- \u0301", "video"),
    ],
)
def test_f95_file_names_keep_letters_with_their_marks(title: str, name: str) -> None:
    assert slug(title) == unicodedata.normalize("NFC", name)


@OFTEN
@given(TITLES)
@example("NUL.txt")
@example("ก" + "\u0e49" * 200)
@example("a" * 300)
def test_f95_every_platform_keeps_every_file_name(title: str) -> None:
    for name in (slug(title) + ".chapters.txt", clip_name(7, title) + ".mp4", readable_name(title, fallback="clip") + ".mp4"):
        assert shows(name)
        assert name == unicodedata.normalize("NFC", name)
        for platform in PLATFORMS.values():
            assert not set(platform.signs) & set(name)
            assert name.partition(".")[0].strip().lower() not in platform.names
            assert name[-1] not in platform.last
            assert len(name.encode()) <= platform.bytes
        assert not any(unwanted(sign) for sign in name)


@given(st.text(st.sampled_from("कषिी्\u200dàe\u0301👩🔬🏽🇩🇪x "), max_size=40), st.integers(1, 30))
def test_f95_what_is_cut_ends_between_letters(text: str, limit: int) -> None:
    cut = shortened(text, limit)
    assert text.startswith(cut)
    assert len(cut) <= limit
    if 0 < len(cut) < len(text) and any(unicodedata.category(sign)[0] != "M" for sign in text[1 : len(cut) + 1]):
        assert unicodedata.category(text[len(cut)])[0] != "M" or len(cut) == min(limit, len(text))


@pytest.mark.parametrize("blank", ["", "   ", "\u200b", "\u3164", "\u2800\u115f", "\u0301", "\ufe0f\u200d", "\u00a0\u2003", "\ufeff"])
def test_f95_a_title_of_nothing_to_see_is_none(blank: str) -> None:
    with pytest.raises(ValueError, match="nothing to read"):
        checked_line(blank)


@pytest.mark.parametrize("sign", ["\u202e", "\u2066", "\x00", "\x1b", "\ud800", "\ufffe", "\U0001ffff", "\u0085x\x07"])
def test_f95_a_typed_sign_that_can_not_be_kept_is_named(sign: str) -> None:
    with pytest.raises(ValueError, match=re.escape(named(sign[-1]))):
        checked_line(f"a{sign}b")


def test_f95_typed_text_is_one_form() -> None:
    assert checked_line("  Cafe\u0301\t\n au\u2028lait \ufeff") == "Café au lait"
    assert checked_line("🏴\U000e0067\U000e0062\U000e007f שלום\u200f!") == "🏴\U000e0067\U000e0062\U000e007f שלום\u200f!"
