"""Chat servers that want to be asked otherwise than the overview says (F89): each refusal alone, all at once, answers in other places."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from fakes.chat_dialects import REFUSALS, SHAPES, Body, all_at_once, has, openai, plain, too_long, when
from fakes.model_server import ModelServer, body_of, completion, event, hang, reply, status, task_block
from videomoments.core.errors import ModelError
from videomoments.inference.base import Endpoint, ModelConfig, ModelKind, Sampling
from videomoments.inference.dialect import Dialect, OwnMemory
from videomoments.inference.openai_chat import ChatAnswer, ChatClient, Exchange, Source
from videomoments.inference.retry import Budget, Deadlines, GatewayTimeout, RetryPolicy
from videomoments.moments.limits import MomentLimits
from videomoments.moments.lines import Line
from videomoments.moments.parsing import Generation, parse_generation
from videomoments.moments.prompts import GENERATION_SCHEMA, generation_messages

CONFIG = ModelConfig(key="fake", kind=ModelKind.CHAT, endpoint="/v1/chat/completions", model_name="fake-chat", temperature=0.3)
FAST = RetryPolicy(first_wait=0.01, longest_wait=0.05)
DEADLINES = Deadlines(connect=30.0, read=60.0, total=120.0, first=60.0)
LINES = [Line(n, (n - 1) * 10.0, n * 10.0 - 1, f"This is sentence {n}.") for n in range(1, 9)]
MESSAGES = generation_messages(LINES, duration=80.0, limits=MomentLimits())


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with ModelServer() as running:
        yield running


@pytest.fixture
def memory() -> OwnMemory:
    return OwnMemory()


@pytest.fixture
async def client(memory: OwnMemory) -> AsyncIterator[ChatClient]:
    async with ChatClient(deadlines=DEADLINES, policy=FAST, memory=memory) as made:
        yield made


def parse(answer: ChatAnswer) -> Generation:
    return parse_generation(answer.text, duration=80.0, finish_reason=answer.finish_reason)


async def asked(client: ChatClient, server: ModelServer, config: ModelConfig = CONFIG, **options: Any) -> Generation:
    result = await client.ask(Endpoint(server.url), config, MESSAGES, parse, schema=GENERATION_SCHEMA, **options)
    assert result.asked == 1, "a refusal of the form is no bad answer"
    return result.value


async def failing(client: ChatClient, server: ModelServer, config: ModelConfig = CONFIG, **options: Any) -> ModelError:
    with pytest.raises(ModelError) as caught:
        await client.ask(Endpoint(server.url), config, MESSAGES, parse, schema=GENERATION_SCHEMA, **options)
    return caught.value


# What is refused


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


# Where the answer stands


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
    assert (json.loads(answer.text), answer.source) == (rows, Source.TOOL_CALLS)


# Pieces


def streaming(*chunks: bytes, then: float | None = None) -> Any:
    """Sends these bytes, then ends, or goes silent."""

    async def play(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for chunk in chunks:
            await response.write(chunk)
        while then is not None:
            await asyncio.sleep(then)
            await response.write(b": still there\n\n")
        return response

    return play


def piece(text: str, finish: str | None = None) -> bytes:
    return event({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish}]})


STREAMED = CONFIG.model_copy(update={"stream": True})


async def test_f89_a_stream_is_put_together_wherever_it_is_cut(server: ModelServer, client: ChatClient) -> None:
    whole = (
        b": hello\r\n\r\n"
        + piece("[1, ")
        + b"event: x\ndata: junk\n\n"
        + piece("2é]", "stop")
        + event({"choices": [], "usage": {"prompt_tokens": 3}})
    )
    for size in (1, 7, len(whole)):
        server.script.append(streaming(*(whole[at : at + size] for at in range(0, len(whole), size))))
        answer = await client.complete(Endpoint(server.url), STREAMED, MESSAGES)
        assert (answer.text, answer.finish_reason, answer.usage.prompt_tokens) == ("[1, 2é]", "stop", 3)


async def test_f89_events_that_nobody_asked_for_are_read(server: ModelServer, client: ChatClient) -> None:
    server.script.append(streaming(piece("[", None), piece("]", "stop"), b"data: [DONE]\n\n"))
    assert (await client.complete(Endpoint(server.url), CONFIG, MESSAGES)).text == "[]"


async def test_f89_a_whole_body_is_read_where_pieces_were_asked_for(server: ModelServer, client: ChatClient) -> None:
    server.script.append(reply("[]"))
    assert (await client.complete(Endpoint(server.url), STREAMED, MESSAGES)).text == "[]"


async def test_f89_a_stream_that_breaks_off_is_no_answer(server: ModelServer) -> None:
    server.script += [streaming(piece("[1]"))] * 3
    async with ChatClient(deadlines=DEADLINES, policy=FAST) as client:
        with pytest.raises(ModelError) as caught:
            await client.complete(Endpoint(server.url), STREAMED, MESSAGES)
    assert caught.value.code == "model_unreachable"


async def test_f89_an_error_in_a_stream_is_the_servers(server: ModelServer, client: ChatClient) -> None:
    server.script += [streaming(piece("[1"), event({"error": {"message": "out of memory", "code": 500}}))] * 2
    with pytest.raises(ModelError, match="out of memory"):
        await client.complete(Endpoint(server.url), STREAMED, MESSAGES)


@pytest.mark.parametrize(("chunks", "says"), [((), "did not begin"), ((piece("["),), "fell silent")])
async def test_f89_silence_ends_a_stream_and_comments_are_silence(server: ModelServer, chunks: tuple[bytes, ...], says: str) -> None:
    server.script.append(streaming(*chunks, then=0.02))
    async with ChatClient(deadlines=Deadlines(connect=60.0, read=0.5, total=600.0, first=0.5), policy=FAST) as client:
        with pytest.raises(ModelError, match=says) as caught:
            await client.complete(Endpoint(server.url), STREAMED, MESSAGES)
    assert caught.value.code == "model_timeout"
    assert caught.value.advice
    assert len(server.requests) == 1


async def test_f89_an_answer_in_one_body_has_all_its_time(server: ModelServer) -> None:
    """The longest silence is for streams: a model that is long at its answer sends nothing before it."""
    server.delay = 1.0
    async with ChatClient(deadlines=Deadlines(connect=60.0, read=0.05, total=600.0, first=0.05), policy=FAST) as client:
        assert (await asked(client, server)).candidates


async def test_f89_an_entry_says_how_long_its_answers_may_take(server: ModelServer) -> None:
    server.script.append(hang())
    async with ChatClient(deadlines=Deadlines(connect=60.0, total=600.0), policy=FAST) as client:
        with pytest.raises(ModelError) as caught:
            await client.complete(Endpoint(server.url), CONFIG.model_copy(update={"answer_seconds": 1}), MESSAGES)
    assert caught.value.code == "model_timeout"
    assert "--answer-seconds" in caught.value.advice


async def test_f89_where_a_gateway_does_not_wait_for_a_whole_answer_pieces_are_asked_for(
    server: ModelServer, client: ChatClient, memory: OwnMemory
) -> None:
    server.refusals, server.streams = [when(lambda body: "stream" not in body, plain("upstream timed out", 504))], True
    assert (await asked(client, server)).candidates
    assert (await memory.recall(CONFIG)).stream is True
    assert [request.body.get("stream") for request in server.requests] == [None, True]
    await asked(client, server)
    assert len(server.requests) == 3


async def test_f89_a_gateway_that_gives_up_on_pieces_too_is_away(server: ModelServer, client: ChatClient, memory: OwnMemory) -> None:
    server.refusals = [lambda _: plain("upstream timed out", 504)]
    error = await failing(client, server)
    assert isinstance(error, GatewayTimeout)
    assert error.advice
    assert await memory.recall(CONFIG) == Dialect()


async def test_f89_each_piece_is_a_sign_of_life(server: ModelServer, client: ChatClient) -> None:
    server.streams = True
    signs: list[int] = []
    await asked(client, server, STREAMED, on_sign=lambda: signs.append(1))
    assert len(signs) > 5


async def test_f89_a_call_without_an_answer_is_told(server: ModelServer, client: ChatClient) -> None:
    seen: list[Exchange] = []

    async def keep(exchange: Exchange) -> None:
        seen.append(exchange)

    server.script.append(status(400, "no"))
    await failing(client, server, on_answer=keep)
    [exchange] = seen
    assert (exchange.asked, exchange.answer, exchange.messages) == (1, None, MESSAGES)
    assert "refused the request" in (exchange.problem or "")
