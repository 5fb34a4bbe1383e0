"""What axe-core finds wrong with a page, by the rules of WCAG 2.2 AA."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

_AXE = Path(__file__).parent.parent / "moments-frontend/node_modules/axe-core/axe.min.js"


def faults(page: Page) -> list[str]:
    """One line for each fault, with where."""
    page.evaluate(_AXE.read_text())
    found: dict[str, Any] = page.evaluate("axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})")
    return [f"{fault['id']}: {node['target']} {node['failureSummary'][:300]}" for fault in found["violations"] for node in fault["nodes"]]
