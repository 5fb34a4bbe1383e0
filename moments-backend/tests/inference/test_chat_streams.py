"""Answers of chat servers that come in pieces: put together, broken off, silent (F89)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web

from support.chat_asking import CONFIG, DEADLINES, FAST, MESSAGES, asked, failing
from support.fakes.chat_dialects import plain, when
from support.fakes.model_server import ModelServer, event, hang, reply
from videomoments.core.errors import ModelError
from videomoments.inference.dialect import Dialect, OwnMemory
from videomoments.inference.model_registry import Endpoint
from videomoments.inference.openai_chat import ChatClient
from videomoments.inference.retry import Deadlines, GatewayTimeout


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


@pytest.mark.parametrize(("chunks", "says"), [((), "did not begin"), ((piece("["),), "fell silent"), ((piece("[", ""),), "fell silent")])
async def test_f89_silence_ends_a_stream_and_comments_are_silence(server: ModelServer, chunks: tuple[bytes, ...], says: str) -> None:
    server.script.append(streaming(*chunks, then=0.02))
    async with ChatClient(deadlines=Deadlines(connect=60.0, read=0.5, total=600.0, first=0.5), policy=FAST) as client:
        with pytest.raises(ModelError, match=says) as caught:
            await client.complete(Endpoint(server.url), STREAMED, MESSAGES)
    assert caught.value.code == "model_timeout"
    assert caught.value.advice
    assert len(server.requests) == 1


async def test_f89_a_complete_answer_is_used_where_the_server_does_not_end_the_stream(server: ModelServer) -> None:
    server.script.append(streaming(piece("[1, "), piece("2]", "stop"), then=0.02))
    async with ChatClient(deadlines=Deadlines(connect=60.0, read=0.5, total=600.0, first=60.0), policy=FAST) as client:
        answer = await client.complete(Endpoint(server.url), STREAMED, MESSAGES)
    assert (answer.text, answer.finish_reason) == ("[1, 2]", "stop")
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
