"""Writes pairs of titles for blind readers: `python title_examples.py titles TALKS MEETINGS --output NEW.json`, then
`python title_examples.py pair OLD.json NEW.json --output JUDGE.json --key KEY.json`.

The first form titles the frozen spans with the code that it finds; run it with an older `moments_models` first on the path for the old
titles. As in a run, a recording's spans are titled together, one for each human chapter. The second form puts both titles of a span side
by side in random order, under A and B, with the span's text; the key says which is which. What it writes holds text of the datasets: keep
it outside the repository. The rubric is docs/models/titles-rubric.md.
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
from title_spans import FROZEN, SEED, JudgedSpan, chapter_spans, lines_in

from embedded import Cached
from moments_models.titles import titles
from videomoments.evaluation.dataset import EvaluatedRecording, lines_of, read_dataset

MOST = 3
"""Spans of a recording that are titled together."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parts = parser.add_subparsers(dest="part", required=True)
    titled = parts.add_parser("titles")
    titled.add_argument("talks", type=Path)
    titled.add_argument("meetings", type=Path)
    titled.add_argument("--cache", type=Path, required=True, help="folder for sentence embeddings")
    titled.add_argument("--others", type=int, help="spans of other recordings in place of the frozen ones: their seed")
    titled.add_argument("--output", type=Path, required=True)
    pair = parts.add_parser("pair")
    pair.add_argument("old", type=Path)
    pair.add_argument("new", type=Path)
    pair.add_argument("--key", type=Path, required=True)
    pair.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    if options.part == "pair":
        write_pairs(options.old, options.new, options.output, options.key)
        return
    recordings = {"talks": read_dataset(options.talks), "meetings": read_dataset(options.meetings)}
    embed = Cached(options.cache)
    spans = [JudgedSpan(**row) for row in json.loads(FROZEN.read_text())]
    if options.others is not None:
        spans = other_spans(spans, recordings, options.others)
    rows = []
    for span in spans:
        recording = next(one for one in recordings[span.dataset] if one.id == span.recording)
        rows.append(titled_span(recording, span, embed))
        print(f"{len(rows)} of {len(spans)}", end="\r", flush=True)
    options.output.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")


def other_spans(frozen: list[JudgedSpan], recordings: dict[str, list[EvaluatedRecording]], seed: int) -> list[JudgedSpan]:
    """Returns spans to develop with: 20 of talks and 20 of meetings, none of them frozen."""
    choice = random.Random(seed)
    found = []
    for name, several in recordings.items():
        taken = {(span.recording, span.start) for span in frozen} if name == "meetings" else set()
        avoided = {span.recording for span in frozen} if name == "talks" else set()
        spans = [
            JudgedSpan(name, one.id, start, end)
            for one in several
            if one.id not in avoided
            for start, end, _ in chapter_spans(one, "judged")
            if (one.id, start) not in taken
        ]
        found += choice.sample(spans, 20)
    return found


def titled_span(recording: EvaluatedRecording, span: JudgedSpan, embed: Any) -> dict[str, Any]:
    """Returns the title of a span among those of the recording's other chapters."""
    lines = lines_of(recording, speakers=False)
    mine = lines_in(lines, span.start, span.end)
    others = [lines_in(lines, start, end) for start, end, _ in chapter_spans(recording, "judged") if start != span.start]
    others = [one for one in others if one[1] <= mine[0] or one[0] >= mine[1]]
    stretches = sorted([mine, *random.Random(SEED).sample(others, min(MOST - 1, len(others)))])
    inside = {at for first, last in stretches for at in range(first, last)}
    texts = [" ".join(line.text for line in lines[first:last]) for first, last in stretches]
    elsewhere = [line.text for at, line in enumerate(lines) if at not in inside]
    vectors = [embed([line.text for line in lines[first:last]]).mean(axis=0) for first, last in stretches]
    centres = np.array([vector / max(float(np.linalg.norm(vector)), 1e-9) for vector in vectors])
    starts = [lines[first].start for first, _ in stretches]
    at = stretches.index(mine)
    title = titles(texts, starts, embed, elsewhere=elsewhere, centres=centres)[at]
    return {"dataset": span.dataset, "recording": span.recording, "start": span.start, "title": title, "text": texts[at]}


def write_pairs(old: Path, new: Path, output: Path, key: Path) -> None:
    """Writes the spans in random order, each with its two titles in random order."""
    choice = random.Random(SEED)
    pairs = list(zip(json.loads(old.read_text()), json.loads(new.read_text()), strict=True))
    choice.shuffle(pairs)
    shown, meant = [], []
    for number, (before, now) in enumerate(pairs, 1):
        first = choice.choice(("old", "new"))
        a, b = (before, now) if first == "old" else (now, before)
        shown.append({"number": number, "text": now["text"], "A": a["title"], "B": b["title"]})
        meant.append({"number": number, "dataset": now["dataset"], "A": first, "B": "new" if first == "old" else "old"})
    output.write_text(json.dumps(shown, indent=1, ensure_ascii=False) + "\n")
    key.write_text(json.dumps(meant, indent=1) + "\n")


if __name__ == "__main__":
    main()
