"""Describes why Redis could not be used: host, port, user and cause, and what to do. Never the password."""

from __future__ import annotations

from redis.exceptions import AuthenticationError, BusyLoadingError, NoPermissionError, ReadOnlyError, RedisError

from videomoments.coordination.redis_url import RedisAddress
from videomoments.core.errors import ServiceUnavailable
from videomoments.core.reaching import Unreached, unreached

# Causes that may pass by waiting. A server that is being started may have no name yet, or no open port.
AWAY = frozenset({"unavailable", "refused", "unreachable", "timeout", "host_unknown", "full"})
_CHECK = "Check REDIS_URL."


def redis_failure(error: BaseException, address: RedisAddress) -> ServiceUnavailable:
    """Returns `error` of connecting or of a first command as one line, with a stable code (`redis_…`)."""
    found = _found(error, address)
    user = f" (user {address.user})" if address.user else ""
    return ServiceUnavailable(
        "Redis does not answer." if found.kind in AWAY else "Redis can't be used as it is configured.",
        code=f"redis_{found.kind}",
        operator=f"Redis at {address}{user} {found.words}.",
        advice=found.advice or _CHECK,
    )


def _found(error: BaseException, address: RedisAddress) -> Unreached:
    said = str(error).lower()
    if isinstance(error, AuthenticationError) or "noauth" in said or "wrongpass" in said:
        return _password(address)
    if (answer := _answer(error, said)) is not None:
        return answer
    if (way := unreached(error)) is not None:
        return _with_tls_advice(way, address)
    return _ended(error, address)


def _answer(error: BaseException, said: str) -> Unreached | None:
    """Returns what the server itself reports, other than about the password."""
    found: Unreached | None = None
    if isinstance(error, NoPermissionError) or "noperm" in said:
        found = Unreached("permission", "does not allow this user that command", "Give it +@all and the keys ~* of its database.")
    elif isinstance(error, ReadOnlyError):
        found = Unreached("read_only", "takes no writes: it is a replica", "Name the primary in REDIS_URL.")
    elif isinstance(error, BusyLoadingError):
        found = Unreached("unavailable", "is reading its data from the disk", "Try again in a moment.")
    elif "max number of clients" in said:
        found = Unreached("full", "has no connection left", "Raise its maxclients.")
    elif "db index is out of range" in said:
        found = Unreached("missing", "has no database of that number", "Use /0 at the end of REDIS_URL.")
    return found


def _password(address: RedisAddress) -> Unreached:
    if address.has_password:
        return Unreached("password", "does not accept the password", "Check the user and the password in REDIS_URL.")
    advice = "Write it as :password@ or user:password@ before the host."
    return Unreached("password_needed", "asks for a password, and REDIS_URL has none", advice)


def _with_tls_advice(way: Unreached, address: RedisAddress) -> Unreached:
    advice = {
        "tls_ca": "Name the file of its certificate authority: rediss://…?ssl_ca_certs=/path/ca.pem.",
        "tls_name": "Use the host name that it is for, or ssl_check_hostname=false on a private network.",
        "tls_missing": "Begin REDIS_URL with redis://, or use its port for TLS.",
    }
    if way.kind == "timeout" and address.tls:
        # A server without TLS takes the handshake for the start of a command and waits for the rest.
        return Unreached("timeout", way.words, "Check host and port; if that port has no TLS, begin REDIS_URL with redis://.")
    return Unreached(way.kind, way.words, advice.get(way.kind, way.advice))


def _ended(error: BaseException, address: RedisAddress) -> Unreached:
    """Describes a connection that was closed, or a reply that is not Redis's."""
    if isinstance(error, RedisError | OSError | EOFError):
        if address.tls:
            return Unreached(
                "tls_missing", "ended the connection when asked for TLS", "Begin REDIS_URL with redis://, or use its port for TLS."
            )
        return Unreached(
            "tls_needed", "ended the connection or answers as no Redis does", "If that port speaks TLS, begin REDIS_URL with rediss://."
        )
    return Unreached("unavailable", f"can't be used ({type(error).__name__})", _CHECK)
