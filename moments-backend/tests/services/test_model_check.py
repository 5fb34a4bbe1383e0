"""Tests of a model: each fault is named in one line, by the step that it ends at."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from aiohttp import web

from support.fakes.chat_dialects import REFUSALS, SHAPES, all_at_once, openai, when
from support.fakes.model_server import Behaviour, ModelServer, body_of, completion, event, hang, html, reply, status, task_block
from support.fakes.ssh_server import SshServer
from support.stack import Stack
from videomoments.core.config import Settings
from videomoments.inference.dialect import Dialect
from videomoments.inference.model_registry import DEFAULT_MODELS, ModelConfig
from videomoments.inference.service_check import CheckStep
from videomoments.services.model_check import ModelCheck


def chat(url: str, **fields: Any) -> ModelConfig:
    given = {"key": "mine", "kind": "chat", "endpoint": "/v1/chat/completions", "model_name": "m", "base_url": url}
    return ModelConfig.model_validate(given | fields)


def behind(ssh: SshServer, port: int, **fields: Any) -> ModelConfig:
    way = {"transport": "ssh", "ssh_host": ssh.alias, "remote_host": "127.0.0.1", "remote_port": port, "base_url": None}
    return chat("http://unused", **(way | fields))


def settings(ssh: SshServer | None = None) -> Settings:
    files = {"ssh_config": ssh.files.config, "ssh_known_hosts": ssh.files.known_hosts, "ssh_key": ssh.files.key} if ssh else {}
    return Settings(models_url="", **files)


async def steps_of(model: ModelConfig, ssh: SshServer | None = None, *, advised: bool = False) -> list[CheckStep]:
    """The steps; all but the last are ok, and each is one line that names neither hosts nor ports (a command that mends something does)."""
    steps = await ModelCheck(settings(ssh), seconds=30.0, chance=random.Random(7)).run(model)
    for step in steps:
        assert "\n" not in step.detail
        assert advised or "127.0.0.1" not in step.detail
        assert step.milliseconds >= 0
    assert all(step.ok for step in steps[:-1])
    return steps


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with ModelServer(models=("m",)) as made:
        yield made


@pytest.fixture
async def ssh(tmp_path: Path) -> AsyncIterator[SshServer]:
    async with SshServer(tmp_path / "ssh") as made:
        yield made


def watching(*, exact: float) -> Behaviour:
    """A model that sees the clip, and reads times to `exact` seconds."""

    async def play(request: web.Request) -> web.StreamResponse:
        import base64
        import io

        import av

        body = await request.json()
        parts = body["messages"][-1]["content"]
        clip = base64.b64decode(next(part for part in parts if part["type"] == "video_url")["video_url"]["url"].partition(",")[2])
        with av.open(io.BytesIO(clip)) as container:
            red = [frame.time for frame in container.decode(video=0) if frame.to_ndarray(format="rgb24")[10, 10, 0] > 180]
        times = [round(at / exact) * exact for at in (red[0], red[-1])]
        answer = f'{{"start_time": {times[0]}, "end_time": {times[1]}}}'
        return web.json_response(completion(answer, model=body["model"]))

    return play


async def test_a_good_model(server: ModelServer) -> None:
    steps = await steps_of(chat(server.url))
    assert [step.name for step in steps] == ["reachable", "identity", "answers", "dialect"]
    assert steps[-1].ok
    assert "moments as JSON" in steps[-2].detail
    assert "come whole" in steps[-1].detail


async def test_nothing_is_asked_where_only_the_way_in_is_in_doubt(server: ModelServer) -> None:
    steps = await ModelCheck(settings()).run(chat(server.url), questions=False)
    assert [(step.name, step.ok) for step in steps] == [("reachable", True), ("identity", True)]
    assert server.requests == []


async def test_a_good_model_behind_ssh(server: ModelServer, ssh: SshServer) -> None:
    steps = await steps_of(behind(ssh, server.port), ssh)
    assert [(step.name, step.ok) for step in steps] == [(name, True) for name in ("way_in", "reachable", "identity", "answers", "dialect")]
    assert ssh.connections == 1
    assert not ssh.open


async def test_a_model_without_a_name_is_the_one_that_is_served(server: ModelServer) -> None:
    steps = await steps_of(chat(server.url, model_name=None))
    assert "serves m." in steps[1].detail
    assert (steps[-2].name, steps[-2].ok) == ("answers", True)
    assert server.requests[-1].body["model"] == "m"
    server.models = ("a", "b")
    (_, identity) = await steps_of(chat(server.url, model_name=None))
    assert (identity.ok, "a, b" in identity.detail, "model_name" in identity.detail) == (False, True, True)


async def test_a_recogniser(server: ModelServer) -> None:
    steps = await steps_of(chat(server.url, kind="asr", endpoint="/transcribe"))
    assert (steps[-1].name, steps[-1].ok, "hears words in silence" in steps[-1].detail) == ("answers", True, True)
    server.script.append(html())
    server.script.append(html())
    steps = await steps_of(chat(server.url, kind="asr", endpoint="/transcribe"))
    assert (steps[-1].name, steps[-1].ok) == ("answers", False)


# Each fault in one line


async def test_nothing_is_set_up() -> None:
    (step,) = await steps_of(chat("http://a", transport="ssh", base_url=None))
    assert (step.name, "ssh_host" in step.detail) == ("configured", True)


async def test_a_closed_port(ssh: SshServer) -> None:
    async with ModelServer() as gone:
        port = gone.port
    (step,) = await steps_of(chat(f"http://127.0.0.1:{port}"))
    assert (step.name, step.detail) == ("reachable", "It refuses connections: nothing listens there.")
    steps = await steps_of(behind(ssh, port), ssh)
    assert [step.name for step in steps] == ["way_in", "reachable"]
    assert "its port behind the SSH server is closed" in steps[-1].detail


async def test_no_such_host() -> None:
    (step,) = await steps_of(chat("http://no-such-host.invalid"))
    assert (step.name, step.detail) == ("reachable", "It has a host name that is not found.")


async def test_f41_a_wrong_host_key(server: ModelServer, ssh: SshServer) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519")
    (ssh.folder / "known_hosts").write_text(f"[127.0.0.1]:{ssh.port} {ssh.public(other)}\n")
    (step,) = await steps_of(behind(ssh, server.port), ssh, advised=True)
    assert (step.name, "another host key" in step.detail) == ("way_in", True)
    assert f"ssh-keygen -f {ssh.folder / 'known_hosts'} -R '[127.0.0.1]:{ssh.port}'" in step.detail
    assert not server.requests


async def test_a_wrong_key_for_ssh(server: ModelServer, ssh: SshServer) -> None:
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(ssh.folder / "id")
    (step,) = await steps_of(behind(ssh, server.port), ssh)
    assert (step.name, "refused the login" in step.detail) == ("way_in", True)


async def test_f78_a_wrong_key_for_the_service(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.key = "right"
    monkeypatch.setenv("MINE_API_KEY", "canary-secret")
    steps = await steps_of(chat(server.url, api_key_env="MINE_API_KEY"))
    assert (steps[-1].name, "refused the key" in steps[-1].detail) == ("identity", True)
    assert "canary" not in str(steps)


async def test_f39_another_model(server: ModelServer) -> None:
    steps = await steps_of(chat(server.url, model_name="other"))
    assert (steps[-1].name, steps[-1].detail) == ("identity", "It does not serve other. It lists: m.")


async def test_a_server_without_json_schema(server: ModelServer) -> None:
    server.script += [status(400, "response_format of type json_schema is not supported"), reply("[]")]
    steps = await steps_of(chat(server.url))
    assert (steps[-1].ok, "takes no JSON schema" in steps[-1].detail) == (True, True)


async def test_a_model_that_answers_prose(server: ModelServer) -> None:
    server.script += [reply("I would rather talk about the weather.") for _ in range(3)]
    steps = await steps_of(chat(server.url))
    assert (steps[-1].name, steps[-1].ok, "no JSON" in steps[-1].detail) == ("answers", False, True)


async def test_a_page_in_place_of_a_service(server: ModelServer) -> None:
    server.script += [body_of("<html>", "text/html")] * 3
    steps = await steps_of(chat(server.url))
    assert (steps[-1].name, steps[-1].ok) == ("answers", False)


async def test_a_text_model_marked_as_video_that_ignores_the_clip(server: ModelServer) -> None:
    steps = await steps_of(chat(server.url, supports_video=True))
    assert (steps[-1].name, steps[-1].ok, "does not see when things happen" in steps[-1].detail) == ("sees_time", False, True)
    assert task_block(server.requests[-1].body)["time_base"] == "clip"


async def test_a_text_model_marked_as_video_that_refuses_the_clip(server: ModelServer) -> None:
    server.script += [reply("[]"), status(400, "this model does not support video_url")]
    steps = await steps_of(chat(server.url, supports_video=True))
    assert (steps[-1].name, steps[-1].ok, "takes no video" in steps[-1].detail) == ("sees_time", False, True)


@pytest.mark.parametrize(("exact", "calls"), [(0.01, 1), (1.0, 3)])
async def test_a_model_that_watches(server: ModelServer, exact: float, calls: int) -> None:
    server.script += [reply("[]"), *(watching(exact=exact) for _ in range(calls))]
    steps = await steps_of(chat(server.url, supports_video=True))
    assert (steps[-2].name, steps[-2].ok) == ("sees_time", True), steps[-2]


# Servers that want to be asked otherwise


class Keeper:
    """What a test keeps."""

    dialect: Dialect | None = None

    async def replace(self, config: ModelConfig, dialect: Dialect) -> None:
        self.dialect = dialect


async def dialect_of(server: ModelServer, **fields: Any) -> tuple[str, Dialect]:
    """What the test says of the server, and keeps."""
    keeper = Keeper()
    steps = await ModelCheck(settings(), seconds=30.0, writer=keeper).run(chat(server.url, **fields))
    assert [(step.name, step.ok) for step in steps[-2:]] == [("answers", True), ("dialect", True)], steps
    assert keeper.dialect is not None
    return steps[-1].detail, keeper.dialect


NAMED = {
    "max_tokens": ("max_completion_tokens", Dialect(tokens_field="max_completion_tokens")),
    "no_length_at_all": ("no limit for an answer's length", Dialect(tokens_field="none")),
    "temperature_fixed": ("no temperature but its own", Dialect(temperature="not_sent")),
    "system_alternate": ("no system message", Dialect(system_role="user")),
    "format": ("no JSON schema", Dialect(answer_format="none")),
    "format_root": ("schemas of objects alone", Dialect(answer_format="object_schema")),
    "short_answers": ("at most 1000 tokens", Dialect(most_tokens=1000)),
    "not_in_one_body": ("streamed", Dialect()),
}


@pytest.mark.parametrize("name", NAMED)
async def test_f89_each_refusal_is_named_and_kept(server: ModelServer, name: str) -> None:
    server.refusals, server.streams = [REFUSALS[name]], True
    detail, kept = await dialect_of(server)
    said, dialect = NAMED[name]
    assert said in detail
    assert "streamed" in detail
    assert kept == dialect.but({"stream": True})


async def test_f89_all_refusals_at_once_are_named(server: ModelServer) -> None:
    server.refusals, server.streams, server.reshape = all_at_once(), True, SHAPES["tool_call"]
    detail, _ = await dialect_of(server)
    for said in (
        "max_completion_tokens",
        "no temperature",
        "no system message",
        "no JSON schema",
        "at most 1000",
        "streamed",
        "tool_calls",
    ):
        assert said in detail
    assert len(server.requests) == len(server.refusals) + 1, "that it streams was seen already"


@pytest.mark.parametrize("name", ["reasoning_content", "tool_call"])
async def test_f89_where_answers_stand_is_named(server: ModelServer, name: str) -> None:
    server.reshape = SHAPES[name]
    detail, _ = await dialect_of(server)
    assert {"reasoning_content": "reasoning_content", "tool_call": "tool_calls"}[name] in detail


async def test_f89_a_server_that_can_not_stream_is_asked_for_it_once(server: ModelServer) -> None:
    detail, kept = await dialect_of(server)
    assert kept == Dialect(stream=False)
    assert "come whole" in detail
    assert [request.body.get("stream") for request in server.requests] == [None, True]
    assert server.requests[0].body.keys() == {"model", "messages", "temperature", "max_tokens", "response_format"}, "the overview's form"
    server.refusals = [when(lambda body: "stream" in body, openai("Streaming is not supported", status=501))]
    assert (await dialect_of(server))[1] == Dialect(stream=False)


async def test_f89_a_model_too_slow_for_a_whole_answer_is_asked_for_pieces(server: ModelServer) -> None:
    server.streams = True
    server.script.append(hang())
    keeper = Keeper()
    steps = await ModelCheck(settings(), seconds=6.0, writer=keeper).run(chat(server.url))
    assert [(step.name, step.ok) for step in steps[-2:]] == [("answers", True), ("dialect", True)], steps
    assert keeper.dialect == Dialect(stream=True)
    assert [request.body.get("stream") for request in server.requests] == [None, True]


async def test_f89_a_stream_that_holds_another_answer_is_not_used(server: ModelServer) -> None:
    server.script += [reply("[]"), body_of(event({"choices": [{"delta": {"content": "no"}, "finish_reason": "stop"}]}).decode())]
    assert (await dialect_of(server))[1] == Dialect(stream=False)


# Real models


async def test_the_built_in_models_pass_their_own_test(stack_with_models: Stack) -> None:
    check = ModelCheck(Settings(models_url=stack_with_models.models_url, models_key=stack_with_models.models_key))
    seeds = {model.key: model for model in DEFAULT_MODELS}
    last = {}
    for key in ("extractive", "signal", "whisper_base"):
        steps = await check.run(seeds[key])
        assert all(step.ok for step in steps), [step.detail for step in steps]
        last[key] = (steps[-1].name, steps[-1].detail)
    assert last["signal"][0] == "sees_time"
    assert last["whisper_base"] == ("answers", "It answers with a transcript, and hears nothing in silence.")
