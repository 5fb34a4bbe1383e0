"""Explains why a server could not be reached, as far as the network and TLS know: the same for PostgreSQL, Redis and model services."""

from __future__ import annotations

import errno
import re
import socket
import ssl
from dataclasses import dataclass

_NAME_MISMATCH = (62, 63, 64)  # X509_V_ERR_HOSTNAME_MISMATCH, EMAIL_, IP_ADDRESS_ (openssl/x509_vfy.h)
_OF_THE_NETWORK = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN, errno.EADDRNOTAVAIL)


@dataclass(frozen=True, slots=True)
class Unreached:
    """Why a server was not reached. `kind` is the end of a stable code, `words` follow the server's name, `advice` says what to do."""

    kind: str
    words: str
    advice: str


def unreached(error: BaseException) -> Unreached | None:
    """Returns why a server was not reached, from `error` or one of its causes. None when none of them is an error of the network or of
    TLS."""
    seen: set[int] = set()
    left: list[BaseException | None] = [error]
    while left:
        current = left.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        if (found := _one(current)) is not None:
            return found
        left.append(current.__cause__ or current.__context__)
        # A name with several addresses: each of them failed, and the first error says why.
        if isinstance(current, BaseExceptionGroup):
            left += reversed(current.exceptions)
    return None


def error_number(error: BaseException) -> int | None:
    """Returns the error number of the system, or None. Where every address of a name failed, asyncio gives the numbers only in the text."""
    number = getattr(error, "errno", None)
    if isinstance(number, int):
        return number
    found = re.search(r"\[Errno (\d+)\]", str(error)) if isinstance(error, OSError) else None
    return int(found.group(1)) if found else None


def _one(error: BaseException) -> Unreached | None:
    match error:
        case ssl.SSLCertVerificationError():
            found = _certificate(error)
        case ssl.SSLError():
            found = _handshake(error)
        case socket.gaierror():
            found = Unreached("host_unknown", "has a host name that is not found", "Check its spelling, and this machine's name service.")
        case TimeoutError():
            found = Unreached(
                "timeout", "does not answer in time", "Check host and port, and what lies between (firewall, allowed addresses)."
            )
        case OSError():
            return _system(error_number(error))
        case _:
            return None
    return found


def _handshake(error: ssl.SSLError) -> Unreached:
    if error.reason == "WRONG_VERSION_NUMBER":
        return Unreached("tls_missing", "does not speak TLS on that port", "Use the port that does, or an address without TLS.")
    why = (error.reason or "no reason given").replace("_", " ").lower()
    return Unreached("tls_failed", f"and we could not agree on TLS ({why})", "")


def _system(number: int | None) -> Unreached | None:
    if number == errno.ECONNREFUSED:
        return Unreached("refused", "refuses connections: nothing listens there", "Start it, or check host and port.")
    if number == errno.ENOENT:
        return Unreached("refused", "is not running: there is no such socket", "Start it, or check the folder.")
    if number == errno.EACCES:
        return Unreached("permission", "has a socket that this user may not use", "Check the folder's permissions.")
    if number in _OF_THE_NETWORK:
        return Unreached("unreachable", "can't be reached from here: there is no way to that network", "Check host and network.")
    return None


def _certificate(error: ssl.SSLCertVerificationError) -> Unreached:
    why = error.verify_message.rstrip(".") or "it can't be verified"
    if error.verify_code in _NAME_MISMATCH:
        return Unreached("tls_name", f"shows a certificate that is for another name ({why})", "Use the name that it is for.")
    return Unreached("tls_ca", f"shows a certificate that is not believed ({why})", "Name the file of its certificate authority.")
