"""VTT as a real browser's `<track>` reads it, for the whole video and for a clip."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from recordings import TALK, recording, said

from media.chromium import Chromium, chromium, found
from videomoments.core.times import Interval
from videomoments.exports import vtt
from videomoments.exports.cues import Cue, build_cues
from videomoments.exports.recording import ExportedMoment, Recording

_STATE = "`${document.readyState} ${location.protocol}`"
_SCRIPT = """
async url => {
  const video = document.createElement('video'), track = document.createElement('track');
  track.kind = 'subtitles'; track.src = url; track.default = true;
  video.append(track); document.body.replaceChildren(video); track.track.mode = 'hidden';
  await new Promise((done, failed) => { track.onload = done; track.onerror = () => failed(new Error('not loaded')); });
  return [...track.track.cues].map(cue => [cue.id, cue.startTime, cue.endTime, cue.getCueAsHTML().textContent]);
}
"""


async def settled(browser: Chromium) -> None:
    """Until the page is the server's own: a relative address means nothing in the blank one before it."""
    async with asyncio.timeout(60):
        while await browser.call("Runtime.evaluate", expression=_STATE) != {"result": {"type": "string", "value": "complete http:"}}:
            await asyncio.sleep(0.1)


async def read(browser: Chromium, url: str) -> list[list[Any]]:
    answer = await browser.call("Runtime.evaluate", expression=f"({_SCRIPT})('{url}')", awaitPromise=True, returnByValue=True)
    assert "exceptionDetails" not in answer, answer["exceptionDetails"]
    cues: list[list[Any]] = answer["result"]["value"]
    return cues


def expected(cues: list[Cue]) -> list[list[Any]]:
    return [[str(number), round(cue.start, 3), round(cue.end, 3), cue.text] for number, cue in enumerate(cues, 1)]


@pytest.mark.skipif(found() is None, reason="no Chromium on this machine: install one, or name it in CHROMIUM")
@pytest.mark.timeout(600)
async def test_chromium_reads_every_cue(tmp_path: Path) -> None:
    whole = recording(words=(*said(TALK), *said("Salt & <b>pepper</b> &amp; été --> 日本 <00:01.000> {x}", start=3700.0)), duration=4000.0)
    clip = whole.of_clip(ExportedMoment("m", "x", 2.0, 9.0, clip=Interval(1.96, 9.04)))
    silent = recording(words=(), segments=())
    made: dict[str, Recording] = {"whole": whole, "clip": clip, "silent": silent}
    for name, source in made.items():
        (tmp_path / f"{name}.vtt").write_text(vtt.write(source))
    program = found()
    assert program is not None
    async with chromium(program, tmp_path) as browser:
        await settled(browser)
        for name, source in made.items():
            assert await read(browser, f"/{name}.vtt") == expected(build_cues(source)), name
