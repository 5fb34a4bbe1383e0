"""Which words of a document are paths, and that one that leads nowhere is found."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import tracked
from named_paths import missing_paths

FILES = (
    "README.md",
    "docs/decisions/a.md",
    "docs/decisions/b.md",
    "moments-backend/src/videomoments/media/seams.py",
    "moments-backend/tests/media/test_seams.py",
    "moments-models/src/moments_models/guards.py",
    "moments-models/tests/test_guards.py",
    "moments-frontend/src/lib/time.ts",
    "moments-frontend/page.sh",
)


def _missing(text: str, document: str = "docs/decisions/a.md") -> list[str]:
    return missing_paths({document: text}, FILES)


@pytest.mark.parametrize(
    "path",
    [
        "media/seams.py",
        "videomoments/media/seams.py",
        "moments-backend/src/videomoments/media/",
        "tests/media/test_seams.py",
        "tests/test_guards.py",
        "moments_models/guards.py",
        "guards.py",
        "seams.py",
        "lib/time.ts",
        "src/lib/time.ts",
        "page.sh",
        "docs/decisions/",
        "b.md",
    ],
)
def test_a_path_is_looked_for_from_each_base_and_beside_its_document(path: str) -> None:
    assert _missing(f"It stands in `{path}`.") == []


@pytest.mark.parametrize(
    "path",
    [
        "media/gone.py",
        "media/gone/",
        "nowhere/at/all.py",
        "docs/gone.md",
        "docs/gone",
        "moments-backend/src/videomoments/gone.py",
        "tests/gone",
        "gone.py",
        "gone.tsx",
        "decisions/b.md",
        "lib/time.py",
    ],
)
def test_a_path_that_leads_nowhere_is_named_with_its_line(path: str) -> None:
    assert _missing(f"One line.\nIt stands in `{path}`.") == [f"docs/decisions/a.md:2 names {path}, which does not exist"]


@pytest.mark.parametrize(
    "word",
    [
        "/api/videos",
        "GET /health",
        "application/json",
        "talks/",
        "talk.mp4",
        "moments.json",
        "tests/*.py",
        "a/{b}.py",
        "..",
        "./moments",
        ".py",
    ],
)
def test_other_words_are_no_paths(word: str) -> None:
    assert _missing(f"Say `{word}`.") == []


def test_only_markdown_is_looked_at() -> None:
    assert _missing('"""`media/gone.py`"""', "moments-backend/src/videomoments/media/seams.py") == []


def test_files_of_a_repository(tmp_path: Path) -> None:
    """What is ignored or gone is not there; what would be added is."""
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    made = {".gitignore": b"built/\n", "a/new.md": b"text", "a/picture.jpg": b"\0\1", "built/b.md": b"x", "gone.md": b"x"}
    for name, data in made.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    subprocess.run(["git", "add", "gone.md"], cwd=tmp_path, check=True)
    (tmp_path / "gone.md").unlink()
    assert tracked.names(tmp_path) == [".gitignore", "a/new.md", "a/picture.jpg"]
    assert tracked.texts(tmp_path) == {".gitignore": "built/\n", "a/new.md": "text"}
    assert tracked.with_folders(["a/b/c.md"]) == {"a", "a/b", "a/b/c.md"}
