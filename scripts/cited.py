"""Checks what code, tests and documents cite: hazards by number (F05) and sections of the overview must exist.

A hazard is a row of `docs/hazards.md`: `| F05 | what went wrong | guard | tests |`. Where a number was given twice, a word tells its rows
apart: `F82 (clock)`. A row names its tests in backquotes. One of them must carry the number: in the name of a Python test (`test_f05_…`),
as a word in the page's tests (`F75`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from named_paths import Places

HAZARDS, OVERVIEW = "docs/hazards.md", "docs/overview.md"
# Hashes and generated numbers, which are no citations.
_UNREAD = re.compile(r"\.lock$|(^|/)package-lock\.json$|(^|/)LICENSE$|\.svg$")
_DIGITS = r"(?:\d\d|[1-9]\d\d)"
_NUMBER = re.compile(rf"\bF({_DIGITS})\b")
_CARRIED = re.compile(rf"\bdef test\w*?((?:_f{_DIGITS})+)(?=_|\()")
_ROW = re.compile(rf"^\| F({_DIGITS})(?: \(([a-z ]+)\))? \|")
_HEADING = re.compile(r"^##+ (\d+(?:\.\d+)?)\.? ", re.MULTILINE)
_SECTIONS = r"sections?\s+(\d+(?:\.\d+)?(?:(?:\s*,|\s+and|\s+to)\s+\d+(?:\.\d+)?)*)"
_OF_OVERVIEW = re.compile(rf"\boverview(?:['’]s)?,?\s+{_SECTIONS}|\b{_SECTIONS}\s+of\s+the\s+overview", re.IGNORECASE)
_OF_ITSELF = re.compile(rf"\b{_SECTIONS}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Hazard:
    """A row of the hazards. `tests` are the paths in its last column."""

    number: str
    word: str | None
    tests: tuple[str, ...]

    @property
    def label(self) -> str:
        return f"F{self.number}" + (f" ({self.word})" if self.word else "")


def hazards(page: str) -> list[Hazard]:
    """Returns the rows of the page, in their order."""
    found = []
    for line in page.splitlines():
        if (row := _ROW.match(line)) is not None:
            last = line.rstrip().removesuffix("|").rstrip().rpartition("|")[2]
            found.append(Hazard(row[1], row[2], tuple(re.findall(r"`([\w./-]+/[\w.-]+)`", last))))
    return found


def hazard_faults(texts: Mapping[str, str]) -> list[str]:
    """Returns what is wrong with the rows, and numbers that are cited without a row."""
    rows = hazards(texts[HAZARDS])
    numbers = [row.number for row in rows]
    faults = [f"{HAZARDS} has two rows {label}" for label, count in Counter(row.label for row in rows).items() if count > 1]
    faults += [f"{HAZARDS}: {number} stands after {before}" for before, number in pairwise(numbers) if int(number) < int(before)]
    places = Places(texts)
    for row in rows:
        faults += _row_faults(row, texts, places)
    known = set(numbers)
    for name, text in texts.items():
        if name == HAZARDS or _UNREAD.search(name):
            continue
        unknown = [(line, number) for line, number in _cited(text) if number not in known]
        faults += [f"{name}:{line} cites F{number}, which has no row in {HAZARDS}" for line, number in unknown]
    return faults


def _row_faults(row: Hazard, texts: Mapping[str, str], places: Places) -> Iterator[str]:
    found = {test: places.found(test) for test in row.tests}
    yield from (f"{HAZARDS}: {row.label} names {test}, which does not exist" for test, path in found.items() if path is None)
    if not row.tests:
        yield f"{HAZARDS}: {row.label} names no test file"
    elif not any(path and row.number in carried(path, texts[path]) for path in found.values()):
        yield f"{HAZARDS}: {row.label} names no test that carries its number"


def carried(name: str, text: str) -> set[str]:
    """Returns the numbers that the tests in a file carry, none for other files."""
    if name.endswith(".py"):
        return {number for numbers in _CARRIED.findall(text) for number in numbers.split("_f")[1:]}
    return set(_NUMBER.findall(text)) if name.endswith((".test.ts", ".test.tsx")) else set()


def _cited(text: str) -> Iterator[tuple[int, str]]:
    for line, content in enumerate(text.splitlines(), 1):
        numbers = _NUMBER.findall(content) + [number for found in _CARRIED.findall(content) for number in found.split("_f")[1:]]
        yield from ((line, number) for number in dict.fromkeys(numbers))


def section_faults(texts: Mapping[str, str]) -> list[str]:
    """Returns sections of the overview that are cited and do not exist, and numbers that two sections have."""
    headings = _HEADING.findall(texts[OVERVIEW])
    faults = [f"{OVERVIEW} has two sections {number}" for number, count in Counter(headings).items() if count > 1]
    for name, text in texts.items():
        for found in (_OF_ITSELF if name == OVERVIEW else _OF_OVERVIEW).finditer(text):
            cited = re.findall(r"\d+(?:\.\d+)?", next(filter(None, found.groups())))
            line = text.count("\n", 0, found.start()) + 1
            absent = [number for number in cited if number not in headings]
            faults += [f"{name}:{line} cites section {number} of the overview, which does not exist" for number in absent]
    return faults
