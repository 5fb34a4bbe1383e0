"""What the stories do on the page, and read off it."""

from __future__ import annotations

import time

from playwright.sync_api import Locator, Page, expect

# A busy machine with two cores may take that long for a minute of speech.
RUN_MS = 240_000


def generate(page: Page, url: str) -> None:
    page.goto("/")
    page.get_by_label("Paste a link").fill(url)
    page.get_by_role("button", name="Find moments").click()
    # The field is empty once the run is accepted. Its card is then the first.
    expect(page.get_by_label("Paste a link")).to_have_value("")
    expect(page.get_by_role("region", name="Just added").locator("[data-run-status]").first).to_be_visible()


def moments_of(page: Page) -> Locator:
    return page.get_by_role("list", name="Moments in time order").get_by_role("listitem")


def delete_moment(page: Page, moment: Locator) -> None:
    """By the menu of its card."""
    moment.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Delete").click()


def time_of(page: Page) -> float:
    return float(page.evaluate("document.querySelector('video').currentTime"))


def until_played_to(page: Page, seconds: float) -> None:
    # Asked from outside: the page's own policy lets nobody evaluate text in it, as `wait_for_function` would.
    end = time.monotonic() + 30
    while time_of(page) <= seconds:
        assert time.monotonic() < end, "the video does not play"
        page.wait_for_timeout(100)


def seconds_of(text: str) -> float:
    """Reads `m:ss.f` or `h:mm:ss.f`."""
    seconds = 0.0
    for part in text.split(":"):
        seconds = seconds * 60 + float(part)
    return seconds


def open_first_video(page: Page) -> None:
    page.goto("/library?status=completed")
    page.get_by_role("list", name="Videos").get_by_role("link").first.click()
    expect(moments_of(page).first).to_be_visible()


def drag(page: Page, selector: str, *, by: float) -> None:
    """An edge of the first moment on the timeline, so many pixels to the right."""
    box = page.locator(selector).first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 2, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 2 + by, box["y"] + 20, steps=8)
    page.mouse.up()
