"""Finds mistakes in OpenSSH's files, and the commands that correct them. The files are read when a login has failed, and never changed."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_DEFAULT_PORT = 22
_KEYS = ("id_ed25519_sk", "id_ecdsa_sk", "id_ed448", "id_ed25519", "id_ecdsa", "id_rsa", "id_dsa")


@dataclass(frozen=True, slots=True)
class KnownHost:
    """A server as known_hosts names it, and the files in which it was looked up."""

    host: str
    port: int
    files: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Returns the names in the order in which they are looked up; ssh-keygen takes the same form."""
        return (self.host,) if self.port == _DEFAULT_PORT else (f"[{self.host}]:{self.port}", self.host)

    def forgetting(self, ssh: Any) -> str:
        """Returns the commands that remove the host's keys on record, or an empty text where there are none, or only in a pattern's or an
        authority's line."""
        for name in self.names:
            if found := [path for path in map(_expanded, self.files) if _knows(ssh, path, name)]:
                return " && ".join(shlex.join(["ssh-keygen", "-f", str(path), "-R", name]) for path in found)
        return ""


def stale_companion(ssh: Any, keys: Sequence[str]) -> tuple[str, str] | None:
    """Returns a sentence about a file beside a private key that belongs to another key, and what corrects it; or None. `keys` are the
    configured private keys; without any, the usual ones are read."""
    for path in [_expanded(key) for key in keys] or [Path.home() / ".ssh" / name for name in _KEYS]:
        key = _public_part(ssh.read_private_key, path)
        public, certificate = Path(f"{path}.pub"), Path(f"{path}-cert.pub")
        if key is None:
            continue
        if _public_part(ssh.read_public_key, public) not in (None, key):
            anew = f"{shlex.join(['ssh-keygen', '-y', '-f', str(path)])} > {shlex.quote(str(public))}"
            return f"the public key {public.name} beside its private key belongs to another one", f"Write it anew: {anew}"
        if _public_part(lambda name: ssh.read_certificate(name).key, certificate) not in (None, key):
            mended = f"Have the key signed again, or remove the file: rm {shlex.quote(str(certificate))}"
            return f"the certificate {certificate.name} beside its private key belongs to another one", mended
    return None


def _expanded(name: str) -> Path:
    return Path(name).expanduser()


def _public_part(read: Any, path: Path) -> bytes | None:
    """Returns the public part of a key file, or None where it can't be read: a missing file, another kind, or one with a passphrase."""
    try:
        data: bytes = read(str(path)).public_data
    except (OSError, ValueError):
        return None
    return data


def _knows(ssh: Any, path: Path, name: str) -> bool:
    try:
        keys, *_ = ssh.match_known_hosts(path.read_bytes(), name, "", None)
    except (OSError, ValueError):
        return False
    return bool(keys)
