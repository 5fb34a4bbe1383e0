"""`make kill-matrix`: eight stages times thirteen faults, each run held open in its stage while the fault strikes.

`python -m faults.kill_matrix [FAULT…]` runs all columns, or those whose names hold one of the words. Each cell is compared with the table
in `faults.cells`, and with an undisturbed run's rows and objects. Ends with `104 of 104`, and with status 1 otherwise.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
import traceback
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faults.cells import EIGHT, TABLE, Expected, Fault
from faults.servers import Servers
from faults.state import objects_of, rows_of
from faults.world import Cell, World, can_mount, draw_source, fill, free, world_of
from support.fakes.model_server import body_of, hang
from support.fakes.openssh_server import OpenSshServer
from support.fakes.ssh_server import SshServer
from support.stack import embedded_settings, short_home
from support.workers import WorkerProcess, executions, lapse, until
from videomoments.core.names import StageName
from videomoments.embedded import running_stack
from videomoments.services.run_queries import RunView

# How long a part is away: well below the lease, so that nobody loses it.
_AWAY_SECONDS = 1.5
_SHORT = {name: "".join(word[:5].capitalize() + " " for word in name.split("_")).strip() for name in EIGHT}


Strike = Callable[[World, Servers, WorkerProcess], Awaitable[None]]
"""Lets the fault strike and the runs go on, until all have ended. The worker has all eight runs, each held in its stage."""


def _release(world: World) -> None:
    for cell in world.cells:
        cell.release()


async def _relieved(world: World) -> None:
    """Another worker takes over what the first has left."""
    with world.worker() as relief:
        _release(world)
        await world.all_ended()
        await asyncio.to_thread(relief.terminate)


async def _kill(world: World, _: Servers, worker: WorkerProcess) -> None:
    worker.kill()
    await lapse(world.services)
    await _relieved(world)


async def _freeze(world: World, _: Servers, worker: WorkerProcess) -> None:
    worker.signal(signal.SIGSTOP)
    await lapse(world.services)
    await _relieved(world)
    worker.signal(signal.SIGCONT)  # it goes on where it was, writes what it had in hand, and is refused
    await asyncio.sleep(1.0)
    await asyncio.to_thread(worker.terminate)


async def _terminate(world: World, _: Servers, worker: WorkerProcess) -> None:
    assert await asyncio.to_thread(worker.terminate) == 0
    await _relieved(world)


async def _kill_valkey(world: World, servers: Servers, worker: WorkerProcess) -> None:
    os.kill(servers.pid("valkey"), signal.SIGKILL)
    _release(world)
    await asyncio.sleep(_AWAY_SECONDS)
    await servers.revive()
    await _to_the_end(world, worker)


async def _flush(world: World, _: Servers, worker: WorkerProcess) -> None:
    await world.services.redis.flushall()
    _release(world)
    await _to_the_end(world, worker)


async def _restart_postgres(world: World, servers: Servers, worker: WorkerProcess) -> None:
    os.kill(servers.pid("postgres"), signal.SIGINT)
    _release(world)
    await asyncio.sleep(0.5)
    await servers.revive()
    await _to_the_end(world, worker)


async def _fill_disk(world: World, _: Servers, worker: WorkerProcess) -> None:
    fill(world.settings.home)
    _release(world)
    await asyncio.sleep(_AWAY_SECONDS)
    free(world.settings.home)
    await _to_the_end(world, worker)


async def _each_when_held(world: World, strike: Callable[[Cell], Any]) -> None:
    """For faults of one run's own model: nobody waits for the others."""
    pending = set(range(len(world.cells)))

    async def struck() -> bool:
        for number in list(pending):
            if (cell := world.cells[number]).held:
                strike(cell)
                cell.release()
                pending.discard(number)
            else:
                assert (await world.run_of(cell)).attempt <= 1, f"{cell.stage} lost its lease before the fault"
        return not pending

    await until(struck, 900)


async def _hang_model(world: World, _: Servers, worker: WorkerProcess) -> None:
    await _each_when_held(world, lambda cell: setattr(cell.model, "fault", hang()))
    await _to_the_end(world, worker)
    assert all(cell.model.fault is None for cell in world.cells), "each hang was met"


async def _garble_model(world: World, _: Servers, worker: WorkerProcess) -> None:
    await _each_when_held(world, lambda cell: setattr(cell.model, "fault", body_of('{"choices": [{"mess')))
    await _to_the_end(world, worker)
    assert all(cell.model.fault is None for cell in world.cells), "each garbled answer was met"


async def _drop_tunnel(world: World, _: Servers, worker: WorkerProcess) -> None:
    assert isinstance(world.ssh, SshServer)
    await world.ssh.stop()
    _release(world)
    await asyncio.sleep(_AWAY_SECONDS)
    await world.ssh.start()
    await _to_the_end(world, worker)
    assert world.ssh.connections >= 2, "there was a second login"


async def _refuse_store(world: World, _: Servers, worker: WorkerProcess) -> None:
    assert world.s3 is not None
    world.s3.down = True
    _release(world)
    await asyncio.sleep(_AWAY_SECONDS)
    world.s3.down = False
    await _to_the_end(world, worker)
    assert world.s3.refused > 0


async def _kill_models(world: World, servers: Servers, worker: WorkerProcess) -> None:
    """Away until each run has come to a stage that asks a model: the worker keeps them all, waiting."""
    os.kill(servers.pid("models"), signal.SIGKILL)
    _release(world)
    await world.all_in("waiting_for IS NOT NULL AND retry_at IS NULL")
    await servers.revive()
    await _to_the_end(world, worker)


async def _kill_remote_models(world: World, _: Servers, worker: WorkerProcess) -> None:
    """Away for longer than a worker keeps a run: all are handed back, with a time to be tried again."""
    assert world.remote is not None
    world.remote.kill()
    _release(world)
    await world.all_in("waits = 1 AND retry_at IS NOT NULL")
    await world.remote.start()
    await world.lapse_retries()
    await _to_the_end(world, worker)


async def _to_the_end(world: World, worker: WorkerProcess) -> None:
    await world.all_ended()
    await asyncio.to_thread(worker.terminate)


STRIKES: dict[Fault, Strike] = {
    Fault.SIGKILL: _kill,
    Fault.SIGSTOP: _freeze,
    Fault.SIGTERM: _terminate,
    Fault.VALKEY_KILLED: _kill_valkey,
    Fault.FLUSHALL: _flush,
    Fault.POSTGRES_RESTART: _restart_postgres,
    Fault.NO_SPACE: _fill_disk,
    Fault.MODEL_HANGS: _hang_model,
    Fault.MODEL_GARBAGE: _garble_model,
    Fault.TUNNEL_DROPS: _drop_tunnel,
    Fault.STORE_503: _refuse_store,
    Fault.MODEL_KILLED: _kill_models,
    Fault.REMOTE_MODEL_KILLED: _kill_remote_models,
}
# Columns at once: most of one is waiting for leases and parts that are away.
_LANES = 2
# Two tracebacks and what stands around them.
_LOG_LINES = 150
_NOT_AWAITED = (Fault.MODEL_HANGS, Fault.MODEL_GARBAGE)


@dataclass
class Undisturbed:
    """What a run leaves that nothing meets."""

    rows: dict[str, list[dict[str, Any]]]
    objects: list[tuple[str, str]]


async def undisturbed(servers: Servers, source: Path) -> Undisturbed:
    async with world_of(servers, None, source) as world:
        with world.worker() as worker:
            await _to_the_end(world, worker)
        run = world.cells[0].run
        assert str(_seen(await world.run_of(world.cells[0]))) == "completed in 1", (await world.run_of(world.cells[0])).error
        left = await world.left_behind()
        assert not left, left
        return Undisturbed(await rows_of(world.services, run.video_id), await objects_of(world.store, run.video_id))


def _seen(run: RunView) -> Expected:
    return Expected(run.status, run.attempt, run.crashes, tuple(executions(run)))


async def _column(servers: Servers, fault: Fault, source: Path, model: Undisturbed) -> dict[StageName, str]:
    """What is wrong with each cell; an empty text is none."""
    async with world_of(servers, fault, source) as world:
        try:
            with world.worker() as worker:
                if fault not in _NOT_AWAITED:
                    await world.all_held()
                await STRIKES[fault](world, servers, worker)
            left = await world.left_behind()
            wrong = {cell.stage: "; ".join([*await _wrong(world, cell, model), *left]) for cell in world.cells}
        except BaseException:
            _print_logs(world)
            raise
        if any(wrong.values()):
            _print_logs(world)
        return wrong


def _print_logs(world: World) -> None:
    """What the workers said, for whoever looks into a wrong cell."""
    for log in sorted(world.scratch.glob("worker-*.log")):
        print(f"--- {log.name}\n" + "\n".join(log.read_text(errors="replace").splitlines()[-_LOG_LINES:]), file=sys.stderr)


async def _wrong(world: World, cell: Cell, model: Undisturbed) -> list[str]:
    assert world.fault is not None
    run, wanted = await world.run_of(cell), TABLE[world.fault][cell.stage]
    found = []
    if (seen := _seen(run)) != wanted:
        found.append(f"wanted {wanted} {wanted.crashes} {wanted.executions}, got {seen} {seen.crashes} {seen.executions} {run.error}")
    rows = await rows_of(world.services, cell.run.video_id)
    for name, got in rows.items():
        extra, missing = ([row for row in one if row not in other] for one, other in ((got, model.rows[name]), (model.rows[name], got)))
        if got != model.rows[name]:
            found.append(f"rows of {name}: {extra} instead of {missing}")
    objects = await objects_of(world.store, cell.run.video_id)
    if objects != model.objects:
        found.append(f"objects: {sorted(set(objects) ^ set(model.objects))}")
    return found


async def _matrix(lanes: list[Servers], faults: list[Fault], source: Path) -> int:
    """Prints the table row by row, as the columns end; answers how many cells are as they should be."""
    model = await undisturbed(lanes[0], source)
    print(f"{'':36}" + "".join(f"{_SHORT[name][:15]:16}" for name in EIGHT), flush=True)
    left = iter(faults)
    return sum(await asyncio.gather(*(_lane(servers, left, source, model) for servers in lanes)))


async def _lane(servers: Servers, faults: Iterator[Fault], source: Path, model: Undisturbed) -> int:
    """One column after the other on servers of its own, which no other column's fault can reach."""
    good = 0
    for fault in faults:
        began = time.monotonic()
        try:
            wrong = await _column(servers, fault, source, model)
        except Exception as error:
            traceback.print_exc()
            wrong = dict.fromkeys(EIGHT, f"{type(error).__name__}: {error}")
            await servers.revive()
        good += sum(not text for text in wrong.values())
        cells = "".join(f"{'WRONG' if wrong[name] else str(TABLE[fault][name]):16}" for name in EIGHT)
        print(f"{fault:36}{cells}{time.monotonic() - began:5.0f} s", flush=True)
        for name, text in wrong.items():
            if text:
                print(f"    {name}: {text}", flush=True)
    return good


def main(words: list[str]) -> int:
    faults = [fault for fault in Fault if not words or any(word.lower() in fault.lower() for word in words)]
    if Fault.NO_SPACE in faults:
        print("no space left is played " + ("on a small disk" if can_mount() else "by the adapters: this user may mount no small disk"))
    if Fault.REMOTE_MODEL_KILLED in faults and not OpenSshServer.installed():
        print("OpenSSH's sshd is not installed: asyncssh's server stands in for it")
    with ExitStack() as exits:
        lanes = []
        for _ in range(min(_LANES, len(faults))):
            home = exits.enter_context(short_home())
            lanes.append(Servers(home, exits.enter_context(running_stack(embedded_settings(home), models=False))))
        good = asyncio.run(_matrix(lanes, faults, draw_source(lanes[0].home)))
    print(f"{good} of {8 * len(faults)}")
    return 0 if good == 8 * len(faults) else 1


if __name__ == "__main__":
    # Whoever ends this process by either signal wants its workers ended too; a shell's background has SIGINT ignored.
    for wish in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wish, lambda number, _: sys.exit(128 + number))
    sys.exit(main(sys.argv[1:]))
