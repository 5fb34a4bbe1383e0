"""What goes away under the page: the server; and what a person sees of it."""

from __future__ import annotations

import re

from media_site import MediaSite
from playwright.sync_api import Page, expect
from serving import Served
from test_first_story import _generate

# Starting everything anew on a busy machine.
_BACK_MS = 60_000


def test_the_server_goes_and_comes_back(page: Page, served: Served, site: MediaSite) -> None:
    _generate(page, site.held("bread and lighthouses.mp4"))
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
