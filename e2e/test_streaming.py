"""Signed addresses as a browser plays them: the first bytes, ranges, seeking, one that expires in play, and a fresh one that goes on."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from films import dense_film
from media_site import MediaSite
from playwright.sync_api import Page, Response
from serving import Served
from steps import RUN_MS, generate, moments_of, time_of, until_played_to

from videomoments.storage.signing import OBJECTS_PATH, UrlSigner


@dataclass
class Asked:
    """What the browser asked the store for, and how that was answered: (first byte asked for, status), in order."""

    answers: list[tuple[int, int]] = field(default_factory=list)

    def note(self, answer: Response) -> None:
        if OBJECTS_PATH in answer.url and answer.request.resource_type == "media":
            found = re.fullmatch(r"bytes=(\d+)-\d*", answer.request.headers.get("range", ""))
            self.answers.append((int(found[1]) if found else -1, answer.status))


@pytest.fixture
def asked(page: Page) -> Asked:
    seen = Asked()
    page.on("response", seen.note)
    return seen


@pytest.fixture(scope="session")
def dense(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return dense_film(tmp_path_factory.mktemp("dense") / "noise.mp4")


@pytest.fixture
def video(page: Page, dense: Path) -> str:
    """An uploaded video, by its identifier."""
    file = {"name": dense.name, "mimeType": "video/mp4", "buffer": dense.read_bytes()}
    answer = page.request.post("/api/videos/upload", multipart={"file": file}, timeout=60_000)
    assert answer.ok, answer.text()
    return str(answer.json()["identifier"])


@pytest.fixture
def clip(page: Page, site: MediaSite) -> str:
    """The address of a delivered clip."""
    generate(page, site.url("bread and lighthouses.mp4"))
    page.get_by_role("link", name="See the moments").first.click(timeout=RUN_MS)
    moments_of(page).first.wait_for()
    identifier = urlsplit(page.url).path.rsplit("/", 1)[-1]
    return str(page.request.get(f"/api/videos/{identifier}/clips").json()["items"][0]["clip"]["url"])


def stream_of(page: Page, video: str) -> str:
    return str(page.request.get(f"/api/videos/{video}/stream").json()["url"])


def short_lived(served: Served, address: str, seconds: int) -> str:
    """An address of the same object, signed by the server's own key, that soon expires."""
    key = unquote(urlsplit(address).path).removeprefix(OBJECTS_PATH + "/")
    return UrlSigner((served.home / "signing.key").read_text().strip()).sign(key, expires_in=timedelta(seconds=seconds)).url


def play(page: Page, address: str, *, at: float = 0.0) -> None:
    """In an element of its own, as any page would."""
    page.evaluate(
        """([address, at]) => {
            document.body.replaceChildren();
            const video = document.createElement('video');
            video.muted = true;
            video.src = address;
            video.addEventListener('error', () => { video.dataset.error = video.error.code; });
            video.currentTime = at;
            document.body.append(video);
            return video.play().catch(() => {});
        }""",
        [address, at],
    )


def seek(page: Page, seconds: float) -> None:
    page.evaluate("seconds => { document.querySelector('video').currentTime = seconds }", seconds)


def until_it_fails(page: Page) -> None:
    end = time.monotonic() + 30
    while page.evaluate("document.querySelector('video').dataset.error") is None:
        assert time.monotonic() < end, "the video goes on"
        page.wait_for_timeout(100)


def check_ranges(page: Page, address: str, whole: bytes) -> None:
    """The first byte, a piece of the middle, the end, and what lies behind it."""
    size, half = len(whole), len(whole) // 2
    for span, start, end in (("0-0", 0, 1), ("0-", 0, size), (f"{half}-{half + 99}", half, half + 100), ("-7", size - 7, size)):
        answer = page.request.get(address, headers={"Range": f"bytes={span}"})
        assert (answer.status, answer.body() == whole[start:end]) == (206, True), span
        assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{size}"
    beyond = page.request.get(address, headers={"Range": f"bytes={size}-"})
    assert (beyond.status, beyond.headers["content-range"]) == (416, f"bytes */{size}")


def refused(page: Page, address: str) -> str:
    answer = page.request.get(address, headers={"Range": "bytes=0-0"})
    assert answer.status == 403
    return str(json.loads(answer.body())["code"])


def test_f76_a_video_is_sought_by_ranges_and_goes_on_at_a_fresh_address(
    page: Page, served: Served, video: str, dense: Path, asked: Asked
) -> None:
    page.goto("/library")
    fresh = stream_of(page, video)
    check_ranges(page, fresh, dense.read_bytes())
    dying = short_lived(served, fresh, 4)
    play(page, dying)
    until_played_to(page, 0.5)
    assert asked.answers[0] == (0, 206), "the first bytes are asked for as a range"
    seek(page, 25.0)
    until_played_to(page, 25.5)
    assert any(start > dense.stat().st_size // 3 and status == 206 for start, status in asked.answers), asked.answers
    page.wait_for_timeout(4000)
    assert refused(page, dying) == "url_expired"
    before = len(asked.answers)
    seek(page, 5.0)
    until_it_fails(page)
    assert 403 in [status for _, status in asked.answers[before:]]
    before = len(asked.answers)
    play(page, stream_of(page, video), at=5.0)
    until_played_to(page, 5.5)
    assert time_of(page) < 20
    assert {status for _, status in asked.answers[before:]} == {206}


def test_f76_a_clip_plays_is_sought_and_goes_on_at_a_fresh_address(page: Page, served: Served, clip: str, asked: Asked) -> None:
    whole = page.request.get(clip).body()
    check_ranges(page, clip, whole)
    play(page, clip)
    until_played_to(page, 0.5)
    assert asked.answers[-1] == (0, 206)
    seek(page, 6.0)
    until_played_to(page, 6.5)
    dead = short_lived(served, clip, 1)
    page.wait_for_timeout(1500)
    assert refused(page, dead) == "url_expired"
    play(page, dead, at=6.0)
    until_it_fails(page)
    assert asked.answers[-1][1] == 403
    play(page, clip, at=6.0)
    until_played_to(page, 6.5)
    assert time_of(page) < 20
