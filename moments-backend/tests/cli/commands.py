"""Runs `python -m videomoments …` as a user does: a process of its own with an environment of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import platformdirs

# What a command may need from this process's environment to find programs, folders and the package index.
_KEPT = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "PYTHONPATH", "VIRTUAL_ENV", "SSL_CERT_FILE", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY")


@dataclass(frozen=True)
class Home:
    """A data folder. Weights are shared with this user's own, so that they are downloaded once."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        weights = os.environ.get("MOMENTS_WEIGHTS") or str(Path(platformdirs.user_data_dir("videomoments", appauthor=False)) / "models")
        kept = {name: value for name in _KEPT if (value := os.environ.get(name))}
        kept |= {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "UV_"))}
        return kept | {"MOMENTS_HOME": str(self.folder), "MOMENTS_WEIGHTS": weights}


def moments(
    home: Home, *arguments: str | Path, folder: Path | None = None, timeout: float = 500.0, **variables: str
) -> subprocess.CompletedProcess[str]:
    """The ended command. `variables` are added to its environment; `folder` is where it runs."""
    return subprocess.run(
        command(*arguments),
        env=home.environment | variables,
        cwd=folder or home.folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "videomoments", *map(str, arguments)]
