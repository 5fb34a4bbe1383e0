"""Compares a request through a warm tunnel of VideoMoments with a tunnel for each request: `ssh -L`, and sshtunnel.

    make bench TASK=tunnels ARGS="--requests 40"

All three reach one small HTTP service through one SSH server in a process of its own (OpenSSH's `sshd` where it is installed, else
asyncssh's), and take turns. Two times have the same beginning: one ends with the last byte of the answer, the other when the caller may
go on because the request's tunnel is closed. The second is judged, by its least value, which a busy machine disturbs least (as root,
`chrt -r 10` before the command gives it priority). Then each of four models that want the same local port gets eight calls at the same
time, and the sockets that are left after the idle time are counted.

Peers: `ssh` is taken from PATH; sshtunnel is no dependency of VideoMoments: `.venv/bin/pip install sshtunnel`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib.util
import os
import shutil
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

from videomoments.inference.model_registry import SshLogin, SshRoute
from videomoments.inference.ssh import SshFiles
from videomoments.inference.tunnel import Tunnels

TESTS = Path(__file__).resolve().parent.parent / "moments-backend" / "tests"
_ALIAS, _MODELS, _AT_ONCE = "gpu", 4, 8
_REQUEST = b"GET / HTTP/1.1\r\nHost: model\r\nConnection: close\r\n\r\n"
_ANSWER_END = b"\r\n\r\nok"

_SERVICE = """
import asyncio
async def answer(reader, writer):
    await reader.readuntil(b"\\r\\n\\r\\n")
    writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\nConnection: close\\r\\n\\r\\nok")
    await writer.drain()
    writer.close()
async def main():
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""

_ASYNCSSH = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from support.fakes.ssh_server import SshServer
async def main():
    async with SshServer(Path(sys.argv[1])) as server:
        print(server.port, flush=True)
        await asyncio.sleep(3600)
asyncio.run(main())
"""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make bench TASK=tunnels", description="Our warm tunnel against a tunnel for each request.")
    parser.add_argument("--requests", type=int, default=40, help="requests through each (default: 40)")
    options = parser.parse_args(arguments)
    return asyncio.run(_measure(options.requests))


async def _measure(requests: int) -> int:
    with tempfile.TemporaryDirectory(prefix="tunnels-", dir="/tmp") as name:
        folder = Path(name) / "ssh"
        async with _service() as port, _ssh_server(folder) as (kind, user, ssh_port):
            print(f"SSH server: {kind}; {requests} requests through each, in turn; milliseconds\n")
            files = SshFiles(folder / "config", folder / "known_hosts", folder / "id")
            times = await _in_turn(requests, files, port, folder, user, ssh_port)
            enough = _report(times)
            errors, calls, used, left = await _crowd(files)
    print(
        f"\n{calls} calls, {_AT_ONCE} at once to each of {_MODELS} models, one wished-for port: {errors} errors, {used} sockets meanwhile"
    )
    print(f"after the idle time: {left} sockets")
    return 0 if enough and errors == 0 and left == 0 else 1


async def _in_turn(
    requests: int, files: SshFiles, port: int, folder: Path, user: str, ssh_port: int
) -> dict[str, list[tuple[float, float]]]:
    route = SshRoute(SshLogin(_ALIAS), "127.0.0.1", port)
    async with Tunnels(files) as tunnels:

        async def ours() -> None:
            async with tunnels.ssh_tunnel("model", route) as base_url:
                await _ask(int(base_url.rpartition(":")[2]))
                clock.answered()

        clock = _Clock()
        ways: dict[str, Callable[[], Awaitable[None]]] = {"ours": ours}
        if program := shutil.which("ssh"):
            ways["ssh -L"] = lambda: _openssh(clock, program, folder, port)
        else:
            print("ssh: not installed")
        if importlib.util.find_spec("sshtunnel"):
            ways["sshtunnel"] = lambda: asyncio.to_thread(_sshtunnel, clock, folder, user, ssh_port, port)
        else:
            print("sshtunnel: not installed (.venv/bin/pip install sshtunnel)")
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
        for number in range(requests + 1):
            for name, way in ways.items():
                await asyncio.sleep(0.05)  # the server may still be busy with the end of the one before
                clock.start()
                await way()
                if number:  # the first is our login, and everybody's imports
                    times[name].append(clock.stop())
        return times


class _Clock:
    """Measures one request's two times, in milliseconds."""

    def start(self) -> None:
        self._began = time.perf_counter()

    def answered(self) -> None:
        self._answered = time.perf_counter()

    def stop(self) -> tuple[float, float]:
        return (self._answered - self._began) * 1000, (time.perf_counter() - self._began) * 1000


def _report(times: dict[str, list[tuple[float, float]]]) -> bool:
    """Prints the table. Returns whether our tunnel is 50 times quicker than each peer that is installed."""
    heading = f"{'median':>13}{'× ours':>9}{'least':>9}{'× ours':>9}"
    print(f"{'':<12}{'answered':>40}{'closed':>40}\n{'':<12}{heading}{heading}")
    enough = True
    for name, pairs in times.items():
        cells = ""
        for taken, ours in zip(zip(*pairs, strict=True), zip(*times["ours"], strict=True), strict=True):
            middle, ratio = statistics.median(taken), min(taken) / min(ours)
            cells += f"{middle:>13.2f}{middle / statistics.median(ours):>9.1f}{min(taken):>9.2f}{ratio:>9.1f}"
        enough = enough and (name == "ours" or ratio >= 50)  # the last: until it is closed
        print(f"{name:<12}{cells}")
    return enough


async def _ask(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(_REQUEST)
        await reader.readuntil(_ANSWER_END)
    finally:
        writer.close()


async def _openssh(clock: _Clock, program: str, folder: Path, port: int) -> None:
    """Sends a request as the overview does: with its own ssh process, whose port is tried until it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        local = probe.getsockname()[1]
    options = ("-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", "ExitOnForwardFailure=yes")
    files = ("-F", folder / "config", "-o", f"UserKnownHostsFile={folder / 'known_hosts'}", "-o", "IdentitiesOnly=yes", "-i", folder / "id")
    process = await asyncio.create_subprocess_exec(
        program, "-N", *options, *files, "-L", f"127.0.0.1:{local}:127.0.0.1:{port}", "--", _ALIAS
    )
    try:
        while process.returncode is None:
            try:
                await _ask(local)
                clock.answered()
                return
            except ConnectionRefusedError:
                await asyncio.sleep(0.001)
        raise OSError(f"ssh ended with status {process.returncode}")
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _sshtunnel(clock: _Clock, folder: Path, user: str, ssh_port: int, port: int) -> None:
    sshtunnel: Any = importlib.import_module("sshtunnel")
    tunnel = sshtunnel.SSHTunnelForwarder(
        ("127.0.0.1", ssh_port),
        ssh_username=user,
        ssh_pkey=str(folder / "id"),
        remote_bind_address=("127.0.0.1", port),
        allow_agent=False,
        host_pkey_directories=[],
    )
    tunnel.start()
    try:
        with socket.create_connection(("127.0.0.1", tunnel.local_bind_port)) as connection:
            connection.sendall(_REQUEST)
            answer = b""
            while not answer.endswith(_ANSWER_END):
                part = connection.recv(1024)
                if not part:
                    raise OSError("no answer")
                answer += part
        clock.answered()
    finally:
        tunnel.stop()


async def _crowd(files: SshFiles) -> tuple[int, int, int, int]:
    """Returns the errors, the calls, the most sockets that this process had meanwhile, and the sockets that are left after the idle
    time."""
    before = _sockets()
    errors = calls = used = 0
    async with contextlib.AsyncExitStack() as stack:
        ports = [await stack.enter_async_context(_service()) for _ in range(_MODELS)]
        tunnels = await stack.enter_async_context(Tunnels(files, idle_seconds=0.5))

        async def call(model: int) -> None:
            nonlocal errors, calls, used
            route = SshRoute(SshLogin(_ALIAS), "127.0.0.1", ports[model], local_port=6010)
            calls += 1
            try:
                async with tunnels.ssh_tunnel(f"model-{model}", route) as base_url:
                    used = max(used, _sockets() - before)
                    await _ask(int(base_url.rpartition(":")[2]))
            except Exception as error:
                print(f"  {type(error).__name__}: {error}", file=sys.stderr)
                errors += 1

        for _ in range(5):
            await asyncio.gather(*(call(model) for model in range(_MODELS) for _ in range(_AT_ONCE)))
        for _ in range(200):
            if _sockets() <= before:
                break
            await asyncio.sleep(0.1)
        return errors, calls, used, _sockets() - before


def _sockets() -> int:
    """Counts the TCP sockets of this process, listening or connected. One that only the other side has yet to close does not count."""
    return sum(1 for one in psutil.Process().net_connections(kind="tcp") if one.status != psutil.CONN_NONE)


@contextlib.asynccontextmanager
async def _service() -> AsyncIterator[int]:
    async with _process(sys.executable, "-c", _SERVICE) as port:
        yield port


@contextlib.asynccontextmanager
async def _ssh_server(folder: Path) -> AsyncIterator[tuple[str, str, int]]:
    """Yields the kind of SSH server, its user and its port. Its files are in `folder`."""
    if str(TESTS) not in sys.path:
        sys.path.insert(0, str(TESTS))
    from support.fakes.openssh_server import OpenSshServer  # type: ignore[import-not-found]
    from support.fakes.ssh_server import USER  # type: ignore[import-not-found]

    if OpenSshServer.installed():
        async with OpenSshServer(folder) as server:
            import getpass

            yield "OpenSSH", getpass.getuser(), server.port
        return
    async with _process(sys.executable, "-c", _ASYNCSSH, str(folder), str(TESTS)) as port:
        (folder / "id").chmod(0o600)
        yield "asyncssh", USER, port


@contextlib.asynccontextmanager
async def _process(*command: str) -> AsyncIterator[int]:
    """Yields the port that a server prints."""
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, env=os.environ)
    try:
        assert process.stdout is not None
        yield int(await process.stdout.readline())
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
