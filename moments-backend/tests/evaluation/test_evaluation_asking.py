"""A model is asked for every recording and query; what fails is told and counts as nothing. The command, on a file and no model."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from support.fakes.model_server import CHAT, ModelServer, hang, reply, task_block
from support.fakes.ssh_server import SshServer
from support.workers import WATCHDOG_SECONDS
from videomoments.cli.app import run
from videomoments.core.config import Settings
from videomoments.core.errors import ModelError
from videomoments.core.times import Interval
from videomoments.evaluation import asking
from videomoments.evaluation.asking import predict
from videomoments.evaluation.dataset import EvaluatedRecording
from videomoments.inference.model_registry import ModelConfig, ModelKind, Transport
from videomoments.moments.prompt_texts import PROMPT_VERSION

SEGMENTS = [{"start": at * 10.0, "end": at * 10.0 + 10.0, "text": f"This is part {at}.", "speaker": "A"} for at in range(30)]
ROW: dict[str, Any] = {
    "id": "talk",
    "duration": 300.0,
    "segments": SEGMENTS,
    "chapters": [{"start": 0.0, "title": "Opening"}, {"start": 150.0, "title": "Closing"}],
    "queries": [{"query": "closing words", "spans": [[150.0, 300.0]]}],
}


CHAPTERS_ONLY = EvaluatedRecording.model_validate(ROW | {"queries": []})


def moments(*spans: tuple[float, float, float]) -> str:
    return json.dumps([{"start_time": a, "end_time": b, "title": "A title", "score": score, "reason": "because"} for a, b, score in spans])


def model_at(server: ModelServer) -> ModelConfig:
    return ModelConfig(key="fake", kind=ModelKind.CHAT, endpoint=CHAT, model_name="fake-chat", base_url=server.url, max_concurrency=1)


async def test_chapters_are_asked_without_and_queries_with_a_prompt() -> None:
    async with ModelServer() as server:
        server.script += [reply(moments((150, 300, 0.4), (0, 150, 0.9))), reply(moments((0, 50, 0.2), (150, 300, 0.8)))]
        found = await predict([EvaluatedRecording.model_validate(ROW)], model_at(server), Settings(), lambda *_: None)
        blocks = [task_block(request.body) for request in server.requests]
    assert found.starts == {"talk": [0.0, 150.0]}
    assert found.prompt_version == PROMPT_VERSION
    assert [(one.title, one.score) for one in found.moments["talk"]] == [("A title", 0.9), ("A title", 0.4)]
    # Best first, whatever their place.
    assert found.spans["talk", "closing words"] == [Interval(150.0, 300.0), Interval(0.0, 50.0)]
    assert [block["prompt"] for block in blocks] == ["", "closing words"]
    assert (blocks[0]["lines"][1]["turn"], blocks[0]["lines"][1]["speaker"]) == (2, "A")
    # Lengths are the model's to choose.
    assert blocks[0]["limits"]["max_duration"] == 300.0


async def test_a_query_is_asked_with_a_limited_answer_and_chapters_are_not() -> None:
    async with ModelServer() as server:
        server.script += [reply(moments((0, 150, 0.9))), reply(moments((150, 300, 0.8)))]
        await predict([EvaluatedRecording.model_validate(ROW)], model_at(server), Settings(), lambda *_: None)
        schemas = [request.body["response_format"]["json_schema"]["schema"] for request in server.requests]
    assert [schema.get("maxItems") for schema in schemas] == [None, 10]


async def test_a_model_behind_ssh_is_reached_by_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with SshServer(tmp_path / "ssh") as ssh, ModelServer() as server:
        for name, value in ssh.environment.items():
            monkeypatch.setenv(name, value)
        server.script += [reply(moments((0, 150, 0.9)))]
        route = {"transport": Transport.SSH, "base_url": None, "ssh_host": ssh.alias, "remote_port": server.port}
        found = await predict([CHAPTERS_ONLY], model_at(server).model_copy(update=route), Settings(), lambda *_: None)
    assert found.starts == {"talk": [0.0]}
    assert found.errors == {}


async def test_a_streamed_answer_may_begin_as_late_as_it_may_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_PATIENCE", 0.3)
    async with ModelServer() as server, asyncio.timeout(WATCHDOG_SECONDS):
        server.script.append(hang())
        with pytest.raises(ModelError, match="did not begin to answer"):
            await predict([CHAPTERS_ONLY], model_at(server).model_copy(update={"stream": True}), Settings(), lambda *_: None)


async def test_a_row_that_fails_is_told_and_empty() -> None:
    async with ModelServer() as server:
        server.script += [reply(moments((0, 150, 0.9))), *(reply("I won't.") for _ in range(3))]
        found = await predict([EvaluatedRecording.model_validate(ROW)], model_at(server), Settings(), lambda *_: None)
    assert found.starts["talk"] == [0.0]
    assert found.spans["talk", "closing words"] == []
    assert list(found.errors) == ["talk: closing words"]


async def test_a_model_that_answers_nothing_at_all_is_an_error() -> None:
    async with ModelServer() as server:
        server.script += [reply("I won't.") for _ in range(6)]
        with pytest.raises(ModelError, match="answered nothing"):
            await predict([EvaluatedRecording.model_validate(ROW)], model_at(server), Settings(), lambda *_: None)


def test_the_command_measures_a_file_without_a_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "set.jsonl").write_text(json.dumps(ROW))
    (tmp_path / "found.jsonl").write_text(json.dumps({"id": "talk", "starts": [0, 155]}))
    base = ("eval", str(tmp_path / "set.jsonl"), "--from", str(tmp_path / "found.jsonl"), "--no-baselines")
    assert run([*base, "--report", str(tmp_path / "report")]) == 0
    assert "1.000 (1.00–1.00)" in capsys.readouterr().out
    assert (tmp_path / "report" / "report.md").exists()
    assert run([*base, "--json"]) == 0
    (figures,) = json.loads(capsys.readouterr().out)
    assert figures["chapters"]["f1_10"]["mean"] == 1.0
    assert figures["queries"]["r1_50"]["mean"] == 0.0


def test_a_file_of_another_dataset_is_refused_and_what_one_leaves_out_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "set.jsonl").write_text(json.dumps(ROW) + "\n" + json.dumps(ROW | {"id": "other"}))
    found = tmp_path / "found.jsonl"
    base = ["eval", str(tmp_path / "set.jsonl"), "--from", str(found), "--no-baselines", "--json"]
    found.write_text(json.dumps({"id": "a talk", "starts": [0, 155]}))
    assert run(base) != 0
    assert "1 recordings that the dataset does not hold; the first: 'a talk'" in capsys.readouterr().err
    found.write_text(json.dumps({"id": "talk", "starts": [0, 155], "prompt_version": "7"}))
    assert run(base) == 0
    told = capsys.readouterr()
    assert "leaves out 1 of 2 recordings" in told.err
    assert json.loads(told.out)[0]["prompt_version"] == "7"
    # What failed when the model was asked has failed still.
    found.write_text(json.dumps({"id": "talk", "starts": [], "error": "no answer"}) + "\n" + json.dumps({"id": "other", "starts": []}))
    assert run(base) == 1
    told = capsys.readouterr()
    assert "1 rows failed" in told.err
    assert json.loads(told.out)[0]["failed"] == 1


def test_a_model_or_a_file_and_not_both(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "set.jsonl").write_text(json.dumps(ROW))
    assert run(["eval", str(tmp_path / "set.jsonl")]) == 2
    assert "--model" in capsys.readouterr().err
