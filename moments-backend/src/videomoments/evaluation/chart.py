"""Draws a chart of estimates as SVG: a panel per metric, a row per system, a dot with its confidence interval.

It uses no plotting library: that would be the largest dependency of the project, for one chart.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

from videomoments.evaluation.intervals import Estimate

_PANEL, _GAP, _NAMES, _ROW, _HEAD = 190, 26, 130, 24, 44
_STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#24292f}.m{font-weight:600}.s{fill:#57606a;font-size:10px}"
    ".a{stroke:#d0d7de}.o{stroke:#8c959f;fill:#8c959f}.b{stroke:#0969da;fill:#0969da}"
)

Rows = Sequence[tuple[str, Mapping[str, Estimate]]]


def chart(rows: Rows, metrics: Mapping[str, str], *, emphasised: str) -> str:
    """Returns the chart as SVG. `rows` are systems with their estimates, `metrics` the key and heading of each panel, `emphasised` the
    system that the chart is about."""
    shown = [key for key in metrics if any(key in estimates for _, estimates in rows)]
    width = _NAMES + len(shown) * (_PANEL + _GAP)
    height = _HEAD + len(rows) * _ROW + 12
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">',
        f"<title>{escape(', '.join(metrics[key] for key in shown))} by system, with 95 % confidence intervals</title>",
        f'<style>{_STYLE}</style><rect width="100%" height="100%" fill="#fff"/>',
    ]
    for number, (name, _) in enumerate(rows):
        bold = ' class="m"' if name == emphasised else ""
        parts.append(f'<text x="4" y="{_row(number) + 4}"{bold}>{escape(name)}</text>')
    for panel, key in enumerate(shown):
        parts += _panel(rows, key, metrics[key], _NAMES + panel * (_PANEL + _GAP), emphasised)
    return "\n".join([*parts, "</svg>\n"])


def _row(number: int) -> int:
    return _HEAD + number * _ROW + _ROW // 2


def _panel(rows: Rows, key: str, heading: str, left: int, emphasised: str) -> list[str]:
    present = [estimates[key] for _, estimates in rows if key in estimates]
    top = _ceiling(max(estimate.high for estimate in present))

    def across(value: float) -> float:
        return round(left + _PANEL * min(max(value / top, 0.0), 1.0), 1)

    bottom = _HEAD + len(rows) * _ROW
    parts = [f'<text class="m" x="{left}" y="16">{escape(heading)}</text>']
    for share in (0.0, 0.5, 1.0):
        at = across(top * share)
        parts.append(f'<line class="a" x1="{at}" x2="{at}" y1="{_HEAD - 6}" y2="{bottom}"/>')
        parts.append(f'<text class="s" x="{at}" y="{_HEAD - 12}" text-anchor="middle">{top * share:g}</text>')
    for number, (name, estimates) in enumerate(rows):
        if key in estimates:
            one, y = estimates[key], _row(number)
            kind = "b" if name == emphasised else "o"
            parts.append(f'<line class="{kind}" stroke-width="2" x1="{across(one.low)}" x2="{across(one.high)}" y1="{y}" y2="{y}"/>')
            parts.append(f'<circle class="{kind}" cx="{across(one.mean)}" cy="{y}" r="4"><title>{one.mean:.3f}</title></circle>')
    return parts


def _ceiling(value: float) -> float:
    """Returns the end of an axis: a round number at or above the value."""
    if not value > 0:
        return 1.0
    scale: float = 10.0 ** math.floor(math.log10(value))
    return float(next(step * scale for step in (1, 2, 5, 10) if step * scale >= value - 1e-9))
