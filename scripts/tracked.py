"""The repository's own files and their texts, as the checks of documents read them."""

from __future__ import annotations

import subprocess
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[1]


def names(root: Path = ROOT) -> list[str]:
    """Paths below `root` of all files that git tracks or would add, as it writes them. A file that is gone is none."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=root, capture_output=True, check=True
    ).stdout.decode()
    return sorted(name for name in set(listed.split("\0")) if name and (root / name).is_file())


def texts(root: Path = ROOT) -> dict[str, str]:
    """The text of each of `names`. What holds a zero byte is no text and is left out; so is what git keeps as a link."""
    found = {}
    for name in names(root):
        path = root / name
        if path.is_symlink() or b"\0" in (data := path.read_bytes()):
            continue
        found[name] = data.decode(errors="replace")
    return found


def with_folders(files: list[str]) -> set[str]:
    """The files and every folder above them, without a slash at the end."""
    return {str(parent) for name in files for parent in (PurePosixPath(name), *PurePosixPath(name).parents)} - {"."}
