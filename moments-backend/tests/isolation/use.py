"""A day's use, to be run in a room: `python use.py CHECKOUT SECONDS`. Ends with status 0 when everything that was used worked.

The demo, then `moments serve` for so many seconds with a recording that goes through it, pollers and the page in Chromium where there is
one, the model service by itself, and the page's build.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

TESTS = Path(__file__).parents[1]
E2E = TESTS.parents[1] / "e2e"
ADDRESS = "http://127.0.0.1:7005"
MODELS = "http://127.0.0.1:8006"
SAMPLE = "moments-backend/src/videomoments/demo/sample.mp4"
# Everything is done long before; a machine with other work gets its time.
WATCHDOG_SECONDS = 1500.0


def say(what: str) -> None:
    print(f"[use] {what}", flush=True)


def main() -> None:
    checkout, seconds = Path(sys.argv[1]), float(sys.argv[2])
    os.chdir(checkout)
    say("demo")
    subprocess.run(["./moments", "demo"], check=True)
    say("models")
    with started(["./.venv/bin/moments-models", "serve", "--all"], f"{MODELS}/health"):
        ask_models()
    page = (checkout / "moments-frontend/node_modules/.locked").is_file()
    if page:
        say("page build")
        subprocess.run(["moments-frontend/page.sh", "build"], check=True)
    else:
        say("the page's packages are not installed in this checkout (moments-frontend/page.sh build): served without it")
    say(f"serve, {seconds:.0f} s")
    with started(["./moments", "serve", *([] if page else ["--no-page"])], f"{ADDRESS}/ready"):
        use_served(time.monotonic() + seconds, page=page)
    for command in (["doctor"], ["models", "list"], ["runs", "list"], ["clean", "--yes"]):
        say(" ".join(command))
        subprocess.run(["./moments", *command], check=True, stdout=subprocess.DEVNULL)
    say("done")


@contextmanager
def started(command: list[str], answers_at: str) -> Iterator[None]:
    """A server, from its first answer to its orderly end."""
    process = subprocess.Popen(command)
    try:
        wait_for(answers_at, process)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        status = process.wait(WATCHDOG_SECONDS)
    if status not in (0, -signal.SIGTERM):
        sys.exit(f"{command} ended with status {status}")


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + WATCHDOG_SECONDS
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(url, timeout=WATCHDOG_SECONDS).status_code == 200:
                return
        time.sleep(0.3)
    sys.exit(f"{url} does not answer")


def ask_models() -> None:
    """The program by itself, with a model of onnxruntime's loaded. Recognition is asked by the demo and by what `serve` is given."""
    said = "Bread needs time, flour, water and a warm place."
    lines = [{"n": number + 1, "start": number * 5.0, "end": number * 5.0 + 4.5, "text": said} for number in range(12)]
    task = {"task": "generate_moments", "duration": 60.0, "limits": {"max_moments": 3}, "prompt": "", "language": "en", "lines": lines}
    message = {"role": "user", "content": f"Choose the moments.\n\n{json.dumps(task)}"}
    answer = httpx.post(f"{MODELS}/v1/chat/completions", json={"model": "extractive", "messages": [message]}, timeout=WATCHDOG_SECONDS)
    answer.raise_for_status()
    httpx.get(f"{MODELS}/v1/models", timeout=WATCHDOG_SECONDS).raise_for_status()


def use_served(end: float, *, page: bool) -> None:
    with Path(SAMPLE).open("rb") as file:
        answer = httpx.post(f"{ADDRESS}/api/videos/upload", files={"file": ("sample.mp4", file, "video/mp4")}, timeout=WATCHDOG_SECONDS)
    answer.raise_for_status()
    video = answer.json()["identifier"]
    run = httpx.post(f"{ADDRESS}/api/pipeline/{video}/start", json={}, timeout=WATCHDOG_SECONDS)
    run.raise_for_status()
    request, watchdog, state = run.json()["request_id"], time.monotonic() + WATCHDOG_SECONDS, ""
    while state not in ("completed", "failed", "cancelled") and time.monotonic() < watchdog:
        state = httpx.get(f"{ADDRESS}/api/generate_moments/{request}", timeout=WATCHDOG_SECONDS).json()["status"]
        time.sleep(0.5)
    if state != "completed":
        sys.exit(f"the run is {state}")
    say("a recording went through")
    if page:
        see_the_page(video)
    while time.monotonic() < end:
        # Not its health, which is 503 where the database takes more than three seconds: this machine may have other work.
        httpx.get(f"{ADDRESS}/api/videos", timeout=WATCHDOG_SECONDS).raise_for_status()
        time.sleep(1)


def see_the_page(video: str) -> None:
    """Each page in the browser that the stories use, with the same switches. Without one it is passed over, unless one is demanded."""
    sys.path.insert(0, str(E2E))
    from chromium import chromium, running
    from playwright.sync_api import sync_playwright

    program = chromium()
    if program is None:
        if os.environ.get("MOMENTS_DEMAND_BROWSER"):
            sys.exit("no Chromium here, and MOMENTS_DEMAND_BROWSER is set")
        say("no Chromium here: the page was not looked at")
        return
    with sync_playwright() as driver, running(driver, program) as browser:
        page = browser.new_page(base_url=ADDRESS)
        for path in ("/", "/library", "/generate", "/pipelines", "/settings", f"/videos/{video}"):
            page.goto(path)
            page.wait_for_load_state("load")
            page.wait_for_timeout(1000)
    say("the page was looked at")


if __name__ == "__main__":
    main()
