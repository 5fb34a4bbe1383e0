"""Translates `REDIS_URL`, as managed services print it, into what redis-py takes: `redis://`, `rediss://` (TLS) or `unix://`.

redis-py accepts unknown parameters until something fails, and takes an invalid database number for 0. Here they are refused by name. No
value is repeated in an error: it may be a password.
"""

from __future__ import annotations

import difflib
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote, urlencode

from videomoments.core.errors import InvalidInput

_FORM = "It has the form redis://user:password@host:6379/0, or rediss:// for TLS."
_ENCODE = "Signs of the password that mean something in a URL are written with %: @ as %40, / as %2F, : as %3A, ? as %3F, # as %23."
_DEFAULT_PORT = 6379
_NO_SENTINEL, _NO_CLUSTER = "Sentinel is not supported.", "Clusters are not supported."
_OTHERS = {"redis+sentinel": _NO_SENTINEL, "rediss+sentinel": _NO_SENTINEL, "sentinel": _NO_SENTINEL, "redis+cluster": _NO_CLUSTER}
_TLS = {"ssl_cert_reqs", "ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_check_hostname", "ssl_password"}
_FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
KNOWN = frozenset({"db", "username", "password", "client_name", "protocol"} | _TLS)
"""Every parameter that may follow the `?`."""
# CERT_NONE and the like are Python's names for the same.
_VERIFY = {"none": "none", "optional": "optional", "required": "required"}


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """Where Redis is. `url` is for redis-py and holds the password."""

    url: str = field(repr=False)
    where: str
    user: str | None
    has_password: bool
    tls: bool

    def __str__(self) -> str:
        """Returns the address for messages: `cache.example.com:6380`; never a password."""
        return self.where


def parse_redis(url: str) -> RedisAddress:
    """Reads the URL. Raises InvalidInput (`invalid_redis_url`), which names the parameter or the part that is wrong."""
    scheme, colon, rest = url.partition("://")
    scheme = scheme.lower()
    if scheme in _OTHERS:
        raise _wrong(f"begins with {scheme}://: {_OTHERS[scheme]}", "Name the primary's address, or a proxy that follows it.")
    if not colon or scheme not in ("redis", "rediss", "unix"):
        raise _wrong("is not the address of a Redis or Valkey server.", _FORM)
    rest, _, query = rest.partition("?")
    given = _parameters(query.partition("#")[0], tls=scheme == "rediss")
    authority, slash, path = rest.partition("/")
    login, _, host = authority.rpartition("@")
    if not login and ("@" in path or "@" in query.partition("&")[0]):
        raise _wrong("can't be read: the @ before the host stands too far behind.", _ENCODE)
    user, _, password = login.partition(":")
    user, password = given.pop("username", "") or unquote(user), given.pop("password", "") or unquote(password)
    if scheme == "unix":
        place, where = quote(slash + unquote(path)), slash + unquote(path)
        if host or not path:
            raise _wrong("names no socket.", "It has the form unix:///run/valkey/valkey.sock?db=0.")
    else:
        name, port = _host(host)
        given["db"] = given.get("db") or _database(unquote(path))
        where = f"{name}:{port}"
        place = where
    signed = f"{quote(user, safe='')}:{quote(password, safe='')}@" if user or password else ""
    return RedisAddress(f"{scheme}://{signed}{place}?{urlencode(given)}", where, user or None, bool(password), scheme == "rediss")


def _wrong(what: str, advice: str = "") -> InvalidInput:
    return InvalidInput(f"REDIS_URL {what}", code="invalid_redis_url", advice=advice or "See docs/operations.md.")


def _parameters(query: str, *, tls: bool) -> dict[str, str]:
    given: dict[str, str] = {}
    for part in query.split("&") if query else ():
        name, equals, value = part.partition("=")
        name, value = unquote(name), unquote(value)
        if name not in KNOWN or not equals:
            near = difflib.get_close_matches(name, KNOWN, n=1)
            meant = f" Is {near[0]} meant?" if near else ""
            shown = name if re.fullmatch(r"[A-Za-z_.]{1,40}", name) else "(it has no plain name)"
            raise _wrong(
                f"has a parameter that is not known here: {shown}.{meant}", "Remove it; docs/operations.md lists those that are known."
            )
        if name in _TLS and not tls:
            raise _wrong(f"has {name}, but no TLS.", "Begin it with rediss://.")
        given[name] = value
    if "ssl_cert_reqs" in given:
        wanted = given["ssl_cert_reqs"].lower().removeprefix("cert_")
        if wanted not in _VERIFY:
            raise _wrong("has an ssl_cert_reqs that does not exist.", "It is required, optional or none.")
        given["ssl_cert_reqs"] = wanted
    for name in _FILES:
        if name in given and not os.access(Path(given[name]), os.R_OK):
            raise _wrong(f"names a file by {name} that is not there or can't be read: {given[name]}.", "Give its whole path.")
    if "db" in given:
        given["db"] = _database(given["db"])
    if given.get("protocol", "3") not in ("2", "3"):
        raise _wrong("has a protocol that does not exist.", "It is 2 or 3.")
    return given


def _host(part: str) -> tuple[str, int]:
    """Returns host (an IPv6 address in brackets) and port."""
    if "," in part:
        raise _wrong("names several hosts.", "Name the primary, or a proxy that follows it: Sentinel and clusters are not supported.")
    host, port = part, ""
    if part.startswith("["):
        host, bracket, after = part.partition("]")
        host, port = host + bracket, after.removeprefix(":")
    else:
        host, _, port = part.partition(":")
    if port and (not port.isdecimal() or not 0 < int(port) < 65536):
        raise _wrong("has a port that is no number between 1 and 65535.", _ENCODE)
    return unquote(host) or "localhost", int(port or _DEFAULT_PORT)


def _database(text: str) -> str:
    if text and not text.isdecimal():
        raise _wrong("names a database that is no number.", "Databases of Redis are numbers: redis://host:6379/0.")
    return text or "0"
