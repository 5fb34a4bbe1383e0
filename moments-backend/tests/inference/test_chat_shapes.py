"""Answers of chat servers that stand in other places than the overview says, or are none (F89)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.chat_asking import CONFIG, MESSAGES, asked, failing
from support.fakes.chat_dialects import SHAPES
from support.fakes.model_server import ModelServer, body_of, completion
from videomoments.inference.model_registry import Endpoint
from videomoments.inference.openai_chat import ChatClient, TextSource


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize("name", SHAPES)
async def test_f89_an_answer_is_read_where_it_stands(server: ModelServer, client: ChatClient, name: str, streams: bool) -> None:
    honest = await asked(client, server)
    server.reshape = SHAPES[name]
    if streams and name in ("reasoning_content", "reasoning", "tool_call", "thinking_beside"):
        server.streams = True
        read = await asked(client, server, CONFIG.model_copy(update={"stream": True}))
    else:
        read = await asked(client, server)
    assert read == honest
    assert len(server.requests) == 2


def message(finish: str, **fields: Any) -> Any:
    body = completion("") | {"choices": [{"index": 0, "message": {"role": "assistant", **fields}, "finish_reason": finish}]}
    return body_of(json.dumps(body))


DRAFT = 'First idea: [{"start_time": 1, "end_time": 30, "title": "DRAFT"}]'


@pytest.mark.parametrize(
    ("answer", "code", "says", "calls"),
    [
        (message("stop", content=None, refusal="I can't help with that."), "model_declined", "I can't help with that.", 1),
        (message("stop", content=[{"type": "refusal", "refusal": "No."}]), "model_declined", "No.", 1),
        (message("content_filter", content=None), "model_filtered", "content filter", 1),
        (message("SAFETY", content="[{"), "model_filtered", "content filter", 1),
        (message("length", content="", reasoning_content=DRAFT), "model_truncated", "thinking", 3),
        (message("stop", content=None, reasoning=f"{DRAFT} hmm, that is not right because"), "model_bad_answer", "no answer", 3),
    ],
)
async def test_f89_what_is_no_answer_says_what_the_server_did(
    server: ModelServer, client: ChatClient, answer: Any, code: str, says: str, calls: int
) -> None:
    server.script += [answer] * 3
    error = await failing(client, server)
    assert (error.code, says in error.message) == (code, True)
    assert error.advice
    assert len(server.requests) == calls


async def test_f89_an_answer_that_the_server_broke_off_is_asked_again(server: ModelServer, client: ChatClient) -> None:
    server.script.append(message("error", content='[{"start_time": 1, "end_time": 30, "title": "HALF"}]'))
    assert "HALF" not in str(await asked(client, server))
    assert len(server.requests) == 2


async def test_f89_an_error_under_status_200_is_an_error_in_the_servers_words(server: ModelServer, client: ChatClient) -> None:
    server.script += [body_of(json.dumps({"error": {"message": "Upstream is on fire", "code": 502}}))] * 2
    error = await failing(client, server)
    assert (error.code, "on fire" in error.message, "502" in error.message) == ("model_error", True, True)


async def test_f89_several_calls_of_a_tool_are_rows(server: ModelServer, client: ChatClient) -> None:
    rows = [{"start_time": 10 * n, "end_time": 10 * n + 9, "title": f"T{n}"} for n in range(2)]
    calls = [{"function": {"name": "add", "arguments": json.dumps(row)}} for row in rows]
    server.script.append(message("tool_calls", content="", tool_calls=calls))
    answer = await client.complete(Endpoint(server.url), CONFIG, MESSAGES)
    assert (json.loads(answer.text), answer.source) == (rows, TextSource.TOOL_CALLS)
