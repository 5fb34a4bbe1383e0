"""What a person gave as the source: a URL, or the path of a file."""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from pathlib import PurePosixPath
from urllib.parse import unquote

from yarl import URL

from videomoments.core.errors import InvalidInput

MAX_URL = 4096
MAX_LABEL = 200
MEDIA_ENDINGS = frozenset(
    f".{ending}"
    for ending in (
        *("mp4", "m4v", "mov", "mkv", "webm", "avi", "flv", "ts", "m2ts", "mpg", "mpeg", "3gp", "ogv"),
        *("mp3", "m4a", "aac", "wav", "flac", "ogg", "oga", "opus"),
    )
)
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")


class SourceKind(StrEnum):
    URL = "url"
    FILE = "file"


def classify(source: str) -> SourceKind:
    """Whether the source is an address to download or a file's path. Raises `InvalidInput` for an address of another kind."""
    scheme = _SCHEME.match(source)
    if scheme is None:
        if not source.strip() or "\0" in source:
            raise InvalidInput("There is no source.", code="invalid_source", advice="Give a file or an http(s) URL.")
        return SourceKind.FILE
    checked_url(source)
    return SourceKind.URL


def checked_url(text: str) -> URL:
    """The URL in its normal form: host in lower case, no default port, no fragment; two spellings of one address become equal.

    Raises `InvalidInput` with the code `invalid_url`, or `url_has_credentials`: those would end up in the database and in logs.
    """
    text = text.strip()
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
    return url.with_port(None) if url.is_default_port() else url


def label(text: str, limit: int = MAX_LABEL) -> str:
    """A file's name as text to show: the last path segment without control, direction or line characters. Never part of a path."""
    return shown(text.replace("\\", "/").rstrip("/").rpartition("/")[2], limit)


def shown(text: str, limit: int) -> str:
    """A stranger's text on one line: without control, direction or line characters, at most `limit` long."""
    kept = "".join(
        character
        for character in unicodedata.normalize("NFC", text[: 8 * limit])
        if unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
    )
    return " ".join(kept.split())[:limit].strip()


def url_label(url: URL) -> str:
    """The file name that the URL ends in, else its host."""
    return label(unquote(url.raw_path)) or label(url.host or "")


def title_of(name: str) -> str:
    """A title to begin with: the file name without its extension, underscores as spaces."""
    stem = PurePosixPath(name).stem if PurePosixPath(name).suffix.lower().lstrip(".").isalnum() else name
    return " ".join(stem.replace("_", " ").split()) or name
