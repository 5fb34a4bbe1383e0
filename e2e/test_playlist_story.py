"""A page of several videos: which of them are meant is asked first, and only those are started."""

from __future__ import annotations

from media_site import MediaSite
from playwright.sync_api import Page, expect
from serving import Served
from steps import RUN_MS

_LOOK_MS = 120_000


def test_of_a_playlist_only_the_chosen_videos_are_started(page: Page, served: Served, site: MediaSite) -> None:
    film = site.url("bread and lighthouses.mp4")
    videos = (f"{film}?episode=1", f"{film}?episode=2", site.url("missing.mp4"))
    (site.folder / "talks.html").write_text("<title>My talks</title>" + "".join(f'<video src="{video}"></video>' for video in videos))
    page.goto("/")
    page.get_by_label("Paste a link").fill(site.url("talks.html"))
    page.get_by_role("button", name="Choose from a playlist or channel").click()
    dialog = page.get_by_role("dialog")
    listed = dialog.get_by_role("list", name="Videos of the list").get_by_role("listitem")
    expect(listed).to_have_count(len(videos), timeout=_LOOK_MS)
    expect(dialog.get_by_text("3 videos.")).to_be_visible()
    assert page.locator("[data-run-status]").count() == 0, "nothing starts before it is confirmed"

    listed.nth(2).get_by_role("checkbox").uncheck()
    dialog.get_by_role("button", name="Find moments in 2").click()
    expect(page.locator("[data-run-status]")).to_have_count(2)
    expect(page.get_by_role("link", name="See the moments")).to_have_count(2, timeout=RUN_MS)
