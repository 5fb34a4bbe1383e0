"""Runs a program in its own user namespace: `python -I -S namespace_exec.py UID NAME=VALUE… -- PROGRAM ARGUMENT…`.

The program sees itself as UID, which needs no privilege, and gets only the named environment. This is a program rather than code between
fork and exec, because the command that starts a server may have threads.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

_CLONE_NEWUSER = 0x10000000  # sched.h


def main() -> None:
    inside, split = int(sys.argv[1]), sys.argv.index("--")
    environment = dict(pair.split("=", 1) for pair in sys.argv[2:split])
    argv = sys.argv[split + 1 :]
    uid, gid = os.geteuid(), os.getegid()
    if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWUSER) != 0:
        sys.exit(f"unshare: {os.strerror(ctypes.get_errno())}")
    try:
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"{inside} {uid} 1", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"{inside} {gid} 1", encoding="ascii")
    except OSError:
        # Since Linux 5.12 mapping uid 0 takes CAP_SETFCAP, and some distributions forbid the rest. Without a map everything shows
        # as the overflow uid (65534), our files included, which serves as well: not root, and the owner of its data folder.
        if os.geteuid() == 0:
            sys.exit("the user namespace still shows root")
    os.execve(argv[0], argv, environment)  # noqa: S606 - replacing ourselves is the purpose


main()
