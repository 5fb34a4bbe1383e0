"""Logs in to SSH servers: by the user's own SSH configuration, with host keys that are always compared, over hops, with clear errors.

asyncssh is imported at the first login: it takes a third of a second, and most installations have no model behind SSH.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from videomoments.inference.model_registry import SshLogin
from videomoments.inference.retry import Unreachable
from videomoments.inference.ssh_files import KnownHost, stale_companion

if TYPE_CHECKING:
    import asyncssh

logger = logging.getLogger(__name__)

_MAX_HOPS = 8
# Preferred to chacha20, asyncssh's first choice: a request through a tunnel takes three quarters of the time.
_QUICK_CIPHERS = "^aes128-gcm@openssh.com,aes256-gcm@openssh.com"
_CLOSE_SECONDS = 2.0
_DEFAULT_PORT = 22
_UNKNOWN_KEY = "the host key of its SSH server is not known"
_KNOWN_HOSTS = ("~/.ssh/known_hosts", "~/.ssh/known_hosts2", "/etc/ssh/ssh_known_hosts")

# What a user can do. Where a user must act, trying again is useless.
_ADVICE = {
    "tunnel_refused": "Check its SSH host and port, and that the server runs.",
    "tunnel_timeout": "Check the network and firewalls on the way.",
    "tunnel_no_host": "Check its SSH host.",
    "tunnel_host_key": "Log in once with ssh as the user that runs this, compare the fingerprint, and let it be added to known_hosts.",
    "tunnel_authentication": "Check its SSH user, and that the agent or a key file has a key that the server takes.",
    "tunnel_closed_port": "Check its remote host and port, and that the service runs there.",
    "tunnel_forbidden": "Allow TCP forwarding for this user on the SSH server.",
    "tunnel_lost": "",
    "tunnel_config": "Correct the configuration of the machine that runs this.",
}
_MAY_PASS = ("tunnel_refused", "tunnel_timeout", "tunnel_closed_port", "tunnel_lost")


class TunnelError(Unreachable):
    """A model behind SSH can't be reached. `code` says where the way ends (see `core.errors.ModelError`)."""

    def __init__(self, code: str, model_key: str, what: str, advice: str | None = None) -> None:
        message = f"Model {model_key} is not reachable over SSH: {what}."
        super().__init__(message, code=code, advice=_ADVICE[code] if advice is None else advice, retryable=code in _MAY_PASS)
        self._what = what

    def of(self, model_key: str) -> TunnelError:
        """Returns the same error for another model."""
        return TunnelError(self.code, model_key, self._what, self.advice)


@dataclass(frozen=True, slots=True)
class SshFiles:
    """OpenSSH's files that are used instead of the user's own: configuration, known hosts, private key."""

    config: Path | None = None
    known_hosts: Path | None = None
    key: Path | None = None


@dataclass(frozen=True, slots=True)
class SshTimeouts:
    """Timeouts in seconds: `login` for a whole login, hops included. A peer that has silently gone is noticed after `keepalive` times
    `keepalive_count`."""

    login: float = 20.0
    keepalive: float = 10.0
    keepalive_count: int = 3


@dataclass(slots=True)
class Dialled:
    """A connection, and those to the hops that it goes through."""

    connection: asyncssh.SSHClientConnection
    hops: list[asyncssh.SSHClientConnection] = field(default_factory=list)

    @property
    def alive(self) -> bool:
        return not self.connection.is_closed()

    async def aclose(self) -> None:
        """Closes the connections, the last hop first. One that does not close within 2 seconds is aborted."""
        await _hang_up([self.connection, *reversed(self.hops)])


async def dial(server: SshLogin, files: SshFiles, patience: SshTimeouts, model_key: str) -> Dialled:
    """Logs in over the hops that the configuration names. Raises TunnelError."""
    # The import runs outside the event loop and before the time limit starts.
    ssh: Any = await asyncio.to_thread(_asyncssh)
    hops: list[asyncssh.SSHClientConnection] = []
    known: KnownHost | None = None
    try:
        async with asyncio.timeout(patience.login):
            for hop in await asyncio.to_thread(_hops, ssh, server, files):
                known = hop.known
                options = hop.options | {"keepalive_interval": patience.keepalive, "keepalive_count_max": patience.keepalive_count}
                options["tunnel"] = hops[-1] if hops else None
                hops.append(await ssh.connect(hop.server.host, **options))
    except BaseException as error:
        await _hang_up(list(reversed(hops)))
        if not isinstance(error, Exception):
            raise
        fault = await asyncio.to_thread(_login_fault, ssh, error, known)
        logger.info("ssh to the host of model %s: %s", model_key, type(error).__name__)
        raise TunnelError(fault.code, model_key, fault.what, fault.advice) from None
    *before, connection = hops
    return Dialled(connection, before)


def far_side_error(error: Exception, model_key: str) -> TunnelError | None:
    """Returns why an SSH server opened no channel to the service behind it, or None for an error that has another cause."""
    ssh = _asyncssh()
    if isinstance(error, TimeoutError):
        return TunnelError("tunnel_timeout", model_key, "its port behind the SSH server does not answer")
    if not isinstance(error, ssh.ChannelOpenError):
        return TunnelError("tunnel_lost", model_key, "the connection to its SSH server broke off") if isinstance(error, ssh.Error) else None
    if error.code == ssh.OPEN_ADMINISTRATIVELY_PROHIBITED:
        return TunnelError("tunnel_forbidden", model_key, "the SSH server forbids forwarding to it")
    return TunnelError("tunnel_closed_port", model_key, "its port behind the SSH server is closed")


def _asyncssh() -> Any:
    ssh = import_module("asyncssh")
    ssh.set_log_level(logging.WARNING)  # below this level it logs names of hosts
    return ssh


@dataclass(frozen=True, slots=True)
class _Hop:
    """One login, as asyncssh takes it. `known` is where its host key is on record, or None where there is none."""

    server: SshLogin
    options: dict[str, Any]
    known: KnownHost | None


@dataclass(frozen=True, slots=True)
class _Fault:
    """Why a login failed. `advice` is set where the code's own does not suffice."""

    code: str
    what: str
    advice: str | None = None


class _StaleKey(Exception):
    """A file beside a private key belongs to another key."""


def _hops(ssh: Any, server: SshLogin, files: SshFiles, depth: int = 0) -> list[_Hop]:
    """Returns the hops before `server`, and `server`. Reads files, and may run the programs of the configuration's `Match exec`."""
    if depth > _MAX_HOPS:
        raise ssh.ConfigParseError("ProxyJump leads in a circle")
    given: dict[str, Any] = {"config": [str(files.config)]} if files.config else {}
    given |= {name: value for name, value in (("port", server.port), ("username", server.user)) if value is not None}
    # No X.509, no passwords: keys only.
    given |= {"x509_trusted_certs": None, "password_auth": False, "kbdint_auth": False, "gss_auth": False, "gss_kex": False}
    if files.key:
        given["client_keys"] = [str(files.key)]
    read = _read(ssh, server, given)
    # None or an empty list would turn the comparison off: then the usual files are used.
    named = [str(files.known_hosts)] if files.known_hosts else [str(name) for name in read.known_hosts or ()]
    names = tuple(named or _KNOWN_HOSTS)
    known = _known_hosts(names)
    before: list[_Hop] = []
    for text in read.tunnel.split(",") if isinstance(read.tunnel, str) else ():
        jump = _server(text)
        before += [*_hops(ssh, jump, files, depth + 1)] if not before else [_hops(ssh, jump, files, depth + 1)[-1]]
    options = given | {"known_hosts": known, "connect_timeout": None, "login_timeout": 0}
    if read.config.get("Ciphers") is None:
        options["encryption_algs"] = _QUICK_CIPHERS
    record = KnownHost(read.host_key_alias or read.host, read.port, names)
    keys = ssh.match_known_hosts(known, record.host, "", record.port if record.port != _DEFAULT_PORT else None)
    return [*before, _Hop(server, options, record if any(keys[:2]) else None)]


def _read(ssh: Any, server: SshLogin, given: dict[str, Any]) -> Any:
    """Returns what the configuration says of the server. Raises _StaleKey where that is why a key can't be loaded."""
    try:
        return ssh.SSHClientConnectionOptions(host=server.host, **given)
    except ValueError as error:
        if "mismatch" not in str(error):
            raise
        # Without keys, the rest of the configuration can be read, and it names the keys.
        config = ssh.SSHClientConnectionOptions(host=server.host, **(given | {"client_keys": None})).config
        keys = given.get("client_keys") or config.get("IdentityFile") or ()
        if (stale := stale_companion(ssh, [str(key) for key in keys])) is None:
            raise
        raise _StaleKey(*stale) from None


def _server(text: str) -> SshLogin:
    """Reads a hop as ProxyJump writes it: `[user@]host[:port]`, perhaps as an `ssh://` address."""
    user, _, rest = text.strip().removeprefix("ssh://").rpartition("@")
    host, colon, port = rest.rpartition(":")
    if not colon or rest.endswith("]"):
        return SshLogin(rest.strip("[]"), None, user or None)
    return SshLogin(host.strip("[]"), int(port), user or None)


def _known_hosts(names: Sequence[str]) -> bytes:
    """Returns the lines of all these files that can be read. The result may be empty: then no host is known."""
    texts = []
    for name in names:
        try:
            texts.append(Path(name).expanduser().read_bytes())
        except OSError as error:
            logger.debug("known hosts: %s", type(error).__name__)
    return b"\n".join(texts)


async def _hang_up(connections: list[asyncssh.SSHClientConnection]) -> None:
    for connection in connections:
        connection.close()
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await connection.wait_closed()
        except TimeoutError:
            connection.abort()


def _changed_key(ssh: Any, known: KnownHost) -> _Fault:
    """Returns the fault for a server that shows another key than the one on record."""
    what = "its SSH server shows another host key than the known one"
    command = known.forgetting(ssh)
    advice = f"If it was set up anew, log in once with ssh and compare the fingerprint, after forgetting its old key: {command}"
    return _Fault("tunnel_host_key", what, advice if command else None)


def _login_fault(ssh: Any, error: Exception, known: KnownHost | None) -> _Fault:
    """Returns the fault of the first row that fits the error. Reads files."""
    if isinstance(error, _StaleKey):
        return _Fault("tunnel_authentication", *error.args)
    no_key = isinstance(error, ssh.KeyExchangeFailed) and "host key" in str(error)  # it has none of the kinds that we know
    no_network = isinstance(error, OSError) and error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ETIMEDOUT)
    no_file = isinstance(error, FileNotFoundError | PermissionError) and error.filename
    if known and (no_key or isinstance(error, ssh.HostKeyNotVerifiable)):
        return _changed_key(ssh, known)
    rows = (
        (ssh.HostKeyNotVerifiable, "tunnel_host_key", _UNKNOWN_KEY),
        (ssh.KeyExchangeFailed if no_key else (), "tunnel_host_key", _UNKNOWN_KEY),
        (ssh.PermissionDenied, "tunnel_authentication", "its SSH server refused the login"),
        (ssh.KeyImportError, "tunnel_authentication", "its key file is no private key, or needs a passphrase (add it to the agent)"),
        (OSError if no_file else (), "tunnel_authentication", "a key file that the configuration names can't be read"),
        (ssh.ChannelOpenError, "tunnel_refused", "its SSH server can't be reached from the hop before it"),
        ((ssh.ConfigParseError, ssh.IllegalUserName), "tunnel_config", "the SSH configuration can't be read"),
        (socket.gaierror, "tunnel_no_host", "the name of its SSH host is not known"),
        (ConnectionRefusedError, "tunnel_refused", "its SSH server refused the connection"),
        (OSError if no_network else (), "tunnel_timeout", "its SSH host can't be reached"),
        (TimeoutError, "tunnel_timeout", "its SSH server does not answer in time"),
        ((OSError, ssh.Error), "tunnel_lost", "its SSH server broke off the login"),
    )
    for kind, code, what in rows:
        if isinstance(error, kind):
            return _Fault(code, what)
    return _Fault("tunnel_config", f"the SSH configuration can't be used ({type(error).__name__})")
