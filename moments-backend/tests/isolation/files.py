"""A file system of one's own that is the machine's until it is written to: each write lies in a folder, to be listed afterwards.

Overlays keep the rest of a busy machine out of the list: only what ran inside is in it.
"""

from __future__ import annotations

import contextlib
import filecmp
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from isolation import kernel
from support.stack import weights_folder

# Kernel's or made anew for each room. Temporary folders and what is below /run are listed with the rest.
_MADE_ANEW = ("/tmp", "/var/tmp", "/run")
_KERNEL_S = ("/proc", "/sys", "/dev")
HOME = Path("/tmp/visitor")  # of whoever is in the room; empty at first
# These are seen inside although they may lie below a temporary folder: the checkout, and the models' weights.
_SEEN = (Path(__file__).resolve().parents[3], Path(weights_folder()))


class OwnFiles:
    """`folder` holds the room's layers; the machine's own files stay as they are."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "root"

    def build(self, *, privileged: bool) -> None:
        """Mounts the room's root, in a mount namespace of our own. Raises OSError where the kernel has no overlays for us."""
        kernel.mount("none", Path("/"), flags=kernel.PRIVATE | kernel.RECURSIVE)
        self.root.mkdir(parents=True, exist_ok=True)
        if privileged:
            for point in _mounted():
                self._overlay(point)
        else:
            # Without privilege a folder on which something is mounted can't be a layer: those below and beside it can.
            kernel.mount("tmpfs", self.root, "tmpfs", options="mode=755")
            self._cover(Path("/"), _all_mounted())
        for point in _MADE_ANEW:
            if Path(point).is_dir() and not Path(point).is_symlink():
                fresh = self.folder / "fresh" / point.strip("/").replace("/", "-")
                fresh.mkdir(parents=True)
                fresh.chmod(0o755 if point == "/run" else 0o1777)
                kernel.bind(fresh, self.root / point.lstrip("/"))
        for path in _SEEN:
            if _below(path, _MADE_ANEW) and path.is_dir():
                (self.root / path.relative_to("/")).mkdir(parents=True, exist_ok=True)
                self._overlay(str(path), "" if privileged else ",userxattr")
        for point in ("/sys", "/dev"):
            kernel.bind(Path(point), self.root / point.lstrip("/"), deep=True)
        if Path("/dev/shm").is_dir():
            kernel.mount("tmpfs", self.root / "dev/shm", "tmpfs", options="mode=1777")
        kernel.mount("proc", self.root / "proc", "proc")
        (self.root / HOME.relative_to("/")).mkdir(mode=0o700)

    def _overlay(self, point: str, marks: str = "") -> None:
        written = self.folder / "written"
        written.mkdir(exist_ok=True)
        layer = written / str(len(list(written.iterdir())))
        (layer / "upper").mkdir(parents=True)
        (layer / "work").mkdir()
        (layer / "at").write_text(point, encoding="utf-8")
        options = f"lowerdir={point},upperdir={layer / 'upper'},workdir={layer / 'work'}{marks}"
        kernel.mount("overlay", self.root / point.lstrip("/"), "overlay", options=options)

    def _cover(self, folder: Path, mounted: list[str]) -> None:
        for path in folder.iterdir():
            inside = self.root / path.relative_to("/")
            if path.is_symlink():
                inside.symlink_to(path.readlink())
            elif path.is_dir():
                inside.mkdir()
                if str(path) in (*_KERNEL_S, *_MADE_ANEW):
                    continue
                if any(point.startswith(f"{path}/") for point in (*mounted, *_MADE_ANEW)):
                    self._cover(path, mounted)
                elif os.access(path, os.R_OK | os.X_OK):
                    self._overlay(str(path), ",userxattr")
            else:
                inside.touch()
                kernel.bind(path, inside)

    def settle(self, path: str, text: str) -> None:
        """Gives the machine's file at `path` another content inside, where there is one; not listed as written."""
        real = os.path.realpath(path)
        if not os.path.lexists(path):
            return
        inside = self.root / real.lstrip("/")
        if _below(Path(real), _MADE_ANEW):
            inside.parent.mkdir(parents=True, exist_ok=True)
            inside.write_text(text, encoding="utf-8")
        else:
            copy = self.folder / real.strip("/").replace("/", "-")
            copy.write_text(text, encoding="utf-8")
            kernel.bind(copy, inside)

    def written(self) -> list[str]:
        """Every file, link and empty folder that was made or changed and every removed one (` (removed)`), in the room's own words.

        To be asked from outside, when nothing runs inside any more. A file of the same content and mode as before is not listed.
        """
        found = []
        for layer in sorted((self.folder / "written").iterdir()):
            point = Path((layer / "at").read_text(encoding="utf-8"))
            found += [*_changes(layer / "upper", point, point)]
        for fresh in sorted((self.folder / "fresh").iterdir()):
            point = Path("/var/tmp" if fresh.name == "var-tmp" else f"/{fresh.name}")
            found += [path for path in _changes(fresh, point, None) if path not in (str(HOME), *map(str, _SEEN))]
        return sorted(found)


def _changes(folder: Path, point: Path, before: Path | None) -> Iterator[str]:
    for place, folders, files in os.walk(folder):
        inside = point / Path(place).relative_to(folder)
        if not folders and not files and Path(place) != folder and not (before is not None and inside.is_dir()):
            yield str(inside)
        for name in (*files, *(one for one in folders if Path(place, one).is_symlink())):
            path = Path(place, name)
            status = path.lstat()
            if stat.S_ISCHR(status.st_mode) and status.st_rdev == 0:
                yield f"{inside / name} (removed)"
            elif before is None or not _same(path, inside / name):
                yield str(inside / name)


def _below(path: Path, points: Sequence[str]) -> bool:
    return any(path.is_relative_to(point) for point in points)


def _same(path: Path, before: Path) -> bool:
    with contextlib.suppress(OSError):
        now, then = path.lstat(), before.lstat()
        if stat.S_ISREG(now.st_mode) and stat.S_ISREG(then.st_mode) and now.st_mode == then.st_mode:
            return filecmp.cmp(path, before, shallow=False)
    return False


def _mounted() -> list[str]:
    """Folders at which file systems with the machine's files are mounted, the root first."""
    ours = [point for point in _all_mounted() if not any(point == one or point.startswith(f"{one}/") for one in (*_KERNEL_S, *_MADE_ANEW))]
    return sorted({point for point in ours if Path(point).is_dir()})


def _all_mounted() -> list[str]:
    lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    return [line.split()[4].encode().decode("unicode_escape") for line in lines]
