"""Checks decision records: each cited one exists, each has its head, and the index lists all of them in order."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

FOLDER = "docs/decisions"
INDEX = f"{FOLDER}/README.md"
# Tests of these checks name records that do not exist.
_UNREAD = "moments-backend/tests/scripts/"
_CITED = re.compile(r"\bdecisions/([\w.-]+\.md)\b")
_LINKED = re.compile(r"\]\(([\w.-]+\.md)\)")
_NAME = re.compile(r"(\d{4})-[a-z0-9-]+\.md")
_HEAD = re.compile(r"# (\d+)\. (\S.*)\n\n- Date: (\d{4}-\d\d-\d\d)\n- Status: (\S.*)\n\n")
_ROW = re.compile(r"^\| \[(\d{4})\]\(([\w.-]+\.md)\) \| (.+?) \| (\S+) \| (.+?) \| .+ \|$", re.MULTILINE)


def decision_faults(texts: Mapping[str, str]) -> list[str]:
    """Returns what is wrong with the records among `texts`, their index, and what cites them."""
    records = sorted(
        name for name in texts if PurePosixPath(name).parent == PurePosixPath(FOLDER) and name.endswith(".md") and name != INDEX
    )
    faults = [fault for name in records for fault in _head_faults(name, texts[name])]
    faults += _number_faults(records)
    if INDEX in texts:
        faults += _index_faults(texts[INDEX], {PurePosixPath(name).name: texts[name] for name in records})
    return [*faults, *_citation_faults(texts)]


def _head_faults(name: str, text: str) -> Iterator[str]:
    named, head = _NAME.fullmatch(PurePosixPath(name).name), _HEAD.match(text)
    if named is None:
        yield f"{name} is not named like 0001-a-decision.md"
    elif head is None:
        yield f'{name} does not begin with "# {int(named[1])}. Title", its date and its status'
    elif int(head[1]) != int(named[1]):
        yield f"{name} has the number {head[1]} in its title"


def _number_faults(records: list[str]) -> Iterator[str]:
    numbers = [int(named[1]) for name in records if (named := _NAME.fullmatch(PurePosixPath(name).name))]
    for expected, number in enumerate(numbers, 1):
        if number != expected:
            yield f"{FOLDER} has number {number} where {expected} is expected: none is left out or given twice"
            return


def _index_faults(index: str, records: Mapping[str, str]) -> Iterator[str]:
    rows = {row[2]: row.groups() for row in _ROW.finditer(index)}
    for name in sorted(records.keys() | rows.keys()):
        if name not in rows:
            yield f"{INDEX} has no row for {name}"
        elif name in records and (head := _HEAD.match(records[name])) is not None:
            expected = (name[:4], name, *head.groups()[1:])
            if rows[name] != expected:
                yield f"{INDEX} says {' | '.join(rows[name])}, and the record {' | '.join(expected)}"
    if list(rows) != sorted(rows):
        yield f"{INDEX} is not in the order of the numbers"


def _citation_faults(texts: Mapping[str, str]) -> Iterator[str]:
    for name, text in texts.items():
        if name.startswith(_UNREAD):
            continue
        ours = PurePosixPath(name).parent == PurePosixPath(FOLDER)
        for number, line in enumerate(text.splitlines(), 1):
            cited = [*_CITED.findall(line), *(_LINKED.findall(line) if ours else ())]
            for record in dict.fromkeys(cited):
                if f"{FOLDER}/{record}" not in texts:
                    yield f"{name}:{number} cites {FOLDER}/{record}, which does not exist"
