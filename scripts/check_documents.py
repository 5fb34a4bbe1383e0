"""Keeps documents true: the paths they name exist, the schema page matches the tables, no tracked file names a registry or a machine.

python scripts/check_documents.py           checks (part of `make lint`)
python scripts/check_documents.py --write   writes the generated pages anew
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from sqlalchemy import Table

from videomoments.api.openapi import text as openapi_text
from videomoments.db.tables import Table as Base

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "docs/redis/README.md", "docs/schema/README.md")
# A path in a document: in backquotes, with a slash, of plain characters, below one of our top folders.
_PATH = re.compile(r"`((?:moments-backend|moments-models|moments-frontend|benchmarks|docs|scripts|deploy|e2e|\.ci)/[\w./-]*)`")
_HOSTS = re.compile(r"https?://(?:[\w.-]*\.)?(?:pypi\.org|pythonhosted\.org|npmjs\.org|deb\.debian\.org)|\"resolved\": *\"https?://")
_OVERVIEW = {"videos", "transcripts", "moments", "clips", "prompts", "generation_configs", "thumbnails", "pipeline_history"}


def missing_paths() -> list[str]:
    """Paths that a document names and that are not there."""
    found = []
    for page in PAGES:
        for path in _PATH.findall((ROOT / page).read_text()):
            if not (ROOT / path).exists():
                found.append(f"{page} names {path}, which does not exist")
    return found


def schema_page() -> str:
    """The tables as Markdown, out of the code."""
    lines = ["# The database `vision_ai`", ""]
    lines += ["Made from `moments-backend/src/videomoments/db/tables/` by `scripts/check_documents.py --write`."]
    lines += ["The first eight are the overview's, the others are what durability needs.", ""]
    tables = sorted(Base.metadata.tables.values(), key=lambda table: (table.name not in _OVERVIEW, table.name))
    for table in tables:
        lines += [f"## `{table.name}`", "", *_about(table), "| column | type | |", "|---|---|---|", *_columns(table), ""]
    return "\n".join(lines).rstrip() + "\n"


def _about(table: Table) -> list[str]:
    mapped = next((mapper.class_ for mapper in Base.registry.mappers if mapper.local_table is table), None)
    text = " ".join((mapped.__doc__ or "").split()) if mapped is not None else ""
    return [text, ""] if text else []


def _columns(table: Table) -> list[str]:
    rows = []
    for column in table.columns:
        notes = ["key" if column.primary_key else "", "" if column.nullable or column.primary_key else "not null"]
        notes += [f"→ `{key.column.table.name}.{key.column.name}`" for key in column.foreign_keys]
        notes.append("unique" if column.unique else "")
        rows.append(f"| `{column.name}` | {str(column.type).lower()} | {', '.join(note for note in notes if note)} |")
    return rows


GENERATED = {"docs/schema/README.md": schema_page, "docs/api/openapi.json": openapi_text}


def stale_pages() -> list[str]:
    found = []
    for page, make in GENERATED.items():
        path = ROOT / page
        if not path.exists() or path.read_text() != make():
            found.append(f"{page} is out of date: python scripts/check_documents.py --write")
    return found


def named_machines() -> list[str]:
    """Tracked files with a registry's host: a lock with hosts installs nowhere else."""
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    found = []
    for name in filter(None, files):
        path = ROOT / name
        if path.suffix in {".mp4", ".jpg", ".png", ".onnx"} or not path.is_file() or name == "scripts/check_documents.py":
            continue
        if match := _HOSTS.search(path.read_text(errors="replace")):
            found.append(f"{name} names {match.group()}")
    return found


def main() -> int:
    if "--write" in sys.argv[1:]:
        for page, make in GENERATED.items():
            (ROOT / page).parent.mkdir(parents=True, exist_ok=True)
            (ROOT / page).write_text(make())
        return 0
    faults = [*missing_paths(), *stale_pages(), *named_machines()]
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
