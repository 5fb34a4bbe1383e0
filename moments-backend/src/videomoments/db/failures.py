"""Describes why PostgreSQL could not be used: host, port, user and cause, and what to do. Never the password."""

from __future__ import annotations

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from videomoments.core.errors import ServiceUnavailable
from videomoments.core.reaching import Unreached, unreached
from videomoments.db.database_url import POOLER_ADVICE, Address

CONNECTING = (DBAPIError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What connecting and a first statement may raise, with SQLAlchemy and without. TimeoutError is an OSError."""

_CHECK = "Check DATABASE_URL."
_REFUSED_UPGRADE = "rejected SSL upgrade"
# Causes by SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html), where the code alone suffices.
_STATES = {
    "28P01": Unreached("password", "does not accept the password", "Check the user and the password in DATABASE_URL."),
    "3D000": Unreached("missing", "has no database of that name", "Create it (createdb), or name another in DATABASE_URL."),
    "53300": Unreached("full", "has no connection left", "Raise its max_connections, or run fewer processes: each keeps up to ten."),
    "57P03": Unreached("starting", "is starting up or shutting down", "Try again in a moment."),
    "42501": Unreached("permission", "does not allow this user to do that", "Grant it CONNECT, and CREATE and USAGE on the schema."),
    "25006": Unreached("read_only", "takes no writes: it is a replica, or set to read-only", "Name the primary server in DATABASE_URL."),
    "26000": Unreached("pooler", "is a pooler in transaction mode, and VideoMoments keeps locks in its sessions", POOLER_ADVICE),
    "42P05": Unreached("pooler", "is a pooler in transaction mode, and VideoMoments keeps locks in its sessions", POOLER_ADVICE),
}


def database_failure(error: BaseException, address: Address) -> ServiceUnavailable:
    """Returns `error` of connecting or of a first statement as one line, with a stable code (`database_…`)."""
    return _failure(_found(error, address), address)


def pooler_failure(address: Address) -> ServiceUnavailable:
    """Returns the error for a pooler that hands sessions out by transaction."""
    return _failure(_STATES["26000"], address)


def read_only_failure(address: Address) -> ServiceUnavailable:
    """Returns the error for a replica, or a database that is set to read-only."""
    return _failure(_STATES["25006"], address)


def _failure(found: Unreached, address: Address) -> ServiceUnavailable:
    user = f"user {address.user}" if address.user else "no user named"
    where = f"PostgreSQL at {address} ({user}, database {address.database or 'of the same name'})"
    return ServiceUnavailable(
        "PostgreSQL can't be used as it is configured.",
        code=f"database_{found.kind}",
        operator=f"{where} {found.words}.",
        advice=found.advice or _CHECK,
    )


def _found(error: BaseException, address: Address) -> Unreached:
    original = getattr(error, "orig", None) if isinstance(error, DBAPIError) else None
    inner = original.__cause__ or original if original is not None else error
    match inner:
        case asyncpg.PostgresError():
            return _server(inner, address)
        case asyncpg.TargetServerAttributeNotMatched():
            return _STATES["25006"]
        case PoolTimeout():
            return Unreached("unavailable", "is waited for by all connections of this process", "Try again in a moment.")
        case ConnectionError() if _REFUSED_UPGRADE in str(inner):
            return _no_tls(address)
    if (way := unreached(inner)) is not None:
        return _with_tls_advice(way)
    return _ended(inner, address)


def _no_tls(address: Address) -> Unreached:
    if address.tls.demanded:
        return Unreached("tls_missing", "takes no TLS, which DATABASE_URL demands", "Turn it on there (ssl=on), or use sslmode=prefer.")
    return Unreached("unavailable", "is no PostgreSQL: something else answers on that port", "Check host and port.")


def _ended(error: BaseException, address: Address) -> Unreached:
    if isinstance(error, ConnectionError | asyncpg.ConnectionDoesNotExistError | EOFError):
        advice = "Check host, port and the server's log" + (", and which TLS it speaks." if address.tls.demanded else ".")
        return Unreached("unavailable", "ended the connection without a word", advice)
    return Unreached("unavailable", f"can't be used ({type(error).__name__})", _CHECK)


def _with_tls_advice(way: Unreached) -> Unreached:
    advice = {
        "tls_ca": "Name the file of its certificate authority: sslmode=verify-full&sslrootcert=/path/ca.pem.",
        "tls_name": "Use the host name that it is for, or sslmode=verify-ca, which trusts every server of that authority.",
        "tls_failed": "Check sslmode, sslcert and sslkey.",
    }
    return Unreached(way.kind, way.words, advice.get(way.kind, way.advice))


def _server(error: asyncpg.PostgresError, address: Address) -> Unreached:
    """Returns what the server itself reports."""
    state, said = error.sqlstate or "", str(error).lower()
    if "unsupported startup parameter" in said:
        return Unreached("pooler", "is a pooler that takes no settings of a session", POOLER_ADVICE)
    if "sslmode=require" in said or "ssl connection is required" in said or "connection is insecure" in said:
        return Unreached("tls_needed", "demands TLS", "Add ?sslmode=require (better: verify-full) to DATABASE_URL.")
    if state == "28000" or "pg_hba.conf" in said:
        return _authorisation(said, address)
    if state in _STATES:
        if state == "28P01" and address.password is None:
            return Unreached("password", "asks for a password, and DATABASE_URL has none", "Write it as user:password@ before the host.")
        return _STATES[state]
    words = " ".join(str(error).split())[:200].rstrip(".")
    return Unreached("unavailable", f"says: {words}", _CHECK)


def _authorisation(said: str, address: Address) -> Unreached:
    if "certificate" in said:
        return Unreached("not_allowed", "demands a client certificate", "Name one by sslcert and sslkey in DATABASE_URL.")
    # TLS was tried first unless the address forbids it, so its absence is the reason only with these modes.
    if "pg_hba.conf" in said and ("no encryption" in said or "ssl off" in said) and address.tls.mode in ("disable", "allow"):
        return Unreached(
            "tls_needed", "does not let this user in without TLS", "Add ?sslmode=require; if it stays, pg_hba.conf has no entry."
        )
    if "pg_hba.conf" in said:
        return Unreached(
            "not_allowed", "does not let this user in from here (pg_hba.conf has no entry)", "Add one, or this machine's address."
        )
    if "does not exist" in said:
        return Unreached("user", "knows no such user", "Create it (createuser), or name another in DATABASE_URL.")
    return Unreached("not_allowed", "does not let this user in", _CHECK)
