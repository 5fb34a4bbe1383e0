"""Checks that documents are true.

python scripts/check_documents.py           checks (part of `make lint`)
python scripts/check_documents.py --write   writes the generated pages anew

Paths that documents name must exist (`named_paths.py` says what counts as one). Hazards and sections of the overview that anything cites
must exist, and each hazard must have its tests (`cited.py`). Decision records must be numbered, listed and cited correctly (`decided.py`).
Generated pages must match the code, and no tracked file may name a registry.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping

from cited import hazard_faults, section_faults
from decided import decision_faults
from named_paths import missing_paths
from sqlalchemy import Table
from tracked import ROOT, names, texts

from videomoments.api.openapi import text as openapi_text
from videomoments.db.tables import Table as Base

_HOSTS = re.compile(r"https?://(?:[\w.-]*\.)?(?:pypi\.org|pythonhosted\.org|npmjs\.org|deb\.debian\.org)|\"resolved\": *\"https?://")
_OVERVIEW = {"videos", "transcripts", "moments", "clips", "prompts", "generation_configs", "thumbnails", "pipeline_history"}


def schema_page() -> str:
    """Returns the tables of the database as Markdown, from the code."""
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


def named_machines(files: Mapping[str, str]) -> list[str]:
    """Returns the tracked files that name a registry's host: a lock with hosts can't be installed elsewhere."""
    # This file holds the pattern itself.
    looked_at = {name: text for name, text in files.items() if name != "scripts/check_documents.py"}
    return [f"{name} names {match.group()}" for name, text in looked_at.items() if (match := _HOSTS.search(text))]


def main() -> int:
    if "--write" in sys.argv[1:]:
        for page, make in GENERATED.items():
            (ROOT / page).parent.mkdir(parents=True, exist_ok=True)
            (ROOT / page).write_text(make())
        return 0
    read = texts()
    faults = [
        *missing_paths(read, names()),
        *hazard_faults(read),
        *section_faults(read),
        *decision_faults(read),
        *stale_pages(),
        *named_machines(read),
    ]
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
