"""The first story once more, with the keyboard alone: from a link to an export, and a moment made out of words."""

from __future__ import annotations

from media_site import MediaSite
from playwright.sync_api import Locator, Page, expect
from serving import Served
from steps import RUN_MS, moments_of, seconds_of, time_of, until_played_to

_MOST_TABS = 120


def _tab_to(page: Page, target: Locator) -> None:
    """As a person does: until it has the focus."""
    expect(target).to_be_visible()
    for _ in range(_MOST_TABS):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError("the focus never comes there")


def test_the_first_story_by_keyboard_alone(page: Page, served: Served, site: MediaSite) -> None:
    page.goto("/")
    _tab_to(page, page.get_by_label("Paste a link"))
    page.keyboard.type(site.url("bread and lighthouses.mp4"))
    page.keyboard.press("Enter")
    link = page.get_by_role("link", name="See the moments").first
    expect(link).to_be_visible(timeout=RUN_MS)
    _tab_to(page, link)
    page.keyboard.press("Enter")
    expect(moments_of(page).first).to_be_visible()

    # To the first moment, and play it.
    page.keyboard.press("n")
    chosen = page.locator("[aria-current=true][role=group]")
    expect(chosen).to_be_visible()
    start = seconds_of(chosen.get_by_label("Start").input_value())
    page.keyboard.press("Enter")
    until_played_to(page, start + 0.5)
    page.keyboard.press("k")

    # Its end to the playhead, seconds and frames away; it is read out; and taken back.
    before = chosen.get_by_label("End").input_value()
    for _ in range(5):
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("ArrowRight")
    at = time_of(page)
    page.keyboard.press("Alt+o")
    expect(chosen.get_by_label("End")).not_to_have_value(before)
    assert abs(seconds_of(chosen.get_by_label("End").input_value()) - at) < 0.11
    expect(page.get_by_test_id("announced")).to_contain_text("Move:")
    page.keyboard.press("Control+z")
    expect(chosen.get_by_label("End")).to_have_value(before)

    # A moment out of words.
    count = moments_of(page).count()
    page.keyboard.press("t")
    for _ in range(6):
        page.keyboard.press("Shift+ArrowRight")
    expect(page.get_by_role("button", name="Moment from 6 words")).to_be_visible()
    page.keyboard.press("Enter")
    expect(moments_of(page)).to_have_count(count + 1)
    page.keyboard.press("Escape")
    page.keyboard.press("Control+z")
    expect(moments_of(page)).to_have_count(count)

    _take_away(page)


def _take_away(page: Page) -> None:
    """Exports what is there; the list of keys is read on the way."""
    export = page.get_by_role("button", name="Export")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    _tab_to(page, export)
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitem").first).to_be_focused()
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename.endswith(".zip")
