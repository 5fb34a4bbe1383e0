"""What broke the way to a model service, in words: the libraries' own texts name classes, hosts and ports."""

from __future__ import annotations

import httpx2

from videomoments.core.reaching import unreached


def broken_way(error: BaseException) -> str:
    """One sentence for a connection that did not come about or did not hold, by `error` and what caused it."""
    if (way := unreached(error)) is not None:
        return f"It {way.words}."
    # Of what is left, the HTTP library tells by its classes alone whether there was a connection.
    return "There was no connection." if isinstance(error, httpx2.ConnectError) else "It broke off the connection."
