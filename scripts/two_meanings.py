"""Checks that one word has one meaning: no two classes and no two modules have the same name without a reason.

python scripts/two_meanings.py    checks (part of `make lint`)

The classes at the top of modules, and the modules, of all packages of `SOURCES` are compared. A name in two places is a fault unless
`two_meanings.toml` gives a reason for it; so is a reason for a name that has only one place. One rule covers many: by the layered
convention the module of a resource has the same name in each of the `LAYERED` folders (`runs` has routes, schemas, a service, a repository
and commands), so all of these count as one place. Classes have no such rule: a row and what the API returns of it differ in name.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from tracked import ROOT, names

SOURCES = ("moments-backend/src/", "moments-models/src/")
REASONS = "scripts/two_meanings.toml"
LAYERED = (
    *(
        f"moments-backend/src/videomoments/{one}"
        for one in ("api/routes", "api/schemas", "cli", "db/repositories", "db/tables", "services")
    ),
    "moments-models/src/moments_models/routes",
)
_NAMELESS = frozenset({"__init__", "__main__"})

Places = dict[str, list[str]]


def class_places(sources: Mapping[str, str]) -> Places:
    """Returns the files in which each top-level class name is defined."""
    found: Places = {}
    for name, text in sources.items():
        for node in ast.parse(text).body:
            if isinstance(node, ast.ClassDef):
                found.setdefault(node.name, []).append(name)
    return found


def module_places(files: Iterable[str]) -> Places:
    """Returns the files of each module name. Of the layered folders only the first counts."""
    found: Places = {}
    layered: set[str] = set()
    for name in sorted(files):
        path = PurePosixPath(name)
        if path.stem in _NAMELESS:
            continue
        if str(path.parent) in LAYERED:
            if path.stem in layered:
                continue
            layered.add(path.stem)
        found.setdefault(path.stem, []).append(name)
    return found


def unexplained(kind: str, places: Places, reasons: Mapping[str, object]) -> list[str]:
    """Returns names in two places without a reason, reasons without two places, and empty reasons."""
    faults = []
    for name, files in sorted(places.items()):
        if len(files) > 1 and name not in reasons:
            faults.append(f"the {kind} {name} has two meanings: {', '.join(files)}")
    for name, why in sorted(reasons.items()):
        if len(places.get(name, ())) < 2:
            faults.append(f"{REASONS} explains the {kind} {name}, which is in one place or none: delete the line")
        elif not isinstance(why, str) or not why.strip():
            faults.append(f"{REASONS} gives no reason for the {kind} {name}")
    return faults


def faults_of(sources: Mapping[str, str], reasons: Mapping[str, Mapping[str, object]]) -> list[str]:
    """Returns all faults of the modules in `sources` (path and text), by the reasons under `classes` and `modules`."""
    return [
        *unexplained("class", class_places(sources), reasons.get("classes", {})),
        *unexplained("module", module_places(sources), reasons.get("modules", {})),
    ]


def main() -> int:
    sources = {name: (ROOT / name).read_text() for name in names() if name.startswith(SOURCES) and name.endswith(".py")}
    reasons = tomllib.loads(Path(ROOT / REASONS).read_text())
    faults = faults_of(sources, reasons)
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
