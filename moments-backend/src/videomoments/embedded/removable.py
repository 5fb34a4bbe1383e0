"""Lists what `moments clean` may remove, with sizes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from videomoments.core.config import Settings
from videomoments.embedded.data_folder import Layout
from videomoments.embedded.installation import base_of

_IN_HOME = {
    "store": "videos, audio, clips and thumbnails",
    "work": "temporary files of runs",
    "models": "model weights (downloaded again when needed)",
    "logs": "logs of the servers",
}
_IN_BASE = {
    "runtime": "copies of the servers' programs (made again when needed)",
    "postgres": "the database: videos, transcripts, moments, runs",
    "valkey": "the queue",
}


@dataclass(frozen=True)
class CleanTarget:
    """A folder, its size in bytes, and what a user loses with it."""

    path: Path
    bytes: int
    what: str


def clean_targets(settings: Settings) -> list[CleanTarget]:
    """Returns everything that is stored on this machine for `settings.home`. Remove nothing of it while a command runs."""
    layout = Layout.of(settings)
    base = base_of(layout)
    named = {**{layout.home / name: what for name, what in _IN_HOME.items()}, **{base / name: what for name, what in _IN_BASE.items()}}
    return [CleanTarget(path, size_of(path), what) for path, what in named.items() if path.exists()]


def size_of(path: Path) -> int:
    """Returns the bytes on disk below `path`. Files that can't be read are not counted."""
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            try:
                total += Path(folder, name).lstat().st_blocks * 512
            except OSError:
                continue
    return total
