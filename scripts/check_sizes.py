"""Keeps files and functions small: no hand-written file over 400 lines, no Python function over 50. There is no list of exceptions.

python scripts/check_sizes.py           checks all files (part of `make lint`)
python scripts/check_sizes.py FILE…     these

All lines count: blank ones, comments, and of a function its signature and docstring. A file that a program writes is not hand-written: it
lies in a folder `generated`.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import PurePosixPath

from tracked import ROOT, names

MOST_FILE_LINES = 400
MOST_FUNCTION_LINES = 50
_SUFFIXES = {".py", ".ts", ".tsx", ".js", ".css", ".sh"}


def is_hand_written(name: str) -> bool:
    """Returns whether the file at this path is source text that a human edits."""
    path = PurePosixPath(name)
    return path.suffix in _SUFFIXES and "generated" not in path.parts


def faults_of(name: str, source: str) -> Iterator[tuple[int, str]]:
    """Yields the line and the sentence of each excess."""
    lines = len(source.splitlines())
    if lines > MOST_FILE_LINES:
        yield 1, f"the file has {lines} lines, and at most {MOST_FILE_LINES} are allowed: split it along its themes"
    if not name.endswith(".py"):
        return
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        length = (node.end_lineno or node.lineno) - node.lineno + 1
        if length > MOST_FUNCTION_LINES:
            yield node.lineno, f"{node.name} has {length} lines, and at most {MOST_FUNCTION_LINES} are allowed: give its steps names"


def main(arguments: list[str]) -> int:
    """Prints each excess. Returns 1 when there is one."""
    found = 0
    for name in arguments or [name for name in names() if is_hand_written(name)]:
        path = ROOT / name
        for line, fault in faults_of(name, path.read_text(encoding="utf-8")):
            print(f"{name}:{line}: {fault}", file=sys.stderr)
            found += 1
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
