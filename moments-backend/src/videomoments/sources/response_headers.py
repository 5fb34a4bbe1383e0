"""Reads the head of an HTTP answer as browsers do: sloppy spellings have one meaning, and a field without a clear meaning is ignored."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import quote, unquote, unquote_to_bytes, urljoin

from multidict import CIMultiDictProxy
from yarl import URL

from videomoments.sources.resolve import checked_url, label, url_label

Headers = CIMultiDictProxy[str]

# RFC 9110, 14.4; some servers write `bytes=`, and `*` for a length that they don't know.
_CONTENT_RANGE = re.compile(r"\s*bytes[\s=:]+(\d{1,18})\s*-\s*(\d{1,18})\s*/\s*(\d{1,18}|\*)\s*", re.IGNORECASE)
_UNSATISFIED = re.compile(r"\s*bytes[\s=:]+\*\s*/\s*(\d{1,18})\s*", re.IGNORECASE)
_PLAIN_NAME = re.compile(r"""\bfilename\s*=\s*(?:"((?:\\.|[^"\\])*)"|'([^']*)'|([^;]+))""", re.IGNORECASE)
_STAR_NAME = re.compile(r"\bfilename\*\s*=\s*\"?([\w.:-]*)'[^']*'([^;\"]+)", re.IGNORECASE)
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+")
_PRINTABLE = re.compile(r"[\x20-\x7e]{1,500}")
_SECONDS = re.compile(r"\d{1,9}(\.\d+)?")
# The registered content codings that change bytes. Anything else (UTF-8, none, binary, 8bit, aws-chunked) is no coding: the bytes are the
# file's.
_COMPRESSIONS = frozenset(["gzip", "x-gzip", "deflate", "br", "zstd", "compress", "x-compress"])


@dataclass(frozen=True, slots=True)
class Part:
    """The bytes from `begin` on of a file of `total` bytes (None: unknown)."""

    begin: int
    total: int | None


def part_of(headers: Headers) -> Part | None:
    """Returns what a 206 holds; None where its field has no clear meaning."""
    found = _CONTENT_RANGE.fullmatch(headers.get("Content-Range", ""))
    if found is None or int(found[2]) < int(found[1]):
        return None
    total = None if found[3] == "*" else int(found[3])
    return Part(int(found[1]), total) if total is None or total > int(found[2]) else None


def length_behind(headers: Headers) -> int | None:
    """Returns the file's length that a 416 names, or None."""
    found = _UNSATISFIED.fullmatch(headers.get("Content-Range", ""))
    return int(found[1]) if found else None


def content_length(headers: Headers) -> int | None:
    text = headers.get("Content-Length", "").strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None


def compressions(headers: Headers) -> list[str]:
    """Returns the compressions that the answer claims, in the order in which they were applied."""
    named = ",".join(headers.getall("Content-Encoding", ())).lower()
    return [one for one in re.split(r"[,;\s]+", named) if one in _COMPRESSIONS]


def media_type(headers: Headers) -> str | None:
    """Returns the type in lower case and without parameters, for example `video/mp4`; None where the field holds no type."""
    written = re.split(r"[;,]", headers.get("Content-Type", ""))[0].strip().lower()
    return written if _TYPE.fullmatch(written) else None


def validator_of(headers: Headers) -> str | None:
    """Returns the validator for a resumed request. Weak ones are ignored, since they promise the same meaning, not the same bytes, and so
    are those with characters outside ASCII, which can't be sent back."""
    etag = headers.get("ETag", "").strip()
    if _PRINTABLE.fullmatch(etag) and etag[:2].upper() != "W/":
        return etag
    modified = headers.get("Last-Modified", "").strip()
    return modified if _PRINTABLE.fullmatch(modified) else None


def wished_wait(headers: Headers, now: datetime | None = None) -> float | None:
    """Returns the seconds that `Retry-After` asks for, as a number or a date (RFC 9110, 10.2.3), or None."""
    text = headers.get("Retry-After", "").strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - (now or datetime.now(UTC))).total_seconds())


def is_live(headers: Mapping[str, str]) -> bool:
    """Returns whether this is a radio station's stream (SHOUTcast, Icecast), which has no end."""
    return "Content-Length" not in headers and any(name.lower() in ("icy-name", "icy-metaint", "icy-br", "icy-genre") for name in headers)


def redirected(url: URL, headers: Headers) -> URL | None:
    """Returns the address that the answer redirects to; None where it names none. Raises ValueError, and what `checked_url` raises."""
    location = _text(headers.get("Location", "")).strip()
    if not location:
        return None
    # Many servers write the path with spaces, as it is in their file system.
    location = "".join(quote(sign) if sign.isspace() else sign for sign in location)
    return checked_url(urljoin(str(url), location))


def file_name(headers: Headers, url: URL) -> str:
    """Returns a label: the file name that the answer gives, else the one in the address."""
    given = _text(headers.get("Content-Disposition", ""))
    if star := _STAR_NAME.search(given):
        try:
            name = unquote_to_bytes(star[2].strip()).decode(star[1] or "utf-8", "replace")
        except LookupError:
            name = unquote(star[2].strip())
        if label(name):
            return label(name)
    if plain := _PLAIN_NAME.search(given):
        # Only an escaped quotation mark is unescaped: backslashes may be those of Windows' paths.
        name = unquote((plain[1] or plain[2] or plain[3] or "").replace('\\"', '"').strip())
        if label(name):
            return label(name)
    return url_label(url)


def _text(header: str) -> str:
    """Returns a header's text: UTF-8, or Latin-1, HTTP's former encoding, where it is not valid UTF-8."""
    try:
        raw = header.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return ""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
