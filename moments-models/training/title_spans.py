"""Spans whose titles are judged (docs/models/titles-rubric.md): `python title_spans.py TALKS MEETINGS --output title_spans.json`.

Frozen by seed before titles were changed. 40 spans, each the middle of a human chapter: 20 of talks that no title chooser is trained on,
20 of meetings, one of a recording. A span is whole lines of sentences, 20 to 90 s in all where the chapter is that long.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from videomoments.evaluation.dataset import EvaluatedRecording, read_dataset

SEED = 18
JUDGED = 20
LENGTHS = (20.0, 90.0)
SHORTEST_CHAPTER = 25.0
HELD_OUT_SHARE = 0.25
"""Of the talks; the chooser is trained on others."""
FROZEN = Path(__file__).with_name("title_spans.json")


@dataclass(frozen=True, slots=True)
class JudgedSpan:
    """A span of a recording in seconds."""

    dataset: str
    recording: str
    start: float
    end: float


def held_out(talks: Sequence[EvaluatedRecording]) -> set[str]:
    """Returns the ids of the talks that no chooser may be trained on."""
    ids = sorted(talk.id for talk in talks)
    return set(random.Random(SEED).sample(ids, round(len(ids) * HELD_OUT_SHARE)))


def chapter_spans(recording: EvaluatedRecording, seed: str) -> list[tuple[float, float, str]]:
    """Returns a span around the middle of each human chapter that is long enough, with the chapter's title."""
    choice = random.Random(f"{SEED} {seed} {recording.id}")
    starts = sorted((chapter.start, chapter.title) for chapter in recording.chapters)
    found = []
    for at, (start, title) in enumerate(starts):
        end = starts[at + 1][0] if at + 1 < len(starts) else recording.duration
        length = min(choice.uniform(*LENGTHS), end - start)
        if end - start >= SHORTEST_CHAPTER:
            middle = (start + end) / 2
            found.append((round(middle - length / 2, 1), round(middle + length / 2, 1), title))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("talks", type=Path)
    parser.add_argument("meetings", type=Path)
    parser.add_argument("--output", type=Path, default=FROZEN)
    options = parser.parse_args()
    talks, meetings = read_dataset(options.talks), read_dataset(options.meetings)
    kept = held_out(talks)
    frozen: list[JudgedSpan] = []
    for name, recordings in (("talks", [talk for talk in talks if talk.id in kept]), ("meetings", meetings)):
        able = [one for one in sorted(recordings, key=lambda one: one.id) if chapter_spans(one, "judged")]
        for recording in random.Random(SEED).sample(able, JUDGED):
            start, end, _ = random.Random(f"{SEED} {recording.id}").choice(chapter_spans(recording, "judged"))
            frozen.append(JudgedSpan(name, recording.id, start, end))
    options.output.write_text(json.dumps([asdict(span) for span in frozen], indent=1) + "\n")


if __name__ == "__main__":
    main()
