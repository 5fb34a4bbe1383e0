"""Salience: the measure, what has to be beaten, files, and what a model is asked."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_machine import examples

from support.fakes.model_server import CHAT, ModelServer, reply, task_block
from videomoments.cli.app import run
from videomoments.core.config import Settings
from videomoments.core.times import Interval
from videomoments.evaluation import baselines
from videomoments.evaluation.asking import predict
from videomoments.evaluation.dataset import EvaluatedRecording, lines_of
from videomoments.evaluation.evaluation_report import write_report
from videomoments.evaluation.metrics.salience import MarkedTime, lift
from videomoments.evaluation.predictions import Predictions, read_predictions
from videomoments.evaluation.results import SALIENCE_COLUMNS, evaluate, evaluate_draws
from videomoments.inference.model_registry import ModelConfig, ModelKind

# A hundred seconds, of which people marked 20 to 40, and half of 60 to 80.
MARKED = MarkedTime([(Interval(60.0, 80.0), 0.5), (Interval(20.0, 40.0), 1.0)], 100.0)


def meeting(**more: Any) -> EvaluatedRecording:
    """Ten minutes; the turns from 100 to 160 s and at 400 s are marked."""
    segments = [
        {
            "start": at * 20.0,
            "end": at * 20.0 + 20.0,
            "text": f"We decide on thing {at}. It costs {at}.",
            "speaker": "AB"[at % 2],
            "salient": 1.0 if at in (5, 6, 7, 20) else 0.0,
        }
        for at in range(30)
    ]
    return EvaluatedRecording.model_validate({"id": "m", "duration": 600.0, "segments": segments} | more)


def test_the_lift_is_the_marked_share_of_what_was_taken_over_the_recordings_own() -> None:
    assert MARKED.share == pytest.approx(0.3)
    assert lift(MARKED, [Interval(20.0, 40.0)], 0.2) == pytest.approx(1.0 / 0.3)
    assert lift(MARKED, [Interval(60.0, 80.0)], 0.1) == pytest.approx(0.5 / 0.3)
    assert lift(MARKED, [Interval(0.0, 20.0)], 0.2) == 0.0


def test_the_last_moment_is_cut_where_the_share_is_full() -> None:
    assert lift(MARKED, [Interval(0.0, 5.0), Interval(30.0, 60.0)], 0.1) == pytest.approx(5.0 / 10.0 / 0.3)


def test_where_moments_end_early_the_rest_is_chance() -> None:
    assert lift(MARKED, [], 0.2) == pytest.approx(1.0)
    assert lift(MARKED, [Interval(20.0, 30.0)], 0.2) == pytest.approx((10.0 / 0.3 + 10.0) / 20.0)


def test_what_two_moments_hold_counts_once_and_nothing_outside_the_recording_counts() -> None:
    twice = [Interval(20.0, 30.0), Interval(15.0, 35.0), Interval(-50.0, 0.0), Interval(100.0, 200.0)]
    assert lift(MARKED, twice, 0.2) == pytest.approx(lift(MARKED, [Interval(15.0, 35.0)], 0.2))


spans = st.lists(st.tuples(st.integers(0, 95), st.integers(1, 60)), max_size=8)


@settings(max_examples=examples(100), deadline=None)
@given(spans, spans, st.sampled_from([0.1, 0.2, 0.3]))
def test_the_lift_is_what_counting_seconds_gives(marked: list[tuple[int, int]], found: list[tuple[int, int]], share: float) -> None:
    seconds = np.zeros(100)
    for start, length in marked:
        seconds[start : start + length] = 1.0
    if not seconds.any():
        return
    edges = np.flatnonzero(np.diff(np.concatenate([[0.0], seconds, [0.0]])))
    parts = [(Interval(float(a), float(b)), 1.0) for a, b in list(pairwise(edges))[::2]]
    taken: list[int] = []
    for start, length in found:
        taken += [at for at in range(start, min(start + length, 100)) if at not in taken]
    wanted = round(100 * share)
    own = seconds.mean()
    value = (seconds[taken[:wanted]].sum() + own * (wanted - len(taken[:wanted]))) / wanted / own
    assert lift(MarkedTime(parts, 100.0), [Interval(float(a), float(a + b)) for a, b in found], share) == pytest.approx(value)


def test_the_oracle_is_best_and_random_is_chance() -> None:
    recordings = [meeting()]
    opening, oracle = (evaluate(recordings, choose(recordings)).salience for choose in (baselines.opening, baselines.oracle))
    assert opening["lift_10"].mean == 0.0
    assert opening["lift_20"].mean == pytest.approx(20.0 / 120.0 / (80.0 / 600.0))
    assert oracle["lift_10"].mean > 5.0
    many = evaluate_draws(recordings, "random", lambda seed: baselines.random_spans(recordings, seed), 400).salience
    assert many["lift_20"].mean == pytest.approx(1.0, abs=0.15)
    turns = [{"start": 0.0, "end": 5.0, "text": "a", "salient": 1.0}, {"start": 5.0, "end": 95.0, "text": "b"}]
    longest = baselines.longest_turns([meeting(segments=turns)])
    assert [(one.start, one.end) for one in longest.chosen["m"]] == [(5.0, 95.0), (0.0, 5.0)]


def test_without_marks_the_answers_to_queries_are_marked() -> None:
    queries = [{"query": "a", "spans": [[30.0, 70.0]]}, {"query": "b", "spans": [[60.0, 80.0], [500.0, 510.0]]}]
    plain = [one.model_dump(exclude={"salient"}) for one in meeting().segments]
    recording = meeting(segments=plain, queries=queries)
    assert recording.marked is None
    marked = recording.for_salience().marked
    assert marked is not None
    assert marked.until(600.0) == pytest.approx(60.0)
    assert marked.until(40.0) == pytest.approx(10.0)
    assert meeting(queries=queries).for_salience().marked.share == pytest.approx(80.0 / 600.0)  # type: ignore[union-attr]


def model_at(server: ModelServer) -> ModelConfig:
    return ModelConfig(key="fake", kind=ModelKind.CHAT, endpoint=CHAT, model_name="fake-chat", base_url=server.url, max_concurrency=1)


@pytest.mark.parametrize("speakers", [True, False])
async def test_a_model_is_asked_for_as_many_moments_as_there_are_of_the_usual_length(speakers: bool) -> None:
    rows = [
        {"start_time": 0, "end_time": 40, "title": "First", "score": 0.4},
        {"start_time": 100, "end_time": 160, "title": "Second", "score": 0.9},
    ]
    async with ModelServer() as server:
        server.script.append(reply(json.dumps(rows)))
        found = await predict([meeting()], model_at(server), Settings(), lambda *_: None, speakers=speakers)
        (block,) = [task_block(request.body) for request in server.requests]
    assert [(one.title, one.score) for one in found.chosen["m"]] == [("Second", 0.9), ("First", 0.4)]
    assert (found.starts, found.spans) == ({}, {})
    assert block["limits"]["max_moments"] >= 1000
    assert (block["limits"]["min_duration"], block["limits"]["max_duration"]) == (15.0, 90.0)
    assert block["find"] == "moments"
    assert ("speaker" in block["lines"][0], "turn" in block["lines"][0]) == (speakers, speakers)


def test_lines_without_speakers_are_the_same_lines() -> None:
    known, unknown = lines_of(meeting()), lines_of(meeting(), speakers=False)
    assert [(one.start, one.text) for one in known] == [(one.start, one.text) for one in unknown]
    assert {(one.turn, one.speaker) for one in unknown} == {(None, "")}


def test_files_and_the_report_hold_what_was_chosen(tmp_path: Path) -> None:
    recordings = [meeting()]
    ours = baselines.oracle(recordings)
    ours.errors["m: moments"] = "It broke."
    ours.write(tmp_path / "found.jsonl")
    read = read_predictions(tmp_path / "found.jsonl")
    assert read.chosen == ours.chosen
    assert read.errors == ours.errors
    assert read.recordings == {"m"}
    result = evaluate(recordings, ours)
    report = write_report(tmp_path / "report", "set.jsonl", recordings, [result, evaluate(recordings, Predictions("nothing"))], ours)
    assert "## Salience" in report.read_text()
    assert "## Chapters" not in report.read_text()
    assert (tmp_path / "report" / "salience.svg").read_text().count("<circle") == 2 * len(SALIENCE_COLUMNS)


def test_the_command_measures_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "set.jsonl").write_text(meeting().model_dump_json() + "\n")
    row = {"id": "m", "find": "moments", "moments": [{"start_time": 100.0, "end_time": 160.0, "score": 1.0}]}
    (tmp_path / "found.jsonl").write_text(json.dumps(row) + "\n")
    base = ["eval", str(tmp_path / "set.jsonl"), "--from", str(tmp_path / "found.jsonl"), "--salience"]
    assert run([*base, "--json"]) == 0
    ours, *others = json.loads(capsys.readouterr().out)
    assert ours["salience"]["lift_10"]["mean"] == pytest.approx(7.5)
    assert [one["name"] for one in others] == ["random", "opening", "longest turns", "oracle, 45 s"]
    assert run(base) == 0
    assert "lift@20%" in capsys.readouterr().out


def test_salience_of_a_dataset_without_marks_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain = meeting(segments=[{"start": 0.0, "end": 10.0, "text": "a"}], chapters=[{"start": 0.0}])
    (tmp_path / "set.jsonl").write_text(plain.model_dump_json() + "\n")
    (tmp_path / "found.jsonl").write_text('{"id": "m", "starts": [0]}\n')
    assert run(["eval", str(tmp_path / "set.jsonl"), "--from", str(tmp_path / "found.jsonl"), "--salience"]) == 2
    assert "nothing is marked" in capsys.readouterr().err
