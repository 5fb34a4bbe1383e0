"""Every page in both themes and four widths: without a fault that axe finds, and pictured for people to look at."""

from __future__ import annotations

from typing import Any

import pytest
from axe import faults
from media_site import MediaSite
from playwright.sync_api import Browser, Page
from serving import Served
from steps import RUN_MS, generate
from visitor import Visitor

from conftest import ARTEFACTS

WIDTHS = (360, 768, 1280, 1920)
PAGES = ("/", "/library", "/pipelines", "/settings", "/nowhere", "detail")


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing(browser: Browser, served: Served, site: MediaSite, path: str, theme: Any) -> None:
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    context = browser.new_context(base_url=served.url, color_scheme=theme, reduced_motion="reduce")
    context.set_default_timeout(60_000)
    page = context.new_page()
    visitor = Visitor(page)
    where = path if path != "detail" else _finished_video(page, site)
    wrong = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(where)
        page.wait_for_selector("h1")
        page.wait_for_timeout(700)  # the first answers are drawn; nothing depends on it but the picture
        page.screenshot(path=ARTEFACTS / f"{path.strip('/') or 'home'}-{width}-{theme}.png", full_page=True)
        wrong += [f"{width} px: {fault}" for fault in faults(page)]
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"the page is {wide} px wide on {width}"
    context.close()
    assert wrong == []
    assert visitor.complaints() == []


def _finished_video(page: Page, site: MediaSite) -> str:
    """The address of one with moments, which another story may have made before."""

    def found() -> list[Any]:
        return list(page.request.get("/api/videos?status=completed").json()["items"])

    if not found():
        generate(page, site.url("bread and lighthouses.mp4"))
        page.get_by_role("link", name="See the moments").first.wait_for(timeout=RUN_MS)
    return f"/videos/{found()[0]['identifier']}"
