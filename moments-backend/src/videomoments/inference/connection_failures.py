"""Describes why a model service was not reached: the libraries' own texts name classes, hosts and ports."""

from __future__ import annotations

import httpx2

from videomoments.core.reaching import unreached


def broken_way(error: BaseException) -> str:
    """Returns one sentence for a connection that was not made or broke, by `error` and what caused it."""
    if (way := unreached(error)) is not None:
        return f"It {way.words}."
    # For the other errors, only the HTTP library's class shows whether there was a connection.
    return "There was no connection." if isinstance(error, httpx2.ConnectError) else "It broke off the connection."
