"""Where the peers live: an environment of their own, so that nothing of ours depends on them."""

from __future__ import annotations

import subprocess
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def peer_interpreter() -> Path:
    """The peers' own environment, made on first use from `benchmarks/requirements.lock`."""
    lock, folder = ROOT / "benchmarks" / "requirements.lock", ROOT / ".venv" / "peers"
    stamp, python = folder / "stamp", folder / "bin" / "python"
    if not stamp.exists() or stamp.read_text() != lock.read_text():
        print("setting up the peers (once)", flush=True)
        venv.create(folder, with_pip=True, clear=True)
        quietly = ["-qq", "--disable-pip-version-check", "--require-hashes", "--only-binary", ":all:"]
        subprocess.run([python, "-m", "pip", "install", *quietly, "--requirement", lock], check=True)
        stamp.write_text(lock.read_text())
    return python
