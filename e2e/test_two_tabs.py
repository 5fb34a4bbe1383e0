"""Two tabs at one recording: nobody's change is lost, and what both have changed is decided field by field, also by keyboard alone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from axe import faults
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from seeding import completed_minute
from serving import Served, serving
from steps import delete_moment, moments_of
from visitor import Visitor


@pytest.fixture(scope="module")
def small() -> Iterator[tuple[Served, str]]:
    """A minute with words and moments, on a stack of its own: what its story changes is nobody else's."""
    with serving() as running:
        yield running, completed_minute(running)


@pytest.fixture
def context(browser: Browser, small: tuple[Served, str]) -> Iterator[BrowserContext]:
    made = browser.new_context(base_url=small[0].url, viewport={"width": 1280, "height": 900}, bypass_csp=True, reduced_motion="reduce")
    made.set_default_timeout(60_000)
    yield made
    made.close()


@pytest.fixture
def tabs(context: BrowserContext, small: tuple[Served, str]) -> Iterator[tuple[Page, Page]]:
    """Mine and theirs, both showing the same."""
    visitors = [Visitor(context.new_page()) for _ in range(2)]
    mine, theirs = (visitor.page for visitor in visitors)
    for page in (mine, theirs):
        page.goto(f"/videos/{small[1]}")
        expect(moments_of(page)).to_have_count(3)
        expect(page.locator("[data-word='0']")).to_be_visible()
    yield mine, theirs
    assert [visitor.complaints() for visitor in visitors] == [[], []]


def field(page: Page, moment: int, name: str) -> Locator:
    return moments_of(page).nth(moment).get_by_label(name, exact=True)


def typed(page: Page, moment: int, name: str, text: str) -> None:
    target = field(page, moment, name)
    target.fill(text)
    target.press("Enter")


def stored(small: tuple[Served, str], moment: int) -> dict[str, Any]:
    items = httpx.get(f"{small[0].url}/api/videos/{small[1]}/moments", timeout=60).json()["items"]
    found: dict[str, Any] = items[moment]
    return found


def until_stored(page: Page, small: tuple[Served, str], moment: int, title: str) -> None:
    """A page shows a change before the server has it."""
    end = time.monotonic() + 120
    while stored(small, moment)["title"] != title:
        assert time.monotonic() < end, f"{title} is not stored"
        page.wait_for_timeout(100)


def test_f96_what_two_tabs_change_is_merged_and_nothing_is_lost(tabs: tuple[Page, Page], small: tuple[Served, str]) -> None:
    mine, theirs = tabs
    typed(theirs, 0, "Title", "Their title")
    expect(theirs.get_by_test_id("announced")).to_contain_text("Title: Their title")

    _take_mine(mine, small)
    _leave_for_later_then_merge(theirs, small)

    # A page's own quick changes, and taking them back, are no conflict with itself.
    for title in ("One", "Two", "Three"):
        typed(theirs, 1, "Title", title)
    until_stored(mine, small, 1, "Three")
    theirs.get_by_role("heading", level=1).click()
    for _ in range(2):
        theirs.keyboard.press("Control+z")
    expect(field(theirs, 1, "Title")).to_have_value("One")
    until_stored(mine, small, 1, "One")
    expect(theirs.get_by_role("dialog")).to_have_count(0)

    # What somebody else has changed is not deleted unseen.
    delete_moment(mine, moments_of(mine).nth(1))
    expect(mine.get_by_text("Look at it, then delete it again.")).to_be_visible()
    expect(field(mine, 1, "Title")).to_have_value("One")
    expect(moments_of(mine)).to_have_count(3)


def _take_mine(mine: Page, small: tuple[Served, str]) -> None:
    """Both changed the title: the dialog asks, and the keyboard answers. Until then theirs stands."""
    typed(mine, 0, "Title", "My title")
    dialog = mine.get_by_role("dialog", name="Somebody else changed “Their title” meanwhile")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("button", name="Save")).to_be_disabled()
    assert faults(mine) == []
    assert stored(small, 0)["title"] == "Their title"
    expect(dialog.get_by_role("radio", name="Theirs: Their title")).to_be_focused()
    mine.keyboard.press("ArrowDown")
    expect(dialog.get_by_role("radio", name="Mine: My title")).to_be_checked()
    mine.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(field(mine, 0, "Title")).to_have_value("My title")
    assert stored(small, 0)["title"] == "My title"


def _leave_for_later_then_merge(theirs: Page, small: tuple[Served, str]) -> None:
    """Their tab is the older one now. Different fields: each side's own is preferred. Left for later, it stays in a line."""
    typed(theirs, 0, "End", "0:15.0")
    asked = theirs.get_by_role("dialog")
    expect(asked.get_by_role("radio", name="Theirs: My title")).to_be_checked()
    expect(asked.get_by_role("radio", name="Mine: 0:15.000")).to_be_checked()
    theirs.keyboard.press("Escape")
    expect(asked).to_have_count(0)
    line = theirs.get_by_role("alert").filter(has_text="Your change is not saved yet")
    expect(line).to_be_visible()
    assert faults(theirs) == []
    assert stored(small, 0)["end_time"] != 15.0
    line.get_by_role("button", name="Merge").click()
    theirs.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(line).to_have_count(0)
    expect(field(theirs, 0, "Title")).to_have_value("My title")
    expect(field(theirs, 0, "End")).to_have_value("0:15.0")
    assert (stored(small, 0)["title"], stored(small, 0)["end_time"]) == ("My title", 15.0)


def test_f96_words_that_two_tabs_correct(tabs: tuple[Page, Page], small: tuple[Served, str]) -> None:
    mine, theirs = tabs

    def correct(page: Page, word: int, text: str) -> None:
        page.get_by_role("button", name="Correct the words at 0:00.0").click()
        editor = page.get_by_label("Words at 0:00.0")
        words = editor.input_value().split()
        words[word] = text
        editor.fill(" ".join(words))
        editor.press("Enter")

    # Different words stand beside each other.
    correct(theirs, 0, "Theirs")
    expect(theirs.locator("[data-word='0']")).to_have_text("Theirs")
    correct(mine, 1, "mine")
    expect(mine.locator("[data-word='1']")).to_have_text("mine")
    expect(mine.locator("[data-word='0']")).to_have_text("Theirs")

    # Of the same word one stays, and the person says which.
    correct(theirs, 1, "other")
    dialog = theirs.get_by_role("dialog", name="Somebody else changed these words meanwhile")
    expect(dialog.get_by_role("radio", name="Theirs: mine")).to_be_focused()
    theirs.keyboard.press("Escape")
    expect(theirs.get_by_label("Words at 0:00.0")).to_be_visible()  # what was written is still there
    theirs.get_by_label("Words at 0:00.0").press("Enter")
    expect(dialog).to_be_visible()
    theirs.keyboard.press("ArrowDown")
    theirs.keyboard.press("Enter")
    expect(theirs.locator("[data-word='1']")).to_have_text("other")
    words = httpx.get(f"{small[0].url}/api/videos/{small[1]}/transcript", timeout=60).json()["word_timestamps"]
    assert [words[0]["word"], words[1]["word"]] == ["Theirs", "other"]
