"""Datasets, predictions, tables and reports, without a model."""

from __future__ import annotations

import gzip
import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from videomoments.core.errors import InvalidInput
from videomoments.evaluation import baselines
from videomoments.evaluation.dataset import EvaluatedRecording, lines_of, read_dataset
from videomoments.evaluation.evaluation_report import title_pairs, write_report
from videomoments.evaluation.intervals import estimate
from videomoments.evaluation.predictions import PredictedMoment, Predictions, read_predictions
from videomoments.evaluation.results import evaluate, evaluate_draws
from videomoments.evaluation.texttiling import deep_valleys


def row(identifier: str, **more: Any) -> dict[str, Any]:
    segments = [
        {"start": at * 10.0, "end": at * 10.0 + 10.0, "text": "One thing. Another thing.", "speaker": "AB"[at % 2]} for at in range(60)
    ]
    chapters = [{"start": at, "title": f"Part at {at}"} for at in (0.0, 200.0, 400.0)]
    queries = [{"query": "What is the thing?", "spans": [[200.0, 400.0]]}]
    return {"id": identifier, "duration": 600.0, "segments": segments, "chapters": chapters, "queries": queries} | more


def write(path: Path, *rows: dict[str, Any]) -> Path:
    text = "".join(json.dumps(one) + "\n" for one in rows)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


@pytest.fixture
def recordings(tmp_path: Path) -> list[EvaluatedRecording]:
    return read_dataset(write(tmp_path / "set.jsonl", row("a"), row("b"), row("c")))


def perfect(recordings: list[EvaluatedRecording]) -> Predictions:
    found = Predictions("perfect")
    for one in recordings:
        found.starts[one.id] = one.starts
        found.moments[one.id] = [PredictedMoment(0.0, 200.0, "First | part", 0.5), PredictedMoment(200.0, 400.0, "Second", 0.9)]
        for query in one.queries:
            found.spans[one.id, query.query] = query.intervals
    return found


def test_a_dataset_is_read_plain_or_packed(tmp_path: Path) -> None:
    for name in ("set.jsonl", "set.jsonl.gz"):
        assert [one.id for one in read_dataset(write(tmp_path / name, row("a"), row("b")))] == ["a", "b"]
    plain = tmp_path / "separators.jsonl"
    plain.write_text(json.dumps(row("a", title="one\u2028two\x85three"), ensure_ascii=False) + "\r\n")
    assert [one.title for one in read_dataset(plain)] == ["one\u2028two\x85three"]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([row("a"), row("a")], "line 2: the id 'a' occurs twice"),
        ([row("a", duration=-1)], "line 1: duration"),
        ([row("a", segments=[])], "line 1: segments"),
        ([row("a", queries=[{"query": "x", "spans": [[5, 1]]}])], "a span ends before it starts"),
        ([], "holds no recording"),
    ],
)
def test_a_wrong_dataset_is_refused_by_line(tmp_path: Path, rows: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        read_dataset(write(tmp_path / "set.jsonl", *rows))


def test_a_damaged_archive_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "set.jsonl.gz", row("a"))
    sound = path.read_bytes()
    for damaged in (sound[:10] + b"\xff" * 20 + sound[30:], sound[:-20], sound[:-8] + bytes(8), b"no archive"):
        path.write_bytes(damaged)
        with pytest.raises(InvalidInput, match="can't be read"):
            read_dataset(path)


def test_lines_know_their_turn_and_no_line_spans_two(recordings: list[EvaluatedRecording]) -> None:
    lines = lines_of(recordings[0])
    assert [line.n for line in lines] == list(range(1, 121))
    assert [(line.turn, line.speaker, line.start) for line in lines[:4]] == [(1, "A", 0.0), (1, "A", 5.0), (2, "B", 10.0), (2, "B", 15.0)]


def test_predictions_come_back_as_they_were_written(tmp_path: Path, recordings: list[EvaluatedRecording]) -> None:
    written = perfect(recordings)
    written.errors["b"] = "no answer"
    written.prompt_version = "7"
    written.moments["a"][0] = PredictedMoment(0.0, 200.0, "Two\u2028lines\x85in one", 0.5)  # which JSON may hold as they are
    written.write(tmp_path / "perfect.jsonl")
    first, *_, last = (json.loads(line) for line in (tmp_path / "perfect.jsonl").read_text().rstrip("\n").split("\n"))
    assert first["starts"] == [0.0, 200.0, 400.0]
    assert set(first["moments"][0]) == {"start_time", "end_time", "title", "score"}
    assert last == {"id": "c", "query": "What is the thing?", "spans": [[200.0, 400.0]], "prompt_version": "7"}
    assert read_predictions(tmp_path / "perfect.jsonl") == written


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ('{"id": "a", "starts": [NaN]}', "line 1: Input should be a finite number"),
        ('{"id": "a", "query": "x", "spans": [[5, 1]]}', "line 1: .*a span ends before it starts"),
        ('{"id": "a", "starts": []}\n\n{"id": "a", "starts": [1]}', "line 3: there is a row of 'a' already"),
    ],
)
def test_wrong_predictions_are_refused_by_line(tmp_path: Path, rows: str, said: str) -> None:
    (tmp_path / "found.jsonl").write_text(rows)
    with pytest.raises(InvalidInput, match=said):
        read_predictions(tmp_path / "found.jsonl")


def test_the_perfect_system_is_perfect_and_nothing_is_nothing(recordings: list[EvaluatedRecording]) -> None:
    best, nothing = evaluate(recordings, perfect(recordings)), evaluate(recordings, Predictions("nothing"))
    assert (best.chapters["f1_10"].mean, best.chapters["pk"].mean, best.queries["map_avg"].mean) == (1.0, 0.0, 1.0)
    assert (nothing.chapters["f1_10"].mean, nothing.queries["r1_50"].mean) == (0.0, 0.0)


def test_baselines_are_worse_than_the_truth_and_repeatable(recordings: list[EvaluatedRecording]) -> None:
    def draw(seed: int) -> Predictions:
        return baselines.random_turns(recordings, seed)

    once, again = (evaluate_draws(recordings, "random", draw, 5) for _ in range(2))
    assert once == again
    assert 0.0 < once.chapters["f1_10"].mean < 0.6
    assert evaluate(recordings, baselines.whole_video(recordings)).chapters["f1_10"].mean == 0.0
    assert evaluate(recordings, baselines.uniform(recordings)).chapters["pk"].mean == 0.0  # three equal parts is the truth here


def test_the_interval_is_over_files() -> None:
    # Many values of one file are one opinion.
    alike = estimate({"a": [0.0] * 50, "b": [1.0] * 50})
    assert alike.mean == 0.5
    assert (alike.low, alike.high) == (0.0, 1.0)
    many = estimate({str(index): [float(index % 2)] for index in range(400)})
    # The standard error of 400 coin tosses is 0.025.
    assert many.low == pytest.approx(0.451, abs=0.01)
    assert many.high == pytest.approx(0.549, abs=0.01)


def test_texttiling_cuts_where_meaning_turns() -> None:
    generator = np.random.default_rng(3)
    directions = np.repeat(np.eye(8)[:3], 20, axis=0)
    vectors = directions + 0.2 * generator.normal(size=directions.shape)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert deep_valleys(vectors) == [pytest.approx(20, abs=1), pytest.approx(40, abs=1)]


def test_the_report_holds_table_charts_and_titles(tmp_path: Path, recordings: list[EvaluatedRecording]) -> None:
    ours = perfect(recordings)
    ours.prompt_version = "2026-11-2"
    results = [evaluate(recordings, ours), evaluate(recordings, baselines.whole_video(recordings))]
    text = write_report(tmp_path / "report", "set.jsonl", recordings, results, ours).read_text()
    assert "| perfect | 0.000 (0.00–0.00) |" in text
    assert "Asked with the prompts of version 2026-11-2." in text
    assert "| First / part | Part at 0.0 |" in text
    for name in ("chapters.svg", "queries.svg"):
        assert f"({name})" in text
        root = ElementTree.fromstring((tmp_path / "report" / name).read_text())
        circles = [node for node in root.iter() if node.tag.endswith("circle")]
        assert len(circles) == 8
    assert len(title_pairs(recordings, ours)) == 6
