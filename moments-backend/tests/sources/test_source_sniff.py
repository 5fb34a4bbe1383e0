"""What first bytes tell: what can't be media is named, and whatever the media child may know passes."""

from __future__ import annotations

import codecs
import random
from collections.abc import AsyncIterator
from pathlib import Path

import av
import pytest

from videomoments.core.errors import InvalidInput, UnsupportedMedia
from videomoments.demo import sample_path
from videomoments.sources.sniff import HEAD_BYTES, WebPage, check_answer, only_media, seems_to_be

_NOISE = random.Random(4).randbytes(HEAD_BYTES)
_HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + _NOISE
_AVIF_FILM = b"\0\0\0\x1cftypavif\0\0\0\0avifavismif1" + _NOISE

NOT_MEDIA = {
    "web page": b"<!DOCTYPE html><title>Sign in</title>",
    "web page after a mark": codecs.BOM_UTF8 + b"  \n<html lang=en>",
    "web page as XML": b'<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0">',
    "picture (PNG)": b"\x89PNG\r\n\x1a\n" + _NOISE,
    "picture (JPEG)": b"\xff\xd8\xff\xe0\0\x10JFIF" + _NOISE,
    "picture (GIF)": b"GIF89a" + _NOISE,
    "picture (WebP)": b"RIFF\x24\0\0\0WEBPVP8 " + _NOISE,
    "picture (BMP)": b"BM\x8a\x7b\x0c\0\0\0\0\0\x8a\0\0\0\x7c\0\0\0" + _NOISE,
    "picture (TIFF)": b"II*\0" + _NOISE,
    "picture (HEIC or AVIF)": _HEIC,
    "PDF document": b"%PDF-1.7\n" + _NOISE,
    "archive (ZIP)": b"PK\x03\x04" + _NOISE,
    "archive (gzip)": b"\x1f\x8b\x08" + _NOISE,
    "archive (tar)": bytes(257) + b"ustar\x0000" + _NOISE,
    "program": b"\x7fELF\x02\x01\x01" + _NOISE,
    "database (SQLite)": b"SQLite format 3\0" + _NOISE,
    "MIDI": b"MThd\0\0\0\x06\0\x01" + _NOISE,
    "playlist": b"#EXTM3U\n#EXT-X-VERSION:3\n",
    "subtitles": b"WEBVTT\n\n00:00.000 --> 00:01.000\nHello\n",
    "subtitles (SRT)": b"1\r\n00:00:01,000 --> 00:00:02,000\r\nHello\r\n",
    "text": b"hello",
    "text, long": "Größe, naïve, 漢字. ".encode() * 400,
    "text, UTF-16": codecs.BOM_UTF16_LE + "Some words in a file.".encode("utf-16-le"),
    "text, Latin 1": "Die Größe der Möwe überrascht. ".encode("latin-1") * 10,
    "JSON": b'{"error": "not found"}',
    "five bytes": b"\0\x01\x02\x03\x04",
}


@pytest.mark.parametrize("name", NOT_MEDIA)
def test_what_can_not_be_media_is_named(name: str) -> None:
    what = seems_to_be(NOT_MEDIA[name], whole=True)
    assert what is not None
    if name.startswith(("picture", "archive", "PDF", "playlist", "program", "database", "text", "web page")):
        assert name.split(",")[0].split(" after")[0].split(" as")[0] in what


# Streams that each container is written with, so that every demuxer of the child has a file here.
CONTAINERS = {
    "mp4": ("mpeg4", "aac"),
    "mov": ("mpeg4", "pcm_s16le"),
    "matroska": ("mpeg4", "flac"),
    "webm": (None, "libopus"),
    "mpegts": ("mpeg2video", "mp2"),
    "avi": ("mpeg4", "pcm_s16le"),
    "flv": ("flv", "aac"),
    "mp3": (None, "libmp3lame"),
    "wav": (None, "pcm_s16le"),
    "flac": (None, "flac"),
    "ogg": (None, "libopus"),
    "adts": (None, "aac"),
}


def written(path: Path, container: str) -> bytes:
    """A tenth of a second, silent and black: what looks most like nothing."""
    video, audio = CONTAINERS[container]
    with av.open(str(path), "w", format=container) as output:
        picture = output.add_stream(video, rate=25) if video else None
        sound = output.add_stream(audio, rate=48_000)
        sound.layout = "mono"  # type: ignore[union-attr]
        if picture is not None:
            picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"  # type: ignore[union-attr]
            for number in range(3):
                frame = av.VideoFrame(64, 48, "yuv420p")
                frame.pts = number
                output.mux(picture.encode(frame))  # type: ignore[union-attr]
            output.mux(picture.encode(None))  # type: ignore[union-attr]
        format_of = sound.codec_context.format.name  # type: ignore[union-attr]
        for number in range(5):
            samples = av.AudioFrame(format_of, "mono", 960)
            samples.sample_rate, samples.pts = 48_000, number * 960
            for plane in samples.planes:
                plane.update(bytes(plane.buffer_size))
            output.mux(sound.encode(samples))  # type: ignore[union-attr]
        output.mux(sound.encode(None))  # type: ignore[union-attr]
    return path.read_bytes()


@pytest.mark.parametrize("container", CONTAINERS)
def test_every_container_that_the_child_knows_passes_whatever_is_there_of_it(tmp_path: Path, container: str) -> None:
    content = written(tmp_path / "file", container)
    for length in (1, 4, 12, 200, HEAD_BYTES):
        assert seems_to_be(content[:length]) is None
    assert seems_to_be(content, whole=True) is None


def test_what_may_be_media_passes() -> None:
    for head in (_AVIF_FILM, _NOISE, b"", sample_path().read_bytes()[:HEAD_BYTES], b"ID3\x03\0\0\0\0\x1f\x76TIT2" + b"A title " * 600):
        assert seems_to_be(head) is None


def test_a_beginning_of_text_is_no_verdict_before_there_is_enough_of_it() -> None:
    assert seems_to_be(b"RIFF") is None
    assert seems_to_be(b"words " * 100) is None
    assert seems_to_be(b"words " * 1000) == "text"


def test_answers_of_servers_are_refused_by_the_same_table() -> None:
    with pytest.raises(WebPage):
        check_answer(NOT_MEDIA["web page"], whole=True)
    with pytest.raises(InvalidInput) as caught:
        check_answer(NOT_MEDIA["picture (PNG)"], whole=True)
    assert caught.value.code == "not_a_media_url"
    assert "a picture (PNG)" in caught.value.message


async def pieces(*given: bytes) -> AsyncIterator[bytes]:
    for piece in given:
        yield piece


async def passed(*given: bytes, before: bytes = b"", length: int | None = None) -> bytes:
    return b"".join([piece async for piece in only_media(pieces(*given), before=before, length=length)])


async def test_a_stream_that_may_be_media_arrives_as_it_was() -> None:
    whole = sample_path().read_bytes()[:20_000]
    assert await passed(whole[:3], whole[3:5000], whole[5000:]) == whole
    assert await passed(whole[:10], before=b"", length=20_000) == whole[:10]
    assert await passed(whole[10:6000], before=whole[:10], length=20_000) == whole[10:6000]
    assert await passed() == b""


@pytest.mark.parametrize(
    ("given", "before", "length"),
    [
        ((b"hel", b"lo"), b"", None),
        ((b"lo",), b"hel", 5),
        ((b"\x89PNG", b"\r\n\x1a\n"), b"", 1_000_000),
        ((b"words " * 500, b"words " * 500), b"", 1_000_000),
        ((b"words " * 500,), b"words " * 500, 1_000_000),
    ],
)
async def test_a_stream_that_is_no_media_yields_nothing(given: tuple[bytes, ...], before: bytes, length: int | None) -> None:
    with pytest.raises(UnsupportedMedia) as caught:
        await anext(only_media(pieces(*given), before=before, length=length))
    assert caught.value.code == "not_media"


async def test_what_is_too_short_to_tell_waits_for_the_rest() -> None:
    assert await passed(b"hel", length=5) == b"hel"
