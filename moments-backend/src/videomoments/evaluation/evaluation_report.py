"""Writes the report of an evaluation: Markdown with tables, charts (SVG), and titles beside human headings."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

from videomoments.core.times import Interval
from videomoments.evaluation.chart import chart
from videomoments.evaluation.dataset import EvaluatedRecording
from videomoments.evaluation.intervals import Estimate
from videomoments.evaluation.metrics.chapter_metrics import boundaries, tiling
from videomoments.evaluation.predictions import Predictions
from videomoments.evaluation.results import SALIENCE_COLUMNS, SystemResult, tables

_CHARTED = {
    "Chapters": ("f1_10", "pk", "precision_50", "recall_50"),
    "Queries": ("r1_50", "r1_70", "map_avg", "miou"),
    "Salience": tuple(SALIENCE_COLUMNS),
}
_TITLES = 20


def write_report(
    folder: Path, name: str, recordings: Sequence[EvaluatedRecording], results: Sequence[SystemResult], ours: Predictions
) -> Path:
    """Writes `report.md` and its charts into `folder`, which is created. Returns the report's path. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    hours = sum(recording.duration for recording in recordings) / 3600
    parts = [
        f"# {ours.name} on {name}",
        f"{len(recordings)} recordings, {hours:.1f} h. Means with 95 % confidence intervals (bootstrap over recordings).",
    ]
    if ours.prompt_version is not None:
        parts.append(f"Asked with the prompts of version {ours.prompt_version}.")
    for heading, columns, rows in tables(results):
        file, charted = f"{heading.lower()}.svg", _CHARTED[heading]
        (folder / file).write_text(chart(rows, {key: columns[key] for key in charted}, emphasised=ours.name), encoding="utf-8")
        parts += [f"## {heading}", f"![{heading}]({file})", table(rows, columns)]
    titles = title_pairs(recordings, ours)
    if titles:
        parts += ["## Titles", "Drawn at random from moments that overlap a human chapter by IoU 0.5 or more.", _titles_table(titles)]
    if ours.errors:
        parts += ["## Failed", "\n".join(f"- {key}: {why}" for key, why in ours.errors.items())]
    path = folder / "report.md"
    path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return path


def table(rows: Sequence[tuple[str, Mapping[str, Estimate]]], columns: Mapping[str, str]) -> str:
    """Returns a Markdown table of estimates."""
    lines = ["| | " + " | ".join(columns.values()) + " |", "|---|" + "---|" * len(columns)]
    for name, estimates in rows:
        cells = [cell(estimates[key]) if key in estimates else "–" for key in columns]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def cell(estimate: Estimate) -> str:
    """Returns an estimate as `0.412 (0.36–0.46)`."""
    return f"{estimate.mean:.3f} ({estimate.low:.2f}–{estimate.high:.2f})"


def title_pairs(recordings: Sequence[EvaluatedRecording], ours: Predictions, count: int = _TITLES) -> list[tuple[str, str]]:
    """Returns pairs (ours, human) of titles and human headings of the same stretches, drawn with a fixed seed."""
    pairs: list[tuple[str, str]] = []
    for recording in recordings:
        headings = {chapter.start: chapter.title for chapter in recording.chapters}
        for span in tiling(boundaries(recording.starts, recording.duration), recording.duration):
            heading = headings.get(span.start, "")
            close = [one for one in ours.moments.get(recording.id, []) if span.iou(Interval(one.start, one.end)) >= 0.5 and one.title]
            if heading and close:
                pairs.append((close[0].title, heading))
    return random.Random(7).sample(pairs, min(count, len(pairs)))


def _titles_table(pairs: Sequence[tuple[str, str]]) -> str:
    clean = [tuple(text.replace("|", "/").replace("\n", " ") for text in pair) for pair in pairs]
    return "\n".join(["| ours | human |", "|---|---|", *(f"| {ours} | {human} |" for ours, human in clean)])
