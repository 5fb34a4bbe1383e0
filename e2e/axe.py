"""What axe-core finds wrong with a page, by the rules of WCAG 2.2 AA."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

_AXE = Path(__file__).parent.parent / "moments-frontend/node_modules/axe-core/axe.min.js"


# Half-way through a change of colour, contrast is neither the old nor the new one. What turns for ever is not waited for.
_AT_REST = """async () => {
    const ends = one => one.playState === 'running' && one.effect.getComputedTiming().endTime !== Infinity;
    const changing = () => document.getAnimations().filter(ends);
    for (let quiet = 0; quiet < 3; quiet++) {
        while (changing().length) { await Promise.allSettled(changing().map(one => one.finished)); quiet = 0; }
        await new Promise(requestAnimationFrame);
    }
}"""


def faults(page: Page) -> list[str]:
    """One line for each fault, with where, once what moves and fades has come to rest."""
    page.bring_to_front()  # a page behind another one is not drawn, and nothing in it comes to rest
    page.evaluate(_AT_REST)
    page.evaluate(_AXE.read_text())
    found: dict[str, Any] = page.evaluate("axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})")
    return [f"{fault['id']}: {node['target']} {node['failureSummary'][:300]}" for fault in found["violations"] for node in fault["nodes"]]
