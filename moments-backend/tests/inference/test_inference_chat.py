"""The chat client against a service that goes wrong in every way (F42), and what it says and does not say about it."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from support.fakes.model_server import (
    ModelServer,
    body_of,
    completion,
    drip,
    flood,
    half_body,
    hang,
    html,
    redirect,
    reply,
    reset,
    status,
    task_block,
)
from videomoments.core.errors import ModelError
from videomoments.core.times import Interval
from videomoments.inference.model_registry import Endpoint, ModelConfig, ModelKind, Sampling
from videomoments.inference.openai_chat import ChatAnswer, ChatClient, Exchange
from videomoments.inference.retry import Breaker, Budget, Deadlines, RetryPolicy, retry_after_seconds
from videomoments.moments.lines import Line
from videomoments.moments.moment_limits import MomentLimits
from videomoments.moments.parsing import Generation, parse_generation
from videomoments.moments.prompt_texts import GENERATION_SCHEMA, ClipView, generation_messages, refinement_messages

CONFIG = ModelConfig(key="fake", kind=ModelKind.CHAT, endpoint="/v1/chat/completions", model_name="fake-chat", temperature=0.3)
FAST = RetryPolicy(first_wait=0.01, longest_wait=0.05)
# Room for a busy machine; what tests a deadline sets its own.
DEADLINES = Deadlines(connect=30.0, read=30.0, total=60.0)
LINES = [Line(n, (n - 1) * 10.0, n * 10.0 - 1, f"This is sentence {n}.") for n in range(1, 9)]
MESSAGES = generation_messages(LINES, duration=80.0, limits=MomentLimits())


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with ModelServer() as running:
        yield running


@pytest.fixture
async def client() -> AsyncIterator[ChatClient]:
    async with ChatClient(deadlines=DEADLINES, policy=FAST) as made:
        yield made


def parse(answer: ChatAnswer) -> Generation:
    return parse_generation(answer.text, duration=80.0, finish_reason=answer.finish_reason)


async def failing(client: ChatClient, server: ModelServer, **options: Any) -> ModelError:
    with pytest.raises(ModelError) as caught:
        await client.complete(Endpoint(server.url), CONFIG, MESSAGES, **options)
    return caught.value


async def test_an_answer_has_text_reason_usage_and_its_raw_body(server: ModelServer, client: ChatClient) -> None:
    answer = await client.complete(Endpoint(server.url), CONFIG, MESSAGES)
    assert json.loads(answer.text)[0]["start_time"] == 0.0
    assert (answer.finish_reason, answer.model, answer.usage.prompt_tokens) == ("stop", "fake-chat", 10)
    assert json.loads(answer.raw)["object"] == "chat.completion"


async def test_the_body_has_the_overviews_fields_and_no_others(server: ModelServer, client: ChatClient) -> None:
    await client.complete(Endpoint(server.url), CONFIG, MESSAGES)
    await client.complete(Endpoint(server.url), CONFIG, MESSAGES, sampling=Sampling(temperature=0.0, top_p=0.9, top_k=20, max_tokens=100))
    plain, sampled = (item.body for item in server.requests)
    assert plain == {"model": "fake-chat", "messages": MESSAGES, "temperature": 0.3, "max_tokens": 4096}
    assert sampled == {**plain, "temperature": 0.0, "max_tokens": 100, "top_p": 0.9, "top_k": 20}
    assert "Authorization" not in server.requests[0].headers


async def test_the_clip_goes_as_a_video_url_part(server: ModelServer, client: ChatClient) -> None:
    clip = ClipView(start=27.0, duration=26.0, padding_left=3.0, padding_right=3.0)
    url = "https://store.example/clip.mp4?X-Goog-Signature=secret"
    messages = refinement_messages(
        moment=Interval(30, 50), title="T", lines=LINES, words=(), duration=80, limits=MomentLimits(), clip=clip, clip_url=url
    )
    await client.complete(Endpoint(server.url), CONFIG, messages)
    sent = server.requests[0].body["messages"][1]["content"]
    assert [part["type"] for part in sent] == ["text", "video_url"]
    assert sent[1] == {"type": "video_url", "video_url": {"url": url}}
    assert task_block(server.requests[0].body)["moment"] == {"title": "T", "start_time": 3.0, "end_time": 23.0}


async def test_a_key_is_sent_and_a_wrong_one_is_final(server: ModelServer, client: ChatClient) -> None:
    server.key = "right-key"
    await client.complete(Endpoint(server.url, "right-key"), CONFIG, MESSAGES)
    with pytest.raises(ModelError) as caught:
        await client.complete(Endpoint(server.url, "wrong-key"), CONFIG, MESSAGES)
    assert (caught.value.code, caught.value.retryable) == ("model_refused", False)
    assert "wrong-key" not in str(caught.value)
    assert "key" not in repr(Endpoint(server.url, "right-key")).replace("api_key", "")


@pytest.mark.parametrize(
    "behaviour", [status(429), status(503), status(502), status(500), reset(), half_body(), html(), body_of("garbage")]
)
async def test_f42_a_passing_fault_is_tried_again(server: ModelServer, client: ChatClient, behaviour: Any) -> None:
    server.script.append(behaviour)
    assert (await client.complete(Endpoint(server.url), CONFIG, MESSAGES)).text.startswith("[")
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        (lambda: status(429), "model_overloaded"),
        (lambda: status(503), "model_overloaded"),
        (lambda: status(500), "model_error"),
        (lambda: reset(), "model_unreachable"),
        (lambda: half_body(), "model_unreachable"),
        (lambda: html(), "model_error"),
        (lambda: html(502), "model_unreachable"),
        (lambda: body_of('{"choices": []}'), "model_error"),
        (lambda: body_of("[" * 100_000), "model_error"),
        (lambda: body_of(""), "model_error"),
    ],
)
async def test_f42_a_lasting_fault_ends_typed_after_bounded_tries(
    server: ModelServer, client: ChatClient, behaviour: Any, code: str
) -> None:
    server.script += [behaviour() for _ in range(40)]
    assert (await failing(client, server)).code == code
    assert 2 <= len(server.requests) <= 13


@pytest.mark.parametrize("behaviour", [hang, drip])
async def test_f42_hang_and_drip_end_at_the_deadline(server: ModelServer, behaviour: Any) -> None:
    server.script += [behaviour() for _ in range(4)]
    async with ChatClient(deadlines=Deadlines(connect=1.0, read=0.3, total=0.8), policy=FAST) as client:
        error = await failing(client, server)
    assert error.code == "model_timeout"
    assert len(server.requests) <= 2, "what has no time left is not asked again"


async def test_f42_nobody_listens(client: ChatClient) -> None:
    async with ModelServer() as gone:
        url = gone.url
    with pytest.raises(ModelError) as caught:
        await client.complete(Endpoint(url), CONFIG, MESSAGES)
    assert caught.value.code == "model_unreachable"
    assert url not in str(caught.value)


class Waits:
    """What a client slept, without the sleep."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


async def test_f42_retry_after_is_honoured(server: ModelServer) -> None:
    server.script.append(status(429, retry_after="17"))
    waits = Waits()
    async with ChatClient(deadlines=DEADLINES, policy=replace(FAST, sleep=waits)) as client:
        await client.complete(Endpoint(server.url), CONFIG, MESSAGES)
    [waited] = waits.seconds
    assert 17.0 <= waited <= 17.0 + FAST.longest_wait


async def test_f42_a_wait_beyond_the_deadline_is_not_begun(server: ModelServer) -> None:
    server.script.append(status(503, retry_after="3600"))
    waits = Waits()
    async with ChatClient(deadlines=DEADLINES, policy=replace(FAST, sleep=waits)) as client:
        assert (await failing(client, server)).code == "model_overloaded"
    assert (waits.seconds, len(server.requests)) == ([], 1)


async def test_f42_the_breaker_opens_lets_one_try_and_closes() -> None:
    now = [0.0]
    breaker = Breaker(threshold=2, cooldown=30.0, clock=lambda: now[0])

    async def call(code: str | None) -> None:
        async with breaker.guard("fake"):
            if code:
                raise ModelError("it failed", code=code)

    for _ in range(2):
        with pytest.raises(ModelError, match="it failed"):
            await call("model_unreachable")
    with pytest.raises(ModelError, match="in a row"):
        await call(None)
    now[0] = 31.0
    await call(None)
    with pytest.raises(ModelError, match="it failed"):
        await call("model_timeout")
    await call(None)
    for _ in range(5):
        with pytest.raises(ModelError, match="it failed"):
            await call("model_overloaded")


async def test_f42_an_endless_answer_is_cut_off(server: ModelServer, client: ChatClient) -> None:
    server.script.append(flood(32))
    error = await failing(client, server)
    assert (error.code, error.retryable) == ("model_bad_answer", False)


async def test_a_cancelled_call_leaves_the_service(server: ModelServer, client: ChatClient) -> None:
    server.script.append(hang())
    task = asyncio.create_task(client.complete(Endpoint(server.url), CONFIG, MESSAGES))
    while not server.requests:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_redirect_is_not_followed(server: ModelServer, client: ChatClient) -> None:
    async with ModelServer() as other:
        server.script.append(redirect(f"{other.url}/v1/chat/completions"))
        assert (await failing(client, server)).code == "model_error"
        assert other.requests == []


async def test_a_refused_schema_is_dropped_once_and_remembered(server: ModelServer, client: ChatClient) -> None:
    server.script += [status(400, "response_format of type json_schema is not supported"), reply("[]"), reply("[]")]
    for _ in range(2):
        await client.complete(Endpoint(server.url), CONFIG, MESSAGES, schema=GENERATION_SCHEMA)
    formats = [item.body.get("response_format") for item in server.requests]
    assert formats[0] == {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": GENERATION_SCHEMA}}
    assert formats[1:] == [None, None]


async def test_any_other_400_is_final_and_says_why(server: ModelServer, client: ChatClient) -> None:
    server.script.append(status(400, "This model's maximum context length is 4096 tokens"))
    error = await failing(client, server, schema=GENERATION_SCHEMA)
    assert "maximum context length" in error.message
    assert len(server.requests) == 1
    assert not error.retryable


async def test_f44_a_bad_answer_is_asked_again_with_the_problem(server: ModelServer, client: ChatClient) -> None:
    seen: list[Exchange] = []

    async def keep(exchange: Exchange) -> None:
        seen.append(exchange)

    server.script += [reply("I can't"), reply('[{"start_time": "x", "end_time": 1}]')]
    asked = await client.ask(Endpoint(server.url), CONFIG, MESSAGES, parse, on_answer=keep)
    assert asked.asked == 3
    assert asked.value.candidates
    assert [(exchange.asked, exchange.answer.text) for exchange in seen][:1] == [(1, "I can't")]
    assert [exchange.problem is None for exchange in seen] == [False, False, True]
    assert seen[1].messages != MESSAGES, "the problem stands before the question"
    last = server.requests[2].body["messages"]
    assert len(last) == 2
    assert "start_time: not a number of seconds" in last[1]["content"]
    assert task_block(server.requests[2].body)["task"] == "generate_moments"


async def test_f42_calls_of_one_run_share_a_budget_of_repetitions(server: ModelServer, client: ChatClient) -> None:
    budget = Budget(3)
    server.script += [status(503), reply("no"), status(503), status(503), reply("[]")]
    assert (await client.ask(Endpoint(server.url), CONFIG, MESSAGES, parse, budget=Budget(9))).asked == 2
    server.script.clear()
    server.requests.clear()
    server.script += [status(503), status(503), reply("no")] + [status(503)] * 3
    with pytest.raises(ModelError) as caught:
        await client.ask(Endpoint(server.url), CONFIG, MESSAGES, parse, budget=budget)
    assert caught.value.code == "model_overloaded"
    assert len(server.requests) == 4, "one call and three repetitions, of either kind"
    with pytest.raises(ModelError):
        await client.complete(Endpoint(server.url), CONFIG, MESSAGES, budget=budget)
    assert len(server.requests) == 5, "the next call is made, and not repeated"


async def test_f44_at_most_two_more_times(server: ModelServer, client: ChatClient) -> None:
    server.script += [reply("no")] * 10
    with pytest.raises(ModelError) as caught:
        await client.ask(Endpoint(server.url), CONFIG, MESSAGES, parse)
    assert caught.value.code == "model_bad_answer"
    assert len(server.requests) == 3


async def test_f46_an_answer_cut_for_length_gets_more_room_then_fails(server: ModelServer, client: ChatClient) -> None:
    cut = '[{"start_time": 1, "end_time": 20, "title": "A"}, {"start_time": 30, "end_time": 4'
    server.script += [reply(cut, "length")] * 3
    with pytest.raises(ModelError) as caught:
        await client.ask(Endpoint(server.url), CONFIG, MESSAGES, parse)
    assert caught.value.code == "model_truncated"
    assert [item.body["max_tokens"] for item in server.requests] == [4096, 8192, 16384]


async def test_f56_signed_urls_and_keys_stay_out_of_errors_and_logs(
    server: ModelServer, client: ChatClient, caplog: pytest.LogCaptureFixture
) -> None:
    secret = "X-Goog-Signature=abcdef123456"
    said = (
        f"could not load https://store.example/clip.mp4?{secret} or data:video/mp4;base64,AAAA{'A' * 5000} with Bearer sk-0123456789abcdef"
    )
    server.script += [status(500, said), status(500, said), body_of(said), body_of(said)]
    with caplog.at_level(logging.INFO, "videomoments"):
        errors = [await failing(client, server) for _ in range(2)]
    for text in [str(error) for error in errors] + [caplog.text]:
        assert "abcdef123456" not in text
        assert "sk-0123456789" not in text
        assert "AAAAAAAA" not in text
        assert len(text) < 600


async def test_content_may_be_parts_or_missing(server: ModelServer, client: ChatClient) -> None:
    parts: Any = [{"type": "text", "text": "[1"}, {"type": "text", "text": "]"}]
    server.script += [reply(parts), body_of(json.dumps(completion("x") | {"usage": None}).replace('"x"', "null"))]
    assert (await client.complete(Endpoint(server.url), CONFIG, MESSAGES)).text == "[1]"
    assert (await client.complete(Endpoint(server.url), CONFIG, MESSAGES)).text == ""


def test_retry_after_reads_seconds_and_dates() -> None:
    assert retry_after_seconds("7") == 7.0
    assert retry_after_seconds("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0
    assert retry_after_seconds("soon") is None
    assert retry_after_seconds("nan") is None
    assert retry_after_seconds(None) is None
