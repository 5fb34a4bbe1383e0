"""Whether a blind second pass pays: `python second_pass.py DATASET PREDICTIONS [--limit N]`.

PREDICTIONS: what `moments eval` kept of a model's moments. The small language model (extra `llama`) reads each moment's words alone,
without its score, and grades from 0 to 10 how well it stands on its own. Beside the scores of the first pass it is measured how often a
moment that a person also set (IoU of 0.5 or more) is graded above one that nobody set, and what dropping the lowest quarter does to
precision and recall.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from moments_models.engine_contract import ChatPrompt
from moments_models.engines.llama import QWEN_CODER, Llama
from moments_models.request_jobs import Job
from videomoments.core.times import Interval
from videomoments.evaluation.dataset import EvaluatedRecording, read_dataset
from videomoments.evaluation.metrics.chapter_metrics import boundaries, tiling
from videomoments.evaluation.predictions import read_predictions

DROPPED = 0.25
_WORDS = 90
"""From the beginning and from the end of a moment: where it is seen whether it is whole."""
_QUESTION = """\
Below are the beginning and the end of a passage cut out of a long recording. Grade from 0 to 10 how well the passage stands on its own:
it opens one subject, stays with it, and closes it. 0: starts or stops in mid-thought, or is small talk. 10: complete.

BEGINNING: {head}

END: {tail}

Answer with JSON: {{"grade": number}}"""
_SCHEMA = {"type": "object", "properties": {"grade": {"type": "integer", "minimum": 0, "maximum": 10}}, "required": ["grade"]}


@dataclass(frozen=True, slots=True)
class Judged:
    """A moment: whether a person set it too, what the first pass scored, what the second pass graded."""

    set_by_people: bool
    score: float
    grade: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", type=Path)
    parser.add_argument("predictions", type=Path)
    parser.add_argument("--limit", type=int, help="only the first so many recordings")
    options = parser.parse_args()
    started = time.process_time()
    judged = list(_judged(read_dataset(options.dataset)[: options.limit], options.predictions))
    seconds = (time.process_time() - started) / max(len(judged), 1)
    truth = np.array([one.set_by_people for one in judged])
    print(f"{len(judged)} moments, {truth.mean():.3f} of them set by people too; {seconds:.1f} CPU-s each")
    for name, values in (("first pass", [one.score for one in judged]), ("second pass", [one.grade for one in judged])):
        graded = np.array(values)
        keeps = np.argsort(np.argsort(graded, kind="stable")) >= DROPPED * len(graded)
        precision, recall = truth[keeps].mean(), truth[keeps].sum() / truth.sum()
        print(f"{name}: right order {_right_order(truth, graded):.3f} (chance 0.5), {len(set(values))} grades, mean {graded.mean():.2f}")
        print(f"  without the lowest quarter: precision {precision:.3f}, {recall:.3f} of the moments that people set too")


def _judged(recordings: Sequence[EvaluatedRecording], predictions: Path) -> Iterator[Judged]:
    found = read_predictions(predictions)
    model: Llama = QWEN_CODER.load()
    for recording in recordings:
        human = tiling(boundaries(recording.starts, recording.duration), recording.duration)
        for moment in found.moments.get(recording.id, []):
            span = Interval(moment.start, moment.end)
            words = [word for said in recording.segments if span.start <= said.start < span.end for word in said.text.split()]
            question = _QUESTION.format(head=" ".join(words[:_WORDS]), tail=" ".join(words[_WORDS:][-_WORDS:]))
            yield Judged(any(span.iou(other) >= 0.5 for other in human), moment.score, _grade(model, question))


def _grade(model: Llama, question: str) -> float:
    wish = {"type": "json_schema", "json_schema": {"name": "grade", "schema": _SCHEMA}}
    settings = {"temperature": 0.0, "max_tokens": 20, "response_format": wish}
    return float(json.loads(model.complete(ChatPrompt(({"role": "user", "content": question},), settings), Job()).text)["grade"])


def _right_order(truth: np.ndarray, graded: np.ndarray) -> float:
    """The share of pairs of a moment that people set and one that they did not in which the first is graded higher; equals count half."""
    pairs = graded[truth][:, None] - graded[~truth][None, :]
    return float((pairs > 0).mean() + 0.5 * (pairs == 0).mean())


if __name__ == "__main__":
    main()
