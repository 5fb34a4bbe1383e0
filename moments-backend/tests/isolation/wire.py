"""Everything that a network namespace whose addresses all lead to itself is asked for: names by a resolver, packets by a tap.

The resolver answers each name with an address of its own, so that the caller goes on and the connection that follows has a name. Counted
are questions of any kind, and packets to any address but loopback: the first of a TCP connection, each UDP datagram, each of other kinds.
"""

from __future__ import annotations

import contextlib
import ctypes
import ipaddress
import os
import socket
import struct
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

RESOLVER = "127.0.0.1"
_FIRST_ANSWER = ipaddress.IPv4Address("198.18.0.1")  # RFC 2544: for tests of networks, nobody's own
_ETH_P_ALL, _OUTGOING, _SO_ATTACH_FILTER = 3, 4, 26
_TCP, _UDP, _ICMP = 6, 17, (1, 58)
_QUERY_TYPES = {1: "A", 28: "AAAA", 12: "PTR", 65: "HTTPS", 16: "TXT", 33: "SRV"}


@dataclass(frozen=True, slots=True)
class Call:
    """One thing asked of the network: `kind` is `name`, `tcp`, `udp` or `packet`, `process` a command line as far as it was seen,
    `phase` the number of the phase it was made in."""

    kind: str
    what: str
    process: str
    phase: int = 0


class Wire:
    """Records calls from `start` on. While there is a `way_out` it gets each connection to a port of `ports`, with the name or address
    that was meant and the port; else they are read once and closed."""

    def __init__(self, ports: Sequence[int]) -> None:
        self.calls: list[Call] = []
        self.phase = 0
        self.way_out: Callable[[socket.socket, str, int], None] | None = None
        self._lock = threading.Lock()
        self._ports = ports
        self._answers: dict[str, str] = {}
        self._askers: dict[str, str] = {}

    def start(self) -> None:
        """Opens the sockets in this thread's namespace, so that nothing asked afterwards is missed, and serves them in threads."""
        tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_ALL))
        _skip_loopback(tap)
        tap.bind(("lo", 0))
        questions = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        questions.bind((RESOLVER, 53))
        self._serve(lambda: self._listen(tap))
        self._serve(lambda: self._answer(questions))
        for port in self._ports:
            taker = socket.create_server(("", port), backlog=128)
            self._serve(lambda taker=taker: self._take(taker))  # type: ignore[misc]

    def meant(self, address: str) -> str:
        """The name that was answered with this address, else the address."""
        with self._lock:
            return next((name for name, answer in self._answers.items() if answer == address), address)

    def _serve(self, loop: Callable[[], None]) -> None:
        threading.Thread(target=loop, daemon=True).start()

    def _record(self, kind: str, what: str, process: str) -> None:
        with self._lock:
            self.calls.append(Call(kind, what, process, self.phase))

    def _answer(self, questions: socket.socket) -> None:
        while True:
            question, asker = questions.recvfrom(4096)
            with contextlib.suppress(IndexError, ValueError, struct.error):  # no question that can be read
                name, kind, end = _question(question)
                self._askers[name] = process = _owner("udp", asker[1])
                self._record("name", f"{name} ({_QUERY_TYPES.get(kind, kind)})", process)
                questions.sendto(_reply(question, end, self._address(name) if kind == 1 else None), asker)

    def _address(self, name: str) -> str:
        with self._lock:
            return self._answers.setdefault(name, str(_FIRST_ANSWER + len(self._answers)))

    def _listen(self, tap: socket.socket) -> None:
        while True:
            packet, (_, _, direction, _, _) = tap.recvfrom(128)
            if direction == _OUTGOING and (found := _called(packet)) is not None:
                kind, address, port, from_port = found
                meant = self.meant(address)
                # A refused socket is soon gone: then it was, most likely, whoever asked for the name.
                process = (_owner(kind, from_port) if from_port else "") or self._askers.get(meant, "")
                self._record(kind, f"{meant}:{port}" if port else meant, process)

    def _take(self, taker: socket.socket) -> None:
        while True:
            connection, _ = taker.accept()
            address, port = connection.getsockname()
            if (way_out := self.way_out) is not None:
                way_out(connection, self.meant(address), port)
            else:
                threading.Thread(target=_read_once, args=(connection,), daemon=True).start()


def _read_once(connection: socket.socket) -> None:
    with connection, contextlib.suppress(OSError):
        connection.settimeout(5)
        connection.recv(4096)


def _skip_loopback(tap: socket.socket) -> None:
    """A filter in the kernel (linux/filter.h): what goes to 127.0.0.0/8 never wakes us, and a stack talks much."""
    program = (
        (0x30, 0, 0, 0), (0x54, 0, 0, 0xF0), (0x15, 0, 2, 0x40),  # the version; not 4: taken
        (0x30, 0, 0, 16), (0x15, 1, 0, 127),  # the destination's first byte
        (0x06, 0, 0, 0xFFFF), (0x06, 0, 0, 0),
    )  # fmt: skip
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in program))
    tap.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HP", len(program), ctypes.addressof(code)))


def _called(packet: bytes) -> tuple[str, str, int, int] | None:
    """Kind, destination, its port and the sender's port of a packet that begins something elsewhere; None for others."""
    if packet[0] >> 4 == 4:
        protocol, payload = packet[9], packet[(packet[0] & 15) * 4 :]
        destination: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.IPv4Address(packet[16:20])
    else:
        protocol, payload, destination = packet[6], packet[40:], ipaddress.IPv6Address(packet[24:40])
    mapped = getattr(destination, "ipv4_mapped", None)
    if destination.is_loopback or (mapped is not None and mapped.is_loopback) or protocol in _ICMP:
        return None
    if protocol == _TCP and len(payload) > 13:
        begins = payload[13] & 0x12 == 0x02  # SYN without ACK
        return ("tcp", str(destination), *_ports(payload)) if begins else None
    if protocol == _UDP and len(payload) >= 4:
        return ("udp", str(destination), *_ports(payload))
    return ("packet", f"{destination} (protocol {protocol})", 0, 0)


def _ports(payload: bytes) -> tuple[int, int]:
    from_port, to_port = struct.unpack_from("!HH", payload)
    return to_port, from_port


def _question(message: bytes) -> tuple[str, int, int]:
    """Name, type and the end of a DNS message's first question (RFC 1035, 4.1)."""
    labels, at = [], 12
    while length := message[at]:
        labels.append(message[at + 1 : at + 1 + length].decode("ascii", "replace"))
        at += 1 + length
    kind: int = struct.unpack_from("!H", message, at + 1)[0]
    return ".".join(labels).lower(), kind, at + 5


def _reply(question: bytes, end: int, address: str | None) -> bytes:
    """The answer: one address, or that there is none of this kind."""
    header = question[:2] + struct.pack("!HHHHH", 0x8180, 1, int(address is not None), 0, 0)
    record = b"" if address is None else b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + ipaddress.IPv4Address(address).packed
    return header + question[12:end] + record


def _owner(kind: str, port: int) -> str:
    """The command line of whoever holds the socket with this port; "" where it has gone already."""
    sockets = set()
    for table in (f"/proc/net/{kind}", f"/proc/net/{kind}6"):
        with contextlib.suppress(OSError):
            for line in Path(table).read_text(encoding="ascii").splitlines()[1:]:
                fields = line.split()
                if int(fields[1].rpartition(":")[2], 16) == port:
                    sockets.add(f"socket:[{fields[9]}]")
    for folder in Path("/proc").glob("[0-9]*/fd"):
        if int(folder.parent.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            if any(str(opened.readlink()) in sockets for opened in folder.iterdir()):
                words = (folder.parent / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")
                return " ".join(word.decode(errors="replace") for word in words)[:300]
    return ""
