"""Feeds are lists: what podcast programs take from them is what is offered here, under the same guards as any address."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from media.canaries import listener
from sources.sites import BODY, Handler, Site, site
from videomoments.core.errors import AddressRefused, InvalidInput, MomentsError, SourceUnavailable
from videomoments.sources import FetchLimits, fetch, http, listed, remote
from videomoments.sources.feeds import MAX_FEED_BYTES, feeds_of_page, read_feed

__all__ = ["site"]

LIMITS = FetchLimits(allow_private="127.0.0.1", first_wait=0.01, longest_wait=0.02, attempts=1, min_free_bytes=0)
AT = "https://pod.example/show/feed.xml"
RSS = """<?xml version="1.0" encoding="UTF-8"?>
<?xml-stylesheet href="look.xsl"?>
<rss version="2.0" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:media="http://search.yahoo.com/mrss/"><channel>
<title>A show &amp; more</title><itunes:author>Ann</itunes:author><image><title>No title</title><url>i.png</url></image>
<item><title><![CDATA[Two <b>bold</b> things]]></title><link>https://pod.example/2</link><guid>g2</guid>
 <pubDate>Wed, 18 Feb 2026 10:00:00 GMT</pubDate><enclosure url="https://cdn.example/2.mp3?sig=a%2Fb" type="audio/mpeg" length="9"/></item>
<item><title>One</title><media:group><media:content url="/1.mp4" medium="video"/></media:group></item>
<item><title>A picture</title><enclosure url="https://cdn.example/x.jpg" type="image/jpeg"/></item>
<item><title>Text only</title><link>https://pod.example/text</link></item>
<item><title>One again</title><enclosure url="https://pod.example/1.mp4" type=""/></item>
</channel></rss>"""


def test_a_podcasts_feed() -> None:
    feed = read_feed(RSS.encode(), AT)
    assert (feed.title, feed.author) == ("A show & more", "Ann")
    assert [(entry.url, entry.published, entry.id) for entry in feed.entries] == [
        ("https://cdn.example/2.mp3?sig=a%2Fb", "20260218", "g2"),
        ("https://pod.example/1.mp4", "", ""),
    ]
    assert feed.entries[0].title == "Two bold things"
    assert feed.entries[0].page == "https://pod.example/2"


ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><author><name>Ann</name></author>
<entry><title>One</title><id>i</id><updated>2026-02-18T10:00:00Z</updated><link href="p1"/><link rel="enclosure" type="video/mp4"
 href="v 1.mp4"/></entry></feed>"""
PREFIXED = ATOM.replace("<", "<atom:").replace("<atom:/", "</atom:").replace("xmlns=", "xmlns:atom=")
RDF = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><channel><title>T</title></channel>
<item><title>One</title><dc:date>2026-02-18</dc:date><enclosure url="v%201.mp4" type="video/mp4"/></item></rdf:RDF>"""
_FILE = {"url": "v%201.mp4", "mime_type": "video/mp4"}
JSON = json.dumps(
    {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "T",
        "items": [
            {
                "id": 1,
                "title": "One",
                "date_published": "2026-02-18T10:00:00Z",
                "attachments": [_FILE],
            }
        ],
    }
)


@pytest.mark.parametrize("text", [ATOM, PREFIXED, RDF, JSON])
def test_every_kind_of_feed(text: str) -> None:
    for data in (text.encode(), b"\xef\xbb\xbf\n" + text.encode()):
        feed = read_feed(data, AT)
        assert feed.title == "T"
        (entry,) = feed.entries
        assert (entry.url, entry.title, entry.published) == ("https://pod.example/show/v%201.mp4", "One", "20260218")


@pytest.mark.parametrize(
    "data",
    [
        RSS.replace("A show &amp; more", "A show & more").encode(),
        RSS.replace("A show &amp; more", "A show & more&nbsp;").encode(),
        RSS.replace("2.mp3?sig=a%2Fb", "2.mp3?sig=a%2Fb&x=1&y").encode(),
        RSS.replace(' xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"', "").encode(),
        RSS.replace("Ann", "Ünn").encode("latin-1"),
        RSS.replace('encoding="UTF-8"', 'encoding="UTF-16"').encode("utf-16"),
        RSS.replace('encoding="UTF-8"', 'encoding="windows-1252"').encode("cp1252"),
        RSS.replace('encoding="UTF-8"', 'encoding="us-ascii"').replace("Ann", "Ünn").encode(),
        RSS.replace("<rss", "<!DOCTYPE rss><rss").encode(),
        RSS.replace("<item>", "<ITEM>").replace("</item>", "</ITEM>").encode(),
    ],
)
def test_feeds_as_templates_write_them(data: bytes) -> None:
    feed = read_feed(data, AT)
    assert feed.title.startswith("A show & more")
    assert len(feed.entries) == 2


def test_where_no_entry_has_a_recording_each_is_its_page() -> None:
    videos = '<feed><entry><title>V</title><link rel="alternate" href="https://tube.example/watch?v=1"/></entry></feed>'
    assert [entry.url for entry in read_feed(videos.encode(), AT).entries] == ["https://tube.example/watch?v=1"]


BOMB = '<!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (RSS.replace("<rss", BOMB + "<rss", 1), "declares entities"),
        (RSS.replace("<rss", '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss', 1), "declares entities"),
        ("<rss><channel>" + "<a>" * 5000, "nested too deeply"),
        ("<rss><channel>" + "<item/>" * 5001, "more than 5000"),
        ("<rss><channel><item></rss>", "line 1"),
        ("<rss><channel><title>Nothing</title></channel></rss>", "names no recordings"),
        ('<rss><channel><item><enclosure url="file:///etc/passwd" type="audio/mpeg"/></item></channel></rss>', "names no recordings"),
        ('<rss><channel><item><enclosure url="http://u:p@a/1.mp3" type="audio/mpeg"/></item></channel></rss>', "names no recordings"),
        ('{"version": "https://jsonfeed.org/version/1", "items": 5}', "no JSON Feed"),
        ('{"version": "https://jsonfeed.org/version/1", "items": ' + "[" * 100_000, "no JSON Feed"),
    ],
)
def test_what_is_no_feed_of_recordings(data: str, said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_feed(data.encode(), AT)
    assert caught.value.code == "not_a_media_url"
    assert said in caught.value.message
    assert "root:" not in str(caught.value)


def test_a_malformed_address_costs_only_itself() -> None:
    bad = '<enclosure url="http://[x/a.mp3" type="audio/mpeg"/>'
    good = '<enclosure url="/b.mp3" type="audio/mpeg"/>'
    text = f"<rss><channel><item>{bad}</item><item>{bad}{good}</item></channel></rss>"
    assert [entry.url for entry in read_feed(text.encode(), AT).entries] == ["https://pod.example/b.mp3"]


def test_elements_of_an_entry_count_wherever_they_lie_in_it() -> None:
    """An entry within an entry, as in a list of sources, is part of the outer one; behind it, another begins."""
    inner = "<source><entry><title>Inner</title></entry><title>Source</title></source>"
    feed = f"<feed><title>T</title><entry>{inner}<title>One</title><link rel='enclosure' type='video/mp4' href='1.mp4'/></entry>"
    feed += "<author><name>Ann</name></author><entry><link rel='enclosure' type='video/mp4' href='2.mp4'/></entry></feed>"
    found = read_feed(feed.encode(), AT)
    assert (found.title, found.author, [entry.title for entry in found.entries]) == ("T", "Ann", ["Inner", ""])


def test_strangers_texts_are_one_line() -> None:
    feed = read_feed(RSS.replace("One again", "x").replace(">One<", ">O\u202en\n&#10;e<").encode(), AT)
    assert feed.entries[1].title == "On e"


def test_the_feeds_that_a_page_names() -> None:
    page = """<head><link rel="stylesheet" href="a.css"><LINK type='application/rss+xml' rel=alternate title="Show" href='/feed?a=1'>
    <link rel="alternate" href=feed.atom type=application/atom+xml><link type="application/rss+xml" href="javascript:x"></head>"""
    assert feeds_of_page(page.encode(), "https://pod.example/show/") == [
        "https://pod.example/feed?a=1",
        "https://pod.example/show/feed.atom",
    ]


def _as(content: str, kind: str = "text/xml") -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(text=content.replace("HOST", f"http://{request.host}"), content_type=kind)

    return answer


SHOW = """<rss><channel><title>Show</title><item><title>New</title><link>HOST/new</link>
<enclosure url="HOST/new.mp4" type="video/mp4"/></item>
<item><title>Old</title><link>HOST/old/</link><enclosure url="HOST/old.mp4" type="video/mp4"/></item></channel></rss>"""


@pytest.mark.parametrize("kind", ["application/rss+xml", "text/xml", "text/html", "text/plain", "video/mp4"])
async def test_a_feed_is_a_list_and_its_first_recording_is_taken(site: Site, tmp_path: Path, kind: str) -> None:
    site.pages["/feed"] = _as(SHOW, kind)
    found = await listed(f"{site.url}/feed", max_videos=10, limits=LIMITS)
    assert (found.title, found.total) == ("Show", 2)
    assert [(video.url, video.title) for video in found.videos] == [(f"{site.url}/new.mp4", "New"), (f"{site.url}/old.mp4", "Old")]
    assert len((await listed(f"{site.url}/feed", max_videos=1, limits=LIMITS)).videos) == 1
    fetched = await fetch(f"{site.url}/feed", tmp_path / "v", limits=LIMITS)
    assert (tmp_path / "v").read_bytes() == BODY
    assert fetched.title == "New"
    assert fetched.details is not None
    assert (fetched.details.of, fetched.details.page, fetched.details.site) == (2, f"{site.url}/new", "feed")


async def test_a_page_that_names_its_feed(site: Site, tmp_path: Path) -> None:
    head = "<html><head><link rel='alternate' type='application/rss+xml' href='/feed'></head><body>hello</body></html>"
    site.pages |= {"/show": head, "/old": head, "/feed": _as(SHOW)}
    found = await listed(f"{site.url}/show", max_videos=10, limits=LIMITS)
    assert [video.title for video in found.videos] == ["New", "Old"]
    # An episode's page is that episode, and no other page is one.
    assert (await fetch(f"{site.url}/old", tmp_path / "v", limits=LIMITS)).title == "Old"
    with pytest.raises(InvalidInput) as caught:
        await fetch(f"{site.url}/show", tmp_path / "w", limits=LIMITS)
    assert caught.value.code == "not_a_media_url"


async def test_a_feed_leads_nowhere_that_its_address_could_not(site: Site, tmp_path: Path) -> None:
    site.pages["/ring"] = _as("<rss><channel><item><enclosure url='HOST/ring' type='audio/mpeg'/></item></channel></rss>")
    with pytest.raises(MomentsError) as caught:
        await fetch(f"{site.url}/ring", tmp_path / "v", limits=LIMITS)
    assert caught.value.code == "not_a_media_url"
    site.pages["/large"] = _as("<rss><channel>" + " " * 17_000_000)
    with pytest.raises(InvalidInput) as large:
        await listed(f"{site.url}/large", max_videos=10, limits=LIMITS)
    assert "larger than 16 MB" in large.value.message
    host = site.url.replace("127.0.0.1", "localhost")
    with listener() as (port, hits):
        site.pages["/lure"] = _as(
            f"<rss><channel><item><enclosure url='http://127.0.0.1:{port}/a.mp3' type='audio/mpeg'/></item></channel></rss>"
        )
        with pytest.raises(AddressRefused):
            await fetch(f"{host}/lure", tmp_path / "v", limits=replace(LIMITS, allow_private="localhost"))
    assert hits == []
    assert list(tmp_path.iterdir()) == []


async def test_nothing_waits_for_a_feed_that_is_read(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    readers: list[str] = []
    for name in ("read_feed", "feeds_of_page"):
        reader = getattr(remote, name)

        def noted(data: bytes, address: str, reader: Callable[[bytes, str], Any] = reader) -> Any:
            readers.append(threading.current_thread().name)
            return reader(data, address)

        monkeypatch.setattr(remote, name, noted)
    site.pages |= {"/show": "<link type='application/rss+xml' href='/feed'>", "/feed": _as(SHOW)}
    assert (await listed(f"{site.url}/show", max_videos=10, limits=LIMITS)).total == 2
    assert len(readers) == 2
    assert threading.main_thread().name not in readers


async def test_the_recording_of_a_feed_goes_on_where_it_broke_off(site: Site, tmp_path: Path) -> None:
    begins: list[int] = []
    away, half, arrived = True, len(BODY) // 2, asyncio.Event()

    def take(done: int, _: int | None) -> None:
        if done >= half:
            arrived.set()

    async def breaks_off(request: web.Request) -> web.StreamResponse:
        begin = request.http_range.start or 0
        if begin and away:
            raise web.HTTPServiceUnavailable
        begins.append(begin)
        headers = {"ETag": '"1"', "Content-Type": "video/mp4", "Content-Length": str(len(BODY) - begin)}
        if begin:
            headers["Content-Range"] = f"bytes {begin}-{len(BODY) - 1}/{len(BODY)}"
        response = web.StreamResponse(status=206 if begin else 200, headers=headers)
        await response.prepare(request)
        await response.write(BODY[begin:] if begin else BODY[:half])
        if not begin:
            await arrived.wait()
            assert request.transport is not None
            request.transport.close()
        return response

    site.pages |= {"/feed": _as(SHOW), "/new.mp4": breaks_off}
    with pytest.raises(SourceUnavailable):
        await fetch(f"{site.url}/feed", tmp_path / "v", limits=LIMITS, on_progress=take, resumes=True)
    away = False
    found = await fetch(f"{site.url}/feed", tmp_path / "v", limits=LIMITS, resumes=True)
    assert (found.path, found.title, found.path.read_bytes()) == (tmp_path / "v", "New", BODY)
    assert begins == [0, half]
    assert list(tmp_path.iterdir()) == [tmp_path / "v"]


async def test_a_feed_that_takes_too_long(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    async def slow(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/xml"})
        await response.prepare(request)
        await response.write(b"<rss><channel>".ljust(4096))
        await asyncio.sleep(30)
        return response

    monkeypatch.setattr(http, "_DOCUMENT_SECONDS", 1.0)
    site.pages["/feed"] = slow
    with pytest.raises(SourceUnavailable) as caught:
        await http.read_text(f"{site.url}/feed", limits=LIMITS, max_bytes=MAX_FEED_BYTES)
    assert caught.value.code == "source_timeout"
    assert (caught.value.message, caught.value.advice) == ("The download took longer than 1 seconds.", "Try again later.")
