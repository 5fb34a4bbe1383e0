"""What a pull reports while it works."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PullProgress:
    """One tick of a pull.

    `done` and `total` are bytes of the source in use (a package is compressed, so its total differs from the size on disk);
    `source` is `path`, `hub` or `packages`; `note` says in words what happened, when something did.
    """

    name: str
    source: str
    done: int
    total: int
    note: str = ""


OnProgress = Callable[[PullProgress], None]


def ignore(_: PullProgress) -> None:
    """The default listener."""
