"""What a route declares holds before it is reached: a stranger's body is not read, and a route that declares nothing is never served."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from starlette.routing import Mount, Route
from starlette.types import Message

from videomoments.api import app as application
from videomoments.api.app import create_app
from videomoments.api.declarations import OPEN, READ, STARTS_RUN, RouteTable, UndeclaredRoute, declare
from videomoments.api.deps import IDENTIFIER, ApiDeps, build_deps
from videomoments.api.openapi import document
from videomoments.api.routes import ROUTERS
from videomoments.core.config import Settings
from videomoments.services.api_keys import KeyScope

_JSON = (b"content-type", b"application/json")
_GIGABYTE = (b"content-length", b"1000000000")
_FORM = (b"content-type", b"multipart/form-data; boundary=x")
_PIECE = (b"content-type", b"application/offset+octet-stream")


@pytest.fixture
async def keyed(settings: Settings, deps: ApiDeps) -> AsyncIterator[ApiDeps]:
    own = build_deps(settings.model_copy(update={"require_keys": True}))
    yield own
    await own.services.close()


@pytest.fixture
async def caller(keyed: ApiDeps) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(keyed), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:7005") as client:
        yield client


async def key(deps: ApiDeps, scope: KeyScope) -> dict[str, str]:
    return {"Authorization": f"Bearer {(await deps.services.api_keys.create(scope, scope))[1]}"}


class Sender:
    """A request whose body is counted as it is taken."""

    def __init__(self, app: FastAPI, piece: bytes) -> None:
        self.app = app
        self.piece = piece
        self.taken = 0
        self.status = 0

    async def _receive(self) -> Message:
        self.taken += len(self.piece)
        return {"type": "http.request", "body": self.piece, "more_body": False}

    async def _send(self, message: Message) -> None:
        self.status = message.get("status", self.status)

    async def ask(self, method: str, path: str, *headers: tuple[bytes, bytes]) -> tuple[int, int]:
        """The status, and how many bytes of the body were taken for it."""
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [(b"host", b"127.0.0.1:7005"), *headers],
            "client": ("127.0.0.1", 50000),
            "server": ("127.0.0.1", 7005),
        }
        await self.app(scope, self._receive, self._send)
        return self.status, self.taken


_STRANGERS = [
    ("POST", "/api/videos/upload", (_FORM, _GIGABYTE)),
    ("PATCH", "/api/videos/upload/unknown", (_PIECE, _GIGABYTE, (b"upload-offset", b"0"))),
    ("POST", "/api/videos", (_JSON,)),
    ("POST", "/api/videos", (_JSON, _GIGABYTE)),
    ("POST", "/api/generate_moments", (_JSON,)),
    ("PATCH", "/api/videos/unknown/moments/unknown", (_JSON,)),
    ("POST", "/api/admin/keys", (_JSON,)),
    ("POST", "/api/nothing", (_JSON,)),
    ("PUT", "/api/videos", (_JSON,)),
]


@pytest.mark.parametrize(("method", "path", "headers"), _STRANGERS)
async def test_f72_no_byte_of_a_stranger_s_body_is_read(
    keyed: ApiDeps, method: str, path: str, headers: tuple[tuple[bytes, bytes], ...]
) -> None:
    assert await Sender(create_app(keyed), b'{"url": ').ask(method, path, *headers) == (401, 0)
    wrong = (b"authorization", b"Bearer vm_wrong")
    assert await Sender(create_app(keyed), b'{"url": ').ask(method, path, *headers, wrong) == (401, 0)


async def test_f72_a_key_that_may_not_do_it_has_no_body_read_and_one_that_may_has(keyed: ApiDeps) -> None:
    for scope, expected in ((KeyScope.READ, (403, 0)), (KeyScope.WRITE, (422, 8))):
        header = (b"authorization", (await key(keyed, scope))["Authorization"].encode())
        assert await Sender(create_app(keyed), b'{"url": ').ask("POST", "/api/videos", _JSON, header) == expected


@pytest.mark.parametrize(
    ("method", "path", "stranger", "reader", "writer"),
    [
        ("GET", "/api/nothing", 401, 404, 404),
        ("POST", "/api/nothing", 401, 403, 404),
        ("GET", "/api", 401, 404, 404),
        ("GET", "/api/admin/nothing", 401, 403, 403),
        ("HEAD", "/api/videos", 401, 405, 405),
        ("PUT", "/api/videos", 401, 403, 405),
        ("HEAD", "/api/admin/models", 401, 405, 405),
        ("PATCH", "/api/admin/models", 401, 403, 403),
        ("HEAD", "/api/generate_moments", 401, 405, 405),
        ("PUT", "/api/pipeline/unknown/status", 401, 403, 405),
        ("HEAD", "/api/openapi.json", 401, 200, 200),
        ("HEAD", "/metrics", 401, 405, 405),
        ("POST", "/metrics", 401, 403, 405),
        ("POST", "/docs", 401, 403, 405),
        ("HEAD", "/docs", 405, 405, 405),
        ("GET", "/docs/nothing", 404, 404, 404),
        ("POST", "/health", 405, 405, 405),
        ("DELETE", "/api/objects/unknown", 405, 405, 405),
        ("POST", "/library", 401, 403, 404),
        ("OPTIONS", "/library", 404, 404, 404),
    ],
)
async def test_where_no_route_answers(
    caller: httpx.AsyncClient, keyed: ApiDeps, method: str, path: str, stranger: int, reader: int, writer: int
) -> None:
    found = [(await caller.request(method, path)).status_code]
    for scope in (KeyScope.READ, KeyScope.WRITE):
        found.append((await caller.request(method, path, headers=await key(keyed, scope))).status_code)
    assert found == [stranger, reader, writer]


@pytest.mark.parametrize("kind", ["route", "plain route", "mount"])
async def test_f72_a_route_that_declares_nothing_is_refused_at_start(deps: ApiDeps, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    router = APIRouter()

    async def forgotten() -> None: ...

    if kind == "route":
        router.get("/api/forgotten/{name}")(forgotten)
    elif kind == "plain route":
        router.routes.append(Route("/api/forgotten/{name}", forgotten))
    else:
        router.routes.append(Mount("/api/forgotten", create_app(deps)))
    monkeypatch.setattr(application, "ROUTERS", (*ROUTERS, router))
    with pytest.raises(UndeclaredRoute, match="/api/forgotten"):
        create_app(deps)


def test_the_first_route_that_matches_is_asked() -> None:
    app = FastAPI(openapi_url=None)
    router = APIRouter()

    @router.get("/things/special")
    @declare(OPEN)
    async def special() -> None: ...

    @router.get("/things/{name}")
    @declare(READ)
    async def thing(name: str) -> None: ...

    app.include_router(router)
    table = RouteTable(app.routes)
    asked = {path: table.of({"method": "GET", "path": path}) for path in ("/things/special", "/things/other")}
    assert asked == {"/things/special": OPEN, "/things/other": READ}


def test_every_operation_that_starts_a_run_counts_against_the_quota_of_runs(deps: ApiDeps) -> None:
    app = create_app(deps)
    accepting = {path for path, entry in app.openapi()["paths"].items() if "202" in entry.get("post", {}).get("responses", {})}
    starting = {route.path for route in app.table if route.declaration.starts_run}
    assert starting == {path for path in accepting if not path.endswith("/cancel")}
    assert "/api/videos/{video_id}/moments/{moment_id}/refine" in starting
    assert STARTS_RUN.scope is KeyScope.WRITE


def test_only_files_may_be_longer_than_a_megabyte(deps: ApiDeps) -> None:
    long = {(method, route.path) for route in create_app(deps).table if route.declaration.long_body for method in route.methods}
    assert long == {("POST", "/api/videos/upload"), ("PATCH", "/api/videos/upload/{upload_id}")}


def test_there_is_one_pattern_of_identifiers() -> None:
    operations = [operation for entry in document()["paths"].values() for operation in entry.values()]
    named = {
        (parameter["name"], pattern)
        for operation in operations
        for parameter in operation.get("parameters", ())
        if parameter["name"].endswith("_id") or parameter["name"] in ("run", "moment")
        for schema in (parameter["schema"], *parameter["schema"].get("anyOf", ()))
        if (pattern := schema.get("pattern")) is not None
    }
    assert {pattern for _, pattern in named} == {IDENTIFIER}
    assert {"video_id", "moment_id", "request_id", "upload_id", "key_id", "run", "moment"} <= {name for name, _ in named}
