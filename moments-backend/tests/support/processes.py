"""Processes as tests look at them. One may end while it is looked at, or have ended and wait for its parent: it has no words then."""

from __future__ import annotations

import psutil


def words_of(process: psutil.Process) -> list[str]:
    """What it was started with; nothing of one that has ended or that is somebody else's."""
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []


def children_with(word: str, pid: int | None = None) -> list[psutil.Process]:
    """The living children of this process, or of `pid`, that were started with this word; not what they have started in turn."""
    return [child for child in psutil.Process(pid).children() if word in words_of(child)]


def media_children() -> list[psutil.Process]:
    return children_with("videomoments.media.child")
