"""What the stories share: the served stack, a site with videos, a browser, and a page that must not complain."""

from __future__ import annotations

from pytest_machine import pytest_configure, pytest_terminal_summary

# isort: split
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import NO_CHROMIUM, chromium, running
from films import short_film
from media_site import MediaSite, media_site
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from serving import Served, serving
from visitor import Visitor

__all__ = ["pytest_configure", "pytest_terminal_summary"]

# What is waited for may take its time on a busy machine; five seconds, the default, would measure the neighbours.
expect.set_options(timeout=60_000)
ARTEFACTS = Path(os.environ.get("MOMENTS_ARTEFACTS") or Path(__file__).parent / "test-artifacts")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MediaSite]:
    folder = tmp_path_factory.mktemp("site")
    short_film(folder / "bread and lighthouses.mp4")
    with media_site(folder) as started:
        yield started


@pytest.fixture(scope="session")
def served() -> Iterator[Served]:
    """The real thing, allowed to fetch from this machine; nothing else about it is special."""
    with serving(MOMENTS_ALLOW_PRIVATE="127.0.0.1") as started:
        yield started


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = chromium()
    if path is None:
        if os.environ.get("MOMENTS_DEMAND_BROWSER"):
            pytest.fail(f"{NO_CHROMIUM} (MOMENTS_DEMAND_BROWSER is set)")
        pytest.skip(NO_CHROMIUM)
    with sync_playwright() as driver, running(driver, path) as launched:
        yield launched


@pytest.fixture
def context(browser: Browser, served: Served) -> Iterator[BrowserContext]:
    made = browser.new_context(base_url=served.url, viewport={"width": 1280, "height": 800}, accept_downloads=True)
    made.set_default_timeout(60_000)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page whose console stays clean: an error there fails the story. A failed story leaves its last picture."""
    visitor = Visitor(context.new_page())
    yield visitor.page
    if getattr(request.node, "failed", False):
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        visitor.page.screenshot(path=ARTEFACTS / f"failed-{request.node.name}.png")
    else:
        assert visitor.complaints() == []


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    outcome = yield
    if outcome.get_result().failed:  # type: ignore[attr-defined]
        item.failed = True  # type: ignore[attr-defined]
