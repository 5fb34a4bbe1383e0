"""What is wrong with a body is said in one sentence, with what to send instead."""

from __future__ import annotations

from collections.abc import Mapping

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Message, Receive, Scope, Send

from videomoments.api.slow_bodies import BodyTooSlow, LeastRate

_JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("content", "headers", "status", "code", "said"),
    [
        (b'{"url": 1}', {}, 415, "unsupported_media_type", "came without a type"),
        (
            b"url=https://example.com",
            {"Content-Type": "application/x-www-form-urlencoded"},
            415,
            "unsupported_media_type",
            "x-www-form-urlencoded",
        ),
        (b"[]", {"Content-Type": "text/plain; charset=utf-8"}, 415, "unsupported_media_type", "came as text/plain"),
        (b'{\n  "url": "x"\n  "title": "y"}', _JSON, 422, "invalid_json", "Expecting ',' delimiter at line 3, column 3"),
        (b'{"url": ', _JSON, 422, "invalid_json", "line 1, column 9"),
        (b'{"url": "\xff"}', _JSON, 422, "invalid_json", "not UTF-8: byte 9"),
        (b"", _JSON, 422, "body_missing", "needs a body"),
        (b"", {}, 422, "body_missing", "needs a body"),
        (b"null", _JSON, 422, "invalid_body", "The body is null"),
        (b"[]", _JSON, 422, "invalid_body", "The body is an array"),
        (b'"url"', _JSON, 422, "invalid_body", "The body is a string"),
        (b'{"url": "https://example.com/", "titel": "typo"}', _JSON, 422, "unknown_field", "titel in the body is not a field"),
        (b'{"url": 7}', _JSON, 422, "invalid_input", "url in the body should be a valid string"),
        (b"{}", _JSON, 422, "invalid_input", "url in the body is missing"),
    ],
)
async def test_each_wrong_body(
    client: httpx.AsyncClient, content: bytes, headers: Mapping[str, str], status: int, code: str, said: str
) -> None:
    answer = await client.post("/api/videos", content=content, headers=headers)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert said in problem["detail"]
    assert problem["detail"].endswith(".")
    assert "\n" not in problem["detail"]
    if status == 415:
        assert problem["advice"] == "Send Content-Type: application/json."


async def test_a_body_that_may_be_left_out_is_looked_at_all_the_same(client: httpx.AsyncClient) -> None:
    video = (await client.post("/api/videos", json={"url": "https://example.com/x.mp4"})).json()["identifier"]
    wrong = await client.post(f"/api/pipeline/{video}/start", content=b'{"prompt": "x"}', headers={"Content-Type": "text/plain"})
    assert (wrong.status_code, wrong.json()["code"]) == (415, "unsupported_media_type")
    odd = await client.post(f"/api/pipeline/{video}/start", content=b'{"prompt": "x"}', headers={"Content-Type": "application/vnd.x+json"})
    assert odd.status_code == 202


async def test_a_deep_body_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/videos", content=b"[" * 200_000, headers=_JSON)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_json")


async def test_sentences_about_other_parts_of_a_request(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/videos", params={"limit": "1000"})
    assert (answer.json()["code"], answer.json()["detail"]) == (
        "invalid_input",
        "limit in the query should be less than or equal to 100.",
    )


class Sender:
    """A body that arrives in pieces, each after so many seconds of a clock of its own."""

    def __init__(self, *pieces: tuple[int, float]) -> None:
        self.now = 0.0
        self._pieces = list(pieces)

    def clock(self) -> float:
        return self.now

    async def receive(self) -> Message:
        size, seconds = self._pieces.pop(0)
        self.now += seconds
        return {"type": "http.request", "body": b"x" * size, "more_body": bool(self._pieces)}


async def read(sender: Sender) -> int:
    """How many bytes the application got."""
    got = 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal got
        async for chunk in Request(scope, receive).stream():
            got += len(chunk)
            sender.now += 1000  # what we do with it is not the sender's time

    async def send(message: Message) -> None: ...

    scope: Scope = {"type": "http", "method": "POST", "headers": [(b"content-length", b"1")]}
    await LeastRate(app, rate=1000, seconds=30, clock=sender.clock)(scope, sender.receive, send)
    return got


async def test_two_hours_at_a_hundred_kilobytes_a_second_pass() -> None:
    assert await read(Sender(*[(100_000, 1.0)] * 7200)) == 720_000_000


async def test_a_kilobyte_a_second_passes_and_less_does_not() -> None:
    assert await read(Sender(*[(1001, 1.0)] * 200)) == 200_200
    with pytest.raises(BodyTooSlow):
        await read(Sender(*[(990, 1.0)] * 200))


async def test_a_pause_after_much_is_a_pause_all_the_same() -> None:
    """What came before buys no time: 30 s without a byte are the end."""
    with pytest.raises(BodyTooSlow):
        await read(Sender((10_000_000, 1.0), (1, 31.0), (1, 1.0)))


async def test_a_small_body_may_take_its_time_within_the_window() -> None:
    assert await read(Sender((1, 10.0), (1, 10.0), (1, 9.0))) == 3


async def test_who_waits_for_the_caller_to_go_away_is_not_hurried() -> None:
    sender = Sender((5, 1.0), (0, 10_000.0))
    seen: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(await receive())
        seen.append(await receive())

    async def receive() -> Message:
        message = await sender.receive()
        return message | {"more_body": False}

    async def send(message: Message) -> None: ...

    await LeastRate(app, rate=1000, seconds=30, clock=sender.clock)({"type": "http", "headers": [(b"content-length", b"5")]}, receive, send)
    assert len(seen) == 2


async def test_requests_without_a_body_are_left_alone() -> None:
    async def receive() -> Message:
        return {"type": "http.disconnect"}

    got: list[Receive] = []

    async def app(scope: Scope, given: Receive, send: Send) -> None:
        got.append(given)
        response: Response = PlainTextResponse("ok")
        await response(scope, given, send)

    async def send(message: Message) -> None: ...

    await LeastRate(app, rate=1000, seconds=30)({"type": "http", "headers": []}, receive, send)
    assert got == [receive]
