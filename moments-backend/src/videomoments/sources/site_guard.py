"""Applies the address guard inside the child that runs yt-dlp, whose code we don't control, to every network access that Python offers.

Names are resolved through the guard. An audit hook (PEP 578), which nothing in the process can remove, checks the address of every
connection just before it is made. So neither a redirect, a proxy setting, a name that changes its address nor another HTTP library gets
past it. The same hook refuses to start programs and to listen.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

from videomoments.core.errors import MomentsError
from videomoments.sources.address_guard import AddressGuard

_SENDS = frozenset(["socket.connect", "socket.sendto", "socket.sendmsg"])
_FORBIDDEN = frozenset(
    [
        "subprocess.Popen",
        "os.system",
        "os.exec",
        "os.fork",
        "os.forkpty",
        "os.posix_spawn",
        "os.spawn",
        "os.startfile",
        "pty.spawn",
        "socket.bind",
        "ctypes.dlopen",
    ]
)


class GuardRefusal(PermissionError):
    """Raised to the code that tried it: libraries know how to handle an `OSError`."""


class ChildGuard:
    """Guards a child's connections. `refusal` is the first refusal, which explains a download that then fails."""

    def __init__(self, guard: AddressGuard) -> None:
        self.refusal: MomentsError | None = None
        self._guard = guard
        self._resolved: set[str] = set()

    def use(self, guard: AddressGuard) -> None:
        """Sets the guard that decides, with what the job allows."""
        self._guard = guard

    def install(self) -> None:
        """Installs the guard for the rest of this process's life."""
        socket.getaddrinfo = self._guarded(socket.getaddrinfo)
        sys.addaudithook(self._audit)

    def _guarded(self, resolve: Callable[..., Any]) -> Callable[..., Any]:
        def getaddrinfo(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
            name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host or "")
            try:
                self._guard.check_literal(name)
                answers = resolve(host, port, *args, **kwargs)
                # Addresses of a host that is listed by its name; the hook sees only addresses.
                self._resolved |= {str(address) for address in self._guard.checked(name, [str(place[0]) for *_, place in answers])}
            except MomentsError as error:
                raise self._refused(error) from error
            return answers

        return getaddrinfo

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in _SENDS:
            self._check(arguments[1])
        elif event in _FORBIDDEN:
            raise GuardRefusal(f"{event} is not for this process")

    def _check(self, place: Any) -> None:
        if not isinstance(place, tuple):
            raise GuardRefusal("only addresses of the internet")
        text = str(place[0]).partition("%")[0]
        if text in self._resolved:
            return
        try:
            # The guard never resolved a name that arrives here: the kernel's resolver would be asked.
            self._guard.check(text, ip_address(text))
        except ValueError:
            raise GuardRefusal("only addresses that were resolved") from None
        except MomentsError as error:
            raise self._refused(error) from error

    def _refused(self, error: MomentsError) -> GuardRefusal:
        self.refusal = self.refusal or error
        return GuardRefusal(error.message)
