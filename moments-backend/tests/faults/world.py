"""One column of the kill matrix: eight runs of a small real video, each held open in another stage, over real parts."""

from __future__ import annotations

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

from pydantic import SecretStr
from sqlalchemy import text

from faults.cell_models import AT_MODEL, CellModel, ModelProcess, standin_environment
from faults.cells import EIGHT, SHARED_MODEL, STORE_FAULTS, Fault, held_at_model
from faults.leftovers import left_behind, processes_of
from faults.servers import Servers
from faults.sources import source_server
from media.makers import draw
from support import backend
from support.fakes.failing_s3 import FailingS3
from support.fakes.hold import Hold
from support.fakes.openssh_server import OpenSshServer
from support.fakes.ssh_server import SshServer
from support.stack import quick_folder
from support.workers import WorkerProcess, until, worker_process
from videomoments.core.config import Limits, Settings
from videomoments.core.names import StageName
from videomoments.inference.model_registry import ModelConfig, ModelKind, Transport
from videomoments.services.run_queries import RunView
from videomoments.services.runs import Accepted
from videomoments.services.wiring import Services
from videomoments.storage import ObjectStore, configured_store

# Short where a lease has to lapse; elsewhere a busy machine must not lose one by the way.
LEASE_SECONDS = 30.0
_SHORT_LEASES = {Fault.MODEL_HANGS: 15.0}
# The longest silence of a stage where a model hangs. Well above what a busy machine makes of a stage that works.
STALL_SECONDS = 60.0
_SMALL_DISK = 24 * 1024**2
_OPTIONS = {"min_duration": 2.0, "max_duration": 4.0, "max_moments": 2}
# A killed service is waited for by the worker that has the run, or the run is handed back at once, until the test wants it back.
_WAITING = {
    Fault.MODEL_KILLED: {"MOMENTS_MODEL_HOLD_SECONDS": "600"},
    Fault.REMOTE_MODEL_KILLED: {"MOMENTS_MODEL_HOLD_SECONDS": "1", "MOMENTS_MODEL_RETRY_SECONDS": "600"},
}


@dataclass
class Cell:
    """One run, its models (None where all runs share them), and where it is held."""

    stage: StageName
    run: Accepted
    model: CellModel | None
    hold: Hold

    @property
    def held(self) -> bool:
        return self.hold.is_held(self.run.request_id) or (self.model is not None and self.model.entered.is_set())

    def release(self) -> None:
        self.hold.release([self.run.request_id])
        if self.model is not None:
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
    ssh: SshServer | OpenSshServer | None
    remote: ModelProcess | None
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

        await until(held, 900)

    async def run_of(self, cell: Cell) -> RunView:
        return await backend.run_of(self.services, cell.run.request_id)

    async def all_ended(self, seconds: float = 900) -> None:
        async def ended() -> bool:
            return all([backend.ended(await self.run_of(cell)) for cell in self.cells])

        await until(ended, seconds)

    async def all_in(self, condition: str) -> None:
        """Waits until the rows of all runs are as the SQL says."""
        query = text(f"SELECT count(*) FROM pipeline_history WHERE {condition}")

        async def so() -> bool:
            async with self.services.database.transaction() as session:
                return await session.scalar(query) == len(self.cells)

        await until(so, 600)

    async def lapse_retries(self) -> None:
        """The time to try again has come for all that were handed back."""
        async with self.services.database.transaction() as session:
            await session.execute(text("UPDATE pipeline_history SET retry_at = now() WHERE retry_at IS NOT NULL"))

    async def left_behind(self) -> list[str]:
        """What is there after one sweep and should not be."""
        children = processes_of(str(self.scratch), "videomoments.media.child")
        return [*await left_behind(self.services, self.store), *(f"process {child.pid}" for child in children)]


@asynccontextmanager
async def world_of(servers: Servers, fault: Fault | None, source: Path) -> AsyncIterator[World]:
    """The column of `fault`, with a run for each stage; None: one run that nothing disturbs."""
    async with AsyncExitStack() as exits:
        scratch = exits.enter_context(_folder())
        home = exits.enter_context(small_disk(scratch) if fault is Fault.NO_SPACE else _inside(scratch, "home"))
        for name in ("hold", "work"):
            (scratch / name).mkdir(exist_ok=True)
        s3 = await exits.enter_async_context(FailingS3()) if fault is Fault.STORE_503 else None
        ssh = await _ssh_server(exits, fault, scratch / "ssh")
        remote = await _remote_models(exits, scratch / "hold") if fault is Fault.REMOTE_MODEL_KILLED else None
        embeds = fault is Fault.MODEL_KILLED
        stack = await servers.with_models(standin_environment(scratch / "hold")) if embeds else servers.stack
        environment = {"HOLD_FOLDER": str(scratch / "hold"), "MOMENTS_ALLOW_PRIVATE": "127.0.0.1", "TMPDIR": str(scratch)}
        environment |= {f"MOMENTS_LIMIT_{name}": "8" for name in ("AUDIO", "TRANSCRIPTION", "GENERATION", "CLIPS", "REFINEMENT")}
        environment |= {"STALL_SECONDS": str(STALL_SECONDS)} if fault is Fault.MODEL_HANGS else {}
        environment |= ssh.environment if ssh else {}
        environment |= _WAITING.get(fault, {}) if fault else {}
        if s3 is not None:
            environment |= s3.environment
            os.environ.update(s3.environment)
        settings = Settings(
            home=home,
            database_url=stack.database_url,
            redis_url=stack.redis_url,
            storage_url=f"s3://{s3.bucket}" if s3 else (home / "store").as_uri(),
            models_url=stack.models_url if embeds else "http://127.0.0.1:1",
            models_key=SecretStr(stack.models_key) if stack.models_key else None,
            signing_key=SecretStr("test"),
            lease_seconds=_SHORT_LEASES.get(fault, LEASE_SECONDS) if fault else LEASE_SECONDS,
            reconcile_seconds=0.5,
            min_free_bytes=0,
            limits=Limits(pipelines=8),
        )
        services = await exits.enter_async_context(contextlib.asynccontextmanager(backend.clean_services)(settings))
        store = configured_store(settings)
        if embeds:
            await services.model_places.built_in_answered()  # as every command that starts them says
        world = World(fault, services, settings, store, Hold(scratch / "hold"), scratch, s3, ssh, remote, environment)
        address = await exits.enter_async_context(source_server(source.parent))
        for stage in EIGHT if fault is not None else EIGHT[:1]:
            world.cells.append(await _cell(exits, world, stage, f"{address}/{stage}/{source.name}"))
        yield world


async def _ssh_server(exits: AsyncExitStack, fault: Fault | None, folder: Path) -> SshServer | OpenSshServer | None:
    if fault is Fault.TUNNEL_DROPS:
        return await exits.enter_async_context(SshServer(folder))
    if fault is Fault.REMOTE_MODEL_KILLED:
        return await exits.enter_async_context(OpenSshServer(folder) if OpenSshServer.installed() else SshServer(folder))
    return None


async def _remote_models(exits: AsyncExitStack, folder: Path) -> ModelProcess:
    process = ModelProcess(folder)
    exits.callback(process.kill)
    await process.start()
    return process


async def _cell(exits: AsyncExitStack, world: World, stage: StageName, url: str) -> Cell:
    fault = world.fault
    at_model = fault is not None and held_at_model(fault, stage)
    shared = fault in SHARED_MODEL
    model = None if shared else await exits.enter_async_context(CellModel(stage if at_model else None))
    chat, asr = await _registered(world, stage, model)
    run = await backend.accepted(
        world.services,
        url,
        **_OPTIONS,
        prompt=stage.value,
        generation_model=chat,
        refinement_model="signal" if fault is Fault.MODEL_KILLED else chat,
        transcription_model=asr,
    )
    cell = Cell(stage, run, model, world.hold)
    if fault is not None and not (at_model and model is not None):
        when = AT_MODEL if at_model else "before" if fault in STORE_FAULTS else "after"
        world.hold.ask(run.request_id, stage, when)
    return cell


async def _registered(world: World, stage: StageName, model: CellModel | None) -> tuple[str, str]:
    """Keys of the run's language model and recogniser."""
    if world.fault is Fault.MODEL_KILLED:
        return "extractive", "whisper_base"
    names = {kind: f"{kind}.{stage.lower()}" if model else str(kind) for kind in ModelKind}
    for kind, name in names.items():
        is_chat = kind is ModelKind.CHAT
        way: dict[str, Any] = {"base_url": model.url} if model else {}
        if world.ssh is not None:
            port = model.port if model else world.remote.port if world.remote else 0
            way = {"transport": Transport.SSH, "ssh_host": world.ssh.alias, "remote_host": "127.0.0.1", "remote_port": port}
        config = ModelConfig(
            key=name,
            kind=kind,
            endpoint="/v1/chat/completions" if is_chat else "/transcribe",
            model_name="chat" if is_chat else "asr",
            supports_video=is_chat,
            **way,
        )
        await world.services.models.put(config)
        await world.services.model_places.answered(config)  # what has never answered may be a mistyped address
    return names[ModelKind.CHAT], names[ModelKind.ASR]


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
