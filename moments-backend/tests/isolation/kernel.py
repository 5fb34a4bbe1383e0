"""What a room asks of the Linux kernel: namespaces, mounts, and a loopback that every address leads to. No programs of other packages."""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import socket
import struct
from pathlib import Path

# sched.h
NEW_FILES, NEW_USER, NEW_PROCESSES, NEW_NETWORK = 0x00020000, 0x10000000, 0x20000000, 0x40000000
# sys/mount.h
BIND, RECURSIVE, PRIVATE, DETACH = 0x1000, 0x4000, 1 << 18, 2
_LOOPBACK = 1  # the index of `lo`, the first device of every network namespace

_libc = ctypes.CDLL(None, use_errno=True)


def unshare(flags: int) -> None:
    """Gives this process namespaces of its own. Raises OSError."""
    _checked(_libc.unshare(flags), "unshare")


def be_the_same_user(uid: int, gid: int) -> None:
    """In a fresh user namespace: we are who we were. Raises OSError where the system forbids it."""
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1", encoding="ascii")


def end_with_parent() -> None:
    """Has this process killed when its parent ends, however that goes (prctl, PR_SET_PDEATHSIG)."""
    _checked(_libc.prctl(1, signal.SIGKILL, 0, 0, 0), "prctl")


def mount(source: str, target: Path, kind: str = "", flags: int = 0, options: str = "") -> None:
    """mount(2). Raises OSError."""
    _checked(_libc.mount(source.encode(), os.fsencode(target), kind.encode(), ctypes.c_ulong(flags), options.encode()), f"mount {target}")


def bind(source: Path, target: Path, *, deep: bool = False) -> None:
    """Shows `source` at `target` too, with what is mounted below it when `deep`."""
    mount(str(source), target, flags=BIND | (RECURSIVE if deep else 0))


def move_into(root: Path) -> None:
    """Makes `root` the root of this mount namespace. Unlike chroot it leaves the right to make user namespaces."""
    os.chdir(root)
    _checked(_libc.pivot_root(b".", b"."), "pivot_root")
    _checked(_libc.umount2(b".", DETACH), "umount")
    os.chdir("/")


def lead_every_address_here() -> None:
    """Brings the loopback up and makes each address, of either family, one of this machine."""
    with socket.socket() as any_socket:
        # SIOCSIFFLAGS, with IFF_UP and IFF_RUNNING
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", 0x41))
    _add_local_route(socket.AF_INET)
    if socket.has_ipv6 and Path("/proc/net/if_inet6").exists():
        _add_local_route(socket.AF_INET6)


def _add_local_route(family: int) -> None:
    """`ip route add local default dev lo`, by rtnetlink: RTM_NEWROUTE of type RTN_LOCAL in the local table (linux/rtnetlink.h)."""
    scope_host, table_local, protocol_boot, type_local = 254, 255, 3, 2
    route = struct.pack(
        "BBBBBBBBI", family, 0, 0, 0, table_local, protocol_boot, scope_host if family == socket.AF_INET else 0, type_local, 0
    )
    device = struct.pack("HHI", 8, 4, _LOOPBACK)
    request_acknowledge_create = 0x1 | 0x4 | 0x400
    message = struct.pack("IHHII", 16 + len(route) + len(device), 24, request_acknowledge_create, 1, 0) + route + device
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as netlink:
        netlink.send(message)
        answer = netlink.recv(4096)
    error = struct.unpack_from("i", answer, 16)[0]
    if error:
        raise OSError(-error, f"route of every address: {os.strerror(-error)}")


def _checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
