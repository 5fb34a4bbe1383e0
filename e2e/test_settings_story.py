"""A model service that runs already: added, tested with each step shown, edited, removed."""

from __future__ import annotations

from playwright.sync_api import Page, expect
from serving import Served

_TEST_MS = 120_000
_VARIABLE = "STORY_API_KEY"


def test_a_model_is_added_tested_edited_and_removed(page: Page, served: Served) -> None:
    served.restart(**{_VARIABLE: served.models[1]})
    address, _ = served.models
    page.goto("/settings")
    page.get_by_role("button", name="Add a model").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=False).first.fill("house_whisper")
    dialog.get_by_label("Task").click()
    page.get_by_role("option", name="Transcribes speech").click()
    dialog.get_by_label("Address").fill(address)
    dialog.get_by_label("Environment variable with its key").fill(_VARIABLE)
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    card = page.get_by_role("region", name="house_whisper")
    expect(card).to_contain_text(address)

    card.get_by_role("button", name="Test").click()
    expect(card.get_by_text("The model works.")).to_be_visible(timeout=_TEST_MS)
    steps = card.get_by_role("list").get_by_role("listitem")
    assert steps.count() >= 2
    expect(card.get_by_label("failed")).to_have_count(0)

    # A port where nobody listens: the step that fails says so.
    card.get_by_role("button", name="Edit").click()
    dialog.get_by_label("Address").fill("http://127.0.0.1:9")
    dialog.get_by_role("button", name="Save").click()
    expect(card).to_contain_text("http://127.0.0.1:9")
    card.get_by_role("button", name="Test").click()
    expect(card.get_by_text("The test failed.")).to_be_visible(timeout=_TEST_MS)
    expect(card.get_by_label("failed").first).to_be_visible()

    card.get_by_role("button", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(card).to_have_count(0)
