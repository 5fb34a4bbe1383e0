"""EDL, FCPXML and OTIO, opened by readers that are not ours: every boundary to the frame."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any
from xml.etree import ElementTree as Xml

import pytest
from fcpxml.parser import FCPXMLParser
from hypothesis import given, settings
from pytest_machine import examples
from recordings import RATES, near, recording, recordings

from videomoments.exports import edl, fcpxml, otio
from videomoments.exports.recording import ExportedMoment, Recording

library = pytest.importorskip("opentimelineio", reason="OpenTimelineIO has no wheel for this Python")
OFTEN = settings(max_examples=examples(60), deadline=None)


def read(text: str, adapter: str, **options: Any) -> Any:
    return library.adapters.read_from_string(text, adapter, **options)


def clips(timeline: Any, kind: str) -> list[Any]:
    return [clip for track in timeline.tracks if track.kind == kind for clip in track.find_clips()]


def judge(found: list[tuple[Fraction, Fraction]], source: Recording) -> None:
    """`found` are the first frame and the number of frames of each cut, in the source's timecode."""
    assert len(found) == len(source.not_rejected)
    for (first, count), moment in zip(found, source.not_rejected, strict=True):
        assert first.denominator == count.denominator == 1
        assert count >= 1
        first -= source.first_frame
        last_frame = source.rate.frame(source.duration)
        assert near(moment.start, int(first), source.rate.rate) or first == last_frame - 1
        assert near(min(moment.end, source.duration), int(first + count), source.rate.rate) or count == 1


def ranges(found: list[Any], rate: Fraction) -> Iterator[tuple[Fraction, Fraction]]:
    for clip in found:
        assert clip.source_range.start_time.rate == pytest.approx(float(rate))
        yield Fraction(clip.source_range.start_time.value), Fraction(clip.source_range.duration.value)


@OFTEN
@given(recordings())
def test_otio_keeps_every_boundary(source: Recording) -> None:
    timeline = read(otio.write(source), "otio_json")
    for kind in ("Video", "Audio"):
        found = clips(timeline, kind)
        judge(list(ranges(found, source.rate.rate)), source)
        assert [clip.name for clip in found] == [moment.title for moment in source.not_rejected]


@OFTEN
@given(recordings())
def test_edl_keeps_every_boundary(source: Recording) -> None:
    if not source.not_rejected:
        return
    # Overlapping moments can fill more than the clock of the format has: what does not fit is left out, and nothing else.
    source = replace(source, moments=fitting(source))
    if not source.not_rejected:
        return
    timeline = read(edl.write(source), "cmx_3600", rate=float(source.rate.rate))
    total = sum(source.frames(moment).count for moment in source.not_rejected)
    assert [track.duration().value for track in timeline.tracks] == [total] * 3  # one behind the other, without a gap
    for kind in ("Video", "Audio"):
        found = clips(timeline, kind)
        if kind == "Audio":  # AA: two sound tracks
            assert found[: len(found) // 2] != []
            found = found[: len(found) // 2]
        judge(list(ranges(found, source.rate.rate)), source)


def fitting(source: Recording) -> tuple[ExportedMoment, ...]:
    """The first moments, in time order, that fit between one hour and one second before 24."""
    room, found = (23 * 3600 - 1) * source.rate.rate, []
    for moment in source.not_rejected:
        room -= source.frames(moment).count
        if room < source.rate.rate:  # what the dropped numbers of a day make of a second
            break
        found.append(moment)
    return tuple(found)


def test_edl_ends_before_its_clock_starts_again() -> None:
    moments = tuple(ExportedMoment(f"m{n}", f"Moment {n}", float(n), 13_000.0, 0.5, "because", "extractive") for n in range(8))
    text = edl.write(recording("23.976", moments=moments, duration=13_814.0))
    assert len(clips(read(text, "cmx_3600", rate=24000 / 1001), "Video")) == 6
    assert "2 FURTHER MOMENTS ARE LEFT OUT" in text


@OFTEN
@given(recordings())
def test_fcpxml_keeps_every_boundary(source: Recording) -> None:
    text = fcpxml.write(source)
    root = Xml.fromstring(text)
    frame = seconds(root.find("resources/format"), "frameDuration")
    assert 1 / frame == source.rate.rate
    found, offset = [], Fraction(0)
    for clip in root.iter("asset-clip"):
        start, duration = seconds(clip, "start"), seconds(clip, "duration")
        assert seconds(clip, "offset") == offset  # one behind the other, without a gap
        offset += duration
        found.append((start / frame, duration / frame))
    judge(found, source)
    assert seconds(root.find(".//sequence"), "duration") == offset
    assert exactly_read(text) == [(int(first), int(count)) for first, count in found]
    opened = timeline_of(text)
    assert len(opened) == len(source.not_rejected)
    # OpenTimelineIO's reader of this format counts in whole frames per second (29 at 29.97) and cuts floats off: within one of those
    # where the rate is whole, else within two.
    coarse = int(source.rate.rate)
    tolerance = 1 if source.rate.rate == coarse else 2
    for clip, (start, count) in zip(opened, found, strict=True):
        assert clip.source_range.start_time.rate == coarse
        assert abs(clip.source_range.start_time.value - float(start * frame * coarse)) <= tolerance
        assert abs(clip.source_range.duration.value - float(count * frame * coarse)) <= tolerance


def exactly_read(text: str) -> list[tuple[int, int]]:
    """First frame and number of frames of each clip as fcp-mcp-server's parser has them, which counts in fractions."""
    (timeline,) = FCPXMLParser().parse_string(text).timelines
    after = 0
    for clip in timeline.clips:
        assert clip.start.frames == after
        assert [marker.timeline_start.frames for marker in clip.markers] == [after]
        after += clip.duration.frames
    assert timeline.duration.frames == after
    return [(clip.source_start.frames, clip.duration.frames) for clip in timeline.clips]


@pytest.mark.parametrize("rate", RATES)
def test_both_readers_of_fcpxml_see_the_frame_rate_and_the_names(rate: str) -> None:
    source = recording(rate, timecode=RATES[rate])
    (timeline,) = FCPXMLParser().parse_string(fcpxml.write(source)).timelines
    assert timeline.frame_rate == pytest.approx(float(source.rate.rate), abs=1e-9)
    assert [clip.name for clip in timeline.clips] == [moment.title for moment in source.not_rejected]
    assert [marker.name for clip in timeline.clips for marker in clip.markers] == [moment.title for moment in source.not_rejected]
    assert {clip.media_path for clip in timeline.clips} == {source.media_url}
    assert exactly_read(fcpxml.write(source)) == [
        (source.first_frame + source.frames(moment).first, source.frames(moment).count) for moment in source.not_rejected
    ]


def test_the_exact_reader_sees_a_boundary_that_is_off_by_one_frame() -> None:
    """A reader that rounds would judge nothing."""
    source = recording("29.97df")
    text = fcpxml.write(source)
    (first, count), *rest = exactly_read(text)
    moment = source.not_rejected[0]
    later = replace(moment, end=moment.end + float(source.rate.seconds(1)))
    moved = replace(source, moments=tuple(later if one is moment else one for one in source.moments))
    assert exactly_read(fcpxml.write(moved)) == [(first, count + 1), *rest]


def timeline_of(text: str) -> list[Any]:
    event = read(text, "fcpx_xml")
    (timeline,) = event
    return [clip for track in timeline.tracks for clip in track.find_clips()]


def seconds(element: Xml.Element | None, name: str) -> Fraction:
    assert element is not None
    return Fraction(element.attrib[name].removesuffix("s"))


@pytest.mark.parametrize("rate", RATES)
def test_names_and_reasons_reach_the_editor(rate: str) -> None:
    source = recording(rate, timecode=RATES[rate])
    names = ["Bread and Yeast", 'Lighthouse & "Tower" <é>', "Made by me"]

    timeline = read(otio.write(source), "otio_json")
    pictures = clips(timeline, "Video")
    assert [clip.name for clip in pictures] == names
    assert [marker.name for clip in pictures for marker in clip.markers] == names
    assert pictures[0].metadata["videomoments"]["engine"] == "extractive+signal"
    assert pictures[0].metadata["videomoments"]["reason"] == "A topic of its own"
    assert pictures[0].media_reference.target_url == "file:///media/talk%20on%20bread.mp4"
    assert pictures[0].media_reference.available_range.start_time.value == source.first_frame

    text = fcpxml.write(source)
    assert [clip.name for clip in timeline_of(text)] == names
    assert [marker.name for clip in timeline_of(text) for marker in clip.markers] == names
    markers = list(Xml.fromstring(text).iter("marker"))
    assert markers[1].attrib["note"] == "It stands alone (score 0.70, by extractive+signal)"
    assert markers[2].attrib["note"] == "(by hand)"

    text = edl.write(source)
    assert "* COMMENT: Bread and Yeast: A topic of its own (score 0.59, by extractive+signal)" in text
    assert "Rejected" not in text
    found = clips(read(text, "cmx_3600", rate=float(source.rate.rate)), "Video")
    assert {clip.name for clip in found} == {"talk on bread.mp4"}
    if not source.rate.drop:  # its pattern for locators knows no semicolon
        assert [marker.name for clip in found for marker in clip.markers] == names


def test_drop_frame_is_said_wherever_the_format_can() -> None:
    dropped, counted = recording("29.97df"), recording("29.97")
    assert "FCM: DROP FRAME" in edl.write(dropped)
    assert "FCM: NON-DROP FRAME" in edl.write(counted)
    assert re.findall(r"\d\d:\d\d:\d\d[:;]\d\d", edl.write(dropped))[0] == "00:00:00;00"
    assert 'tcFormat="DF"' in fcpxml.write(dropped)
    assert 'tcFormat="NDF"' in fcpxml.write(counted)


def test_the_sources_own_timecode_is_counted_in() -> None:
    source = recording("25", timecode="10:00:00:00")
    assert re.search(r"AA/V  C        10:00:00:00 10:00:35:06 01:00:00:00 01:00:35:06", edl.write(source))
    asset = Xml.fromstring(fcpxml.write(source)).find("resources/asset")
    assert asset is not None
    assert asset.attrib["start"] == "36000s"


def test_a_timecode_that_does_not_fit_counts_as_none() -> None:
    assert recording("25", timecode="00:00:00:29").first_frame == 0
    assert recording("25", timecode="what").first_frame == 0


@pytest.mark.parametrize(("video", "audio", "channel"), [(True, False, "V"), (False, True, "AA"), (True, True, "AA/V")])
def test_what_a_source_has_not_is_on_no_track(video: bool, audio: bool, channel: str) -> None:
    source = recording("25", has_video=video, has_audio=audio)
    assert re.search(rf"^001  AX       {channel} +C ", edl.write(source), re.MULTILINE)
    timeline = read(otio.write(source), "otio_json")
    kinds = [track.kind for track in timeline.tracks]
    assert kinds == [kind for kind, present in (("Video", video), ("Audio", audio)) if present]
    asset = Xml.fromstring(fcpxml.write(source)).find("resources/asset")
    assert asset is not None
    assert ("hasVideo" in asset.attrib, "hasAudio" in asset.attrib) == (video, audio)
    assert len(timeline_of(fcpxml.write(source))) == 3


def test_text_that_formats_can_not_hold_is_left_out() -> None:
    odd = ExportedMoment("m", "A\x00B\ud800\n003  AX       V     C", 1.0, 2.0, 0.5, "x\x1b[0m", "extractive")
    source = recording("25", moments=(odd,))
    assert len(timeline_of(fcpxml.write(source))) == 1
    assert len(clips(read(edl.write(source), "cmx_3600", rate=25), "Video")) == 1
    assert all(line == "" or line.isprintable() for line in edl.write(source).split("\n"))


def test_more_moments_than_an_edl_has_numbers() -> None:
    many = tuple(ExportedMoment(str(n), "x", n * 0.5, n * 0.5 + 0.4) for n in range(1005))
    text = edl.write(recording("25", moments=many))
    assert len(clips(read(text, "cmx_3600", rate=25), "Video")) == 999
    assert "6 FURTHER MOMENTS ARE LEFT OUT" in text


def test_nothing_found_is_still_a_timeline() -> None:
    empty = recording("25", moments=())
    assert clips(read(otio.write(empty), "otio_json"), "Video") == []
    assert timeline_of(fcpxml.write(empty)) == []
    assert edl.write(empty).startswith("TITLE: Talk on bread")
