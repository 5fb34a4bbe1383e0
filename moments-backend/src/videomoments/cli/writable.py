"""Checks that a command can write its output before it works, rather than twenty minutes later."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

import typer

from videomoments.core.errors import OutOfSpace

# The probe is really written: quotas, full disks and read-only mounts refuse only then.
_PROBE = bytes(64 * 1024)


def check_folder(option: str, path: Path, *, folders: tuple[str, ...] = (), files: tuple[str, ...] = ()) -> None:
    """Checks that `path` is a writable folder, or can be made one. `folders` and `files` are what it will contain. Creates nothing.

    Raises BadParameter, and OutOfSpace where the disk is full.
    """
    path = path.expanduser().absolute()
    there = _nearest(path)
    if not there.is_dir():
        raise typer.BadParameter(f"{option}: {there} is a file, not a folder.")
    for name in folders:
        if (path / name).exists() and not (path / name).is_dir():
            raise typer.BadParameter(f"{option}: {path / name} is a file, and a folder of that name is needed.")
    for name in files:
        if (path / name).is_dir():
            raise typer.BadParameter(f"{option}: {path / name} is a folder, and a file of that name is needed.")
    _probe(option, there)


def check_file(option: str, path: Path) -> None:
    """Checks that `path` is a writable file, or can be made one in an existing folder. Creates and changes nothing.

    Raises BadParameter, and OutOfSpace where the disk is full.
    """
    path = path.expanduser().absolute()
    if path.is_dir():
        raise typer.BadParameter(f"{option}: {path} is a folder, not a file.")
    if not path.parent.exists():
        raise typer.BadParameter(f"{option}: there is no folder {path.parent}.")
    if not path.parent.is_dir():
        raise typer.BadParameter(f"{option}: {path.parent} is a file, not a folder.")
    if path.exists():
        _open_for_writing(option, path)
    if not path.exists() or path.is_file():
        _probe(option, path.parent)


def _nearest(path: Path) -> Path:
    """Returns `path`, or the nearest folder above it that exists. A broken link counts as existing, because no folder can be made in its
    place."""
    return next((one for one in (path, *path.parents) if os.path.lexists(one)), Path(path.anchor))


def _open_for_writing(option: str, path: Path) -> None:
    try:
        if not stat.S_ISFIFO(path.stat().st_mode):  # opening a FIFO waits for its reader
            with path.open("ab"):
                pass
    except OSError as error:
        raise _refused(option, path, error) from error


def _probe(option: str, folder: Path) -> None:
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(_PROBE)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise _refused(option, folder, error) from error


def _refused(option: str, path: Path, error: OSError) -> Exception:
    from videomoments.cli.endings import as_moments_error

    if isinstance(known := as_moments_error(error), OutOfSpace):
        return OutOfSpace(f"{option}: no space is left on the disk of {path}.", advice="Free some, or name another folder.")
    return typer.BadParameter(f"{option}: {path} can't be written to: {error.strerror or known.message}.")
