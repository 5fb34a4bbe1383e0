"""The web page at its largest: 10,000 videos, three hours with 30,000 words and 200 moments, in a real Chromium.

A trace is recorded while a person scrolls and seeks. Of each frame it tells how long the page's main thread worked: by the clock, and in
processor time, which other programs on the machine don't lengthen. Beside it the size of what is loaded first, and how long Video Detail
takes on a cold cache until its moments, words, waveform and picture are there.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import sys
import tempfile
import time
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, Response, sync_playwright

E2E = Path(__file__).resolve().parent.parent / "e2e"
_FRAME_MS, _SCRIPT_KB, _USABLE_S = 50, 250, 1.5
_CATEGORIES = ["devtools.timeline", "disabled-by-default-devtools.timeline", "toplevel", "blink.user_timing", "__metadata"]
# Runs before the page's own code and notes when everything that a user needs is there.
_USABLE = """
    const look = () => {
        const video = document.querySelector("video");
        const wave = document.querySelector("[data-testid=waveform] > div");
        const canvas = wave?.shadowRoot?.querySelector("canvas");
        if (document.querySelector("[data-moment]") && document.querySelector("[data-word]") && canvas && video?.readyState >= 1)
            window.usableAfter = performance.now();
        else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
"""


@dataclass(frozen=True, slots=True)
class Frames:
    """The milliseconds that each frame took, and the processor time of its thread meanwhile; the longest last."""

    clock: list[float]
    processor: list[float]

    def line(self, name: str) -> str:
        """Returns one line of the report."""
        if len(self.clock) < 2:
            return f"{name:>34}: no frames"
        tail = quantiles(self.clock, n=20)[-1]
        verdict = "" if self.processor[-1] <= _FRAME_MS else f"   over {_FRAME_MS} ms"
        return (
            f"{name:>34}: {len(self.clock):5} frames, p95 {tail:5.1f} ms, worst {self.clock[-1]:6.1f} ms; "
            f"processor p95 {quantiles(self.processor, n=20)[-1]:5.1f} ms, worst {self.processor[-1]:6.1f} ms{verdict}"
        )


def main(arguments: list[str]) -> int:
    """Prints the figures. Returns 1 where a target is missed, 2 where there is no Chromium."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks page", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how often Video Detail is opened with a cold cache")
    parser.add_argument("--traces", type=Path, help="a folder to keep the traces in")
    parser.add_argument("--served", help="URL and video of a stack that is seeded already: http://host:port/videos/ID")
    options = parser.parse_args(arguments)
    sys.path.insert(0, str(E2E))
    from chromium import NO_CHROMIUM, chromium  # type: ignore[import-not-found]

    browser = chromium()
    if browser is None:
        print(NO_CHROMIUM, file=sys.stderr)
        return 2
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    if options.served:
        url, _, video = options.served.partition("/videos/")
        return _measured(browser, url, video, options)
    from seeding import seed_large  # type: ignore[import-not-found]
    from serving import serving  # type: ignore[import-not-found]

    with serving() as served:
        return _measured(browser, served.url, seed_large(served), options)


def _measured(path: str, url: str, video: str, options: argparse.Namespace) -> int:
    from chromium import running

    with sync_playwright() as driver, running(driver, path) as browser:
        missed = _sizes(browser, url, video)
        missed += _usable(browser, url, video, options.rounds)
        missed += _traced(browser, url, video, options.traces)
    return 1 if missed else 0


def _new(browser: Browser, url: str) -> BrowserContext:
    context = browser.new_context(base_url=url, viewport={"width": 1280, "height": 800})
    context.set_default_timeout(60_000)
    return context


# Notes when the page's frame is there. What is drawn into it afterwards (the waveform) is fetched later, and does not belong to the first
# load.
_FRAMED = """
    new MutationObserver((_, watch) => {
        if (!document.querySelector("h1")) return;
        window.framedAt = performance.now();
        watch.disconnect();
    }).observe(document, { childList: true, subtree: true });
"""
_ASKED_BEFORE = "performance.getEntriesByType('resource').filter(({ startTime }) => startTime <= window.framedAt).map(({ name }) => name)"


def _sizes(browser: Browser, url: str, video: str) -> int:
    missed = 0
    for where in ("/", "/library", f"/videos/{video}"):
        context = _new(browser, url)
        page = context.new_page()
        scripts: list[Response] = []

        def note(answer: Response, into: list[Response] = scripts) -> None:
            if answer.request.resource_type == "script":
                into.append(answer)

        page.on("response", note)
        page.add_init_script(_FRAMED)
        page.goto(where)
        page.wait_for_selector("h1")
        first = set(page.evaluate(_ASKED_BEFORE))
        size = sum(len(gzip.compress(answer.body(), 9)) for answer in scripts if answer.url in first) / 1000
        missed += size > _SCRIPT_KB
        print(f"{'JavaScript of ' + where.split(video)[0]:>34}: {size:.0f} kB gzip (at most {_SCRIPT_KB})")
        context.close()
    return missed


def _usable(browser: Browser, url: str, video: str, rounds: int) -> int:
    found = []
    for _ in range(rounds):
        context = _new(browser, url)
        context.add_init_script(_USABLE)
        page = context.new_page()
        page.goto(f"/videos/{video}")
        end = time.monotonic() + 60
        while (after := page.evaluate("window.usableAfter ?? null")) is None and time.monotonic() < end:
            page.wait_for_timeout(50)
        found.append(float(after or 60_000) / 1000)
        context.close()
    middle = median(found)
    print(f"{'Video Detail usable, cold cache':>34}: median {middle:.2f} s, worst {max(found):.2f} s (at most {_USABLE_S})")
    return int(middle > _USABLE_S)


def _traced(browser: Browser, url: str, video: str, keep: Path | None) -> int:
    missed = 0
    detail = f"/videos/{video}"
    scenes: list[tuple[str, str, Callable[[Page], None]]] = [
        ("library, scrolled", "/library", _scroll_library),
        ("moments, scrolled", detail, lambda page: _wheel(page, "[aria-label='List of moments']")),
        ("transcript, scrolled", detail, lambda page: _wheel(page, "[aria-label='Words']")),
        ("seeks from moment to moment", detail, _seek_moments),
        ("seeks from word to word", detail, _seek_words),
        ("an edge dragged", detail, _drag_edge),
        ("played for five seconds", detail, _play),
    ]
    for name, where, act in scenes:
        context = _new(browser, url)
        page = context.new_page()
        page.goto(where)
        page.wait_for_selector("[data-word]" if where == detail else "[aria-label='Videos'] a")
        page.wait_for_timeout(2000)  # the start is measured apart
        with tempfile.TemporaryDirectory() as folder:
            target = (keep or Path(folder)) / f"{name.replace(' ', '-').replace(',', '')}.json"
            target.parent.mkdir(parents=True, exist_ok=True)
            browser.start_tracing(page=page, path=target, categories=_CATEGORIES)
            act(page)
            browser.stop_tracing()
            frames = frames_of(json.loads(target.read_text())["traceEvents"])
        print(frames.line(name))
        missed += not frames.processor or frames.processor[-1] > _FRAME_MS
        context.close()
    return missed


def frames_of(events: list[dict[str, Any]]) -> Frames:
    """Returns the page's animation frames, as Chromium bounds them: from the task that first changes something to its picture.

    The page's renderer is the one that makes the most of them.
    """
    begun: dict[Any, dict[str, Any]] = {}
    frames: dict[tuple[int, int], list[tuple[float, float]]] = {}
    event: dict[str, Any]
    for event in sorted((one for one in events if one["name"] == "AnimationFrame"), key=lambda one: float(one["ts"])):
        name = (event["pid"], json.dumps(event.get("id2", event.get("id"))))
        if event["ph"] == "b":
            begun[name] = event
        elif event["ph"] == "e" and (opened := begun.pop(name, None)):
            frames.setdefault((opened["pid"], opened["tid"]), []).append((opened["ts"], event["ts"]))
    if not frames:
        return Frames([], [])
    thread = max(frames, key=lambda one: len(frames[one]))
    tasks = sorted(
        (one["ts"], one["dur"], one.get("tdur", one["dur"]))
        for one in events
        if one["ph"] == "X" and one["name"] == "RunTask" and (one["pid"], one["tid"]) == thread
    )
    starts = [task[0] for task in tasks]
    processor = []
    for first, last in frames[thread]:
        inside = tasks[max(0, bisect_left(starts, first) - 1) : bisect_left(starts, last)]
        processor.append(sum(used for start, lasted, used in inside if start + lasted > first) / 1000)
    return Frames(sorted((last - first) / 1000 for first, last in frames[thread]), sorted(processor))


def _wheel(page: Page, selector: str, *, turns: int = 60, by: int = 400) -> None:
    page.locator(selector).scroll_into_view_if_needed()
    box = page.locator(selector).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + min(box["height"] / 2, 300))
    for _ in range(turns):
        page.mouse.wheel(0, by)
        page.wait_for_timeout(30)


def _scroll_library(page: Page) -> None:
    page.mouse.move(640, 500)
    for _ in range(120):
        page.mouse.wheel(0, 700)
        page.wait_for_timeout(30)


def _seek_moments(page: Page) -> None:
    page.locator("h1").click()
    for _ in range(60):
        page.keyboard.press("n")
        page.wait_for_timeout(60)


def _seek_words(page: Page) -> None:
    for place in range(30):
        page.locator("[data-word]").nth(20 + place % 30).click()
        page.wait_for_timeout(80)
    field = page.get_by_label("Search words")
    field.fill("lighthouse" if page.get_by_text("lighthouse").count() else "river")
    for _ in range(30):
        field.press("Enter")
        page.wait_for_timeout(80)


def _drag_edge(page: Page) -> None:
    for _ in range(12):
        page.get_by_label("Zoom in").click()
    page.wait_for_timeout(500)
    box = page.locator("[part~='region-handle-right']").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 2, box["y"] + 20)
    page.mouse.down()
    for step in range(40):
        page.mouse.move(box["x"] + 2 + step, box["y"] + 20)
        page.wait_for_timeout(16)
    page.mouse.up()
    page.wait_for_timeout(1000)


def _play(page: Page) -> None:
    page.get_by_role("button", name="Play", exact=True).first.click()
    page.wait_for_timeout(5000)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
