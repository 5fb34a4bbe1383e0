"""The models of the kill matrix: a scripted service for each run in this process, or one for all runs in a process that can be killed."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from aiohttp import web

from support.fakes.hold import Hold
from support.fakes.model_server import Behaviour, ModelServer, Recorded, task_block
from videomoments.core.names import StageName

AT_MODEL = "at the model"
"""Where `fakes.hold` holds a run whose request is being answered."""
_STANDIN = Path(__file__).parents[1] / "support" / "fakes" / "scripted_models"
_SENTENCES = ("The bread rises slowly.", "A lighthouse stands alone.", "Runners breathe with patience.", "The tire went flat.")


def transcript() -> list[dict[str, Any]]:
    """Four sentences of two seconds."""
    words = [word for sentence in _SENTENCES for word in sentence.split()]
    return [{"word": word, "start": number * 0.5, "end": number * 0.5 + 0.45} for number, word in enumerate(words)]


def asking_stage(request: Recorded) -> StageName:
    """The stage that sends such a request."""
    if request.path == "/transcribe":
        return StageName.TRANSCRIPTION
    refines = task_block(request.body)["task"] == "refine_moment"
    return StageName.MOMENT_REFINEMENT if refines else StageName.MOMENT_GENERATION


class CellModel(ModelServer):
    """The models of one run. The first request of `hold_at` waits until `release`; then, once, `fault` answers in place of the model."""

    def __init__(self, hold_at: StageName | None) -> None:
        super().__init__(models=("chat", "asr"), words=transcript())
        self.hold_at = hold_at
        self.entered, self.release = asyncio.Event(), asyncio.Event()
        self.fault: Behaviour | None = None

    async def _play(self, request: web.Request, honest: Any, delay: float | None = None) -> web.StreamResponse:
        if asking_stage(self.requests[-1]) is self.hold_at and not self.entered.is_set():
            self.entered.set()
            await self.release.wait()
        if self.fault is not None:
            fault, self.fault = self.fault, None
            return await fault(request)
        return await super()._play(request, honest, delay)


class HeldModels(ModelServer):
    """The models of all runs of a column. A run whose wish lies in the hold's folder is held while its request is being answered."""

    def __init__(self, port: int, key: str | None, folder: Path) -> None:
        super().__init__(models=("whisper_base", "extractive", "signal", "asr", "chat"), words=transcript(), key=key, port=port)
        self._hold = Hold(folder)

    async def _play(self, request: web.Request, honest: Any, delay: float | None = None) -> web.StreamResponse:
        recorded = self.requests[-1]
        stage = asking_stage(recorded)
        if (run := self._wished(stage)) is not None and _is_of(run, recorded, stage):
            await self._hold.point(run, 1, stage, AT_MODEL)
        return await super()._play(request, honest, delay)

    def _wished(self, stage: StageName) -> str | None:
        """The run that is to be held in that stage: a column has one."""
        wish = {"stage": stage, "when": AT_MODEL}
        return next((path.stem for path in self._hold.folder.glob("*.json") if json.loads(path.read_text()) == wish), None)


def _is_of(run: str, request: Recorded, stage: StageName) -> bool:
    """A recogniser is told whose part it hears; each run's prompt names its stage; only one run refines before all are released."""
    if stage is StageName.TRANSCRIPTION:
        return request.headers.get("X-Request-Id", "").startswith(run)
    return stage is StageName.MOMENT_REFINEMENT or task_block(request.body)["prompt"] == stage


async def serve_held(port: int, key: str | None, folder: Path) -> None:
    """Until the process ends."""
    async with HeldModels(port, key, folder):
        await asyncio.Event().wait()


def standin_environment(folder: Path) -> dict[str, str]:
    """With it `python -m moments_models` is the scripted service, which looks into `folder` for what it is to hold."""
    return {"PYTHONPATH": os.pathsep.join([str(_STANDIN), *filter(None, [os.environ.get("PYTHONPATH")])]), "HOLD_FOLDER": str(folder)}


class ModelProcess:
    """The scripted service as a process of its own that nobody supervises, on the same port each time."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        words = ["serve", "--all", "--host", "127.0.0.1", "--port", str(self.port)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "moments_models", *words],
            env=os.environ | standin_environment(self._folder),
            stdin=subprocess.DEVNULL,
        )
        while not self._listens():
            assert self._process.poll() is None, "the scripted service did not start"
            await asyncio.sleep(0.05)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0
