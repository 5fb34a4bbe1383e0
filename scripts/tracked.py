"""Lists the repository's own files and their texts, for the checks of documents."""

from __future__ import annotations

import subprocess
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[1]


def names(root: Path = ROOT) -> list[str]:
    """Returns the paths below `root` of all files that git tracks or would add, in git's spelling. A deleted file is left out."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=root, capture_output=True, check=True
    ).stdout.decode()
    return sorted(name for name in set(listed.split("\0")) if name and (root / name).is_file())


def texts(root: Path = ROOT) -> dict[str, str]:
    """Returns the text of each of `names`. Files with a zero byte are no text and are left out; so are symbolic links."""
    found = {}
    for name in names(root):
        path = root / name
        if path.is_symlink() or b"\0" in (data := path.read_bytes()):
            continue
        found[name] = data.decode(errors="replace")
    return found


def with_folders(files: list[str]) -> set[str]:
    """Returns the files and every folder above them, without a slash at the end."""
    return {str(parent) for name in files for parent in (PurePosixPath(name), *PurePosixPath(name).parents)} - {"."}
