"""Translates `DATABASE_URL`, in the form of PostgreSQL's own programs and managed services, into what asyncpg takes.

asyncpg knows libpq's parameters only in a DSN of its own, and SQLAlchemy passes a URL's parameters on unchanged: only this module
translates them (https://www.postgresql.org/docs/current/libpq-connect.html, sections 32.1.1.2 and 32.1.2). Unknown parameters are refused
by name. No value is ever repeated in an error: it may be a password.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from videomoments.core.errors import InvalidInput
from videomoments.db.tls import TLS_PARAMETERS, Tls, tls_of

_SCHEME = re.compile(r"(?:postgres|postgresql)(?:\+[a-z0-9]+)?://", re.IGNORECASE)
_FORM = "It has the form postgresql://user:password@host:5432/database."
_ENCODE = "Signs of the password that mean something in a URL are written with %: @ as %40, / as %2F, : as %3A, ? as %3F, # as %23."
_DEFAULT_PORT = 5432
_CONNECT_SECONDS = 15.0
# Accepted and ignored: what these ask for is either the case anyway or an optimisation.
_IDLE = {"keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout", "fallback_application_name"}
# Only these values describe what we do. Any other would be a promise that we break.
_FIXED = {"client_encoding": ("utf8", "utf-8"), "gssencmode": ("disable", "prefer"), "load_balance_hosts": ("disable",)}
_WHERE = {"host", "port", "user", "password", "dbname", "database", "passfile"}
_HOW = {"application_name", "connect_timeout", "options", "target_session_attrs", "pgbouncer"}
_CACHES = {"statement_cache_size", "prepared_statement_cache_size"}
KNOWN = frozenset(_WHERE | _HOW | _CACHES | _IDLE | _FIXED.keys() | TLS_PARAMETERS)
"""Every parameter that may follow the `?`."""
_WRITABLE = ("any", "read-write", "primary")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a database is and how it is reached. `hosts` are tried in order; one that begins with a slash is the folder of a socket."""

    hosts: tuple[tuple[str, int], ...]
    user: str | None
    password: str | None = field(repr=False)
    database: str | None
    tls: Tls
    connect_seconds: float = _CONNECT_SECONDS
    settings: Mapping[str, str] = field(default_factory=dict, repr=False)
    target: str | None = None
    passfile: str | None = None
    caches: Mapping[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        """Returns the address for messages: `db.example.com:5432`; never a password."""
        named = [host if host.startswith("/") else f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in self.hosts]
        return ", ".join(named) or "its default socket"

    def arguments(self, **session: str) -> dict[str, Any]:
        """Returns keyword arguments of `asyncpg.connect`, without a time limit. `session` are our settings; the address's own win.

        Raises InvalidInput where a file that the address names can't be used.
        """
        given: dict[str, Any] = {
            "host": [host for host, _ in self.hosts] or None,
            "port": [port for _, port in self.hosts] or None,
            "user": self.user,
            "password": self.password,
            "database": self.database,
            "server_settings": {**session, **self.settings} or None,
            "target_session_attrs": self.target,
            "passfile": self.passfile,
            "statement_cache_size": self.caches.get("statement_cache_size"),
            "ssl": self.tls.argument() if any(not host.startswith("/") for host, _ in self.hosts) else None,
            "direct_tls": self.tls.direct or None,
        }
        return {name: value for name, value in given.items() if value is not None}


def parse_address(url: str) -> Address:
    """Reads a `postgres://` or `postgresql://` URL. A driver's name (`postgresql+asyncpg://`) is removed.

    Raises InvalidInput (`invalid_database_url`), which names the parameter or the part that is wrong.
    """
    scheme = _SCHEME.match(url)
    if scheme is None:
        raise _wrong("is not the address of a PostgreSQL database.", _FORM)
    rest, _, query = url[scheme.end() :].partition("?")
    authority, _, path = rest.partition("/")
    login, _, hosts = authority.rpartition("@")
    if not login and ("@" in path or "@" in query.partition("&")[0]):
        raise _wrong("can't be read: the @ before the host stands too far behind.", _ENCODE)
    user, _, password = login.partition(":")
    given = _parameters(query)
    tls = tls_of({name: value for name, value in given.items() if name in TLS_PARAMETERS}, _wrong)
    return Address(
        hosts=_hosts(given.get("host") or hosts, given.get("port", ""), encoded="host" not in given),
        user=given.get("user") or unquote(user) or None,
        password=given.get("password") or unquote(password) or None,
        database=given.get("dbname") or given.get("database") or unquote(path) or None,
        tls=tls,
        connect_seconds=_seconds(given.get("connect_timeout")),
        settings={name: given[name] for name in ("application_name", "options") if given.get(name)},
        target=_target(given.get("target_session_attrs")),
        passfile=given.get("passfile"),
        caches={name: _count(name, given[name]) for name in sorted(_CACHES) if name in given},
    )


def _wrong(what: str, advice: str = "") -> InvalidInput:
    return InvalidInput(f"DATABASE_URL {what}", code="invalid_database_url", advice=advice or "See docs/operations.md.")


def _parameters(query: str) -> dict[str, str]:
    """Returns the parameters by name, decoded as libpq does (a plus sign is a plus sign). The last of several counts."""
    given: dict[str, str] = {}
    for part in query.split("&") if query else ():
        name, equals, value = part.partition("=")
        name = unquote(name)
        if not equals:
            raise _wrong("has a parameter without a value behind the question mark.", _ENCODE)
        if name not in KNOWN:
            near = difflib.get_close_matches(name, KNOWN, n=1)
            meant = f" Is {near[0]} meant?" if near else ""
            shown = name if re.fullmatch(r"[A-Za-z_.]{1,40}", name) else "(it has no plain name)"
            raise _wrong(
                f"has a parameter that is not known here: {shown}.{meant}", "Remove it; docs/operations.md lists those that are known."
            )
        given[name] = unquote(value)
    for name, values in _FIXED.items():
        if name in given and given[name].lower() not in values:
            raise _wrong(f"asks for a {name} that is not to be had here.", f"Remove it, or set it to {values[0]}.")
    if given.get("pgbouncer", "false").lower() in ("true", "1"):
        raise _wrong("names a pooler in transaction mode (pgbouncer=true), and VideoMoments keeps locks in its sessions.", POOLER_ADVICE)
    return given


POOLER_ADVICE = "Use the direct address of the database, or the pooler's session mode (where it has one, often another port)."


def _hosts(spec: str, ports: str, *, encoded: bool) -> tuple[tuple[str, int], ...]:
    """Returns hosts with their ports. `spec` is a list such as `a,b:5433` or `[::1]:5432`; `ports` are those of the parameter, one for all
    or one each."""
    if not spec:
        return (("localhost", _port(ports)),) if ports else ()
    found = []
    listed = ports.split(",") if ports else [""]
    parts = spec.split(",")
    if len(listed) not in (1, len(parts)):
        raise _wrong("names another number of ports than of hosts.", _FORM)
    for number, part in enumerate(parts):
        host, port = _host(part)
        found.append((unquote(host) if encoded else host, _port(port or listed[number % len(listed)])))
    return tuple(found)


def _host(part: str) -> tuple[str, str]:
    if part.startswith("/"):
        return part, ""
    if part.startswith("["):
        address, bracket, port = part[1:].partition("]")
        if not bracket or not re.fullmatch(r"[0-9A-Fa-f:.%]+", address) or (port and not port.startswith(":")):
            raise _wrong("has an IPv6 address that can't be read.", "Write it in brackets: [2001:db8::1]:5432.")
        return address, port[1:]
    host, _, port = part.partition(":")
    if not host:
        raise _wrong("names an empty host.", _FORM)
    if ":" in port:
        raise _wrong("has more than one colon behind the host.", "An IPv6 address stands in brackets: [2001:db8::1]:5432. " + _ENCODE)
    return host, port


def _port(text: str) -> int:
    if not text:
        text = os.environ.get("PGPORT") or str(_DEFAULT_PORT)
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise _wrong("has a port that is no number between 1 and 65535.", _ENCODE)
    return int(text)


def _seconds(text: str | None) -> float:
    """Returns the time limit in seconds. In libpq 0 and less mean no limit; a start that never ends helps nobody, so our own limit
    applies."""
    if text is None:
        return _CONNECT_SECONDS
    if not re.fullmatch(r"-?\d{1,6}", text):
        raise _wrong("has a connect_timeout that is no number of seconds.")
    return float(text) if int(text) > 0 else _CONNECT_SECONDS


def _target(wanted: str | None) -> str | None:
    if wanted is None or wanted in _WRITABLE:
        return wanted
    raise _wrong("asks by target_session_attrs for a server that takes no writes.", "Use read-write, primary or any.")


def _count(name: str, text: str) -> int:
    if not text.isdecimal() or len(text) > 6:
        raise _wrong(f"has a {name} that is no number.")
    return int(text)
