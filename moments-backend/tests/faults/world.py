"""One column of the kill matrix: eight runs of a small real video, each held open in another stage, over real parts."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from aiohttp import web
from pydantic import SecretStr
from sqlalchemy import text

import backend
from fakes.failing_s3 import FailingS3
from fakes.hold import Hold
from fakes.model_server import Behaviour, ModelServer, task_block
from fakes.ssh_server import SshServer
from faults.cells import EIGHT, STORE_FAULTS, Fault, held_at_model
from faults.state import misnamed
from media.makers import draw
from stack import quick_folder
from videomoments.coordination import keys
from videomoments.core.config import Limits, Settings
from videomoments.core.names import StageName
from videomoments.embedded import Stack
from videomoments.inference.base import ModelConfig, ModelKind, Transport
from videomoments.services.run_queries import RunView
from videomoments.services.runs import Accepted
from videomoments.services.wiring import Services
from videomoments.storage import ObjectStore, configured_store
from videomoments.worker.sweeper import Sweeper
from workers import WorkerProcess, until, worker_process

# Short where a lease has to lapse; elsewhere a busy machine must not lose one by the way.
LEASE_SECONDS = 30.0
_SHORT_LEASES = {Fault.SIGKILL: 8.0, Fault.SIGSTOP: 8.0, Fault.MODEL_HANGS: 15.0}
# The longest silence of a stage where a model hangs. Well above what a busy machine makes of a stage that works.
STALL_SECONDS = 30.0
_SMALL_DISK = 24 * 1024**2
_OPTIONS = {"min_duration": 2.0, "max_duration": 4.0, "max_moments": 2}
_SENTENCES = ("The bread rises slowly.", "A lighthouse stands alone.", "Runners breathe with patience.", "The tire went flat.")


def _transcript() -> list[dict[str, Any]]:
    """Four sentences of two seconds."""
    words = [word for sentence in _SENTENCES for word in sentence.split()]
    return [{"word": word, "start": number * 0.5, "end": number * 0.5 + 0.45} for number, word in enumerate(words)]


class CellModel(ModelServer):
    """The models of one run. The first request of `hold_at` waits until `release`; then, once, `fault` answers in place of the model."""

    def __init__(self, hold_at: StageName | None) -> None:
        super().__init__(models=("chat", "asr"), words=_transcript())
        self.hold_at = hold_at
        self.entered, self.release = asyncio.Event(), asyncio.Event()
        self.fault: Behaviour | None = None

    async def _play(self, request: web.Request, honest: Any) -> web.StreamResponse:
        if self._stage() is self.hold_at and not self.entered.is_set():
            self.entered.set()
            await self.release.wait()
        if self.fault is not None:
            fault, self.fault = self.fault, None
            return await fault(request)
        return await super()._play(request, honest)

    def _stage(self) -> StageName:
        last = self.requests[-1]
        if last.path == "/transcribe":
            return StageName.TRANSCRIPTION
        refines = task_block(last.body)["task"] == "refine_moment"
        return StageName.MOMENT_REFINEMENT if refines else StageName.MOMENT_GENERATION


@dataclass
class Cell:
    """One run, its models, and where it is held."""

    stage: StageName
    run: Accepted
    model: CellModel
    hold: Hold

    @property
    def held(self) -> bool:
        return self.model.entered.is_set() or self.hold.is_held(self.run.request_id)

    def release(self) -> None:
        self.hold.release([self.run.request_id])
        self.model.release.set()


@dataclass
class World:
    """What the faults of a column can reach."""

    fault: Fault | None
    services: Services
    settings: Settings
    store: ObjectStore
    hold: Hold
    scratch: Path
    s3: FailingS3 | None
    ssh: SshServer | None
    environment: dict[str, str]
    cells: list[Cell] = field(default_factory=list)

    @contextmanager
    def worker(self) -> Iterator[WorkerProcess]:
        with worker_process(self.settings, stages="held", logs=self.scratch, **self.environment) as process:
            yield process

    async def all_held(self) -> None:
        async def held() -> bool:
            for cell in self.cells:
                if not cell.held:
                    run = await self.run_of(cell)
                    assert not backend.ended(run), f"{cell.stage} was not held: {run.status} {run.error}"
            return all(cell.held for cell in self.cells)

        await until(held, 240)

    async def run_of(self, cell: Cell) -> RunView:
        return await backend.run_of(self.services, cell.run.request_id)

    async def all_ended(self, seconds: float = 240) -> None:
        async def ended() -> bool:
            return all([backend.ended(await self.run_of(cell)) for cell in self.cells])

        await until(ended, seconds)

    def media_children(self) -> list[int]:
        """Media processes of this column's workers: they are told by their TMPDIR, which nobody else has."""
        found = []
        for process in psutil.process_iter(["cmdline"]):
            with contextlib.suppress(psutil.Error):
                if "videomoments.media.child" in (process.info["cmdline"] or []) and process.environ().get("TMPDIR") == str(self.scratch):
                    found.append(process.pid)
        return found


@asynccontextmanager
async def world_of(stack: Stack, fault: Fault | None, source: Path) -> AsyncIterator[World]:
    """The column of `fault`, with a run for each stage; None: one run that nothing disturbs."""
    async with AsyncExitStack() as exits:
        scratch = exits.enter_context(_folder())
        home = exits.enter_context(small_disk(scratch) if fault is Fault.NO_SPACE else _inside(scratch, "home"))
        for name in ("hold", "work"):
            (scratch / name).mkdir(exist_ok=True)
        s3 = await exits.enter_async_context(FailingS3()) if fault is Fault.STORE_503 else None
        ssh = await exits.enter_async_context(SshServer(scratch / "ssh")) if fault is Fault.TUNNEL_DROPS else None
        environment = {"HOLD_FOLDER": str(scratch / "hold"), "MOMENTS_ALLOW_PRIVATE": "127.0.0.1", "TMPDIR": str(scratch)}
        environment |= {f"MOMENTS_LIMIT_{name}": "8" for name in ("AUDIO", "TRANSCRIPTION", "GENERATION", "CLIPS", "REFINEMENT")}
        environment |= {"STALL_SECONDS": str(STALL_SECONDS)} if fault is Fault.MODEL_HANGS else {}
        environment |= ssh.environment if ssh else {}
        if s3 is not None:
            environment |= s3.environment
            os.environ.update(s3.environment)
        settings = Settings(
            home=home,
            database_url=stack.database_url,
            redis_url=stack.redis_url,
            storage_url=f"s3://{s3.bucket}" if s3 else (home / "store").as_uri(),
            models_url="http://127.0.0.1:1",
            signing_key=SecretStr("test"),
            lease_seconds=_SHORT_LEASES.get(fault, LEASE_SECONDS) if fault else LEASE_SECONDS,
            reconcile_seconds=0.5,
            min_free_bytes=0,
            limits=Limits(pipelines=8),
        )
        services = await exits.enter_async_context(contextlib.asynccontextmanager(backend.clean_services)(settings))
        world = World(fault, services, settings, configured_store(settings), Hold(scratch / "hold"), scratch, s3, ssh, environment)
        address = await exits.enter_async_context(_source_server(source))
        for stage in EIGHT if fault is not None else EIGHT[:1]:
            world.cells.append(await _cell(exits, world, stage, address))
        yield world


async def _cell(exits: AsyncExitStack, world: World, stage: StageName, address: str) -> Cell:
    at_model = world.fault is not None and held_at_model(world.fault, stage)
    model = await exits.enter_async_context(CellModel(stage if at_model else None))
    names = {kind: f"{kind}.{stage.lower()}" for kind in ModelKind}
    for kind, name in names.items():
        is_chat = kind is ModelKind.CHAT
        way: dict[str, Any] = {"base_url": model.url}
        if world.ssh is not None:
            way = {"transport": Transport.SSH, "ssh_host": world.ssh.alias, "remote_host": "127.0.0.1", "remote_port": model.port}
        config = ModelConfig(
            key=name,
            kind=kind,
            endpoint="/v1/chat/completions" if is_chat else "/transcribe",
            model_name="chat" if is_chat else "asr",
            supports_video=is_chat,
            **way,
        )
        await world.services.models.put(config)
    chosen = {
        "generation_model": names[ModelKind.CHAT],
        "refinement_model": names[ModelKind.CHAT],
        "transcription_model": names[ModelKind.ASR],
    }
    run = await backend.accepted(world.services, f"{address}/{stage}/talk.mp4", **_OPTIONS, **chosen)
    cell = Cell(stage, run, model, world.hold)
    if world.fault is not None and not at_model:
        world.hold.ask(run.request_id, stage, "before" if world.fault in STORE_FAULTS else "after")
    return cell


async def left_behind(world: World) -> list[str]:
    """What is there after one sweep and should not be."""
    services = world.services
    sweeper = Sweeper(services, world.store)

    async def settled() -> bool:
        return await services.queue.depth() == 0

    with contextlib.suppress(AssertionError):
        await until(settled, 20)
    await sweeper.sweep_machine()
    await sweeper.sweep_shared()
    await sweeper.sweep_store()
    found = [f"object {key}" for key in await misnamed(services, world.store)]
    found += [f"folder {path.name}" for path in world.settings.work_folder.glob("*")]
    found += [f"entry {entry}" for entry, _ in await services.redis.xrange(keys.STREAM)]
    found += [f"key {key}" async for key in services.redis.scan_iter("*") if await services.redis.ttl(key) == -1 and _needs_end(key)]
    found += [f"lock {key}" async for key in services.redis.scan_iter(keys.lock("*"))]
    async with services.database.transaction() as session:
        found += [
            f"advisory lock {number}" for number in await session.scalars(text("SELECT objid FROM pg_locks WHERE locktype = 'advisory'"))
        ]
        found += [
            f"worker {name}" for name in await session.scalars(text("SELECT name FROM workers WHERE seen_at > now() - interval '1 second'"))
        ]
    found += [f"process {pid}" for pid in world.media_children()]
    return found


def _needs_end(key: str) -> bool:
    return key != keys.STREAM and not key.startswith("model:config:")


@asynccontextmanager
async def _source_server(source: Path) -> AsyncIterator[str]:
    """Serves the same file under any name."""

    async def serve(_: web.Request) -> web.FileResponse:
        return web.FileResponse(source)

    app = web.Application()
    app.router.add_get("/{cell}/{name}", serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def draw_source(folder: Path) -> Path:
    """Eight seconds of picture and sound."""
    return draw(folder / "talk.mp4", seconds=8.0, fps=10, size=(160, 96), gop=20).path


@contextmanager
def _folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="vmk", dir=quick_folder()))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _inside(folder: Path, name: str) -> Iterator[Path]:
    (folder / name).mkdir()
    yield folder / name


def can_mount() -> bool:
    """Whether this user may make a small disk, which a full one is played on."""
    with _folder() as path:
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(path)], capture_output=True, check=False).returncode:
            return False
        subprocess.run(["umount", str(path)], check=True)
    return True


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A disk of 24 MB, where one may be mounted; else a folder on which `fakes.hold` says that it is full."""
    path = folder / "home"
    path.mkdir()
    mounted = can_mount()
    if mounted:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_SMALL_DISK}", "tmpfs", str(path)], check=True)
    try:
        yield path
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(path)], check=True)


def fill(home: Path) -> None:
    """Takes all the space of a small disk, or marks the folder as full."""
    if not home.is_mount():
        (home / "full").touch()
        return
    with contextlib.suppress(OSError), (home / "ballast").open("wb", buffering=0) as ballast:
        while ballast.tell() <= _SMALL_DISK:
            ballast.write(bytes(64 * 1024))


def free(home: Path) -> None:
    for name in ("full", "ballast"):
        (home / name).unlink(missing_ok=True)
