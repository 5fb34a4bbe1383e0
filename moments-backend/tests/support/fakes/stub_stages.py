"""Eight stages that do what the run's prompt tells them, so that faults can be played at any place of a run.

The prompt is a JSON object from a stage's name to what happens in it; a stage that it does not name is done at once::

    {"TRANSCRIPTION": {"sleep": 3, "attempts": [1]}}

`attempts` limits it to these attempts of the run. Things to do, in this order: `moments` (so many are saved), `store` (an audio file is
put, and published at the end), `slot` (a place of the generation model is held), `silent` and `sleep` (seconds: without a sign of life,
and with signs), `held` and `blocked` (until that file is there: with signs, and blocking the event loop), `raise` (a key of `ERRORS`, so
many `times`), `exit` (the process ends with that status).
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

from videomoments.core.errors import Cancelled, InvalidInput, ModelError, StorageError
from videomoments.core.names import StageName
from videomoments.pipeline.stage import Outcome, Stage, StageContext
from videomoments.services.moments import NewMoment
from videomoments.storage.layout import audio_key

ERRORS: dict[str, Callable[[], BaseException]] = {
    "bug": lambda: ZeroDivisionError("division by zero"),
    "group": lambda: ExceptionGroup("several", [ValueError("one"), KeyError("two")]),
    "model": lambda: ModelError("The model hung up.", code="model_unreachable", advice="Start it."),
    "input": lambda: InvalidInput("That is no video.", code="not_media"),
    "storage": lambda: StorageError("The store is away."),
    "cancelled": lambda: Cancelled("The run was cancelled."),
}


def stub_stages(*, stall_seconds: float = 300.0) -> tuple[Stage, ...]:
    return tuple(Stage(name=name, run=partial(_run, name), stall_seconds=stall_seconds) for name in StageName)


async def _run(name: StageName, context: StageContext) -> Outcome:
    script: dict[str, Any] = json.loads(context.options.prompt or "{}").get(name.value, {})
    if context.claim.attempt not in script.get("attempts", [context.claim.attempt]):
        script = {}
    context.report(0.1)
    async with AsyncExitStack() as stack:
        if "slot" in script:
            await stack.enter_async_context(context.models.slot(context.snapshot.generation))
        await _play(script, context)
    return Outcome({"by": os.getpid(), "attempt": context.claim.attempt})


async def _play(script: dict[str, Any], context: StageContext) -> None:
    claim = context.claim
    key = audio_key(claim.video_id, claim.request_id, claim.attempt)
    if "moments" in script:
        await _save_moments(context, script["moments"])
    if "store" in script:
        path = context.folder / "made.wav"
        path.write_bytes(b"sound")
        await context.put(key, path, "audio/wav")
    await asyncio.sleep(script.get("silent", 0))
    end = time.monotonic() + script.get("sleep", 0)
    while time.monotonic() < end or ("held" in script and not Path(script["held"]).exists()):
        await asyncio.sleep(0.05)
        context.report(0.5)
    while "blocked" in script and not Path(script["blocked"]).exists():
        time.sleep(0.02)
    if "raise" in script and _tries(context, script) <= script.get("times", 1_000_000):
        raise ERRORS[script["raise"]]()
    if "exit" in script:
        os._exit(script["exit"])
    if "store" in script:
        await context.publish(context.services.videos.publish_audio(claim, key), key)


async def _save_moments(context: StageContext, count: int) -> None:
    moments = [NewMoment(10.0 * number, 10.0 * number + 5.0, f"Moment {number}", 0.5, None, "stub") for number in range(count)]
    made_by: dict[str, Any] = {"system_prompt": "s", "user_prompt": "u", "transcript_id": None, "model": "stub", "options": {}}
    sampling = {"temperature": None, "top_p": None, "top_k": None}
    await context.services.moments.save_generated(context.claim, moments, sampling=sampling, **made_by)


_tried: dict[tuple[str, str], int] = {}


def _tries(context: StageContext, script: dict[str, Any]) -> int:
    key = (context.claim.request_id, script["raise"])
    _tried[key] = _tried.get(key, 0) + 1
    return _tried[key]
