"""Watching with captions and without sound, by hand and by keys; and moments made by hand where no run has found or heard anything."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from axe import faults
from films import tone
from playwright.sync_api import Locator, Page, expect
from seeding import completed_minute, long_film
from serving import Served
from steps import moments_of, seconds_of, time_of

from conftest import ARTEFACTS

_NARROW = {"width": 360, "height": 800}


@pytest.fixture(scope="module")
def minute(served: Served) -> str:
    """A recording with words and moments."""
    return completed_minute(served)


def _uploaded(page: Page, file: Path, kind: str) -> str:
    """A recording that no run has seen, by its identifier."""
    content = {"name": file.name, "mimeType": kind, "buffer": file.read_bytes()}
    answer = page.request.post("/api/videos/upload", multipart={"file": content}, timeout=120_000)
    assert answer.ok, answer.text()
    return str(answer.json()["identifier"])


def _seek(page: Page, seconds: float) -> None:
    page.evaluate("seconds => { document.querySelector('video').currentTime = seconds }", seconds)
    expect(page.get_by_test_id("clock")).to_contain_text(re.compile(rf"^{int(seconds // 60)}:{seconds % 60:04.1f} "))


def _bounds(moment: Locator) -> tuple[float, float]:
    start, end = (seconds_of(moment.get_by_label(name).input_value()) for name in ("Start", "End"))
    return start, end


def _loaded(page: Page, video: str) -> None:
    page.goto(f"/videos/{video}")
    expect(page.get_by_role("button", name="Play", exact=True).first).to_be_visible()
    expect(page.get_by_role("group", name="New moment")).to_be_visible()
    expect(page.locator("[part~='cursor']").first).to_be_attached()  # the timeline is drawn


def test_captions_size_and_keys_are_as_they_were_left(page: Page, minute: str) -> None:
    _loaded(page, minute)
    captions = page.get_by_test_id("captions")
    expect(captions).to_have_count(0)
    # By hand: on, and larger. What is shown is what is said at the playhead.
    page.get_by_role("button", name="Captions").click()
    _seek(page, 30.5)
    word = page.locator("[data-word='30']").inner_text()
    expect(captions).to_contain_text(word)
    before = captions.evaluate("element => parseFloat(getComputedStyle(element).fontSize)")
    page.get_by_label("Size of the captions").select_option("large")
    assert captions.evaluate("element => parseFloat(getComputedStyle(element).fontSize)") > before * 1.2
    # By keys, each read out.
    page.get_by_test_id("clock").click()
    for key, said in (("m", "Muted."), (">", "Speed 1.25."), ("c", "Captions off."), ("c", "Captions on.")):
        page.keyboard.press(key)
        expect(page.get_by_test_id("announced")).to_contain_text(said)
    # It fills the screen with its controls and its captions, and shows its keys there too.
    page.keyboard.press("f")
    expect(page.get_by_role("button", name="Leave full screen")).to_be_visible()
    expect(captions).to_contain_text(word)
    assert page.evaluate("document.fullscreenElement.contains(document.querySelector('[data-testid=captions]'))")
    page.get_by_role("button", name="Keys").click()
    expect(page.get_by_role("dialog", name="Keys").get_by_text("Captions on or off")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    # A browser may take the key for its own as well.
    if page.evaluate("document.fullscreenElement !== null"):
        page.get_by_role("button", name="Leave full screen").click()
    expect(page.get_by_role("button", name="Full screen", exact=True)).to_be_visible()
    # The next time all of it is as it was left.
    page.reload()
    expect(page.get_by_role("button", name="Captions")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_label("Size of the captions")).to_have_value("large")
    expect(page.get_by_label("Speed")).to_have_value("1.25")
    expect(page.get_by_role("button", name="Unmute")).to_be_visible()
    assert page.evaluate("document.querySelector('video').muted")


def test_the_controls_fit_a_narrow_screen(page: Page, minute: str) -> None:
    page.set_viewport_size(_NARROW)
    _loaded(page, minute)
    page.get_by_role("button", name="Captions").click()
    controls = page.get_by_role("group", name="Player", exact=True)
    # Two rows of 32 px with their edges; none is cut off, none smaller than a finger or a pointer needs.
    box = controls.bounding_box()
    assert box is not None
    assert box["height"] < 90
    for button in controls.get_by_role("button").all():
        place = button.bounding_box()
        assert place is not None
        assert min(place["width"], place["height"]) >= 32
        assert place["x"] >= 0
        assert place["x"] + place["width"] <= _NARROW["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= _NARROW["width"]
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=ARTEFACTS / "player-360.png")
    assert faults(page) == []


def test_a_moment_is_made_by_hand_without_words_moments_or_a_run(page: Page, served: Served) -> None:
    film = long_film(served.home / "never run.mp4", seconds=90)
    _loaded(page, _uploaded(page, film, "video/mp4"))
    expect(moments_of(page)).to_have_count(0)

    # By keys: in, out, made; and it is the chosen one.
    page.get_by_test_id("clock").click()
    _seek(page, 12.0)
    page.keyboard.press("i")
    _seek(page, 31.0)
    page.keyboard.press("o")
    page.keyboard.press("+")
    expect(moments_of(page)).to_have_count(1)
    chosen = page.locator("[aria-current=true][role=group]")
    expect(chosen).to_be_visible()
    assert _bounds(chosen) == (12.0, 31.0)
    expect(chosen.get_by_label("Title")).to_have_value("Moment at 0:12")

    # Dragged over the waveform, and made with the button.
    wave = page.get_by_test_id("waveform").bounding_box()
    assert wave is not None
    page.mouse.move(wave["x"] + wave["width"] * 0.5, wave["y"] + 40)
    page.mouse.down()
    page.mouse.move(wave["x"] + wave["width"] * 0.7, wave["y"] + 40, steps=8)
    page.mouse.up()
    expect(page.get_by_role("button", name=re.compile("^In 0:4"))).to_be_visible()
    made = page.get_by_role("button", name="+ Moment")
    made.click()
    expect(moments_of(page)).to_have_count(2)
    start, end = _bounds(moments_of(page).nth(1))
    assert abs(start - 45) < 2
    assert abs(end - 63) < 2

    # With neither, 30 s around the playhead: what a reload shows is what was made.
    expect(page.get_by_role("button", name="In", exact=True)).to_be_visible()
    _seek(page, 85.0)
    made.click()
    expect(moments_of(page)).to_have_count(3)
    page.reload()
    expect(moments_of(page)).to_have_count(3)
    start, end = _bounds(moments_of(page).nth(2))
    assert abs(end - 90) < 1.1
    assert abs(end - start - 30) < 0.2


def test_sound_alone_is_shown_as_a_large_waveform(page: Page, served: Served) -> None:
    _loaded(page, _uploaded(page, tone(served.home / "tone.wav", seconds=40), "audio/wav"))
    expect(page.locator("video")).to_be_hidden()
    player, wave = (page.get_by_test_id(name) for name in ("player", "waveform"))
    expect(player.get_by_test_id("waveform")).to_have_count(1)
    expect(wave).to_have_count(1)
    box = wave.bounding_box()
    assert box is not None
    assert box["height"] > 200
    # It is played, and cut by hand.
    page.get_by_role("button", name="On 5 seconds").click()
    assert time_of(page) == pytest.approx(5, abs=0.2)
    page.get_by_role("button", name="+ Moment").click()
    expect(moments_of(page)).to_have_count(1)
    assert _bounds(moments_of(page).first) == (0.0, 30.0)
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=ARTEFACTS / "player-sound-1280.png")
    assert faults(page) == []
