"""The client of model services: what goes out with a request, what its end is called, and that it reads no more than it is to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
from aiohttp import web

from support.fakes.fronts import Authority
from support.fakes.model_server import ModelServer, Recorded, reply
from support.workers import WATCHDOG_SECONDS
from videomoments.core.errors import ModelError
from videomoments.inference import service_check
from videomoments.inference.chat_transport import ChatTransport
from videomoments.inference.model_registry import Endpoint, ModelConfig, ModelKind
from videomoments.inference.retry import Deadlines, Overloaded
from videomoments.inference.service_client import answering, service_client, whole_body
from videomoments.inference.tunnel import Tunnels

PATIENT = 60.0
CONFIG = ModelConfig(key="fake", kind=ModelKind.CHAT, endpoint="/v1/chat/completions", model_name="fake-chat")
QUESTION = {"model": "fake-chat", "messages": [{"role": "user", "content": "Hello?"}]}
Speak = Callable[[asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with ModelServer() as running:
        yield running


@asynccontextmanager
async def saying(speak: Speak) -> AsyncIterator[Endpoint]:
    """A server that reads one request's head and then does as `speak` says."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        try:
            await speak(writer)
        except ConnectionError:
            pass  # the client has had enough
        finally:
            writer.close()

    running = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield Endpoint(f"http://127.0.0.1:{running.sockets[0].getsockname()[1]}")
    finally:
        running.close()


async def answered(endpoint: Endpoint, *, silence: float | None = PATIENT, most: int = 1000) -> bytes:
    async with service_client(endpoint, connect=PATIENT, silence=silence) as client, answering(client, "GET", "/x", "far") as response:
        return await whole_body(response, "far", most)


async def failing(endpoint: Endpoint, **options: float) -> ModelError:
    with pytest.raises(ModelError) as caught:
        await answered(endpoint, **options)
    return caught.value


async def asked(server: ModelServer, endpoint: Endpoint) -> Recorded:
    server.script.append(reply("[]"))
    transport = ChatTransport(Deadlines(), Tunnels())
    try:
        await transport.post(endpoint, CONFIG, dict(QUESTION))
    finally:
        await transport.aclose()
    return server.requests[-1]


def said(headers: Mapping[str, str]) -> set[str]:
    return {name.lower() for name in headers}


async def test_a_request_tells_nothing_of_this_machine_or_its_environment(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    # What the SDKs of services send to whatever service is asked.
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_BASE_URL"):
        monkeypatch.setenv(name, "of-another-service")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Company: secret")
    sent = await asked(server, Endpoint(server.url))
    always = {"host", "accept", "accept-encoding", "connection", "user-agent", "content-length", "content-type"}
    assert said(sent.headers) == always, "no key, no header for one"
    assert sent.headers["User-Agent"] == "videomoments"
    assert sent.body == QUESTION
    keyed = await asked(server, Endpoint(server.url, "a-key", {"X-Team": "seven"}))
    assert said(keyed.headers) == always | {"authorization", "x-team"}
    assert keyed.headers["Authorization"] == "Bearer a-key"


async def test_a_proxy_of_the_environment_stands_before_others_and_not_before_this_machine(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with ModelServer() as proxy:
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        await asked(server, Endpoint(server.url))
        assert proxy.requests == []
        sent = await asked(proxy, Endpoint("http://models.invalid"))
    assert sent.headers["Host"] == "models.invalid"


@pytest.mark.parametrize("scheme", ["https", "HTTPS"])
async def test_a_certificate_of_nobody_known_is_no_way(scheme: str, tmp_path: Path) -> None:
    async def never(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    running = await asyncio.start_server(never, "127.0.0.1", 0, ssl=Authority.made(tmp_path).server("127.0.0.1"))
    async with running:
        error = await failing(Endpoint(f"{scheme}://127.0.0.1:{running.sockets[0].getsockname()[1]}"))
    assert (error.code, "a certificate that is not believed" in error.message) == ("model_unreachable", True)


async def test_connections_of_a_service_are_kept_and_used_again(server: ModelServer) -> None:
    peers: list[object] = []

    async def note(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        peers.append(request.transport.get_extra_info("peername"))
        return web.json_response({})

    server.script += [note, note, note]
    transport = ChatTransport(Deadlines(), Tunnels())
    for _ in range(2):
        await transport.post(Endpoint(server.url), CONFIG, dict(QUESTION))
    await transport.aclose()
    await transport.post(Endpoint(server.url), CONFIG, dict(QUESTION))
    await transport.aclose()
    assert peers[0] == peers[1] != peers[2]


async def test_a_status_is_told_with_its_words_and_its_wish() -> None:
    async def busy(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 429 Slow down\r\nRetry-After: 7\r\nContent-Length: 22\r\n\r\n" + b'{"error": "not so fast"}'[:22])

    async with saying(busy) as endpoint:
        error = await failing(endpoint)
    assert isinstance(error, Overloaded)
    assert (error.retry_after, "not so fast" in error.message) == (7.0, True)


async def test_a_status_counts_also_where_its_body_breaks_off() -> None:
    async def refuse(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 401 No\r\nContent-Length: 100\r\n\r\nwho are")

    async with saying(refuse) as endpoint:
        error = await failing(endpoint)
    assert (error.code, error.retryable) == ("model_refused", False)


@pytest.mark.parametrize(("head", "code"), [(b"500 Broken", "model_error"), (b"200 OK", "model_bad_answer")])
async def test_a_body_without_end_is_not_read_to_its_end(head: bytes, code: str) -> None:
    async def flood(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 " + head + b"\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    async with saying(flood) as endpoint:
        assert (await failing(endpoint)).code == code


async def test_an_answer_of_just_the_most_bytes_is_read() -> None:
    async def speak(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 1000)

    async with saying(speak) as endpoint:
        assert len(await answered(endpoint, most=1000)) == 1000
        assert (await failing(endpoint, most=999)).code == "model_bad_answer"


@pytest.mark.parametrize(
    ("spoken", "told"),
    [
        (b"", "Model far is not reachable. It broke off the connection."),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "Model far is not reachable. It broke off the connection."),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", "Model far broke off its answer."),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Encoding: gzip\r\n\r\nhalf", "Model far broke off its answer."),
    ],
)
async def test_a_way_that_breaks_is_told_by_when_it_broke(spoken: bytes, told: str) -> None:
    async def speak(writer: asyncio.StreamWriter) -> None:
        writer.write(spoken)

    async with saying(speak) as endpoint:
        error = await failing(endpoint)
    assert (error.message, error.code) == (told, "model_unreachable")


@pytest.mark.parametrize("spoken", [b"", b"HTTP/1.1 200 OK\r\n\r\nhalf"])
async def test_silence_is_told_as_silence(spoken: bytes) -> None:
    async def speak(writer: asyncio.StreamWriter) -> None:
        writer.write(spoken)
        await asyncio.Event().wait()

    async with saying(speak) as endpoint:
        error = await failing(endpoint, silence=0.2)
    assert (error.message, error.code) == ("Model far was silent for too long.", "model_timeout")


async def test_a_check_ends_although_the_service_goes_on_and_on(monkeypatch: pytest.MonkeyPatch) -> None:
    async def speak(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.02)

    monkeypatch.setattr(service_check, "_SECONDS", 0.3)
    async with saying(speak) as endpoint, asyncio.timeout(WATCHDOG_SECONDS):
        (step,) = await service_check.check_model(CONFIG, endpoint)
        assert (step.ok, step.detail) == (False, "It did not answer in time.")
        async with Tunnels() as tunnels:
            with pytest.raises(ModelError) as caught:
                await service_check.knock(CONFIG, endpoint, tunnels)
    assert caught.value.code == "model_timeout"


async def test_no_connection_in_time_is_no_silence() -> None:
    async def late(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectTimeout("late", request=request)

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(late), base_url="http://far.invalid") as client:
        with pytest.raises(ModelError, match="no connection in time") as caught:
            await answering(client, "GET", "/x", "far").__aenter__()
    assert caught.value.code == "model_unreachable"


async def test_an_error_told_in_mid_stream_ends_it_though_the_server_stays() -> None:
    async def speak(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        writer.write(b'data: {"choices": [{"delta": {"content": "["}}]}\n\ndata: {"error": {"message": "out of memory"}}\n\n')
        await asyncio.Event().wait()

    transport = ChatTransport(Deadlines(), Tunnels())
    async with saying(speak) as endpoint:
        assert "out of memory" in await transport.post(endpoint, CONFIG, QUESTION | {"stream": True})
        await transport.aclose()
