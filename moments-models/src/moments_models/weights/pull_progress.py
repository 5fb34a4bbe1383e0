"""The progress that a pull reports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PullProgress:
    """One report of a pull.

    `done` and `total` are bytes of the source in use (a package is compressed, so its total differs from the size on disk). `source` is
    `path`, `hub` or `packages`. `note` is a text about an event, if there was one.
    """

    name: str
    source: str
    done: int
    total: int
    note: str = ""


OnProgress = Callable[[PullProgress], None]


def ignore(_: PullProgress) -> None:
    """Ignores progress. This is the default callback."""
