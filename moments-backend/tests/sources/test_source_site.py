"""Videos of sites: the real yt-dlp in the real child, on pages of this machine."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from media.canaries import listener
from sources.sites import BODY, Site, scripted, site, site_children
from videomoments.core.errors import AddressRefused, InvalidInput, MomentsError, SourceUnavailable, TooLarge
from videomoments.core.job_process import ChildProgram
from videomoments.sources.fetch_types import FetchLimits
from videomoments.sources.remote import fetch, listed
from videomoments.sources.site import PROGRAM, fetch_site, list_site

__all__ = ["site"]

LIMITS = FetchLimits(allow_private="127.0.0.1", first_wait=0.01, longest_wait=0.05, read_timeout=60, min_free_bytes=0)
JSON_LD = """<html><script type="application/ld+json">{"@context": "https://schema.org", "@type": "VideoObject", "name": "LD talk",
"uploadDate": "2025-01-02", "contentUrl": "http://HOST/v.mp4", "hasPart": [{"@type": "Clip", "name": "Intro", "startOffset": 0,
"endOffset": 10}, {"@type": "Clip", "name": "Main", "startOffset": 10, "endOffset": 60}]}</script></html>"""
PLAYLIST = "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n1.ts\n#EXTINF:5,\n2.ts\n#EXT-X-ENDLIST\n"


async def refused(
    url: str, folder: Path, *, limits: FetchLimits = LIMITS, program: ChildProgram = PROGRAM, seconds: float = 60
) -> MomentsError:
    """What a download that must fail says. Nothing of it is left."""
    with pytest.raises(MomentsError) as caught:
        async with asyncio.timeout(seconds):
            await fetch_site(url, folder / "v", limits=limits, program=program)
    assert list(folder.iterdir()) == []
    assert not site_children()
    assert "\n" not in str(caught.value)
    return caught.value


async def test_a_page_with_a_video(site: Site, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    found = await fetch(f"{site.url}/page", tmp_path / "v", limits=LIMITS, on_progress=lambda done, total: seen.append((done, total)))
    assert (tmp_path / "v").read_bytes() == BODY
    assert (found.size, found.file_name, found.title, found.sound) == (len(BODY), "My talk.mp4", "My talk", None)
    assert seen
    assert [path.name for path in tmp_path.iterdir()] == ["v"]
    assert not site_children()


async def test_chapters_and_dates_that_a_page_tells_are_kept(site: Site, tmp_path: Path) -> None:
    site.pages["/ld"] = JSON_LD
    found = await fetch(f"{site.url}/ld", tmp_path / "v", limits=LIMITS)
    assert found.details is not None
    assert (found.title, found.details.published) == ("LD talk", "20250102")
    assert [(one.start, one.end, one.title) for one in found.details.chapters] == [(0, 10, "Intro"), (10, 60, "Main")]


async def test_a_stream_in_parts_becomes_one_file(site: Site, tmp_path: Path) -> None:
    site.pages |= {"/hls": '<video><source src="/m.m3u8" type="application/x-mpegURL"></video>', "/m.m3u8": PLAYLIST}
    assert (await fetch(f"{site.url}/hls", tmp_path / "v", limits=LIMITS)).size == 2 * len(BODY)


async def test_f58_a_stream_that_lacks_a_part_is_no_video(site: Site, tmp_path: Path) -> None:
    async def gone(_: web.Request) -> web.StreamResponse:
        raise web.HTTPNotFound

    site.pages |= {"/hls": '<video><source src="/m.m3u8" type="application/x-mpegURL"></video>', "/m.m3u8": PLAYLIST, "/2.ts": gone}
    assert (await refused(f"{site.url}/hls", tmp_path)).code in ("source_not_found", "source_unavailable", "site_failed")


async def test_picture_and_sound_apart_with_captions_and_strange_names(site: Site, tmp_path: Path) -> None:
    async def german(_: web.Request) -> web.StreamResponse:
        return web.Response(text="WEBVTT\n\n00:00.000 --> 00:02.000\nGuten Tag\n")

    site.pages["/de.vtt"] = german
    program = scripted(fake_test=[["127.0.0.1"]])
    found = await fetch_site(f"http://fake.test/apart/{site.host}/x", tmp_path / "v", limits=LIMITS, program=program)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["v", "v.sound"]
    assert found.sound == tmp_path / "v.sound"
    assert "/high.mp4" in site.asked
    assert "/low.mp4" not in site.asked
    details = found.details
    assert details is not None
    assert (details.uploader, details.site) == ("Ada", "Fake")
    assert [one.title for one in details.chapters] == ["One", ""]
    assert [(one.language, one.format, one.text[:6]) for one in details.captions] == [("de", "vtt", "WEBVTT")]
    assert "/" not in found.file_name


async def test_a_page_without_a_video_and_one_that_is_not_there(site: Site, tmp_path: Path) -> None:
    site.pages["/none"] = "<html><body>hello</body></html>"
    assert (await refused(f"{site.url}/none", tmp_path)).code == "not_a_media_url"
    assert (await refused(f"{site.url}/missing", tmp_path)).code == "source_not_found"


async def test_what_yt_dlp_takes_for_a_direct_link_is_looked_at(site: Site, tmp_path: Path) -> None:
    site.pages["/v.mp4"] = "#EXTM3U\n#EXTINF:5,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
    error = await refused(f"{site.url}/page", tmp_path)
    assert error.code in ("not_a_media_url", "site_failed")


@pytest.mark.parametrize(("what", "code"), [("live", "site_live"), ("private", "site_private"), ("announced", "too_large")])
async def test_refusals_are_one_line_with_a_stable_code(what: str, code: str, site: Site, tmp_path: Path) -> None:
    error = await refused(f"http://fake.test/{what}/{site.host}/x", tmp_path, program=scripted(fake_test=[["127.0.0.1"]]))
    assert error.code == code
    assert error.advice


async def test_the_limit_of_size_fails_loudly(site: Site, tmp_path: Path) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "video/mp4"})
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            while True:
                await response.write(BODY)
        return response

    small = replace(LIMITS, max_bytes=1_000_000)
    assert isinstance(await refused(f"{site.url}/page", tmp_path, limits=small), TooLarge)
    site.pages["/v.mp4"] = endless
    assert isinstance(await refused(f"{site.url}/page", tmp_path, limits=replace(LIMITS, max_bytes=5_000_000)), TooLarge)


async def dripping(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "video/mp4", "Content-Length": str(len(BODY))})
    await response.prepare(request)
    with contextlib.suppress(ConnectionError):
        while True:
            await response.write(b"x" * 1000)
            await asyncio.sleep(0.05)
    return response


async def test_f29_a_cancelled_download_leaves_nothing(site: Site, tmp_path: Path) -> None:
    site.pages["/v.mp4"] = dripping
    task = asyncio.create_task(fetch_site(f"{site.url}/page", tmp_path / "v", limits=LIMITS))
    while "/v.mp4" not in site.asked:
        await asyncio.sleep(0.05)
        assert not task.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not site_children()
    assert list(tmp_path.iterdir()) == []


async def test_a_download_has_a_deadline(site: Site, tmp_path: Path) -> None:
    site.pages["/v.mp4"] = dripping
    error = await refused(f"{site.url}/page", tmp_path, limits=replace(LIMITS, total_timeout=6))
    assert "longer than 6 seconds" in error.message


async def test_a_child_that_is_killed_is_one_clear_error(site: Site, tmp_path: Path) -> None:
    site.pages["/v.mp4"] = dripping
    task = asyncio.create_task(fetch_site(f"{site.url}/page", tmp_path / "v", limits=LIMITS))
    while "/v.mp4" not in site.asked:
        await asyncio.sleep(0.05)
        assert not task.done()
    site_children()[0].kill()
    with pytest.raises(SourceUnavailable) as caught:
        await task
    assert (caught.value.code, caught.value.retryable) == ("site_killed", True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "way",
    ["socket", "raw", "raw_ex", "name", "mapped", "udp", "message", "unix", "urllib", "client", "proxy", "program", "listening"],
)
async def test_no_way_out_of_the_child_but_to_public_addresses(way: str, tmp_path: Path) -> None:
    """Whatever an extractor tries, with Python's own means, it reaches nobody on this machine or its network, and starts nothing."""
    names = scripted(fake_test=[["8.8.8.8"]], public_test=[["8.8.8.8"]])
    with listener() as (port, hits):
        error = await refused(
            f"http://fake.test/out/{way}/127.0.0.1/{port}", tmp_path, limits=replace(LIMITS, allow_private=""), program=names
        )
        await asyncio.sleep(0.3)
    assert hits == []
    assert error.code in ("address_refused", "site_failed")


async def test_pages_that_lead_to_this_machine_reach_nobody(site: Site, tmp_path: Path) -> None:
    """By the video's address, by a redirect, by a name that changes its mind. The site itself is allowed by its name alone."""
    limits = replace(LIMITS, allow_private="site.test")
    port = site.host.partition(":")[2]
    with listener() as (canary, hits):

        async def redirect(_: web.Request) -> web.StreamResponse:
            raise web.HTTPFound(f"http://127.0.0.1:{canary}/v.mp4")

        site.pages |= {
            "/literal": f'<video src="http://127.0.0.1:{canary}/v.mp4"></video>',
            "/number": f'<video src="http://2130706433:{canary}/v.mp4"></video>',
            "/moved": '<video src="/moved.mp4"></video>',
            "/moved.mp4": redirect,
            "/away": redirect,
            "/rebound": f'<video src="http://rebind.test:{canary}/v.mp4"></video>',
            "/stream": '<video><source src="/m.m3u8" type="application/x-mpegURL"></video>',
            "/m.m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nhttp://127.0.0.1:{canary}/1.ts\n#EXT-X-ENDLIST\n",
        }
        for page in ("literal", "number", "moved", "away", "rebound", "stream"):
            names = scripted(site_test=[["127.0.0.1"]], rebind_test=[["127.0.0.1"]])
            error = await refused(f"http://site.test:{port}/{page}", tmp_path, limits=limits, program=names)
            assert isinstance(error, AddressRefused), (page, error)
    assert hits == []


async def test_a_name_that_changes_its_mind_after_the_look_reaches_nobody(site: Site, tmp_path: Path) -> None:
    """The first look-up says a public address, which can't be reached here; each further one says ours."""
    names = scripted(rebind_test=[["192.0.2.1"], ["127.0.0.1"]])
    with listener() as (canary, hits):
        error = await refused(f"http://rebind.test:{canary}/", tmp_path, limits=replace(LIMITS, allow_private="192.0.2.1"), program=names)
    assert error.code in ("address_refused", "source_unavailable")
    assert hits == []


async def test_of_a_list_the_first_video_is_taken_and_the_rest_counted(site: Site, tmp_path: Path) -> None:
    program = scripted(fake_test=[["127.0.0.1"]])
    found = await fetch_site(f"http://fake.test/list/{site.host}/x", tmp_path / "v", limits=LIMITS, program=program)
    assert found.details is not None
    assert (found.size, found.details.of) == (len(BODY), 40)


async def test_what_a_list_leads_to(site: Site) -> None:
    program = scripted(fake_test=[["127.0.0.1"]])
    found = await list_site(f"http://fake.test/list/{site.host}/x", max_videos=3, limits=LIMITS, program=program)
    assert (found.title, [video.title for video in found.videos]) == ("A channel", ["Part 0", "Part 1", "Part 2"])
    assert found.videos[0].url == f"{site.url}/page?0"
    site.pages["/many"] = "<title>Many</title>" + "".join(f'<video src="/{number}.mp4"></video>' for number in range(5))
    many = await listed(f"{site.url}/many", max_videos=10, limits=LIMITS)
    assert [video.url for video in many.videos] == [f"{site.url}/{number}.mp4" for number in range(5)]
    assert (await listed(f"{site.url}/page", max_videos=10, limits=LIMITS)).videos == ()
    assert (await listed(f"{site.url}/v.mp4", max_videos=10, limits=LIMITS)).videos == ()


async def test_cookies_come_from_a_file_that_is_there(site: Site, tmp_path: Path) -> None:
    seen: list[str | None] = []

    async def page(request: web.Request) -> web.StreamResponse:
        seen.append(request.headers.get("Cookie"))
        return web.Response(text=site_page, content_type="text/html")

    site_page, site.pages["/page"] = str(site.pages["/page"]), page
    jar = tmp_path / "jar"
    jar.write_text("# Netscape HTTP Cookie File\n127.0.0.1\tFALSE\t/\tFALSE\t0\tmember\tyes\n")
    await fetch_site(f"{site.url}/page", tmp_path / "v", limits=LIMITS)
    await fetch_site(f"{site.url}/page", tmp_path / "v", limits=replace(LIMITS, cookies=jar))
    assert seen == [None, "member=yes"]
    with pytest.raises(InvalidInput):
        await fetch_site(f"{site.url}/page", tmp_path / "v", limits=replace(LIMITS, cookies=tmp_path / "none"))
