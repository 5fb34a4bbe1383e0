"""Chat servers that want to be asked otherwise than the overview says (F89): each refusal alone, and all at once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field

from support.chat_asking import CONFIG, MESSAGES, asked, failing
from support.fakes.chat_dialects import REFUSALS, Body, all_at_once, has, openai, plain, too_long, when
from support.fakes.model_server import ModelServer, status, task_block
from videomoments.inference.dialect import Dialect, OwnMemory
from videomoments.inference.model_registry import Endpoint, Sampling
from videomoments.inference.openai_chat import ChatClient, Exchange
from videomoments.inference.retry import Budget


class VllmRequest(BaseModel):
    """What vLLM's request model reads of a body, with its types; it takes others beside."""

    model_config = ConfigDict(extra="forbid")

    class Format(BaseModel):
        model_config = ConfigDict(extra="forbid")

        class Schema(BaseModel):
            model_config = ConfigDict(extra="forbid")
            name: str
            schema_: dict[str, Any] = Field(alias="schema")
            strict: bool | None = None

        type: str
        json_schema: Schema

    model: str
    messages: list[dict[str, Any]]
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    response_format: Format | None = None
    stream: bool | None = False


# Two: a question in the overview's form, and the same otherwise.
@pytest.mark.parametrize("name", REFUSALS)
async def test_f89_what_is_refused_by_name_is_learned_once(server: ModelServer, client: ChatClient, name: str) -> None:
    server.refusals, server.streams = [REFUSALS[name]], True
    first, second = [await asked(client, server) for _ in range(2)]
    assert first.candidates
    assert first == second
    expected = {"no_length_at_all": 4, "format_500": 4}.get(name, 3)
    assert len(server.requests) == expected, "one refusal, one answer, and nothing refused the second time"
    overview, *_, last = (request.body for request in server.requests)
    assert overview.keys() == {"model", "messages", "temperature", "max_tokens", "response_format"}
    assert [message["role"] for message in overview["messages"]] == ["system", "user"]
    assert task_block(last)["task"] == "generate_moments", "its last line is the task"
    for request in server.requests:
        VllmRequest.model_validate(request.body)


async def test_f89_all_at_once(server: ModelServer, client: ChatClient, memory: OwnMemory) -> None:
    server.refusals, server.streams = all_at_once(), True
    seen: list[Exchange] = []

    async def keep(exchange: Exchange) -> None:
        seen.append(exchange)

    assert (await asked(client, server, budget=Budget(0), on_answer=keep)).candidates, "and it costs no repetition"
    assert len(server.requests) == len(server.refusals) + 1
    assert [exchange.answer is None for exchange in seen] == [True] * len(server.refusals) + [False], "each refusal is told"
    assert await memory.recall(CONFIG) == Dialect(
        tokens_field="max_completion_tokens",
        most_tokens=1000,
        temperature="not_sent",
        system_role="user",
        answer_format="none",
        stream=True,
    )
    said = (await memory.recall(CONFIG)).remarks()
    assert len(said) == 6
    body = server.requests[-1].body
    assert body.keys() == {"model", "messages", "max_completion_tokens", "stream"}
    system, user = MESSAGES[0]["content"], MESSAGES[1]["content"]
    assert body["messages"] == [{"role": "user", "content": f"{system}\n\n{user}"}]
    await asked(client, server)
    assert len(server.requests) == len(server.refusals) + 2
    for request in server.requests:
        VllmRequest.model_validate(request.body)


async def test_f89_calls_side_by_side_learn_from_each_other(server: ModelServer, client: ChatClient) -> None:
    server.refusals, server.streams = all_at_once(), True
    await asyncio.gather(*(asked(client, server) for _ in range(4)))
    assert len(server.requests) <= 4 * (len(server.refusals) + 1)
    before = len(server.requests)
    await asyncio.gather(*(asked(client, server) for _ in range(4)))
    assert len(server.requests) == before + 4


async def test_f89_a_clip_stays_the_second_part_where_there_is_no_system_message(server: ModelServer, client: ChatClient) -> None:
    server.refusals = [REFUSALS["system"]]
    clip = {"type": "video_url", "video_url": {"url": "https://store.example/clip.mp4"}}
    messages = [{"role": "system", "content": "S"}, {"role": "user", "content": [{"type": "text", "text": MESSAGES[1]["content"]}, clip]}]
    await client.complete(Endpoint(server.url), CONFIG, messages)
    [message] = server.requests[-1].body["messages"]
    assert message == {"role": "user", "content": [{"type": "text", "text": f"S\n\n{MESSAGES[1]['content']}"}, clip]}


async def test_f89_sampling_that_a_run_names_is_told_when_it_is_not_sent(server: ModelServer, client: ChatClient) -> None:
    server.refusals = [
        REFUSALS["temperature_fixed"],
        when(has("top_k"), openai("Unrecognized request argument supplied: top_k")),
        when(
            lambda body: "top_p" in body and "temperature" in body,
            openai("`temperature` and `top_p` cannot both be specified for this model."),
        ),
    ]
    wanted = Sampling(temperature=0.7, top_p=0.9, top_k=20)
    answer = await client.complete(Endpoint(server.url), CONFIG, MESSAGES, sampling=wanted)
    assert answer.unsent == {"temperature": 0.7, "top_k": 20}
    assert server.requests[-1].body["top_p"] == 0.9
    assert (await client.complete(Endpoint(server.url), CONFIG, MESSAGES)).unsent == {"temperature": 0.3}


async def test_f89_a_value_out_of_range_is_for_who_chose_it(server: ModelServer, client: ChatClient, memory: OwnMemory) -> None:
    server.refusals = [when(lambda body: body.get("temperature", 0) > 1, openai("temperature must be between 0 and 1"))]
    error = await failing(client, server, sampling=Sampling(temperature=1.7))
    assert "between 0 and 1" in error.message
    assert "temperature" in error.advice
    assert await memory.recall(CONFIG) == Dialect(), "other values are taken"
    assert len(server.requests) == 1
    server.refusals = [when(lambda body: body.get("temperature", 1) < 0.6, openai("temperature: must be at least 0.6"))]
    assert (await asked(client, server, sampling=Sampling(top_p=0.9))).candidates, "nobody chose that one"
    assert (await memory.recall(CONFIG)).temperature == "not_sent"


async def test_f89_what_the_entry_says_is_not_learned_against(server: ModelServer, client: ChatClient) -> None:
    server.refusals = [REFUSALS["max_tokens"]]
    error = await failing(client, server, CONFIG.model_copy(update={"tokens_field": "max_tokens"}))
    assert "--tokens-field" in error.advice
    assert "moments models edit fake" in error.advice
    assert len(server.requests) == 1
    server.requests.clear()
    said = {"tokens_field": "max_completion_tokens", "system_role": "user", "answer_format": "none", "stream": False}
    await asked(client, server, CONFIG.model_copy(update={**said, "temperature": None}))
    assert [request.body.keys() for request in server.requests] == [{"model", "messages", "max_completion_tokens"}]


@pytest.mark.parametrize(
    ("answer", "advice"),
    [
        (plain("'max_tokens' or 'max_completion_tokens' is too large: 4096. This model's maximum context length is 4096 tokens and your "
               "request has 512 input tokens (4096 > 4096 - 512)."), "--context-tokens"),
        (openai("the request exceeds the available context size, try increasing it"), "--context-tokens"),
        (openai("This request was found to be wrong"), "moments models test fake"),
        ((400, {}), "moments models test fake"),
        (openai("Request too large", status=413), "--context-tokens"),
        (openai("temperature is unknown", status=401), "key"),
    ],
)  # fmt: skip
async def test_f89_what_names_nothing_that_can_be_left_out_is_final_with_advice(
    server: ModelServer, client: ChatClient, memory: OwnMemory, answer: tuple[int, Body], advice: str
) -> None:
    server.refusals = [lambda _: answer]
    error = await failing(client, server)
    assert advice in error.advice
    assert not error.retryable
    assert len(server.requests) == 1
    assert await memory.recall(CONFIG) == Dialect()


async def test_f89_a_server_error_that_names_nothing_teaches_nothing(server: ModelServer, client: ChatClient, memory: OwnMemory) -> None:
    server.script += [status(500, "worker 3 died while it held temperature and max_tokens of another request"), status(500, "CUDA error")]
    await failing(client, server)
    assert await memory.recall(CONFIG) == Dialect()


async def test_f89_a_server_that_refuses_whatever_is_left_out_is_given_up(server: ModelServer, client: ChatClient) -> None:
    server.refusals = [
        lambda body: (
            openai(f"Unsupported parameter: '{sorted(set(body) - {'model', 'messages'})[0]}'") if len(body) > 2 else openai("system role")
        )
    ]
    error = await failing(client, server)
    assert not error.retryable
    assert len(server.requests) <= 12


async def test_f89_more_room_for_an_answer_keeps_to_the_servers_limit(server: ModelServer, client: ChatClient) -> None:
    server.refusals = [too_long(4096, "Invalid max_tokens value, the valid range of max_tokens is [1, {most}]")]
    server.reshape = lambda body: {**body, "choices": [{"message": {"content": '[{"start_time": 1'}, "finish_reason": "MAX_TOKENS"}]}
    assert (await failing(client, server)).code == "model_truncated"
    assert [request.body["max_tokens"] for request in server.requests] == [4096, 8192, 4096, 4096]


async def test_f89_a_call_without_an_answer_is_told(server: ModelServer, client: ChatClient) -> None:
    seen: list[Exchange] = []

    async def keep(exchange: Exchange) -> None:
        seen.append(exchange)

    server.script.append(status(400, "no"))
    await failing(client, server, on_answer=keep)
    [exchange] = seen
    assert (exchange.asked, exchange.answer, exchange.messages) == (1, None, MESSAGES)
    assert "refused the request" in (exchange.problem or "")
