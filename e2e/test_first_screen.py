"""The first screen: the sample is one click away, an old address leads here, and a recording without words can be worked on by hand."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect
from seeding import long_film
from serving import Served
from steps import RUN_MS, moments_of

_SAMPLE = "Sample: five short talks"


def test_the_sample_is_tried_from_the_first_screen(page: Page, served: Served) -> None:
    page.goto("/generate")
    expect(page).to_have_url(f"{served.url}/")
    page.get_by_role("button", name="Try the sample").click()
    added = page.get_by_role("region", name="Just added")
    card = added.locator("[data-run-status]").filter(has=page.get_by_role("heading", name=_SAMPLE))
    expect(card.get_by_role("progressbar", name="Progress of the run")).to_be_visible()
    # Pressed again it is the same run.
    page.get_by_role("button", name="Try the sample").click()
    expect(page.get_by_role("button", name="Try the sample")).to_be_enabled()
    expect(card).to_have_count(1)
    card.get_by_role("button", name="Cancel").click()
    expect(card.get_by_role("status")).to_have_text("Cancelled", timeout=RUN_MS)
    card.get_by_role("button", name="Dismiss").click()
    expect(card).to_have_count(0)


def test_a_recording_without_words_says_why_nothing_was_found_and_takes_a_moment_by_hand(
    page: Page, served: Served, tmp_path: Path
) -> None:
    page.goto("/")
    page.get_by_label("Files to upload").set_input_files(long_film(tmp_path / "silent.mp4", seconds=50))
    page.get_by_role("link", name="See the moments").first.click(timeout=RUN_MS)
    offered = page.get_by_role("group", name="What you can do")
    expect(page.get_by_text("No moments found")).to_be_visible()
    expect(page.get_by_text("The file has no audio.")).to_be_visible()
    for name in ("Search for something else", "Try another model"):
        offered.get_by_role("button", name=name).click()
        dialog = page.get_by_role("dialog", name="Search this recording again")
        expect(dialog).to_be_visible()
        dialog.get_by_role("button", name="Cancel").click()
        expect(dialog).to_have_count(0)
    offered.get_by_role("button", name="Make a moment by hand").click()
    expect(moments_of(page)).to_have_count(1)
    expect(offered).to_have_count(0)
