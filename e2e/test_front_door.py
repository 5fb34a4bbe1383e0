"""Who comes in and what: files that are no recordings, runs that failed and are dismissed, a key that may only look."""

from __future__ import annotations

import re

import pytest
from media_site import MediaSite
from playwright.sync_api import Browser, Page, expect
from seeding import completed_minute
from serving import serving
from steps import generate, moments_of

_PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)
_WRONG = {"notes.mp4": b"hello", "picture.mp4": _PNG, "nothing.mp4": b"", "page.mp4": b"<!doctype html><title>Not found</title>"}
_FAILED_MS = 60_000


def _videos(page: Page) -> int:
    return len(page.request.get("/api/videos").json()["items"])


@pytest.mark.parametrize("name", _WRONG)
def test_a_file_that_is_no_recording_is_not_accepted_and_says_why(page: Page, name: str) -> None:
    page.goto("/")
    before = _videos(page)
    page.get_by_label("Files to upload").set_input_files({"name": name, "mimeType": "video/mp4", "buffer": _WRONG[name]})
    upload = page.get_by_role("group", name="Uploads")
    expect(upload.get_by_text("Not accepted")).to_be_visible()
    reason = upload.get_by_role("alert").inner_text()
    assert len(reason) > 20
    assert "Traceback" not in reason
    assert _videos(page) == before
    upload.get_by_role("button", name=f"Remove {name} from this list").click()
    expect(upload).to_have_count(0)


def test_failed_runs_are_dismissed_one_and_all(page: Page, site: MediaSite) -> None:
    for name in ("missing one.mp4", "missing two.mp4", "missing three.mp4"):
        generate(page, site.url(name))
        page.locator("[data-run-status='failed']").first.wait_for(timeout=_FAILED_MS)
    page.goto("/pipelines?status=failed")
    cards = page.get_by_role("list", name="Runs").get_by_role("listitem").filter(has=page.get_by_role("button", name="Dismiss"))
    expect(cards.nth(2)).to_be_visible()
    before = cards.count()
    cards.first.get_by_role("button", name="Dismiss").click()
    expect(cards).to_have_count(before - 1)
    page.get_by_role("button", name="Dismiss all failed").click()
    page.get_by_role("dialog").get_by_role("button", name="Dismiss").click()
    # While the dialog stands, what lies behind it has no roles: that no card is found says nothing before it is gone.
    expect(page.get_by_role("dialog")).to_have_count(0, timeout=_FAILED_MS)
    expect(cards).to_have_count(0)
    assert page.request.get("/api/pipeline?status=failed").json()["items"] == []
    # It takes the place of the first one, whose Undo is over.
    expect(page.get_by_text(re.compile("failed runs? dismissed."))).to_be_visible(timeout=_FAILED_MS)


def test_a_key_that_may_only_look_sees_nothing_that_changes_anything(browser: Browser, site: MediaSite) -> None:
    with serving(MOMENTS_ALLOW_PRIVATE="127.0.0.1") as own:
        context = browser.new_context(base_url=own.url)
        context.set_default_timeout(60_000)
        page = context.new_page()
        done = completed_minute(own)
        generate(page, site.url("missing.mp4"))
        page.locator("[data-run-status='failed']").first.wait_for(timeout=_FAILED_MS)
        (failed,) = {video["identifier"] for video in page.request.get("/api/videos").json()["items"]} - {done}
        key = page.request.post("/api/admin/keys", data={"name": "the gallery", "scope": "read"}).json()["key"]
        own.restart(MOMENTS_REQUIRE_KEYS="1")
        page.goto("/library")
        door = page.get_by_role("dialog", name="Sign in")
        door.get_by_label("API key").fill(key)
        door.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("note", name=re.compile("Signed in as the gallery.*can view"))).to_be_visible()
        written: list[str] = []
        page.on("request", lambda request: written.append(request.url) if request.method not in ("GET", "HEAD") else None)
        for path in ("/", "/library", f"/videos/{failed}", f"/videos/{done}", "/pipelines", "/generate", "/settings"):
            page.goto(path)
            expect(page.get_by_role("note", name=re.compile("can view"))).to_be_visible()
            if path.endswith(done):
                _look_at_moments_and_words(page)
            page.wait_for_load_state("networkidle")
            names = [button.inner_text() or button.get_attribute("aria-label") or "" for button in page.get_by_role("button").all()]
            assert [name for name in names if _CHANGES.search(name) and name != _PLAYS] == [], path
            expect(page.get_by_label("Files to upload")).to_have_count(0)
        assert written == []
        context.close()


def _look_at_moments_and_words(page: Page) -> None:
    """They are shown, in fields that nobody can type into, and the keys that edit a chosen moment do nothing."""
    expect(moments_of(page)).to_have_count(3)
    expect(page.locator("[data-word='0']")).to_be_visible()
    expect(moments_of(page).get_by_role("textbox")).to_have_count(0)
    page.get_by_role("button", name="Play Moment number 2").focus()
    expect(page.get_by_role("group", name="Moment number 2")).to_have_attribute("aria-current", "true")
    for pressed in ("i", "o", "s", "x", "Delete", "Control+z"):
        page.keyboard.press(pressed)
    expect(moments_of(page)).to_have_count(3)


_PLAYS = "Play again and again"
_CHANGES = re.compile(
    r"find moments|choose files|try the sample|upload|delete|dismiss|by hand|cancel|again|rename|save|add|make|correct|remove|edit|restore"
    r"|refine|keep|reject|split|merge",
    re.I,
)
