"""A day's use in a room and what was seen of it, for the slice in `make test` and for `make isolation`."""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path

import platformdirs

from isolation.room import Phase, Report
from isolation.wire import Call

TESTS = Path(__file__).parents[1]
CHECKOUT = TESTS.parents[1]
# The machine's own way to its package index, where it has one of its own; what lets git read a checkout of another account; which browser
# there is, and whether it may be missing.
_WAYS = (
    "PIP_", "UV_", "npm_config_", "NPM_CONFIG_", "NODE_EXTRA", "SSL_CERT", "REQUESTS_CA", "HF_ENDPOINT", "LANG", "LC_",
    "GIT_CONFIG_", "CHROMIUM", "MOMENTS_DEMAND_BROWSER",
)  # fmt: skip


def environment() -> dict[str, str]:
    """A stranger's: what names this machine's package index, certificates, trust of git and browser, and nothing else of ours."""
    kept = {name: value for name, value in os.environ.items() if name.startswith(_WAYS) or name.lower().endswith("_proxy")}
    # The home is a fresh one, so that files with the same purpose are named.
    files = {"PIP_CONFIG_FILE": ("~/.config/pip/pip.conf", "~/.pip/pip.conf"), "npm_config_userconfig": ("~/.npmrc",)}
    for name, places in files.items():
        found = next((str(path) for place in places if (path := Path(place).expanduser()).is_file()), None)
        if found is not None:
            kept.setdefault(name, found)
    return kept | {"PATH": os.environ["PATH"]}


def weights() -> str:
    """Where this user's weights lie."""
    return os.environ.get("MOMENTS_WEIGHTS") or str(Path(platformdirs.user_data_dir("videomoments", appauthor=False)) / "models")


def use(checkout: Path, seconds: float) -> Phase:
    """Everything is used, with the door shut."""
    return Phase([sys.executable, str(TESTS / "isolation" / "use.py"), str(checkout), str(seconds)], folder="/tmp")


def told(calls: list[Call]) -> str:
    """Calls in lines, for a person: how often, what, by whom."""
    counted = Counter((call.kind, call.what, call.process) for call in calls)
    return "\n".join(
        f"{times} x {kind} {what}  by {process or 'a process that was gone'}" for (kind, what, process), times in counted.items()
    )


def ending(report: Report) -> str:
    """The end of what the commands said, for a failure's message."""
    return f"status {report.status}\n{report.output[-4000:]}"
