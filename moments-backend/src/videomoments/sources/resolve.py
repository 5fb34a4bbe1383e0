"""Reads what a user gave as the source: a URL, or the path of a file."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath
from urllib.parse import unquote

from yarl import URL

from videomoments.core.errors import InvalidInput
from videomoments.core.text import one_line, shortened, shows

MAX_URL = 4096
MAX_LABEL = 200
MEDIA_ENDINGS = frozenset(
    f".{ending}"
    for ending in (
        *("mp4", "m4v", "mov", "mkv", "webm", "avi", "flv", "ts", "m2ts", "mts", "mpg", "mpeg", "vob", "3gp", "3g2", "ogv", "f4v"),
        *("wmv", "asf", "dv", "mxf", "rm", "wtv", "divx"),
        *("mp3", "m4a", "m4b", "aac", "wav", "flac", "ogg", "oga", "opus", "mka", "mp2", "ac3", "eac3", "wma", "aif", "aiff", "aifc"),
        *("caf", "au", "snd", "w64", "wv", "ape", "tta", "amr", "awb", "dss", "qcp"),
    )
)
# Schemes that podcast pages write in place of http, or in front of it.
_FEED_SCHEME = re.compile(r"(?:feed|itpc|pcast|podcast):(?:(?://)?(https?:)(?=//)|(?=//))", re.IGNORECASE)
# RFC 3986: a path and a query that need no encoding, as they were written.
_ENCODED = re.compile(r"(/(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*)?(\?(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?")
_DOTS = re.compile(r"/\.{1,2}(/|$)")


def checked_url(text: str) -> URL:
    """Returns the URL in its normal form: host in lower case, no default port, no fragment, so that spellings of one address become equal.
    A valid path and query stay as written, because signed addresses are signed letter by letter.

    Raises `InvalidInput` with the code `invalid_url`, or `url_has_credentials`: those would end up in the database and in logs.
    """
    text = _trimmed(text)
    if not text:
        raise InvalidInput("There is no URL.", code="invalid_url", advice="Give a full http(s) URL.")
    if len(text) > MAX_URL:
        raise InvalidInput(f"The URL is longer than {MAX_URL} characters.", code="invalid_url")
    if any(unicodedata.category(character)[0] in "CZ" for character in text):
        raise InvalidInput("The URL has spaces or control characters.", code="invalid_url", advice="Write them as %20 and the like.")
    try:
        url = URL(text)
        host = url.host
        _ = url.port
    except ValueError as error:
        raise InvalidInput("The URL is malformed.", code="invalid_url", advice="Copy it again from the browser's address bar.") from error
    if not url.scheme:
        raise InvalidInput("The URL does not say http or https.", code="invalid_url", advice="Begin it with https://.")
    if url.scheme not in ("http", "https"):
        raise InvalidInput(
            "Only http and https URLs can be downloaded.", code="invalid_url", advice="Give an http(s) URL, or the file itself."
        )
    if not host:
        raise InvalidInput("The URL names no host.", code="invalid_url", advice="Give a full http(s) URL.")
    if url.user is not None or url.password is not None:
        raise InvalidInput(
            "The URL has a user name or password in it.",
            code="url_has_credentials",
            advice="Leave the credentials out: use a URL that works without them.",
        )
    url = url.with_fragment(None)
    url = url.with_port(None) if url.is_default_port() else url
    return _as_written(url, text)


def _trimmed(text: str) -> str:
    """Removes what is copied along with an address: spaces of any kind and zero-width marks around it, and a podcast's scheme."""
    ends = [place for place, sign in enumerate(text) if not sign.isspace() and unicodedata.category(sign) not in ("Cf", "Zs", "Zl", "Zp")]
    text = text[ends[0] : ends[-1] + 1] if ends else ""
    if scheme := _FEED_SCHEME.match(text):
        text = (scheme[1] or "http:") + text[scheme.end() :]
    return text


def _as_written(url: URL, text: str) -> URL:
    """Returns `url` with the path and query as `text` has them, where they are valid."""
    behind = text.partition("#")[0].partition("://")[2]
    written = _ENCODED.fullmatch(behind[len(re.split(r"[/?]", behind, maxsplit=1)[0]) :])
    if written is None or _DOTS.search(written[1] or ""):
        return url
    return URL(f"{url.origin()}{written[1] or '/'}{written[2] or ''}", encoded=True)


def label(text: str, limit: int = MAX_LABEL) -> str:
    """Returns a file's name as text to show: the last path segment without control, direction or line characters. Never use it in a
    path."""
    return shown(text.replace("\\", "/").rstrip("/").rpartition("/")[2], limit)


def shown(text: str, limit: int) -> str:
    """Returns text from outside on one line, without control, direction or line characters and at most `limit` long. Empty where it shows
    nothing."""
    # Line ends in names are removed, while those in texts become spaces.
    head = "".join(character for character in text[: 8 * limit] if unicodedata.category(character) not in ("Cc", "Zl", "Zp"))
    line = shortened(one_line(head), limit).strip()
    return line if shows(line) else ""


def url_label(url: URL) -> str:
    """Returns the file name at the end of the URL, else its host."""
    return label(unquote(url.raw_path)) or label(url.host or "")


def title_of(name: str) -> str:
    """Returns a first title: the file name without its extension, with spaces for underscores."""
    stem = PurePosixPath(name).stem if PurePosixPath(name).suffix.lower().lstrip(".").isalnum() else name
    title = " ".join(stem.replace("_", " ").split())
    return title if shows(title) else name
