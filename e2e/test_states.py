"""Every state that a person comes into, in both themes: without a fault that axe finds, and pictured for people to look at."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe import faults
from media_site import MediaSite
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from serving import Served, serving
from steps import RUN_MS, generate, open_first_video
from visitor import Visitor

from conftest import ARTEFACTS

WIDTHS = (360, 1280)
_AWAY_MS = 60_000


@pytest.fixture(scope="module")
def filled(browser: Browser, served: Served, site: MediaSite) -> None:
    """One video whose run is done, one whose run has failed."""
    context = browser.new_context(base_url=served.url)
    context.set_default_timeout(60_000)
    page = context.new_page()
    generate(page, site.url("bread and lighthouses.mp4"))
    page.get_by_role("link", name="See the moments").first.wait_for(timeout=RUN_MS)
    generate(page, site.url("missing.mp4"))
    page.locator("[data-run-status='failed']").first.wait_for(timeout=_AWAY_MS)
    context.close()


@pytest.fixture(params=["dark", "light"])
def context(browser: Browser, served: Served, filled: None, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    made = _context(browser, served.url, request.param)
    yield made
    made.close()


def _context(browser: Browser, url: str, theme: Any) -> BrowserContext:
    made = browser.new_context(base_url=url, color_scheme=theme, reduced_motion="reduce")
    made.set_default_timeout(60_000)
    return made


def _failed_video(page: Page) -> str:
    return str(page.request.get("/api/videos?status=failed").json()["items"][0]["identifier"])


def _detail(page: Page) -> None:
    open_first_video(page)


def _again(page: Page) -> Locator:
    _detail(page)
    page.get_by_role("button", name="Search again").click()
    return page.get_by_role("dialog")


def _export(page: Page) -> Locator:
    _detail(page)
    page.get_by_role("button", name="Export").click()
    return page.get_by_role("menu")


def _delete_video(page: Page) -> Locator:
    _detail(page)
    page.get_by_role("button", name="Delete the video").click()
    return page.get_by_role("dialog")


def _keys(page: Page) -> Locator:
    _detail(page)
    page.keyboard.press("?")
    return page.get_by_role("dialog", name="Keys")


def _chosen_moment(page: Page) -> Locator:
    _detail(page)
    page.keyboard.press("n")
    page.keyboard.press("x")
    return page.locator("[aria-current=true][role=group]")


def _words(page: Page) -> None:
    tab = page.get_by_role("tab", name="Transcript")
    if tab.count():
        tab.click()


def _line_editor(page: Page) -> Locator:
    _detail(page)
    _words(page)
    page.get_by_role("button", name=re.compile("^Correct the words")).first.click()
    return page.get_by_label(re.compile("^Words at"))


def _searched(page: Page) -> Locator:
    _detail(page)
    _words(page)
    page.get_by_label("Search the transcript").fill("bread")
    return page.get_by_text(re.compile(r"^1/\d+$"))


def _message(page: Page) -> Locator:
    _detail(page)
    page.keyboard.press("Control+z")
    return page.get_by_text("There is nothing to undo.")


def _failed(page: Page) -> Locator:
    page.goto(f"/videos/{_failed_video(page)}")
    return page.get_by_role("alert").filter(has_text="404").first


def _unknown(page: Page) -> Locator:
    page.goto("/videos/no-such-video")
    return page.get_by_role("alert").first


def _nothing_found(page: Page) -> Locator:
    page.goto("/library?q=nothing-like-it")
    return page.get_by_text("No recordings match")


def _as_list(page: Page) -> Locator:
    page.goto("/library")
    page.get_by_role("button", name="List").click()
    page.get_by_role("checkbox").first.check()
    return page.get_by_role("region", name="Selected videos")


def _deleted(page: Page) -> Locator:
    # Now, because what is deleted is gone after ten minutes, and what was looked at before may have taken longer.
    other = page.request.get("/api/videos?status=failed").json()["items"][0]["source"]
    made = page.request.post("/api/videos", data={"url": f"{other}?{secrets.token_hex(4)}", "title": "A talk that went"})
    assert page.request.delete(f"/api/videos/{made.json()['identifier']}").ok
    page.goto("/library?status=deleted")
    return page.get_by_role("list", name="Deleted videos")


def _select(page: Page) -> Locator:
    page.goto("/pipelines")
    page.get_by_label("Status").click()
    return page.get_by_role("listbox")


def _strange(page: Page) -> Locator:
    page.goto("/")
    page.get_by_label("Paste a link").fill("not an address")
    return page.get_by_text("is not a link")


def _no_list(page: Page) -> Locator:
    page.goto("/")
    page.get_by_label("Paste a link").fill("http://127.0.0.1:9/playlist")
    page.get_by_role("button", name="Find moments").click()
    return page.get_by_role("dialog").get_by_role("alert")


def _run_details(page: Page) -> Locator:
    page.goto("/pipelines?status=completed")
    page.get_by_role("button", name=re.compile("^Details of")).first.click()
    return page.get_by_role("list", name="Stages")


def _dead_letters(page: Page) -> Locator:
    page.goto("/pipelines?status=dead")
    return page.get_by_text("No runs with this status")


def _add_model(page: Page) -> Locator:
    page.goto("/settings")
    page.get_by_role("button", name="Add a model").click()
    page.get_by_role("dialog").get_by_label("Connection").click()
    page.get_by_role("option", name="Through SSH").click()
    return page.get_by_role("dialog")


def _model_tested(page: Page) -> Locator:
    page.goto("/settings")
    card = page.get_by_role("region", name="signal", exact=True)
    card.get_by_role("button", name="Test").click()
    card.get_by_role("alert").wait_for(timeout=_AWAY_MS * 2)
    return card.get_by_role("list")


def _health(page: Page) -> Locator:
    page.goto("/settings")
    page.get_by_role("tab", name="System health").click()
    return page.get_by_text("Workers", exact=True)


def _key_made(page: Page) -> Locator:
    page.goto("/settings")
    page.get_by_role("tab", name="API keys").click()
    page.get_by_label("Name", exact=False).first.fill("Editing room")
    page.get_by_role("button", name="Create a key").click()
    return page.get_by_text("Copy this key now")


def _loading(page: Page) -> Locator:
    page.goto("/settings")
    page.route("**/api/**", lambda _: None)  # asked, and never answered
    page.get_by_role("link", name="Library").click()
    return page.get_by_label("Loading the library")


def _offline(page: Page) -> Locator:
    page.goto("/library")
    page.get_by_role("list", name="Videos").wait_for()
    page.context.set_offline(True)
    page.get_by_label("Search").first.fill("while nobody answers")
    page.get_by_role("alert").first.wait_for(timeout=_AWAY_MS)
    return page.get_by_text("The server does not answer.").first


STATES: dict[str, Callable[[Page], Locator]] = {
    "search-again": _again, "export": _export, "delete": _delete_video, "keys": _keys, "moment-chosen": _chosen_moment,
    "words-edited": _line_editor, "words-searched": _searched, "message": _message, "failed-run": _failed, "unknown-video": _unknown,
    "nothing-found": _nothing_found, "library-list": _as_list, "library-deleted": _deleted, "select-open": _select,
    "no-link": _strange, "no-playlist": _no_list, "run-details": _run_details, "dead-letters": _dead_letters,
    "model-added": _add_model, "model-tested": _model_tested, "health": _health, "key-made": _key_made, "loading": _loading,
    "offline": _offline,
}  # fmt: skip
_EMPTY = {"/": "Your recordings will appear here", "/library": "No recordings yet", "/pipelines": "No runs yet"}


@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing_in_a_state(context: BrowserContext, state: str, request: pytest.FixtureRequest) -> None:
    theme = request.node.callspec.params["context"]
    wrong = []
    for width in WIDTHS:
        page = context.new_page()
        visitor = Visitor(page)
        page.set_viewport_size({"width": width, "height": 900})
        expect(STATES[state](page)).to_be_visible(timeout=_AWAY_MS)
        wrong += _looked_at(page, f"state-{state}-{width}-{theme}")
        context.set_offline(False)
        page.close()
        assert visitor.complaints() == []
    assert wrong == []


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_axe_finds_nothing_where_nothing_is_yet_nor_at_the_door(browser: Browser, theme: Any) -> None:
    with serving() as empty:
        context = _context(browser, empty.url, theme)
        page = context.new_page()
        wrong = []
        for path, text in _EMPTY.items():
            page.goto(path)
            expect(page.get_by_text(text)).to_be_visible()
            wrong += _looked_at(page, f"state-empty-{path.strip('/') or 'home'}-1280-{theme}")
        key = page.request.post("/api/admin/keys", data={"name": "door", "scope": "admin"}).json()["key"]
        empty.restart(MOMENTS_REQUIRE_KEYS="1")
        page.goto("/library")
        door = page.get_by_role("dialog", name="Sign in")
        expect(door).to_be_visible()
        wrong += _looked_at(page, f"state-sign-in-1280-{theme}")
        door.get_by_label("API key").fill("vm_wrong")
        door.get_by_role("button", name="Sign in").click()
        expect(door.get_by_text("This key is not known")).to_be_visible()
        wrong += _looked_at(page, f"state-sign-in-refused-1280-{theme}")
        door.get_by_label("API key").fill(key)
        door.get_by_role("button", name="Sign in").click()
        expect(door).to_have_count(0)
        expect(page.get_by_text("No recordings yet")).to_be_visible()
        context.close()
    assert wrong == []


def _looked_at(page: Page, name: str) -> list[str]:
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    page.wait_for_timeout(400)  # transitions end; nothing depends on it but the picture
    page.screenshot(path=ARTEFACTS / f"{name}.png")
    wide = page.evaluate("document.documentElement.scrollWidth")
    found = [f"{name}: {fault}" for fault in faults(page)]
    return found if wide <= page.evaluate("window.innerWidth") else [*found, f"{name}: the page is {wide} px wide"]
