"""Reads feeds as lists of recordings: RSS, Atom, RDF and JSON Feed, in the way of podcast programs. Every text in them comes from outside.

This module only returns addresses. Each is checked, and downloaded behind the address guard, as one that a user gave.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urljoin, urlsplit
from xml.parsers import expat

from videomoments.core.errors import InvalidInput
from videomoments.sources.resolve import MEDIA_ENDINGS, checked_url, shown

MAX_FEED_BYTES = 16 * 1024**2
_MAX_ENTRIES = 5000
_MAX_DEPTH = 100
_MAX_TEXT = 8000
# An ampersand that begins no entity: many feeds are written by templates that forget to escape it.
_BARE = re.compile(rb"&(?!(?:#\d{1,7}|#x[0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{0,31});)")
_ITEMS = ("item", "entry")
_TITLES, _IDS, _TIMES = ("title", "itunes:title"), ("guid", "id"), ("pubdate", "published", "dc:date", "updated")
_AUTHORS = ("itunes:author", "author", "dc:creator", "name")
_LINK_TAG = re.compile(r"<link\b[^<>]{0,2000}>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([a-z-]{1,20})\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_FEED_TYPES = ("application/rss+xml", "application/atom+xml", "application/feed+json")


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One recording. `page` is the web page about it; `published` is YYYYMMDD or empty."""

    url: str
    title: str
    id: str
    page: str
    published: str


@dataclass(frozen=True, slots=True)
class FeedList:
    """A feed's recordings in the feed's own order, which is mostly newest first."""

    title: str
    author: str
    entries: tuple[FeedEntry, ...]


@dataclass(slots=True)
class _Item:
    texts: dict[str, str] = field(default_factory=dict)
    media: list[tuple[str, str]] = field(default_factory=list)
    page: str = ""


def read_feed(data: bytes, address: str) -> FeedList:
    """Returns the feed at `address`. Entries without a recording are left out. Where no entry has one, each entry is its web page, which
    may have one. Raises `InvalidInput` (`not_a_media_url`) for a feed that can't be read or is empty."""
    head, items = _json_feed(data) if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") else _xml_feed(data)
    entries = [entry for item in items if (entry := _entry(item, address, _recording(item, address))) is not None]
    if not entries:
        entries = [entry for item in items if (entry := _entry(item, address, item.page)) is not None]
    unique = tuple({entry.url: entry for entry in reversed(entries)}.values())[::-1]  # of equal addresses the first
    if not unique:
        raise InvalidInput(
            "The URL leads to a feed that names no recordings.", code="not_a_media_url", advice="Give the address of a recording."
        )
    return FeedList(shown(_first(head, _TITLES), 300), shown(_first(head, _AUTHORS), 200), unique)


def feeds_of_page(page: bytes, address: str) -> list[str]:
    """Returns the addresses of the feeds that a web page names (`<link rel="alternate">`), in its order."""
    found: list[str] = []
    for tag in _LINK_TAG.findall(page.decode("utf-8", "replace")):
        said = {one[0].lower(): one[1] or one[2] or one[3] for one in _ATTRIBUTE.findall(tag)}
        if said.get("type", "").split(";")[0].strip().lower() in _FEED_TYPES and (feed := _address(said.get("href", ""), address)):
            found.append(feed)
    return list(dict.fromkeys(found))


def _recording(item: _Item, address: str) -> str:
    """Returns the address of the item's first recording; empty where it has none. Malformed addresses are skipped."""
    for named, kind in item.media:
        if not (url := _address(named, address)):
            continue
        ending = PurePosixPath(urlsplit(url).path).suffix.lower()
        if kind.startswith(("audio", "video")) or ending in MEDIA_ENDINGS or kind in ("application/ogg", "application/octet-stream"):
            return url
    return ""


def _entry(item: _Item, address: str, url: str) -> FeedEntry | None:
    found = _address(url, address)
    if not found:
        return None
    title = shown(" ".join(re.sub(r"<[^<>]{0,200}>", "", _first(item.texts, _TITLES)).split()), 300)
    page = _address(item.page, address)
    return FeedEntry(found, title, shown(_first(item.texts, _IDS), 200), page, _day(_first(item.texts, _TIMES)))


def _address(url: str, base: str) -> str:
    url = url.strip()
    try:
        return str(checked_url(urljoin(base, url.replace(" ", "%20")))) if url else ""
    except (ValueError, InvalidInput):
        return ""


def _first(texts: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((texts[name].strip() for name in names if texts.get(name, "").strip()), "")


def _day(text: str) -> str:
    """Returns the date of RSS (RFC 822) or Atom (RFC 3339) as YYYYMMDD; empty for other text."""
    if iso := re.match(r"(\d{4})-(\d{2})-(\d{2})", text):
        return "".join(iso.groups())
    try:
        found: datetime = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return ""
    return found.strftime("%Y%m%d")


def _json_feed(data: bytes) -> tuple[dict[str, str], list[_Item]]:
    try:
        feed = json.loads(data.decode("utf-8-sig"))
        items = [_json_item(item) for item in feed["items"][:_MAX_ENTRIES] if isinstance(item, dict)]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise _unreadable("it is no JSON Feed") from error
    return {"title": str(feed.get("title") or "")}, items


def _json_item(item: Mapping[str, Any]) -> _Item:
    texts = {"title": item.get("title"), "id": item.get("id"), "published": item.get("date_published")}
    media = [
        (str(one.get("url") or ""), str(one.get("mime_type") or "").lower())
        for one in item.get("attachments") or ()
        if isinstance(one, dict)
    ]
    return _Item({name: str(text) for name, text in texts.items() if text is not None}, media, str(item.get("url") or ""))


def _xml_feed(data: bytes) -> tuple[dict[str, str], list[_Item]]:
    data = _BARE.sub(b"&amp;", data.lstrip(b"\xef\xbb\xbf \t\r\n")) if not data.startswith((b"\xff\xfe", b"\xfe\xff")) else data
    try:
        return _Reader().read(data, None)
    except expat.ExpatError:
        # The declared encoding is wrong: it is read as UTF-8, with replacement characters for invalid bytes.
        text = re.sub(r"^<\?xml.*?\?>", "", data.decode("utf-8", "replace"), count=1, flags=re.DOTALL)
        try:
            return _Reader().read(text.encode(), "utf-8")
        except expat.ExpatError as error:
            raise _unreadable(f"line {error.lineno}: {expat.ErrorString(error.code)}") from error


class _Reader:
    """Reads elements by their names as written, since many feeds declare no namespaces. Refuses a document that declares entities."""

    def __init__(self) -> None:
        self.head: dict[str, str] = {}
        self.items: list[_Item] = []
        self._path: list[str] = []
        self._item_depth = 0
        self._text: list[str] = []
        self._length = 0

    def read(self, data: bytes, encoding: str | None) -> tuple[dict[str, str], list[_Item]]:
        parser = expat.ParserCreate(encoding)
        # Entities of HTML that XML lacks are left out, and do not end the document.
        parser.UseForeignDTD(True)
        parser.EntityDeclHandler = self._entity
        parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = self._start, self._end, self._characters
        parser.buffer_text = True
        parser.Parse(data, True)
        return self.head, self.items

    def _entity(self, *_: Any) -> None:
        raise _unreadable("it declares entities")

    @property
    def _item(self) -> _Item | None:
        return self.items[-1] if self._item_depth else None

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._path) == _MAX_DEPTH:
            raise _unreadable("it is nested too deeply")
        name = name.lower().removeprefix("atom:").removeprefix("rss:")
        self._path.append(name)
        if name in _ITEMS and not self._item_depth:
            if len(self.items) == _MAX_ENTRIES:
                raise _unreadable(f"it has more than {_MAX_ENTRIES} entries")
            self.items.append(_Item())
            self._item_depth = len(self._path)
        self._text, self._length = [], 0
        said = {key.lower(): value for key, value in attributes.items()}
        item = self._item
        if item is None:
            return
        kind = (said.get("type") or said.get("medium") or "").lower()
        if name in ("enclosure", "media:content", "content") and (url := said.get("url") or said.get("src")):
            item.media.append((url, kind))
        elif name == "link" and (url := said.get("href")):
            if said.get("rel", "alternate") == "enclosure":
                item.media.append((url, kind))
            elif said.get("rel", "alternate") == "alternate":
                item.page = item.page or url

    def _characters(self, text: str) -> None:
        if self._length < _MAX_TEXT:
            self._text.append(text[: _MAX_TEXT - self._length])
            self._length += len(text)

    def _end(self, _: str) -> None:
        item, name, text = self._item, self._path.pop(), "".join(self._text).strip()
        self._text, self._length = [], 0
        if len(self._path) < self._item_depth:
            self._item_depth = 0
        if not text:
            return
        if item is None:
            if self._path and self._path[-1] in ("channel", "feed", "author"):
                self.head.setdefault(name, text)
        elif name == "link":
            item.page = item.page or text
        elif self._path and self._path[-1] in _ITEMS:
            item.texts.setdefault(name, text)


def _unreadable(why: str) -> InvalidInput:
    return InvalidInput(
        f"The URL leads to a feed that can't be read ({why}).", code="not_a_media_url", advice="Give the address of one of its recordings."
    )
