"""F72: where others can reach the API, every route asks for a key, and each key does what its scope says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import text

from videomoments.api import access
from videomoments.api.access import refuse_unkeyed_bind
from videomoments.api.app import create_app
from videomoments.api.deps import ApiDeps, build_deps
from videomoments.api.server import make_server
from videomoments.core.config import Settings
from videomoments.core.errors import InvalidInput
from videomoments.services.api_keys import ApiKeys, KeyScope, hash_of

pytestmark = pytest.mark.usefixtures("deps")


@pytest.fixture
def open_to_others(settings: Settings) -> Settings:
    return settings.model_copy(update={"host": "0.0.0.0", "allowed_hosts": "moments.example"})


@pytest.fixture
async def others(open_to_others: Settings) -> AsyncIterator[ApiDeps]:
    deps = build_deps(open_to_others)
    yield deps
    await deps.services.close()


@pytest.fixture
async def caller(others: ApiDeps) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(others), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://moments.example") as client:
        yield client


@pytest.fixture
async def secrets(others: ApiDeps) -> dict[KeyScope, str]:
    return {scope: (await others.services.api_keys.create(scope, scope))[1] for scope in KeyScope}


def scope_of(method: str, path: str) -> KeyScope | None:
    """What a key must allow, by rule: a route that is declared by mistake is not what this says."""
    if path.startswith("/api/objects/") or path in ("/health", "/ready"):
        return None
    if path.startswith("/api/admin/") and (method, path) != ("GET", "/api/admin/models"):
        return KeyScope.ADMIN
    return KeyScope.READ if method in ("GET", "HEAD", "OPTIONS") else KeyScope.WRITE


def signed_in(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


async def test_f72_every_route_with_no_key_a_wrong_one_and_each_scope(
    caller: httpx.AsyncClient, secrets: dict[KeyScope, str], others: ApiDeps
) -> None:
    document = create_app(others).openapi()
    operations = [(method.upper(), path) for path, entry in document["paths"].items() for method in entry]
    asked = 0
    for method, template in operations:
        path = "/".join("unknown" if part.startswith("{") else part for part in template.split("/"))
        needed = scope_of(method, path)
        if needed is None:
            assert "security" not in document["paths"][template][method.lower()], path
            continue
        asked += 1
        for headers in ({}, signed_in("vm_wrong"), signed_in("x"), {"Authorization": "Basic dm06"}):
            answer = await caller.request(method, path, headers=headers)
            assert answer.status_code == 401, (method, path, headers)
            assert method == "HEAD" or answer.json()["code"] == "key_needed"
            assert answer.headers["WWW-Authenticate"] == "Bearer"
        for scope, secret in secrets.items():
            answer = await caller.request(method, path, headers=signed_in(secret))
            if scope.allows(needed):
                assert answer.status_code not in (401, 403), (method, path, scope)
            else:
                assert answer.status_code == 403, (method, path, scope)
                assert method == "HEAD" or answer.json()["code"] == "scope_missing"
        operation = document["paths"][template][method.lower()]
        assert (operation["x-scope"], operation["security"]) == (needed, [{}, {"key": []}])
    assert asked > 20


async def test_an_unknown_path_says_nothing_to_strangers(caller: httpx.AsyncClient, secrets: dict[KeyScope, str]) -> None:
    assert (await caller.get("/api/nothing")).status_code == 401
    assert (await caller.get("/api/nothing", headers=signed_in(secrets[KeyScope.READ]))).status_code == 404
    assert (await caller.get("/api/nothing", headers={"X-API-Key": secrets[KeyScope.READ]})).status_code == 404
    assert (await caller.get("/health")).status_code == 200
    assert (await caller.get("/health", headers={"Host": "evil.test"})).status_code == 421


async def test_on_loopback_nobody_is_asked(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/videos")).status_code == 200


async def test_loopback_behind_a_proxy_can_ask_too(settings: Settings) -> None:
    assert settings.model_copy(update={"require_keys": True}).keys_required
    assert not settings.keys_required


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.com", ""])
async def test_f72_an_open_address_without_any_key_is_refused(host: str, settings: Settings, deps: ApiDeps) -> None:
    opened = settings.model_copy(update={"host": host})
    with pytest.raises(InvalidInput) as caught:
        await refuse_unkeyed_bind(opened, deps.services.api_keys)
    assert caught.value.code == "bind_needs_keys"
    await deps.services.api_keys.create("someone", KeyScope.READ)
    await refuse_unkeyed_bind(opened, deps.services.api_keys)
    assert make_server(opened, deps)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.8.8", "[::1]"])
async def test_loopback_may_be_bound_without_a_key(host: str, settings: Settings, deps: ApiDeps) -> None:
    await refuse_unkeyed_bind(settings.model_copy(update={"host": host}), deps.services.api_keys)


async def test_a_key_is_kept_as_a_hash_and_shown_once(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    made = await client.post("/api/admin/keys", json={"name": " desk ", "scope": "write", "requests_per_minute": 5})
    assert made.status_code == 201
    secret = made.json()["key"]
    listed = await client.get("/api/admin/keys")
    assert secret not in listed.text
    assert hash_of(secret) not in listed.text
    [key] = listed.json()["items"]
    assert (key["name"], key["scope"], key["hint"], key["requests_per_minute"]) == ("desk", "write", secret[:8], 5)
    found = await deps.services.api_keys.recognise(secret)
    assert found is not None
    assert found.identifier == key["identifier"]
    [used] = await deps.services.api_keys.list()
    assert used.last_used_at is not None


async def test_revoked_and_expired_keys_end(
    caller: httpx.AsyncClient, others: ApiDeps, secrets: dict[KeyScope, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "_BELIEVED_SECONDS", 0.0)
    keys: ApiKeys = others.services.api_keys
    _, late = await keys.create("late", KeyScope.READ, expires_at=datetime.now(UTC) + timedelta(hours=1))
    assert (await caller.get("/api/videos", headers=signed_in(late))).status_code == 200
    async with others.services.database.transaction() as session:
        await session.execute(text("UPDATE api_keys SET expires_at = now() - interval '1 second' WHERE name = 'late'"))
    assert (await caller.get("/api/videos", headers=signed_in(late))).status_code == 401
    admin = signed_in(secrets[KeyScope.ADMIN])
    reader = next(key for key in await keys.list() if key.scope is KeyScope.READ and key.name == "read")
    assert (await caller.get("/api/videos", headers=signed_in(secrets[KeyScope.READ]))).status_code == 200
    ended = await caller.delete(f"/api/admin/keys/{reader.identifier}", headers=admin)
    assert ended.json()["revoked_at"]
    assert (await caller.get("/api/videos", headers=signed_in(secrets[KeyScope.READ]))).status_code == 401
    assert (await caller.delete("/api/admin/keys/unknown", headers=admin)).status_code == 404
    items = (await caller.get("/api/admin/keys", params={"revoked": "true"}, headers=admin)).json()["items"]
    assert reader.identifier in [item["identifier"] for item in items]


async def test_quotas_are_per_key(caller: httpx.AsyncClient, others: ApiDeps) -> None:
    _, limited = await others.services.api_keys.create("limited", KeyScope.WRITE, requests_per_minute=3)
    _, once = await others.services.api_keys.create("once", KeyScope.WRITE, runs_per_day=1)
    answers = [await caller.get("/api/videos", headers=signed_in(limited)) for _ in range(8)]  # two windows at most
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert all(1 <= int(answer.headers["Retry-After"]) <= 60 for answer in refused)
    assert refused[0].json()["code"] == "too_many"
    assert (await caller.get("/api/videos", headers=signed_in(once))).status_code == 200
    starts = [(await caller.post("/api/pipeline/unknown/start", headers=signed_in(once))).status_code for _ in range(3)]
    assert starts.count(429) >= 1
    assert (await caller.get("/api/videos", headers=signed_in(once))).status_code == 200


async def test_who_is_asking(caller: httpx.AsyncClient, secrets: dict[KeyScope, str], client: httpx.AsyncClient) -> None:
    for scope, secret in secrets.items():
        me = (await caller.get("/api/me", headers=signed_in(secret))).json()
        assert me == {"kind": "key", "name": scope.value, "scope": scope.value, "hint": secret[:8]}
    assert (await caller.get("/api/me")).status_code == 401
    assert (await client.get("/api/me")).json() == {"kind": "machine", "name": "this machine", "scope": "admin", "hint": None}
