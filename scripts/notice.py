"""Checks `NOTICE`: the licence of everything that is installed with or shipped in VideoMoments.

python scripts/notice.py           checks (part of `make lint`)
python scripts/notice.py --write   asks the installed packages for licences that the table lacks, and writes NOTICE anew

Only what is checked in counts, so that every machine finds the same. Names come from the locks. Licences of Python packages come from
`licences.toml`, because locks name none; those of the page from package-lock.json, those of weights from the registry of moments-models. A
package that is installed here in the locked version must agree with the table. A licence that may not be shipped (`spdx.py`) is a fault
anywhere.
"""

from __future__ import annotations

import importlib.metadata
import json
import re
import sys
import textwrap
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass
from email.message import Message
from typing import cast

from packaging.utils import canonicalize_name
from spdx import canonical, declared, may_ship
from tracked import ROOT

from moments_models.weights.registry import WEIGHTS

TABLE = "scripts/licences.toml"
PAGE_LOCK = "moments-frontend/package-lock.json"
# The locks that a fleet or one machine installs from.
LOCKS = ("moments-backend/requirements.lock", "moments-models/requirements.lock", "moments-models/requirements-llama.lock")
DEVELOPMENT = "moments-backend/requirements-dev.lock"
WRITE = "python scripts/notice.py --write"
_PIN = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[[\w,-]+\])?==([^\s;\\]+)", re.MULTILINE)
_PYTHON = re.compile(r"(?ms)^\[python\]\n.*?(?=^\[|\Z)")
Installed = Callable[[str], tuple[str, str | None] | None]
_INTRODUCTION = """\
VideoMoments
Licensed under the Apache License, Version 2.0: see LICENSE.

This file is made by scripts/notice.py. It names what VideoMoments is installed with, by licence. The full texts, with their
copyright lines, lie in the packages themselves: in a wheel's *.dist-info/licenses, in node_modules/<name>/LICENSE. Whoever passes
on an installation, an image or a built page passes these texts on with it. The sample recording that this repository holds is
CC0-1.0: see moments-backend/src/videomoments/demo/README.md."""


@dataclass(frozen=True, slots=True)
class Carried:
    """Something inside a package that has its own licence. `says` is a sentence for `NOTICE`."""

    package: str
    says: str


@dataclass(frozen=True, slots=True)
class Table:
    """The content of `licences.toml`: licences by name, and what packages carry."""

    python: Mapping[str, str]
    page: Mapping[str, str]
    carried: tuple[Carried, ...]

    @classmethod
    def read(cls, text: str) -> Table:
        found = tomllib.loads(text)
        return cls(found["python"], found["page"], tuple(Carried(**entry) for entry in found["carried"]))


@dataclass(frozen=True, slots=True)
class Found:
    """What the checkout says: the table, the packages of the shipped locks and of all locks, and the page's packages with the licences in
    its lock."""

    table: Table
    pins: Mapping[str, frozenset[str]]
    anywhere: Set[str]
    page: Mapping[str, str | None]

    @classmethod
    def here(cls) -> Found:
        locks = {name: (ROOT / name).read_text() for name in (*LOCKS, DEVELOPMENT, PAGE_LOCK, TABLE)}
        pins = locked(locks[name] for name in LOCKS)
        return cls(Table.read(locks[TABLE]), pins, pins.keys() | locked([locks[DEVELOPMENT]]).keys(), page_packages(locks[PAGE_LOCK]))

    def page_licences(self) -> dict[str, str]:
        """Returns the licence of each package of the page where it is known: from its lock, else from the table."""
        known = {name: of or self.table.page.get(name) for name, of in self.page.items()}
        return {name: of for name, of in known.items() if of}

    def licences(self) -> dict[str, str]:
        """Returns the licences of everything."""
        return {**self.table.python, **self.page_licences(), **{f"the weights {one.name}": one.licence for one in WEIGHTS.values()}}


def locked(texts: Iterable[str]) -> dict[str, frozenset[str]]:
    """Returns the packages of Python's locks with their versions: several where it depends on the version of Python."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for text in texts:
        for name, version in _PIN.findall(text):
            found[canonicalize_name(name)].add(version)
    return {name: frozenset(versions) for name, versions in found.items()}


def page_packages(lock: str) -> dict[str, str | None]:
    """Returns the page's production packages with the licences that its lock names."""
    packages = json.loads(lock)["packages"]
    return {
        path.rpartition("node_modules/")[2]: package.get("license") for path, package in packages.items() if path and not package.get("dev")
    }


def installed(name: str) -> tuple[str, str | None] | None:
    """Returns version and declared licence of an installed package, or None where it is not installed."""
    try:
        found = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return None
    return found.version, declared(cast(Message, found.metadata))


def faults(found: Found, ask: Installed = installed) -> list[str]:
    """Returns what is wrong with the licences themselves, one line each."""
    table, pins = found.table, found.pins
    said = [f"{TABLE} has no licence of {name}: {WRITE}" for name in sorted(pins.keys() - table.python.keys())]
    said += [f"{TABLE} names {name}, which is in no lock: {WRITE}" for name in sorted(table.python.keys() - pins.keys())]
    unnamed = {name for name, of in found.page.items() if of is None}
    said += [f"{PAGE_LOCK} names no licence of {name}: look it up and add it to {TABLE}" for name in sorted(unnamed - table.page.keys())]
    said += [f"{TABLE} names {name} of the page for nothing: take it out" for name in sorted(table.page.keys() - unnamed)]
    said += [f"{name} is under {of}, which may not be shipped" for name, of in sorted(found.licences().items()) if not may_ship(of)]
    said += [f"{TABLE} says what {one.package} carries, and no lock has it" for one in table.carried if one.package not in found.anywhere]
    for name in sorted(pins.keys() & table.python.keys()):
        said += _against_installed(name, table.python[name], pins[name], ask)
    return said


def _against_installed(name: str, told: str, versions: frozenset[str], ask: Installed) -> list[str]:
    """Compares a licence with the installed package. Where the lock has several versions, their texts may differ: then it only has to be
    allowed."""
    here = ask(name)
    if here is None or here[0] not in versions or here[1] is None:
        return []
    if not may_ship(here[1]):
        return [f"{name} {here[0]} says that it is under {here[1]}, which may not be shipped"]
    if len(versions) == 1 and here[1] != canonical(told):
        return [f"{name} {here[0]} says that it is under {here[1]}, and {TABLE} {told}"]
    return []


def notice(found: Found) -> str:
    """Returns the text of `NOTICE`."""
    paragraphs = [_INTRODUCTION, "Packages of Python, which are installed from their publishers and not part of this repository:"]
    paragraphs += _by_licence(found.table.python)
    paragraphs += ["Packages of the web page, of which the built page holds parts:", *_by_licence(found.page_licences())]
    paragraphs += ["Weights, fetched on first use and checked by their SHA-256:"]
    paragraphs += _by_licence({f"{one.name} ({one.title})": one.licence for one in WEIGHTS.values()})
    paragraphs += ["What packages carry under licences of their own:", *(f"{one.package}: {one.says}" for one in found.table.carried)]
    return "\n\n".join(_filled(paragraph) for paragraph in paragraphs) + "\n"


def _by_licence(licences: Mapping[str, str]) -> list[str]:
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for name, of in licences.items():
        groups[of].append(name)
    return [f"{of}: {', '.join(sorted(names))}" for of, names in sorted(groups.items())]


def _filled(paragraph: str) -> str:
    """Returns a wrapped paragraph. Names are not broken at hyphens, and existing line ends stay."""
    if "\n" in paragraph:
        return paragraph
    return textwrap.fill(paragraph, 120, subsequent_indent="    ", break_on_hyphens=False, break_long_words=False)


def asked_anew(table: str, found: Found, ask: Installed = installed) -> str:
    """Returns `licences.toml` with a row for each package of the locks: as installed, where that has a licence, else as before. Raises
    SystemExit for a package that has neither."""
    rows, unknown = [], []
    for name, versions in sorted(found.pins.items()):
        here = ask(name)
        told = here[1] if here and here[0] in versions and len(versions) == 1 else None
        told = told or found.table.python.get(name) or (here[1] if here else None)
        if told is None:
            unknown.append(name)
        rows.append(f"{json.dumps(name) if '.' in name else name} = {json.dumps(told)}\n")
    if unknown:
        raise SystemExit(f"Neither installed here nor in {TABLE}; look their licences up and add them: {', '.join(unknown)}")
    return _PYTHON.sub(lambda _: "[python]\n" + "".join(rows) + "\n", table, count=1)


def main() -> int:
    found = Found.here()
    if "--write" in sys.argv[1:]:
        (ROOT / TABLE).write_text(asked_anew((ROOT / TABLE).read_text(), found))
        found = Found.here()
        (ROOT / "NOTICE").write_text(notice(found))
    said = faults(found)
    if (ROOT / "NOTICE").read_text() != notice(found):
        said.append(f"NOTICE is out of date: {WRITE}")
    for fault in said:
        print(fault, file=sys.stderr)
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
