"""`make bench TASK=transfer`: 500 MB down and up beside curl and the clouds' own clients, in one run on one server of this machine.

The server has a process of its own, reads from memory (the page cache) and throws away what it gets, so that the clients are what is
measured. Each client is a process of its own; its wall time, processor time and largest memory are those of the transfer, without the
start of an interpreter. The peers get an environment of their own in `.venv/peers`.

Like is compared with like. Down, all write the same bytes to a file of the same disk, and nobody hashes or waits for the disk. Up, an
object has to arrive provably whole, and who sends it has to know its SHA-256, by which a video is known again: so `curl` is what a person
would write for that, `openssl dgst -sha256` and then one PUT signed with that hash, and the server compares the hash of each body that
is signed. Ours does both at once, in parts that can be repeated. The vendors' clients check what they check by default (Google's CRC32C
is off, which this server does not know), and tell no hash. `curl bare` sends without signing or hashing, and the server does not look:
a floor that nobody who owes a hash can reach.

Speeds are those of the best round, which other work on the machine disturbs least, and of the middle one in brackets.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from benchmarks.peers.environment import peer_interpreter

_MEGABYTE = 1_000_000
# What each client runs. FILE is the file, BASE the server's address. `measured()` takes the transfer as a function.
_OURS = """
import asyncio
from pathlib import Path
from videomoments.sources import FetchLimits, fetch
from videomoments.storage import open_store
limits = FetchLimits(allow_private="127.0.0.1", buckets="s3://bucket", min_free_bytes=0)
"""
_MEASURE = """
import json, resource, time
def measured(transfer):
    before, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    transfer()
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps({"wall": wall, "cpu": cpu, "peak": after.ru_maxrss * 1024}))
"""
_BOTO = """
import boto3
client = boto3.client("s3", endpoint_url=BASE, config=boto3.session.Config(s3={"addressing_style": "path"}))
"""
_GOOGLE = """
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
client = storage.Client("bench", AnonymousCredentials(), client_options={"api_endpoint": BASE})
blob = client.bucket("bucket").blob("a.mp4")
"""
CLIENTS = {
    "down": {
        "ours http": _OURS + 'measured(lambda: asyncio.run(fetch(BASE + "/bucket/a.mp4", Path(FILE + ".down"), limits=limits)))',
        "ours s3": _OURS + 'measured(lambda: asyncio.run(fetch("s3://bucket/a.mp4", Path(FILE + ".down"), limits=limits)))',
        "boto3": _BOTO + 'measured(lambda: client.download_file("bucket", "a.mp4", FILE + ".down"))',
        "google": _GOOGLE + 'measured(lambda: blob.download_to_filename(FILE + ".down"))',
    },
    "up": {
        "ours s3": _OURS
        + 'store = open_store("s3://bucket", signing_key="k", public_url=None)\n'
        + 'measured(lambda: asyncio.run(store.put_file("videos/v/source/a-1.mp4", Path(FILE), content_type="video/mp4")))',
        "boto3": _BOTO + 'measured(lambda: client.upload_file(FILE, "bucket", "b.mp4"))',
        "google": _GOOGLE + "measured(lambda: blob.upload_from_filename(FILE, checksum=None))",
    },
}


@dataclass(frozen=True)
class Figures:
    """One transfer: seconds, seconds of processor time, peak bytes."""

    wall: float
    cpu: float
    peak: float


class Sink:
    """Serves as much of S3 and of Google's JSON API as the clients need."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._kept: dict[str, int] = {}

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.method in ("GET", "HEAD") and not request.path.startswith("/storage/"):
            size = self._kept.get(request.path)
            if size is not None:
                return web.Response(headers={"Content-Length": str(size), "ETag": '"1"', "Last-Modified": _DATE})
            return web.FileResponse(self._file, headers={"ETag": '"1"', "Content-Type": "video/mp4"})
        if request.method == "GET":
            about = {"name": "a.mp4", "bucket": "bucket", "size": str(self._file.stat().st_size), "generation": "1"}
            if request.query.get("alt") == "media" or request.path.startswith("/download"):
                return web.FileResponse(self._file)
            return web.json_response(about)
        return await self._taken(request)

    async def _taken(self, request: web.Request) -> web.StreamResponse:
        size = 0
        signed = request.headers.get("x-amz-content-sha256", "UNSIGNED-PAYLOAD")
        digest = None if signed.startswith(("UNSIGNED", "STREAMING")) else hashlib.sha256()
        async for piece in request.content.iter_any():
            size += len(piece)
            if digest is not None:
                digest.update(piece)
        if digest is not None and digest.hexdigest() != signed:
            return web.Response(status=400, text="XAmzContentSHA256Mismatch")
        return self._answer(request, size)

    def _answer(self, request: web.Request, size: int) -> web.Response:
        if request.method == "POST" and "uploads" in request.query:
            self._kept[request.path] = 0
            return _xml(f"<InitiateMultipartUploadResult><UploadId>{uuid.uuid4().hex}</UploadId></InitiateMultipartUploadResult>")
        if request.method == "POST" and "uploadId" in request.query:
            return _xml("<CompleteMultipartUploadResult><ETag>1</ETag></CompleteMultipartUploadResult>")
        if request.method == "POST" and request.query.get("uploadType") == "resumable":
            place = f"http://{request.host}/upload/session"
            return web.Response(headers={"Location": place})
        if (upto := _more_to_come(request.headers.get("Content-Range", ""))) is not None:
            return web.Response(status=308, headers={"Range": f"bytes=0-{upto}"})
        self._kept[request.path] = self._kept.get(request.path, 0) + size if "uploadId" in request.query else size
        if request.path == "/upload/session" or request.query.get("uploadType"):
            return web.json_response({"name": "a.mp4", "bucket": "bucket", "size": str(size), "generation": "1"})
        return web.Response(headers={"ETag": '"1"'})


def _more_to_come(content_range: str) -> str | None:
    """Returns the last byte of a piece that is not the last one of a resumable upload, else None."""
    found = re.fullmatch(r"bytes \d+-(\d+)/(\d+|\*)", content_range)
    return found[1] if found and (found[2] == "*" or int(found[1]) + 1 < int(found[2])) else None


_DATE = "Thu, 01 Jan 2026 00:00:00 GMT"


def _xml(text: str) -> web.Response:
    return web.Response(text=f'<?xml version="1.0"?>{text}', content_type="application/xml")


async def _serve(file: Path) -> None:
    application = web.Application(client_max_size=1 << 40)
    application.router.add_route("*", "/{path:.*}", Sink(file).answer)
    runner = web.AppRunner(application, access_log=None, read_bufsize=_MEGABYTE)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


@contextmanager
def served(file: Path) -> Iterator[str]:
    """Yields the address of the server, which has its own process."""
    command = [sys.executable, "-m", "benchmarks.transfer", "--serve", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


def _python(python: Path, code: str, file: Path, base: str) -> Figures:
    variables = {
        **{"AWS_ENDPOINT": base, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "us-east-1"},
        **{"AWS_DEFAULT_REGION": "us-east-1", "AWS_ALLOW_HTTP": "true", "NO_PROXY": "127.0.0.1"},
    }
    whole = f"FILE, BASE = {str(file)!r}, {base!r}\n{_MEASURE}{code}"
    done = subprocess.run([python, "-c", whole], env=os.environ | variables, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"a client ended with {done.returncode}\n{done.stderr}")
    return Figures(**json.loads(done.stdout.splitlines()[-1]))


def _curl(way: str, file: Path, base: str) -> Figures:
    """Measures the plain tools at the same job; see the module."""
    if way == "down":
        return _ran(["curl", "-sf", "-o", f"{file}.down", f"{base}/bucket/a.mp4"])
    hashed, digest = _ran_and_said(["openssl", "dgst", "-sha256", "-r", str(file)])
    signing = ["--aws-sigv4", "aws:amz:us-east-1:s3", "--user", "a:b", "-H", f"x-amz-content-sha256: {digest.split()[0]}"]
    sent = _ran(["curl", "-sf", *signing, "-T", str(file), f"{base}/bucket/c.mp4"])
    return Figures(hashed.wall + sent.wall, hashed.cpu + sent.cpu, max(hashed.peak, sent.peak))


def _ran(command: list[str]) -> Figures:
    return _ran_and_said(command)[0]


def _ran_and_said(command: list[str]) -> tuple[Figures, str]:
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command[0]} ended with {process.returncode}")
    return Figures(time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024), said


def main(arguments: list[str]) -> int:
    """Prints a table. The ratios are of megabytes per second (wall) and of processor time, against curl."""
    parser = argparse.ArgumentParser(prog="benchmarks transfer", description=__doc__)
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--without-peers", action="store_true", help="only curl beside ours")
    options = parser.parse_args(arguments)
    peers = None if options.without_peers else peer_interpreter()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "a.mp4"
        piece = bytes(4) + b"ftypisom" + os.urandom(_MEGABYTE - 12)
        with file.open("wb") as writer:
            for _ in range(options.megabytes):
                writer.write(piece)
        with served(file) as base:
            for way, clients in CLIENTS.items():
                found: dict[str, list[Figures]] = {"curl": []}
                for _ in range(options.rounds):
                    found["curl"].append(_curl(way, file, base))
                    if way == "up":
                        found.setdefault("curl bare", []).append(_ran(["curl", "-sf", "-T", str(file), f"{base}/bucket/d.mp4"]))
                    for name, code in clients.items():
                        python = Path(sys.executable) if name.startswith("ours") else peers
                        if python is not None:
                            found.setdefault(name, []).append(_python(python, code, file, base))
                _print(way, found, options.megabytes)
    return 0


def _print(way: str, found: dict[str, list[Figures]], megabytes: int) -> None:
    print(f"{way}, {megabytes} MB, best (middle) of {len(found['curl'])}:", flush=True)
    best, middle = _of(min, found["curl"]), _of(statistics.median, found["curl"])
    for name, figures in found.items():
        one, usual = _of(min, figures), _of(statistics.median, figures)
        print(
            f"  {name:<10} {megabytes / one.wall:6.0f} ({megabytes / usual.wall:.0f}) MB/s: {best.wall / one.wall:.2f}"
            f" ({middle.wall / usual.wall:.2f}) of curl   {one.cpu:5.2f} s CPU ({one.cpu / best.cpu:.2f} of curl)"
            f"   peak {max(figure.peak for figure in figures) / _MEGABYTE:4.0f} MB",
            flush=True,
        )


def _of(which: Callable[[Iterable[float]], float], figures: list[Figures]) -> Figures:
    return Figures(*(which(getattr(one, name) for one in figures) for name in ("wall", "cpu", "peak")))


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[2])))
