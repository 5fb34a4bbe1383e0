"""Translates libpq's TLS parameters into what asyncpg takes: a context, or the name of a mode that may fall back to no TLS."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from videomoments.core.errors import InvalidInput

Refuse = Callable[[str, str], InvalidInput]

_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_FILES = ("sslrootcert", "sslcert", "sslkey", "sslcrl")
TLS_PARAMETERS = frozenset(
    {"sslmode", "ssl", *_FILES, "sslpassword", "channel_binding", "sslnegotiation", "sslsni", "sslcompression"}
    | {"ssl_min_protocol_version", "ssl_max_protocol_version"}
)
# The variables from which libpq reads what the address leaves out.
_ENVIRONMENT = {"sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY", "sslcrl": "PGSSLCRL"}
_SYSTEM = "system"
_ROOT_CERTIFICATE = Path(".postgresql") / "root.crt"


@dataclass(frozen=True, slots=True)
class Tls:
    """How a connection is protected. `mode` is libpq's `sslmode`; None when none is given (then as `prefer`).

    `root` is a file of certificates or `system`. Without one, `require` accepts any certificate, as libpq does.
    """

    mode: str | None = None
    root: str | None = None
    certificate: str | None = None
    key: str | None = None
    key_password: str | None = field(default=None, repr=False)
    revoked: str | None = None
    oldest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    newest: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED
    direct: bool = False

    @property
    def demanded(self) -> bool:
        """Returns whether an unprotected connection is refused."""
        return self.mode in ("require", "verify-ca", "verify-full")

    def argument(self) -> ssl.SSLContext | str | bool | None:
        """Returns asyncpg's `ssl` argument. Raises InvalidInput (`invalid_database_url`) where a file can't be used."""
        if self.mode == "disable":
            return False
        return self._context() if self.demanded else self.mode

    def _context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version, context.maximum_version = self.oldest, self.newest
        context.check_hostname = self.mode == "verify-full"
        if self.root == _SYSTEM:
            context.load_default_certs(ssl.Purpose.SERVER_AUTH)
        elif self.root is not None:
            _load("sslrootcert", lambda: context.load_verify_locations(cafile=self.root))
        else:
            context.verify_mode = ssl.CERT_NONE
        if self.revoked is not None:
            _load("sslcrl", lambda: context.load_verify_locations(cafile=self.revoked))
            context.verify_flags |= ssl.VERIFY_CRL_CHECK_CHAIN
        if self.certificate is not None:
            certificate, password = self.certificate, self.key_password or ""
            _load("sslcert and sslkey", lambda: context.load_cert_chain(certificate, self.key, lambda: password))
        if ssl.HAS_ALPN:
            context.set_alpn_protocols(["postgresql"])
        return context


def tls_of(given: Mapping[str, str], refuse: Refuse) -> Tls:
    """Combines the parameters. Where they contradict each other, or name a missing file, raises what `refuse` returns."""
    given = {name: value for name, variable in _ENVIRONMENT.items() if (value := os.environ.get(variable))} | dict(given)
    named = {name: _file(name, given[name], refuse) for name in _FILES if given.get(name)}
    mode, root = _verified(_mode(given, refuse), named, given, refuse)
    if ("sslcert" in named) != ("sslkey" in named):
        raise refuse("names only one of sslcert and sslkey.", "Name both files.")
    direct = given.get("sslnegotiation", "postgres") == "direct"
    tls = Tls(
        mode=mode,
        root=root,
        certificate=named.get("sslcert"),
        key=named.get("sslkey"),
        key_password=given.get("sslpassword"),
        revoked=named.get("sslcrl"),
        oldest=_version(given, "ssl_min_protocol_version", ssl.TLSVersion.TLSv1_2, refuse),
        newest=_version(given, "ssl_max_protocol_version", ssl.TLSVersion.MAXIMUM_SUPPORTED, refuse),
        direct=direct,
    )
    if not tls.demanded and (direct or named.keys() & {"sslcert", "sslcrl"}):
        raise refuse("asks for what only a protected connection has (sslcert, sslcrl or sslnegotiation).", "Add sslmode=verify-full.")
    return tls


def _mode(given: Mapping[str, str], refuse: Refuse) -> str | None:
    # SQLAlchemy's and Java's drivers call it `ssl`.
    words = {"true": "require", "1": "require", "on": "require", "false": "disable", "0": "disable", "off": "disable"}
    mode = given.get("sslmode") or given.get("ssl")
    if mode is None:
        return None
    mode = words.get(mode.lower(), mode)
    if mode not in _MODES:
        raise refuse("has an sslmode that does not exist.", f"It is one of {', '.join(_MODES)}.")
    return mode


def _verified(mode: str | None, named: Mapping[str, str], given: Mapping[str, str], refuse: Refuse) -> tuple[str | None, str | None]:
    """Returns the mode, and the certificates that verify the server's."""
    root = named.get("sslrootcert") or _home_root()
    if given.get("channel_binding", "prefer") == "require":
        # The driver can't bind the password exchange to the channel. A verified certificate and name protect from the same attack, a man in
        # the middle.
        if mode in ("disable", "allow"):
            raise refuse("asks for channel_binding=require without TLS.", "Add sslmode=verify-full.")
        return "verify-full", root or _SYSTEM
    if given.get("channel_binding", "prefer") not in ("prefer", "disable"):
        raise refuse("has a channel_binding that does not exist.", "It is one of disable, prefer, require.")
    if root == _SYSTEM and mode not in (None, "verify-full"):
        raise refuse(
            "has sslrootcert=system with a weaker sslmode than verify-full.", "Set sslmode=verify-full: anybody gets a certificate."
        )
    if root == _SYSTEM:
        return "verify-full", root
    if mode is None and "sslrootcert" in named:
        return "verify-ca", root
    if mode in ("verify-ca", "verify-full"):
        # Without a file of the database's own, the public certificates apply, which prove something only together with the name.
        return (mode, root) if root else ("verify-full", _SYSTEM)
    return mode, root if mode == "require" else None


def _home_root() -> str | None:
    """Returns libpq's default file, if it exists."""
    try:
        path = Path.home() / _ROOT_CERTIFICATE
        return str(path) if path.is_file() else None
    except (OSError, RuntimeError):
        return None


def _file(name: str, value: str, refuse: Refuse) -> str:
    if name == "sslrootcert" and value == _SYSTEM:
        return value
    path = Path(value).expanduser()
    if not path.is_file() or not os.access(path, os.R_OK):
        raise refuse(f"names a file by {name} that is not there or can't be read: {value}.", "Give its whole path.")
    return str(path)


def _version(given: Mapping[str, str], name: str, default: ssl.TLSVersion, refuse: Refuse) -> ssl.TLSVersion:
    known = {"TLSv1.2": ssl.TLSVersion.TLSv1_2, "TLSv1.3": ssl.TLSVersion.TLSv1_3}
    value = given.get(name)
    if not value:
        return default
    if value not in known:
        raise refuse(f"has an {name} that is not to be had.", "It is TLSv1.2 or TLSv1.3.")
    return known[value]


def _load(name: str, load: Callable[[], object]) -> None:
    try:
        load()
    except (OSError, ssl.SSLError) as error:  # SSLError is an OSError: the file is no certificate, or the key belongs to another one
        why = getattr(error, "reason", None) or getattr(error, "strerror", None) or type(error).__name__
        raise InvalidInput(
            f"The file that DATABASE_URL names by {name} can't be used ({why}).",
            code="invalid_database_url",
            advice="It has to be in PEM form; a key has to be that of its certificate.",
        ) from error
