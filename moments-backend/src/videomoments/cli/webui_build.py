"""Builds the web page for `moments serve`, in a checkout where it is missing or older than its sources."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from videomoments.core.webui_files import webui_folder, webui_source

_SECONDS = 900.0
_SOURCES = ("index.html", "package-lock.json", "vite.config.ts", "src", "public")


def ensure_webui(say: Callable[[str], None]) -> None:
    """Builds the page when it is not current. If that fails, prints why: everything else works without the page.

    Of two processes that start at once, one builds and the other waits, because a build begins by emptying its folder.
    """
    source = webui_source()
    if source is None:
        if webui_folder() is None:
            say("This installation carries no web page; the API answers all the same.")
        return
    if current(source):
        return
    say("Building the web page (about a minute the first time)")
    with _alone(source):
        if not current(source):
            _build(source, say)


@contextmanager
def _alone(source: Path) -> Iterator[None]:
    """Holds a lock that one process has at a time, and that a process's death frees."""
    descriptor = os.open(source, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _build(source: Path, say: Callable[[str], None]) -> None:
    try:
        built = subprocess.run(
            [source / "page.sh", "build"],
            env={**os.environ, "MOMENTS_PYTHON": sys.executable},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
        reason = None if built.returncode == 0 else _last_line(built.stdout)
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = str(error)
    if reason is not None:
        older = " An older build is served." if webui_folder() else ""
        say(f"The web page could not be built ({reason}).{older} Try moments-frontend/page.sh build; the API answers all the same.")


def current(source: Path) -> bool:
    """Returns whether the built page is newer than all of its sources."""
    index = source / "dist" / "index.html"
    if not index.is_file():
        return False
    built = index.stat().st_mtime
    paths = (source / name for name in _SOURCES)
    files = (file for path in paths for file in ([path] if path.is_file() else path.rglob("*")))
    return all(file.stat().st_mtime <= built for file in files if file.is_file())


def _last_line(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "no reason given"
