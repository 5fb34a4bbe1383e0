"""Recognises what can't be media, from a server's type and the first bytes, before it is downloaded, stored or processed.

This only saves time and gives a better error: whatever may be media passes, and only the media child opens it, with a few demuxers. All
early refusals are named here; a format that the child learns needs no change.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import AsyncIterable, AsyncIterator

from videomoments.core.errors import InvalidInput, UnsupportedMedia

HEAD_BYTES = 4096
"""So many bytes at the beginning of a file are enough to recognise it."""

_PAGES = ("text/html", "application/xhtml+xml")
_TEXT = "text"
FEED = "a feed"
_PAGE = "a web page"
# What may come before the first element. Atomic groups, since a thousand comments could be split in too many ways.
_BEFORE_ROOT = rb"(?>(?:<\?.{0,1000}?\?>|<!--.{0,3000}?-->)\s*)*+"
# The order counts: a page may begin like XML, and XML may be subtitles.
_TEXTS = tuple(
    (re.compile(rb"(\xef\xbb\xbf)?\s*" + pattern, re.IGNORECASE | re.DOTALL), what)
    for pattern, what in (
        (_BEFORE_ROOT + rb"(<!doctype html|<html|<head|<body)", _PAGE),
        (_BEFORE_ROOT + rb"<(rss|feed|rdf:RDF|atom:feed)[\s>]", FEED),
        (rb"\{\s*\"version\"\s*:\s*\"https?:\\?/\\?/jsonfeed\.org", FEED),
        (rb"(#EXTM3U|\[playlist\])", "a playlist"),
        (rb"ffconcat ", "a list of files"),
        (rb"(WEBVTT|\[Script Info\]|<tt\b|\d+\r?\n\d\d:\d\d:\d\d)", "a file of subtitles"),
        (rb"(<MPD|<smil)", "a manifest"),
        (rb"<svg", "a drawing (SVG)"),
        (rb"<\?xml", "an XML document"),
        (rb"v=0\r?\n", "a session description (SDP)"),
    )
)
_STARTS = (
    (b"\x89PNG\r\n\x1a\n", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"GIF87a", "a picture (GIF)"),
    (b"GIF89a", "a picture (GIF)"),
    (b"II*\0", "a picture (TIFF)"),
    (b"MM\0*", "a picture (TIFF)"),
    (b"8BPS", "a picture (Photoshop)"),
    (b"%PDF-", "a PDF document"),
    (b"{\\rtf", "a text document (RTF)"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Office document"),
    (b"PK\x03\x04", "an archive (ZIP)"),
    (b"PK\x05\x06", "an archive (ZIP)"),
    (b"\x1f\x8b", "an archive (gzip)"),
    (b"7z\xbc\xaf\x27\x1c", "an archive (7z)"),
    (b"Rar!", "an archive (RAR)"),
    (b"BZh", "an archive (bzip2)"),
    (b"\xfd7zXZ", "an archive (xz)"),
    (b"\x28\xb5\x2f\xfd", "an archive (zstd)"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3\0", "a database (SQLite)"),
    (b"MThd\0\0\0\x06", "a MIDI file, which holds no sound"),
    (b"\0\x05\x16\x07", "a companion file that macOS writes"),
)
_TAR = slice(257, 262)
_MEDIA_STARTS = (
    *(b"\x1a\x45\xdf\xa3", b"RIFF", b"RF64", b"OggS", b"fLaC", b"FLV\x01", b"ID3", b"FORM", b"caff", b"#!AMR"),
    *(b"\x00\x00\x01\xba", b"\x00\x00\x01\xb3", b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"),
)
_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"styp", b"pnot")
# ISO/IEC 23008-12: a file that has only brands of single pictures has no track to play.
_STILL_BRANDS = frozenset([b"heic", b"heix", b"heim", b"heis", b"mif1", b"avif"])
_MOVING_BRANDS = frozenset([b"msf1", b"hevc", b"hevx", b"avis", b"isom", b"iso2", b"mp41", b"mp42", b"qt  "])
_TEXT_CONTROLS = frozenset(b"\t\n\r\f\x1b")
# Shorter than the headers of any format that holds a tenth of a second.
_SMALLEST = 32


class WebPage(InvalidInput):
    """Raised for a URL that leads to a page, which may have a video."""

    code = "not_a_media_url"
    advice = "Give the address of the file itself."

    def __init__(self) -> None:
        super().__init__("The URL leads to a web page, not to a video or audio file.")


class Feed(InvalidInput):
    """Raised for a URL that leads to a feed (RSS, Atom, a podcast): a list of recordings."""

    code = "not_a_media_url"
    advice = "Give the address of one of its recordings."

    def __init__(self) -> None:
        super().__init__("The URL leads to a feed, not to a video or audio file.")


def check_answer(head: bytes, *, whole: bool, content_type: str | None = None) -> None:
    """Raises `WebPage`, `Feed`, or `InvalidInput` (`not_a_media_url`) for an answer whose first bytes show that it is no media.

    Arguments are those of `seems_to_be`. The type only names the kind of a text and refuses nothing by itself, because servers give any
    type to files that they don't know (many take `.ts` for a translation).
    """
    what = seems_to_be(head, whole=whole)
    if what == FEED:
        raise Feed
    if what == _PAGE or (what in (_TEXT, "an XML document", None) and content_type in _PAGES and (what or not head)):
        raise WebPage
    if what is not None:
        raise _no_media_url(
            content_type if what == _TEXT and content_type not in (None, "text/plain", *_PAGES) and _tells(content_type) else what
        )


def _tells(content_type: str | None) -> bool:
    """Returns whether the type says more of a text than that it is one."""
    return content_type is not None and not content_type.startswith(("video/", "audio/")) and content_type != "application/octet-stream"


def begins_like_media(head: bytes) -> bool:
    """Returns whether these are surely the first bytes of a well-known container or stream. False means unknown."""
    if any(head.startswith(start) for start in _MEDIA_STARTS) or head[4:8] in _BOXES:
        return True
    frame = len(head) > 188 and head[0] == head[188] == 0x47 and (len(head) <= 376 or head[376] == 0x47)
    # ADTS and MPEG audio: eleven set bits, then a valid layer and rate (ISO/IEC 11172-3, 2.4.1.3).
    return frame or (len(head) > 2 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and head[1] != 0xFF and head[2] & 0xF0 != 0xF0)


def refuse_not_media(head: bytes, *, whole: bool, name: str = "The file") -> None:
    """Raises `UnsupportedMedia` (`not_media`) that says what the file seems to be. Arguments are those of `seems_to_be`."""
    if what := seems_to_be(head, whole=whole):
        raise UnsupportedMedia(f"{name} is {what}, not a video or audio file.", advice="Give a video or audio file.")


def seems_to_be(head: bytes, *, whole: bool = False) -> str | None:
    """Returns what a file that can't be media is, with its article (`a picture (PNG)`); None for a file that may be media.

    `head` is its beginning, up to `HEAD_BYTES`, or all of it (`whole`). Whether a file is text is decided only with a full `head` or the
    whole file.
    """
    head = head[:HEAD_BYTES]
    for start, what in _STARTS:
        if head.startswith(start):
            return what
    known = "an archive (tar)" if head[_TAR] == b"ustar" else _still_picture(head)
    known = known or next((what for pattern, what in _TEXTS if pattern.match(head)), None)
    if known or not ((whole and head) or len(head) == HEAD_BYTES):
        return known
    if _is_text(head):
        return _TEXT
    return f"a file of {len(head)} bytes" if len(head) < _SMALLEST else None


async def only_media(chunks: AsyncIterable[bytes], *, before: bytes = b"", length: int | None = None) -> AsyncIterator[bytes]:
    """Yields the same bytes, after holding them back until enough are there to decide that they may be media.

    `before` is the beginning that came earlier. `length` is the number of bytes of the file; None: it ends where `chunks` end. Raises
    `UnsupportedMedia` (`not_media`) before it yields anything, and what `chunks` raises.
    """
    source = aiter(chunks)
    held = bytearray()
    ended = True
    async for chunk in source:
        held += chunk
        if len(before) + len(held) >= HEAD_BYTES:
            ended = False
            break
    head = before + bytes(held)
    refuse_not_media(head, whole=len(head) == length if length is not None else ended)
    if held:
        yield bytes(held)
    async for chunk in source:
        yield chunk


def _still_picture(head: bytes) -> str | None:
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "a picture (WebP)"
    if head[:2] == b"BM" and head[6:10] == b"\0\0\0\0" and head[14:18] in (b"\x28\0\0\0", b"\x6c\0\0\0", b"\x7c\0\0\0"):
        return "a picture (BMP)"
    if head[4:8] == b"ftyp":
        box = head[: int.from_bytes(head[:4])]
        brands = {box[at : at + 4] for at in (8, *range(16, len(box), 4))}
        if box[8:12] in _STILL_BRANDS and not brands & _MOVING_BRANDS:
            return "a picture (HEIC or AVIF)"
    return None


def _is_text(head: bytes) -> bool:
    """Returns whether all bytes are characters, in UTF-8, UTF-16 with its mark, or an older encoding of a language with few accents. A
    container's head has zeros or other control bytes."""
    wide = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    decoder = codecs.getincrementaldecoder("utf-16" if wide else "utf-8")()
    try:
        text = decoder.decode(head)
    except UnicodeDecodeError:
        accented = sum(byte > 0x7F for byte in head)
        return not wide and accented < 0.3 * len(head) and all(byte in _TEXT_CONTROLS or (byte >= 0x20 and byte != 0x7F) for byte in head)
    return bool(text) and all(ord(sign) in _TEXT_CONTROLS or unicodedata.category(sign) not in ("Cc", "Cs", "Cn", "Co") for sign in text)


def _no_media_url(what: str) -> InvalidInput:
    return InvalidInput(
        f"The URL leads to {what}, not to a video or audio file.", code="not_a_media_url", advice="Give the address of the file itself."
    )
