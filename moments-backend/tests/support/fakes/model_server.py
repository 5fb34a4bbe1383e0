"""A model service that does as the script says: both routes of the contract, and every way in which a service goes wrong.

::

    async with ModelServer() as server:
        server.script += [status(429, retry_after="1"), reply('[{"start_time": 1, "end_time": 20, "title": "A"}]')]

Each POST takes the next behaviour of the script; an empty script answers like an honest service. What came in is in `requests`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

CHAT = "/v1/chat/completions"
Behaviour = Callable[[web.Request], Awaitable[web.StreamResponse]]
Refusal = Callable[[dict[str, Any]], tuple[int, dict[str, Any]] | None]
"""What a server finds wrong with the body of a chat request: status and body of its answer, or None."""


@dataclass
class Recorded:
    """One request: JSON of a chat, or the form fields and the size of the file of a transcription."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]
    file_bytes: int = 0


@dataclass
class ModelServer:
    """Listens on the loopback, on a free port unless one is given. `peak` is the most requests that were answered at once, `peaks` the same
    for each task of a chat model; `delays` are seconds that an honest answer to a task takes, `words` is what an honest recogniser hears
    (None: "Hello world.")."""

    models: tuple[str, ...] = ("fake-chat", "fake-asr")
    key: str | None = None
    script: deque[Behaviour] = field(default_factory=deque)
    always: Behaviour | None = None
    """What it does whenever the script is empty, instead of answering like an honest service."""
    requests: list[Recorded] = field(default_factory=list)
    jobs: dict[str, dict[str, float]] = field(default_factory=dict)
    peak: int = 0
    peaks: Counter[str] = field(default_factory=Counter)
    delay: float = 0.0
    delays: dict[str, float] = field(default_factory=dict)
    words: list[dict[str, Any]] | None = None
    port: int = 0
    # How its chat differs from others': what it refuses, how it puts its answers, whether it can stream them.
    refusals: list[Refusal] = field(default_factory=list)
    reshape: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    streams: bool = False

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=512 * 1024**2)
        app.router.add_post(CHAT, self._chat)
        app.router.add_post("/transcribe", self._transcribe)
        app.router.add_get("/v1/models", self._models)
        app.router.add_get("/health", self._health)
        app.router.add_get("/v1/jobs/{id}", self._job)
        # A client that gives up must end the handler, or a hang would hold up the end of a test.
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        await self.rise()
        self.port = int(self._runner.addresses[0][1])
        self._active = 0
        self._at_work: Counter[str] = Counter()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._runner.cleanup()

    async def die(self) -> None:
        """As a kill does it: the port is closed, and whoever waits for an answer gets none."""
        await self._site.stop()
        assert self._runner.server is not None
        for handler in self._runner.server.connections:
            if handler.transport is not None:
                handler.transport.abort()

    async def rise(self) -> None:
        """Listens again, where it did before."""
        self._site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await self._site.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def _health(self, request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _models(self, request: web.Request) -> web.Response:
        if self.key and request.headers.get("Authorization") != f"Bearer {self.key}":
            return _error(401, "Incorrect API key provided")
        return web.json_response({"object": "list", "data": [{"id": name, "object": "model"} for name in self.models]})

    async def _job(self, request: web.Request) -> web.Response:
        job = self.jobs.get(request.match_info["id"])
        return web.json_response(job) if job else _error(404, "unknown job")

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.requests.append(Recorded(CHAT, request.headers.copy(), body))
        if self.key and request.headers.get("Authorization") != f"Bearer {self.key}":
            return _error(401, "Incorrect API key provided")
        if not self._scripted and body.get("model") not in self.models:
            return _error(404, f"The model {body.get('model')} does not exist")
        if not self._scripted and (refused := next(filter(None, (refuses(body) for refuses in self.refusals)), None)) is not None:
            code, said = refused
            return web.json_response(said, status=code)
        task = _task_of(body)
        with self._counted(task):
            answer = await self._play(request, lambda: self._shaped(_honest_chat(body)), self.delays.get(task))
        return await _in_pieces(request, answer) if self.streams and body.get("stream") and answer.status == 200 else answer

    @property
    def _scripted(self) -> bool:
        return bool(self.script) or self.always is not None

    def _shaped(self, answer: web.Response) -> web.Response:
        if self.reshape is None or answer.status != 200:
            return answer
        return web.json_response(self.reshape(json.loads(answer.text or "")))

    @contextlib.contextmanager
    def _counted(self, task: str) -> Iterator[None]:
        self._at_work[task] += 1
        self.peaks[task] = max(self.peaks[task], self._at_work[task])
        try:
            yield
        finally:
            self._at_work[task] -= 1

    async def _transcribe(self, request: web.Request) -> web.StreamResponse:
        fields: dict[str, Any] = {}
        size = 0
        async for part in await request.multipart():
            if part.name == "file":
                while chunk := await part.read_chunk(1 << 16):
                    size += len(chunk)
            else:
                fields[part.name] = await part.text()
        self.requests.append(Recorded("/transcribe", request.headers.copy(), fields, size))
        return await self._play(request, lambda: web.json_response(transcript_body(self.words)))

    async def _play(self, request: web.Request, honest: Callable[[], web.Response], delay: float | None = None) -> web.StreamResponse:
        self._active += 1
        self.peak = max(self.peak, self._active)
        try:
            if self.script:
                return await self.script.popleft()(request)
            if self.always is not None:
                return await self.always(request)
            await asyncio.sleep(self.delay if delay is None else delay)
            return honest()
        finally:
            self._active -= 1


def _error(code: int, message: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response({"error": {"message": message, "type": "error", "code": None}}, status=code, headers=headers)


def completion(text: str, finish_reason: str = "stop", model: str = "fake-chat") -> dict[str, Any]:
    """The body of a chat completion."""
    message = {"role": "assistant", "content": text}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": finish_reason}],
        "usage": {"prompt_tokens": 10, "completion_tokens": len(text) // 4, "total_tokens": 10 + len(text) // 4},
    }


def task_block(body: dict[str, Any]) -> dict[str, Any]:
    """The JSON block that ends the last user message of a chat request."""
    content = body["messages"][-1]["content"]
    text = content if isinstance(content, str) else "".join(part["text"] for part in content if part["type"] == "text")
    block = json.loads(text.rpartition("\n")[2])
    assert isinstance(block, dict)
    return block


def _task_of(body: dict[str, Any]) -> str:
    with contextlib.suppress(ValueError, KeyError, TypeError, IndexError, AssertionError):
        return str(task_block(body)["task"])
    return "none"


def _honest_chat(body: dict[str, Any]) -> web.Response:
    """Moments of consecutive lines that keep the limits; a refinement that leaves the moment as it is."""
    try:
        block = task_block(body)
    except ValueError:
        return _error(400, "no task in the last user message")
    if block["task"] == "refine_moment":
        moment = block["moment"]
        answer: Any = {"start_time": moment["start_time"], "end_time": moment["end_time"], "reason": "left as it was"}
        return web.json_response(completion(json.dumps(answer), model=body["model"]))
    limits, moments, first = block["limits"], [], None
    for line in block["lines"]:
        first = first or line
        length = line["end"] - first["start"]
        if length >= limits["min_duration"]:
            if length <= limits["max_duration"] and len(moments) < limits["max_moments"]:
                title = " ".join(first["text"].split()[:4])
                moments.append(
                    {"start_time": first["start"], "end_time": line["end"], "title": title, "score": 0.5, "reason": "it is there"}
                )
            first = None
    return web.json_response(completion(json.dumps(moments), model=body["model"]))


def transcript_body(words: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """The overview's answer, without the optional fields, as Parakeet gives it."""
    rows = words if words is not None else [{"word": "Hello", "start": 0.0, "end": 0.5}, {"word": "world.", "start": 0.5, "end": 1.0}]
    text = " ".join(row["word"] for row in rows)
    segments = [{"text": text, "start": rows[0]["start"], "end": rows[-1]["end"]}] if rows else []
    return {"transcription": text, "word_timestamps": rows, "segment_timestamps": segments, "processing_time": 0.1}


async def _in_pieces(request: web.Request, answer: web.StreamResponse) -> web.StreamResponse:
    """A whole answer as server-sent events, ten characters a piece."""
    assert isinstance(answer, web.Response)
    body = json.loads(answer.text or "")
    [choice] = body["choices"]
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for delta in [{"role": "assistant"}, *pieces_of(choice["message"])]:
        await response.write(event({"model": body["model"], "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}))
    await response.write(event({"choices": [{"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}]}))
    await response.write(b"data: [DONE]\n\n")
    return response


def pieces_of(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The deltas of a message."""
    for name, value in message.items():
        if isinstance(value, str) and name != "role":
            yield from ({name: value[at : at + 10]} for at in range(0, len(value), 10))
        if name == "tool_calls":
            arguments = value[0]["function"]["arguments"]
            for at in range(0, len(arguments), 10):
                yield {"tool_calls": [{"index": 0, "function": {"arguments": arguments[at : at + 10]}}]}


def event(body: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(body).encode() + b"\n\n"


# Behaviours


def reply(text: str, finish_reason: str = "stop") -> Behaviour:
    """A completion whose message is `text`."""
    return body_of(json.dumps(completion(text, finish_reason)))


def body_of(text: str, content_type: str = "application/json", code: int = 200) -> Behaviour:
    """A whole body, whatever it is."""

    async def play(request: web.Request) -> web.StreamResponse:
        return web.Response(text=text, content_type=content_type, status=code)

    return play


def html(code: int = 200) -> Behaviour:
    return body_of("<!DOCTYPE html><html><body><h1>It works!</h1></body></html>", "text/html", code)


def status(code: int, message: str = "no", *, retry_after: str | None = None) -> Behaviour:
    async def play(request: web.Request) -> web.StreamResponse:
        return _error(code, message, {"Retry-After": retry_after} if retry_after else None)

    return play


def hang() -> Behaviour:
    """Takes the request and never answers."""

    async def play(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(3600)
        raise AssertionError("the client never gave up")

    return play


def drip(every: float = 0.05) -> Behaviour:
    """An answer that never ends, a byte at a time: no read ever times out."""

    async def play(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            while True:
                await response.write(b" ")
                await asyncio.sleep(every)
        return response

    return play


def reset() -> Behaviour:
    """The connection dies before the answer."""

    async def play(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    return play


def half_body(text: str = '{"choices": [{"message": {"content": "[') -> Behaviour:
    """Announces more than it sends, then hangs up."""

    async def play(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(text) + 1000)})
        await response.prepare(request)
        await response.write(text.encode())
        assert request.transport is not None
        request.transport.close()
        return response

    return play


def flood(megabytes: int) -> Behaviour:
    """An answer of that many megabytes."""

    async def play(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            for _ in range(megabytes):
                await response.write(b" " * 1024**2)
        return response

    return play


def redirect(location: str) -> Behaviour:
    async def play(request: web.Request) -> web.StreamResponse:
        return web.Response(status=307, headers={"Location": location})

    return play
