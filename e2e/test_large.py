"""10,000 videos, three hours with 30,000 words and 200 moments: everything can be reached, and only what is in sight exists."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from seeding import LIBRARY, MOMENTS, SECONDS, WORDS, seed_large
from serving import Served, serving
from visitor import Visitor

# Everything that is shown at once, on the largest page; all of it would be a million.
_MOST_ELEMENTS = 4_000


@pytest.fixture(scope="module")
def large() -> Iterator[tuple[Served, str]]:
    """A stack of its own: its library would bury the stories' videos."""
    with serving() as running:
        yield running, seed_large(running)


@pytest.fixture
def opened(browser: Browser, large: tuple[Served, str]) -> Iterator[tuple[Page, str]]:
    context = browser.new_context(base_url=large[0].url, viewport={"width": 1280, "height": 800})
    context.set_default_timeout(30_000)
    visitor = Visitor(context.new_page())
    yield visitor.page, large[1]
    assert visitor.complaints() == []
    context.close()


def _elements(page: Page) -> int:
    return int(page.evaluate("document.getElementsByTagName('*').length"))


def test_the_library_scrolls_to_its_last_entry(opened: tuple[Page, str]) -> None:
    page, _ = opened
    page.goto("/library?sort=title")
    videos = page.get_by_role("list", name="Videos")
    expect(videos.get_by_role("link").first).to_be_visible()
    last = videos.get_by_text(f"Recording {LIBRARY - 1:05d}", exact=True)
    end = time.monotonic() + 200
    while not last.count():
        assert time.monotonic() < end, "the end of the library never comes"
        page.evaluate("window.scrollTo(0, document.documentElement.scrollHeight)")
        page.wait_for_timeout(20)
    expect(last).to_be_visible()
    assert _elements(page) < _MOST_ELEMENTS
    page.get_by_role("searchbox").or_(page.get_by_label("Search")).first.fill("Recording 07777")
    expect(videos.get_by_role("link")).to_have_count(1)
    expect(page).to_have_url("/library?sort=title&q=Recording+07777")


def test_a_word_deep_in_the_transcript_is_found_and_led_to(opened: tuple[Page, str]) -> None:
    page, video = opened
    page.goto(f"/videos/{video}")
    expect(page.locator("[data-word='0']")).to_be_visible()
    # The playhead near the end: the words there come into sight, those of the start go.
    wave = page.locator("[data-testid=waveform]").bounding_box()
    assert wave is not None
    page.get_by_role("button", name="Play", exact=True).first.click()
    page.mouse.click(wave["x"] + wave["width"] * 0.985, wave["y"] + 30)
    deep = page.locator("[data-word]").first
    expect(deep).to_be_visible()
    end = time.monotonic() + 20
    while int(deep.get_attribute("data-word") or 0) < WORDS * 0.9:
        assert time.monotonic() < end, "the transcript does not follow"
        page.wait_for_timeout(100)
    page.keyboard.press("k")
    assert float(page.evaluate("document.querySelector('video').currentTime")) > SECONDS * 0.9
    assert _elements(page) < _MOST_ELEMENTS
    # And a click on a word leads to its time.
    page.wait_for_timeout(500)  # it has come to rest
    word = int(page.locator("[data-word]").nth(30).get_attribute("data-word") or 0)
    page.locator(f"[data-word='{word}']").click()
    at = float(page.evaluate("document.querySelector('video').currentTime"))
    assert abs(at - word * SECONDS / WORDS) < 1


def test_the_last_of_many_moments_is_reached(opened: tuple[Page, str]) -> None:
    page, video = opened
    page.goto(f"/videos/{video}")
    shown = page.get_by_role("list", name="Moments in time order").get_by_role("listitem")
    expect(shown.first).to_be_visible()
    assert shown.count() < 40
    page.keyboard.press("p")
    last = page.get_by_role("group", name=f"Moment number {MOMENTS}", exact=True)
    expect(last).to_be_visible()
    expect(last).to_have_attribute("aria-current", "true")
    assert shown.count() < 40
    assert _elements(page) < _MOST_ELEMENTS
