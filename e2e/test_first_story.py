"""What a person does first: paste an address, watch it work, judge and fix a moment, take the result away."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from media_site import MediaSite
from playwright.sync_api import Page, expect
from serving import Served
from steps import RUN_MS, delete_moment, drag, generate, moments_of, open_first_video, seconds_of, time_of, until_played_to

_STAGES = 8


def _watched_to_its_end(page: Page) -> None:
    """The bar says how far it is; the stages are listed on demand."""
    expect(page.get_by_role("progressbar", name="Progress of the run").first).to_be_visible()
    page.get_by_role("button", name="Show the stages").first.click()
    stages = page.get_by_role("list", name="Stages").get_by_role("listitem")
    expect(stages).to_have_count(_STAGES)
    # They tick: one works while a later one waits, and in the end none does either.
    expect(page.locator("[data-stage=TRANSCRIPTION][data-status=processing]")).to_be_visible(timeout=RUN_MS)
    expect(page.locator("[data-stage=VIDEO_DOWNLOAD][data-status=completed]")).to_be_visible()
    expect(page.locator("[data-stage=MOMENT_REFINEMENT][data-status=pending]")).to_be_visible()
    ended = page.locator("[data-stage][data-status=completed], [data-stage][data-status=skipped]")
    expect(ended).to_have_count(_STAGES, timeout=RUN_MS)


def test_from_an_address_to_an_exported_moment(page: Page, served: Served, site: MediaSite, tmp_path: Path) -> None:
    # An address that no other story has had: a run of a video that is known does not transcribe it again.
    generate(page, f"{site.url('bread and lighthouses.mp4')}?first")
    _watched_to_its_end(page)
    page.get_by_role("link", name="See the moments").click(timeout=RUN_MS)
    expect(moments_of(page).first).to_be_visible()
    assert moments_of(page).count() >= 2

    # Play one: the video's time advances inside its bounds.
    first = moments_of(page).first
    start, end = (seconds_of(first.get_by_label(name).input_value()) for name in ("Start", "End"))
    first_end = first.get_by_label("End").input_value()
    first.get_by_role("button", name=re.compile("^Play ")).first.click()
    until_played_to(page, start + 0.5)
    assert start <= time_of(page) <= end
    page.keyboard.press("k")

    # Drag its end; it stays after a reload, and the clip is cut anew.
    drag(page, "[part~='region-handle-right']", by=-140)
    expect(first.get_by_label("End")).not_to_have_value(first_end)
    moved = seconds_of(first.get_by_label("End").input_value())
    assert start + 1 < moved < end - 1
    expect(page.get_by_text("One moment has no clip with its bounds yet.")).to_be_visible()
    page.reload()
    field = moments_of(page).first.get_by_label("End")
    expect(field).to_be_visible()
    assert abs(seconds_of(field.input_value()) - moved) < 0.11
    page.get_by_role("button", name="Cut", exact=True).click()
    expect(page.get_by_text("has no clip with its bounds yet")).to_have_count(0, timeout=RUN_MS)
    video = page.url.rpartition("/")[2]
    served_moment = page.request.get(f"/api/videos/{video}/moments").json()["items"][0]
    assert abs(served_moment["end_time"] - moved) < 0.11
    assert abs(served_moment["clip"]["end_time"] - served_moment["end_time"]) < 0.1

    # What is exported is what is shown.
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="Everything (JSON)").click()
    target = tmp_path / "moments.json"
    download.value.save_as(target)
    exported = json.loads(target.read_text())
    assert len(exported["moments"]) == moments_of(page).count()
    assert served_moment["end_time"] in [moment["end_time"] for moment in exported["moments"]]


def test_an_edge_drags_and_is_undone(page: Page, served: Served, site: MediaSite) -> None:
    open_first_video(page)
    first = moments_of(page).first
    before = first.get_by_label("Start").input_value()
    drag(page, "[part~='region-handle-left']", by=60)
    expect(first.get_by_label("Start")).not_to_have_value(before)
    page.get_by_text("Drag an edge").click()
    page.keyboard.press("Control+z")
    expect(first.get_by_label("Start")).to_have_value(before)

    # Typed, it goes exactly there; by Escape nowhere.
    field = first.get_by_label("Start")
    field.fill("0:02.3")
    field.press("Enter")
    expect(field).to_have_value("0:02.3")
    field.fill("9")
    field.press("Escape")
    expect(field).to_have_value("0:02.3")


def test_a_moment_is_deleted_and_comes_back(page: Page, served: Served) -> None:
    open_first_video(page)
    count = moments_of(page).count()
    delete_moment(page, moments_of(page).first)
    expect(moments_of(page)).to_have_count(count - 1)
    page.get_by_role("button", name="Undo").click()
    expect(moments_of(page)).to_have_count(count)


def test_words_lead_to_their_time_and_are_corrected(page: Page, served: Served) -> None:
    open_first_video(page)
    word = page.locator("[data-word='6']")
    word.click()
    until_played_to(page, 0.5)
    page.get_by_label("Search the transcript").fill("bread")
    expect(page.get_by_text(re.compile(r"1/\d+"))).to_be_visible()
    page.get_by_label("Search the transcript").fill("")

    first = page.locator("[data-word='0']")
    expect(first).to_be_visible()
    before = first.inner_text()
    page.get_by_role("button", name=re.compile("^Correct the words")).first.click()
    editor = page.get_by_label(re.compile("^Words at"))
    editor.fill(editor.input_value().replace(before, "Corrected", 1))
    editor.press("Enter")
    expect(first).to_have_text("Corrected")
    page.reload()
    expect(page.locator("[data-word='0']")).to_have_text("Corrected")


def test_a_video_is_deleted_and_restored_in_the_library(page: Page, served: Served, site: MediaSite) -> None:
    page.goto("/library")
    videos = page.get_by_role("list", name="Videos").get_by_role("link")
    expect(videos.first).to_be_visible()
    count = videos.count()
    page.get_by_role("checkbox").first.check(force=True)
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(videos).to_have_count(count)


def test_a_run_is_cancelled_and_a_failed_one_says_what_to_do(page: Page, served: Served, site: MediaSite) -> None:
    generate(page, site.held("bread and lighthouses.mp4"))
    card = page.locator("[data-run-status]").first
    card.get_by_role("button", name="Cancel").click()
    expect(card.get_by_role("status")).to_have_text("Cancelled", timeout=60_000)
    generate(page, site.url("missing.mp4"))
    failed = page.locator("[data-run-status='failed']").first
    expect(failed).to_be_visible(timeout=60_000)
    expect(failed.get_by_role("alert")).to_be_visible()
    expect(failed.get_by_role("alert")).to_contain_text("Check the URL.")
    page.goto("/pipelines?status=failed")
    expect(page.get_by_role("list", name="Runs").get_by_role("button", name="Try again").first).to_be_visible()

    # What was missing comes: the same run, taken up again, ends well.
    generate(page, site.url("late.mp4"))
    late = page.locator("[data-run-status]").first
    expect(late.get_by_role("status")).to_have_text("Failed", timeout=60_000)
    shutil.copy(site.folder / "bread and lighthouses.mp4", site.folder / "late.mp4")
    late.get_by_role("button", name="Try again").click()
    late.get_by_role("link", name="See the moments").click(timeout=RUN_MS)
    expect(moments_of(page).first).to_be_visible()


def test_a_file_is_uploaded_and_becomes_moments(page: Page, served: Served, site: MediaSite) -> None:
    page.goto("/")
    page.get_by_label("Files to upload").set_input_files(site.folder / "bread and lighthouses.mp4")
    # The same bytes as the first story's: one video, whose moments are there at once when the run ends.
    page.get_by_role("link", name="See the moments").first.click(timeout=RUN_MS)
    expect(moments_of(page).first).to_be_visible()
