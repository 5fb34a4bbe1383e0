"""Decides which hosts a request may name, and which pages may request a change: names and ports as browsers send them (F73)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

from videomoments.core.config import Settings

_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
# `moments-frontend/start_frontend.sh` serves the page there, and forwards its requests to us under our own host name.
_DEV_WEBUI_PORT = 3005
_AUTHORITY = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[^\s:/?#@\[\]\\]+)(?::(?P<port>[0-9]{1,5}))?")
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Authority(NamedTuple):
    """A host and its port. None is the default port of either scheme: behind a proxy with TLS we don't know which."""

    name: str
    port: int | None


def authority(text: str) -> Authority | None:
    """Returns the host of a Host header in one spelling: lower case, ASCII (punycode), no trailing dot. None for what is no host."""
    matched = _AUTHORITY.fullmatch(text.strip())
    if matched is None or (name := _one_spelling(matched["name"])) is None:
        return None
    port = int(matched["port"]) if matched["port"] else None
    return Authority(name, None if port in _DEFAULT_PORTS.values() else port)


def origin(text: str) -> Authority | None:
    """Returns the host of an Origin header; None for `null`, and for schemes other than http and https."""
    scheme, found, rest = text.strip().partition("://")
    if not found or scheme.lower() not in _DEFAULT_PORTS or (named := authority(rest)) is None:
        return None
    port = rest.rpartition(":")[2]
    if named.port is None and port in ("80", "443") and int(port) != _DEFAULT_PORTS[scheme.lower()]:
        return Authority(named.name, int(port))  # http at 443, https at 80
    return named


@dataclass(frozen=True, slots=True)
class Hosts:
    """`names` may be called at any port (a tunnel or a container may change it), `exact` only at their own. `pages` may request changes, as
    may pages of the same host and port as the request."""

    names: frozenset[str]
    exact: frozenset[Authority]
    pages: frozenset[Authority]

    @classmethod
    def of(cls, settings: Settings) -> Hosts:
        """Collects this machine's own names, the bound one, the public URL's, and the operator's list (`name` or `name:port`)."""
        listed = [found for entry in settings.allowed_hosts.split(",") if (found := _listed(entry)) is not None]
        bound = _listed(settings.host)
        public = urlsplit(settings.public_url or "")
        shown = origin(f"{public.scheme}://{public.netloc.rpartition('@')[2]}")
        local = [Authority(name, _DEV_WEBUI_PORT) for name in _LOOPBACK_NAMES]
        names = {*_LOOPBACK_NAMES, *(entry.name for entry in (*listed, bound, shown) if entry is not None and entry not in _ported(listed))}
        return cls(frozenset(names), _ported(listed), frozenset([*listed, *local, *([shown] if shown else [])]))

    def serves(self, host: str) -> bool:
        """Returns whether a Host header names us. A page that resolves its own name to us (DNS rebinding) names another host."""
        named = authority(host)
        return named is not None and (named.name in self.names or named in self.exact)

    def trusts(self, page: str, host: str) -> bool:
        """Returns whether the page of an Origin header may change something at `host`: it has the same host and port, or is a known
        page."""
        named = origin(page)
        return named is not None and (named == authority(host) or named in self.pages)


def _listed(entry: str) -> Authority | None:
    """Reads an entry of the operator's list: a name or address, with or without a port, or a whole origin."""
    entry = entry.strip()
    if "://" in entry:
        return origin(entry.rstrip("/"))
    try:
        return Authority(ip_address(entry.strip("[]")).compressed, None)
    except ValueError:
        return authority(entry)


def _ported(entries: list[Authority]) -> frozenset[Authority]:
    return frozenset(entry for entry in entries if entry.port is not None)


def _one_spelling(name: str) -> str | None:
    if name.startswith("["):
        try:
            return IPv6Address(name[1:-1]).compressed
        except ValueError:
            return None
    try:
        return (name.lower().removesuffix(".") or None) if name.isascii() else name.removesuffix(".").encode("idna").decode().lower()
    except UnicodeError:
        return None
