"""Server-sent events: the standard's lines and events, and what chat servers make of them."""

from __future__ import annotations

from typing import Any

import pytest

from videomoments.inference.sse import EventReader, are_events


def read(*chunks: bytes) -> list[dict[str, Any]]:
    reader = EventReader()
    return [event for chunk in chunks for event in reader.feed(chunk)] + reader.end()


def pieces(whole: bytes, size: int) -> list[bytes]:
    return [whole[at : at + size] for at in range(0, len(whole), size)]


@pytest.mark.parametrize(
    ("stream", "numbers"),
    [
        (b'data: {"n": 1}\n\ndata: {"n": 2}\n\n', [1, 2]),
        (b'data:{"n": 1}\n\ndata:   {"n": 2}  \n\n', [1, 2]),
        # A comment, an event's name, its number, a wish of the server's, a field that nobody knows, one without a colon.
        (b': ping\n\nevent: x\nid: 7\nretry: 10\ndata: {"n": 1}\nother: {"n": 9}\ndata2: {"n": 9}\nfield\n\n:\n\n', [1]),
        # One object on several lines, one of which would be an object by itself.
        (b'data: {"n":\ndata: 1}\n\ndata: {"n": 2, "m": [\ndata: {"n": 3}\n: ping\ndata: ]}\n\n', [1, 2]),
        # Without blank lines between, and none at the end: whole objects are events all the same.
        (b'data: {"n": 1}\ndata: {"n": 2}\ndata: {"n": 3}', [1, 2, 3]),
        # No objects.
        (b'data: junk\n\ndata: 5\n\ndata: [{"n": 9}]\n\ndata\n\ndata:\n\ndata: null\n\ndata: {"n": 1}\n\n', [1]),
        (b'data: junk\ndata: {"n": 1}\n\n', [1]),
        (b"data: " + b"[" * 100_000 + b'\n\ndata: {"n": 1}\n\n', [1]),
        (b'data: {"n": 1\ndata:2}\n\ndata: {"n": 3}\n\n', [3]),
        # Cut off within an object.
        (b'data: {"n": 1}\n\ndata: {"n": 2', [1]),
        (b'\xef\xbb\xbfdata: {"n": 1}\n\n', [1]),
        (b"", []),
        (b"\n\n\n", []),
    ],
)
def test_events_are_read_wherever_the_stream_is_cut_and_however_its_lines_end(stream: bytes, numbers: list[int]) -> None:
    for ending in (b"\n", b"\r\n", b"\r"):
        ended = stream.replace(b"\n", ending)
        for size in (1, 2, 3, 7, len(ended) or 1) if len(ended) < 1000 else (999,):
            assert [event["n"] for event in read(*pieces(ended, size))] == numbers, (ending, size)


def test_characters_cut_in_two_are_whole_again_and_broken_ones_cost_no_event() -> None:
    stream = 'data: {"text": "é中🎬"}\n\n'.encode()
    for size in range(1, len(stream)):
        assert read(*pieces(stream, size)) == [{"text": "é中🎬"}]
    assert read(b'data: {"text": "a\xffb"}\n\n') == [{"text": "a\N{REPLACEMENT CHARACTER}b"}]


def test_an_event_is_there_as_soon_as_it_is_whole() -> None:
    reader = EventReader()
    assert reader.feed(b'data: {"n": 1') == []
    assert reader.feed(b"}") == [], "the line may go on"
    assert reader.feed(b"\n") == [{"n": 1}]
    assert reader.feed(b'\ndata: {"n":\n') == []
    assert reader.feed(b"data: 2}\n") == [], "the event may go on"
    assert reader.feed(b"\n") == [{"n": 2}]


@pytest.mark.parametrize("done", [b"data: [DONE]\n", b"data:[DONE]\r\n\r\n", b"data: junk\ndata: [DONE]\n\n"])
def test_nothing_is_read_behind_the_end(done: bytes) -> None:
    reader = EventReader()
    events = reader.feed(b'data: {"n": 1}\n\n' + done + b'data: {"n": 2}\n\n')
    assert (events, reader.done) == ([{"n": 1}], True)
    assert reader.feed(b'data: {"n": 3}\n\n') == []
    assert reader.end() == []


def test_the_end_needs_no_end_of_line() -> None:
    reader = EventReader()
    reader.feed(b"data: [DONE]")
    assert not reader.done
    assert reader.end() == []
    assert reader.done


@pytest.mark.parametrize("body", [b"data: {}", b"\r\n data:{}", b": hello\n\ndata: {}", b"event: x\n", b"id: 1\n", b"\xef\xbb\xbfdata: {}"])
def test_a_body_of_events_is_known(body: bytes) -> None:
    assert are_events(body)


@pytest.mark.parametrize("body", [b"", b'{"data": 1}', b"[]", b"database", b"<html>"])
def test_any_other_body_is_none(body: bytes) -> None:
    assert not are_events(body)
