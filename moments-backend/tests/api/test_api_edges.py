"""What stands before the routes, and what answers when a part is away."""

from __future__ import annotations

import json
import logging
import random
from collections.abc import AsyncIterator

import httpx
import pytest
from finished import finished
from sqlalchemy import text

from videomoments.api.app import create_app
from videomoments.api.deps import ApiDeps, build_deps
from videomoments.core.config import Settings
from videomoments.core.logging import configure_logging


@pytest.mark.parametrize("host", ["evil.test", "127.0.0.1.evil.test", "localhost.evil.test", "", "169.254.169.254", "[::2]", "a@b", "[x"])
async def test_f73_an_unknown_host_is_refused(client: httpx.AsyncClient, host: str) -> None:
    answer = await client.get("/health", headers={"Host": host})
    assert (answer.status_code, answer.json()["code"]) == (421, "host_not_allowed")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:7005", "127.0.0.1:3005", "[::1]:7005"])
async def test_f73_this_machine_is_served(client: httpx.AsyncClient, host: str) -> None:
    assert (await client.get("/health", headers={"Host": host})).status_code == 200


async def test_f73_pages_of_other_sites_may_not_post(client: httpx.AsyncClient) -> None:
    body = {"url": "https://example.com/x.mp4"}
    for headers in ({"Origin": "https://evil.test"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = await client.post("/api/videos", json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "origin_not_allowed")
        assert "access-control-allow-origin" not in answer.headers
    assert (await client.post("/api/videos", json=body, headers={"Origin": "http://localhost:3005"})).status_code == 201


async def test_a_large_body_is_refused_told_or_not(client: httpx.AsyncClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b" " * 65536

    for content in (b" " * 1_100_000, chunks()):
        answer = await client.post("/api/videos", content=content, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


async def test_f79_every_error_is_a_problem(client: httpx.AsyncClient) -> None:
    for answer, status in (
        (await client.get("/api/nothing"), 404),
        (await client.get("/api/videos/"), 404),
        (await client.delete("/health"), 405),
        (await client.post("/api/videos", content=b"{", headers={"Content-Type": "application/json"}), 422),
        (await client.get("/api/videos/" + "x" * 100), 422),
        (await client.get("/api/videos/a%00b"), 422),
    ):
        assert answer.status_code == status
        assert answer.headers["Content-Type"] == "application/problem+json"
        problem = answer.json()
        assert {"type", "title", "status", "code", "detail", "instance"} <= set(problem)
        assert problem["status"] == status


async def test_f79_random_requests_never_break_it(client: httpx.AsyncClient, settings: Settings) -> None:
    seed = random.randrange(2**32)
    print("seed", seed)
    source = random.Random(seed)
    paths = [path for path in create_app(build_deps(settings)).openapi()["paths"] if path != "/api/videos/upload"]
    strange = ["", "\0", "%00", "..", "-1", "1e400", "💥", "' OR 1=1 --", "\ud800", "x" * 5000, "{{7*7}}", "null"]
    values: list[object] = [*strange, None, -1, 2**70, 1.5, True, [], {}, [[[]]]]
    for _ in range(300):
        path = source.choice(paths)
        for name in ("video_id", "request_id", "key"):
            path = path.replace(f"{{{name}}}", source.choice([*strange, "signal"]).encode("utf-8", "replace").decode().strip("/") or "x")
        body = {name: source.choice(values) for name in source.sample(["url", "title", "prompt", "top_k", "kind", "key", "language"], 3)}
        query = {
            name: source.choice(strange[:-3]).encode("utf-8", "replace").decode()
            for name in source.sample(["q", "cursor", "limit", "run", "view"], 2)
        }
        try:
            request = client.build_request(source.choice(["GET", "POST", "PUT", "PATCH", "DELETE"]), path, params=query)
        except httpx.InvalidURL:
            continue
        request = client.build_request(
            request.method, request.url, content=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
        )
        answer = await client.send(request)
        assert answer.status_code < 500 or answer.status_code == 503, (path, body, query, answer.text)
        for secret in ("Traceback", str(settings.home), "vision_ai", "site-packages"):
            assert secret not in answer.text


async def test_health_and_readiness(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    health = await client.get("/health")
    assert (health.status_code, health.json()) == (200, {"status": "ok", "redis": "ok", "postgresql": "ok"})
    ready = await client.get("/ready")
    assert (ready.status_code, ready.json()["migrated"], ready.json()["workers"]) == (503, True, 0)
    async with deps.services.database.transaction() as session:
        await session.execute(text("INSERT INTO workers (name, host, pid, started_at, seen_at) VALUES ('w', 'h', 1, now(), now())"))
    await client.post("/api/generate_moments", json={"url": "https://example.com/x.mp4"})
    ready = await client.get("/ready")
    assert ready.status_code == 200
    assert (ready.json()["workers"], ready.json()["queued"]) == (1, 1)


async def test_f34_a_worker_that_went_silent_does_not_count(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    async with deps.services.database.transaction() as session:
        statement = "INSERT INTO workers (name, host, pid, started_at, seen_at) VALUES ('w', 'h', 1, now(), now() - interval '30 s')"
        await session.execute(text(statement))
    assert (await client.get("/ready")).status_code == 503


async def test_parts_that_are_away_are_503(settings: Settings) -> None:
    away = settings.model_copy(update={"database_url": "postgresql://127.0.0.1:1/none", "redis_url": "redis://127.0.0.1:1"})
    deps = build_deps(away)
    transport = httpx.ASGITransport(create_app(deps), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        health = await client.get("/health")
        assert (health.status_code, health.json()) == (503, {"status": "unavailable", "redis": "unavailable", "postgresql": "unavailable"})
        answer = await client.get("/api/videos")
        assert (answer.status_code, answer.json()["code"], answer.headers["Retry-After"]) == (503, "database_unavailable", "5")
        assert (await client.get("/ready")).status_code == 503
    await deps.services.close()


async def test_every_answer_carries_a_request_id(client: httpx.AsyncClient) -> None:
    for path, headers in (("/health", {}), ("/api/nothing", {}), ("/health", {"Host": "evil.test"})):
        first, second = [(await client.get(path, headers=headers)).headers["X-Request-ID"] for _ in range(2)]
        assert first != second
    assert (await client.get("/health", headers={"X-Request-ID": "from-a.proxy_1"})).headers["X-Request-ID"] == "from-a.proxy_1"
    for strange in ("a b", "x" * 65, '"', ""):
        assert (await client.get("/health", headers={"X-Request-ID": strange})).headers["X-Request-ID"] != strange


async def test_an_unexpected_error_carries_the_id_that_its_log_line_has(
    client: httpx.AsyncClient, deps: ApiDeps, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(type(deps.services.videos), "get", broken)
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    configure_logging()
    answer = await client.get("/api/videos/a-video/source", headers={"X-Request-ID": "from-a.proxy_1"})
    assert (answer.status_code, answer.json()["code"], answer.headers["X-Request-ID"]) == (500, "internal_error", "from-a.proxy_1")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    logged = capsys.readouterr().err
    assert "RuntimeError: a fault of ours" in logged
    assert "[http_request=from-a.proxy_1]" in logged


async def test_large_answers_are_compressed_for_those_who_take_it_and_objects_are_not(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    large = await client.get("/api/openapi.json")
    assert large.headers["Content-Encoding"] == "gzip"
    assert int(large.headers["Content-Length"]) < len(large.content) / 4
    plain = await client.get("/api/openapi.json", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    assert plain.json() == large.json()
    done = await finished(deps)
    assert "Content-Encoding" not in (await client.get(f"/api/pipeline/{done.video_id}/status")).headers
    clip = (await client.get(f"/api/videos/{done.video_id}/clips")).json()["items"][0]["clip"]["url"]
    part = await client.get(clip, headers={"Range": "bytes=0-9999"})
    assert (part.status_code, len(part.content), part.headers.get("Content-Encoding")) == (206, 10_000, None)
