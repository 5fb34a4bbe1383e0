"""Which picture a real Chromium presents, read from the makers' strip: after seeks and in playback. Driven by its DevTools protocol."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from media.makers import BITS

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_ANSWER_SECONDS = 90
# Draws what is shown into a canvas and reads the strip's blocks; the first two are a white and a black one.
# Several at once: playback takes its time.
_SCRIPT = """
({clips, blocks, turned}) => {
  document.body.replaceChildren();
  return Promise.all(clips.map(async ({url, times}) => {
    const video = document.createElement('video');
    video.muted = true; video.preload = 'auto'; document.body.append(video);
    const canvas = document.createElement('canvas');
    canvas.width = turned ? 8 : blocks * 8; canvas.height = turned ? blocks * 8 : 8;
    const pen = canvas.getContext('2d', {willReadFrequently: true});
    const read = () => {
      const [width, height] = turned ? [video.videoWidth / 4, video.videoHeight] : [video.videoWidth, video.videoHeight / 4];
      pen.drawImage(video, 0, 0, width, height, 0, 0, canvas.width, canvas.height);
      const data = pen.getImageData(0, 0, canvas.width, canvas.height).data;
      let number = 0;
      for (let block = 0; block < blocks; block++) {
        const along = block * 8 + 4;
        const [x, y] = turned ? [4, blocks * 8 - along] : [along, 4];
        number = number * 2 + (data[4 * (y * canvas.width + x)] > 125 ? 1 : 0);
      }
      return number;
    };
    const once = name => new Promise((done, failed) => {
      video.addEventListener(name, done, {once: true});
      video.addEventListener('error', () => failed(new Error(video.error.code + ' ' + video.error.message)), {once: true});
    });
    const presented = () => new Promise(done => video.requestVideoFrameCallback((now, facts) => done(facts.mediaTime)));
    const begun = presented();
    const loaded = once('loadeddata'); video.src = url; await loaded;
    const firstTime = await begun, duration = video.duration;
    const first = read();
    const seeks = [];
    for (const time of times) {
      const sought = once('seeked'), drawn = presented();
      video.currentTime = time; await sought;
      await Promise.race([drawn, new Promise(done => setTimeout(done, 1000))]);
      seeks.push(read());
    }
    const back = once('seeked'); video.currentTime = 0; await back;
    const played = [];
    const note = (now, facts) => { played.push([facts.mediaTime, read()]); video.requestVideoFrameCallback(note); };
    video.requestVideoFrameCallback(note);
    const ended = once('ended'); await video.play(); await ended;
    await new Promise(done => setTimeout(done, 100));
    return {first, firstTime, seeks, played, last: read(), duration};
  }));
}
"""


@dataclass(frozen=True, slots=True)
class Presented:
    """Numbers of pictures: the first one shown, the one after each seek, those of playback with their times, and the last one."""

    first: int
    first_time: float
    seeks: list[int]
    played: list[tuple[float, int]]
    last: int
    duration: float


def found() -> str | None:
    """The machine's own browser, or the one that `CHROMIUM` names."""
    return os.environ.get("CHROMIUM") or next((path for name in _NAMES if (path := shutil.which(name))), None)


class Chromium:
    """One headless browser with one page, which loads files of one folder from a server on loopback."""

    def __init__(self, page: aiohttp.ClientWebSocketResponse, origin: str) -> None:
        self._page = page
        self._origin = origin
        self._calls = 0

    async def present(self, asked: Sequence[tuple[str, Sequence[float]]], *, turned: bool = False) -> list[Presented]:
        """Plays files of the folder beside each other, each after seeking to its times, in seconds.

        With `turned` the strip runs along the left side, from the bottom up. Raises AssertionError where one does not play.
        """
        clips = [{"url": f"{self._origin}/{name}", "times": list(times)} for name, times in asked]
        given = json.dumps({"clips": clips, "blocks": BITS + 2, "turned": turned})
        answer = await self.call("Runtime.evaluate", expression=f"({_SCRIPT})({given})", awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return [_presented(value) for value in answer["result"]["value"]]

    async def loaded(self) -> None:
        """Waits until the page is there: until then its scripts are ended in the middle."""
        async with asyncio.timeout(_ANSWER_SECONDS):
            while True:
                answer = await self.call("Runtime.evaluate", expression="document.readyState + location.href", returnByValue=True)
                if answer["result"].get("value") == f"complete{self._origin}/":
                    return
                await asyncio.sleep(0.1)

    async def call(self, method: str, **parameters: Any) -> Any:
        self._calls += 1
        await self._page.send_json({"id": self._calls, "method": method, "params": parameters})
        while True:
            message = await asyncio.wait_for(self._page.receive_json(), _ANSWER_SECONDS)
            if message.get("id") == self._calls:
                assert "error" not in message, message
                return message["result"]


def _presented(value: Any) -> Presented:
    played = [(float(at), _number(shown)) for at, shown in value["played"]]
    seeks = [_number(shown) for shown in value["seeks"]]
    return Presented(_number(value["first"]), value["firstTime"], seeks, played, _number(value["last"]), value["duration"])


def _number(read: int) -> int:
    assert read >> BITS == 0b10, f"no strip: {read:b}"
    return read & ((1 << BITS) - 1)


async def _blank(_: web.Request) -> web.Response:
    return web.Response(text="<html><body></body></html>", content_type="text/html")


@asynccontextmanager
async def chromium(program: str, folder: Path) -> AsyncIterator[Chromium]:
    """A browser that sees `folder` alone; it ends with the block."""
    application = web.Application()
    application.router.add_get("/", _blank)
    application.router.add_static("/", folder)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
    profile = Path(tempfile.mkdtemp(prefix="moments-chromium-"))
    process = await asyncio.create_subprocess_exec(
        program,
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        # No calls to its maker: nothing but the page asks for anything.
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-crash-reporter",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
        "--autoplay-policy=no-user-gesture-required",
        "--remote-debugging-port=0",
        f"--user-data-dir={profile}",
        origin,
        env={**os.environ, "HOME": str(profile)},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        async with aiohttp.ClientSession() as session:
            address = await _page(session, profile)
            async with session.ws_connect(address, max_msg_size=0) as page:
                browser = Chromium(page, origin)
                await browser.loaded()
                yield browser
    finally:
        os.killpg(process.pid, 9)
        await process.wait()
        await runner.cleanup()
        shutil.rmtree(profile, ignore_errors=True)


async def _page(session: aiohttp.ClientSession, profile: Path) -> str:
    """The DevTools address of the page, once it is there."""
    async with asyncio.timeout(_ANSWER_SECONDS):
        while True:
            port = profile / "DevToolsActivePort"
            if port.exists() and port.read_text().strip():
                async with session.get(f"http://127.0.0.1:{port.read_text().split()[0]}/json") as answer:
                    for target in await answer.json():
                        if target["type"] == "page":
                            return str(target["webSocketDebuggerUrl"])
            await asyncio.sleep(0.1)
