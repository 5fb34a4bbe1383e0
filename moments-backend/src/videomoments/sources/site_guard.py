"""The address guard inside the child that runs yt-dlp, whose code we don't control: it holds for every way that Python has out.

Names are resolved through the guard, and an audit hook (PEP 578), which nothing in the process can take off again, looks at the address
of every connection just before it is made. So neither a redirect, a proxy setting, a name that changes its answer nor another HTTP
library gets past it. The same hook refuses to start programs and to listen.
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
    """What the code that tried it sees: libraries know how to handle an `OSError`."""


class ChildGuard:
    """`refusal` is the first refusal, which is what a download that then fails has to say."""

    def __init__(self, guard: AddressGuard) -> None:
        self.refusal: MomentsError | None = None
        self._guard = guard
        self._resolved: set[str] = set()

    def use(self, guard: AddressGuard) -> None:
        """The guard to ask, with what the job allows."""
        self._guard = guard

    def install(self) -> None:
        """From here on, for the life of this process."""
        socket.getaddrinfo = self._guarded(socket.getaddrinfo)
        sys.addaudithook(self._audit)

    def _guarded(self, resolve: Callable[..., Any]) -> Callable[..., Any]:
        def getaddrinfo(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
            name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host or "")
            try:
                self._guard.check_literal(name)
                answers = resolve(host, port, *args, **kwargs)
                # Those of a host that is listed by its name; the hook sees addresses only.
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
            # A name here was never resolved by the guard: the kernel's own resolver would be asked.
            self._guard.check(text, ip_address(text))
        except ValueError:
            raise GuardRefusal("only addresses that were resolved") from None
        except MomentsError as error:
            raise self._refused(error) from error

    def _refused(self, error: MomentsError) -> GuardRefusal:
        self.refusal = self.refusal or error
        return GuardRefusal(error.message)
