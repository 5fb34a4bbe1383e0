"""The language model on its real weights: schema, settings, the limit of its context, a client that leaves, and the route."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable

import httpx
import pytest

from moments_models import weights
from moments_models.engine_contract import ChatPrompt
from moments_models.engines.llama import QWEN_CODER, Llama
from moments_models.errors import ClientGone, InvalidRequest
from moments_models.request_jobs import Job

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(900)]

Serve = Callable[..., httpx.AsyncClient]
SCHEMA = {"type": "array", "maxItems": 1, "items": {"type": "object", "properties": {"start": {"type": "integer"}}, "required": ["start"]}}


@pytest.fixture(scope="module")
def llama() -> Llama:
    weights.pull("qwen2.5-coder-0.5b")
    loaded: Llama = QWEN_CODER.load()
    return loaded


def question(text: str, **settings: object) -> ChatPrompt:
    return ChatPrompt(({"role": "user", "content": text},), settings)


def test_an_answer_keeps_the_schema(llama: Llama) -> None:
    wish = {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA}}
    answer = llama.complete(question("At which second does it start?", response_format=wish, max_tokens=60, temperature=0.0), Job())
    rows = json.loads(answer.text)
    assert answer.finish_reason == "stop"
    assert all(isinstance(row["start"], int) for row in rows)
    assert answer.prompt_tokens > 0


def test_an_answer_that_is_cut_says_so(llama: Llama) -> None:
    answer = llama.complete(question("Count from one to a hundred, in words.", max_tokens=5), Job())
    assert (answer.finish_reason, answer.completion_tokens) == ("length", 5)


def test_a_prompt_longer_than_the_context_is_refused(llama: Llama) -> None:
    with pytest.raises(InvalidRequest, match="context"):
        llama.complete(question("word " * 9000), Job())


def test_a_schema_that_is_none_is_refused(llama: Llama) -> None:
    wish = {"type": "json_schema", "json_schema": {"schema": {"type": "nonsense"}}}
    with pytest.raises(InvalidRequest):
        llama.complete(question("hi", response_format=wish), Job())


def test_work_ends_when_nobody_waits(llama: Llama) -> None:
    job = Job()
    threading.Timer(1.0, job.abandon).start()
    # The model may not end before: it is held to an answer that takes it far longer.
    many = {"type": "array", "items": {"type": "integer", "minimum": 10000, "maximum": 99999}, "minItems": 500, "maxItems": 500}
    wish = {"type": "json_schema", "json_schema": {"schema": many}}
    with pytest.raises(ClientGone):
        llama.complete(question("Count.", max_tokens=4000, response_format=wish), job)


async def test_it_is_served(serve: Serve, llama: Llama) -> None:
    body = {"model": QWEN_CODER.name, "messages": [{"role": "user", "content": "Say yes."}], "max_tokens": 4}
    answer = (await serve(QWEN_CODER.name).post("/v1/chat/completions", json=body)).json()
    assert answer["model"] == QWEN_CODER.name
    assert answer["choices"][0]["message"]["content"]
