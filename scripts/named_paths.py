"""Checks that the paths which documents name in backquotes exist, in every tracked Markdown file.

What counts as a path, and where it is searched:

- It has plain characters (letters, digits, `_`, `-`, `.`, `/`). A text with a space, a brace or a star, or with `/` at its start, is no
  path: it is a command, a pattern or an address of the API.
- With a slash, it is a path where it ends like a source (`SUFFIXES`), or where its first part is directly in one of the `BASES`
  (`docs/…`, `tests/…`, `pipeline/stages/`). Other words with a slash (`talks/`, `application/json`) are no paths of the repository.
  It must exist below one of the bases, or below the document's own folder.
- Without a slash, ending in `NAMED`, it is the bare name of a file: some file must have that name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from tracked import with_folders

BASES = (
    "",
    "moments-backend",
    "moments-backend/src",
    "moments-backend/src/videomoments",
    "moments-models",
    "moments-models/src",
    "moments-models/src/moments_models",
    "moments-frontend",
    "moments-frontend/src",
)
SUFFIXES = frozenset({".py", ".ts", ".tsx", ".md", ".sh", ".json", ".toml", ".yaml", ".lock", ".css", ".conf", ".Dockerfile"})
NAMED = frozenset({".py", ".ts", ".tsx", ".md", ".sh"})
_QUOTED = re.compile(r"`([\w./-]+)`")


def missing_paths(texts: Mapping[str, str], files: Iterable[str]) -> list[str]:
    """Returns the paths that Markdown among `texts` names and `files` lacks, each with its document and line."""
    there = Places(files)
    found = []
    for document, text in texts.items():
        if not document.endswith(".md"):
            continue
        for number, line in enumerate(text.splitlines(), 1):
            found += [
                f"{document}:{number} names {path}, which does not exist" for path in _QUOTED.findall(line) if there.lacks(path, document)
            ]
    return found


class Places:
    """Knows which files exist, and to which file a short path leads."""

    def __init__(self, files: Iterable[str]) -> None:
        kept = list(files)
        self._there = with_folders(kept)
        self._names = {PurePosixPath(name).name for name in kept}
        self._first = {part for base in BASES for part in self._directly_in(base)}

    def found(self, path: str, folder: str = "") -> str | None:
        """Returns the full path that `path` stands for, searched in the bases and then in `folder`, or None where there is none."""
        for base in (*BASES, folder):
            whole = str(PurePosixPath(base) / path)
            if whole in self._there:
                return whole
        return None

    def lacks(self, quoted: str, document: str) -> bool:
        """Returns whether `quoted` is a path, by the rules of this module, and leads nowhere."""
        path = PurePosixPath(quoted)
        if quoted.startswith(("/", "./", "../")) or set(quoted) <= {".", "/"}:
            return False
        if "/" not in quoted:
            return path.suffix in NAMED and path.suffix != quoted and path.name not in self._names
        if path.suffix not in SUFFIXES and path.parts[0] not in self._first:
            return False
        return self.found(quoted, str(PurePosixPath(document).parent)) is None

    def _directly_in(self, base: str) -> set[str]:
        above = PurePosixPath(base)
        return {PurePosixPath(name).name for name in self._there if PurePosixPath(name).parent == above}
