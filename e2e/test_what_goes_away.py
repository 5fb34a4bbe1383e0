"""What goes away under the page: the server; and what a person sees of it."""

from __future__ import annotations

import re

from media_site import MediaSite
from playwright.sync_api import Page, expect
from serving import Served
from steps import RUN_MS, generate, moments_of, time_of, until_played_to

# Starting everything anew on a busy machine.
_BACK_MS = 60_000


def test_f76_an_address_that_dies_in_mid_play_is_renewed_where_it_was(page: Page, served: Served, site: MediaSite) -> None:
    generate(page, site.url("bread and lighthouses.mp4"))
    page.get_by_role("link", name="See the moments").first.click(timeout=RUN_MS)
    expect(moments_of(page).first).to_be_visible()
    page.get_by_role("button", name="Play", exact=True).first.click()
    until_played_to(page, 5.5)
    # The server itself refuses the address: its signature is another's.
    answers: list[int] = []
    page.on("response", lambda answer: answers.append(answer.status))
    address = str(page.evaluate("document.querySelector('video').src"))
    dead = re.sub("(signature=)[^&]{6}", r"\g<1>AAAAAA", address)
    assert dead != address
    page.evaluate("address => { document.querySelector('video').src = address }", dead)
    until_played_to(page, 6.5)
    assert 403 in answers
    assert time_of(page) < 30
    assert not page.evaluate("document.querySelector('video').paused")
    assert str(page.evaluate("document.querySelector('video').src")) != dead


def test_the_server_goes_and_comes_back(page: Page, served: Served, site: MediaSite) -> None:
    generate(page, site.held("bread and lighthouses.mp4"))
    card = page.locator("[data-run-status]").first
    expect(card).to_be_visible()
    banner = page.get_by_text("The server does not answer.")
    served.stop()
    expect(banner).to_be_visible(timeout=_BACK_MS)
    expect(card).to_be_visible()  # what was shown stays
    served.start()
    expect(banner).to_have_count(0, timeout=_BACK_MS)
    # It asks for the run again by itself.
    with page.expect_response(re.compile("/status$"), timeout=_BACK_MS) as asked:
        pass
    assert asked.value.status in (200, 304)
    if card.get_attribute("data-run-status") in ("queued", "processing"):
        card.get_by_role("button", name="Cancel").click()
        expect(card.get_by_role("status")).to_have_text("Cancelled", timeout=_BACK_MS)
