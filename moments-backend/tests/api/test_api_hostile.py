"""The list of hostile URLs through the API: each is a 4xx with a stable code, or, where only connecting tells, a failed VIDEO_DOWNLOAD with
that code. Nobody on this machine or its network is called."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from sources.hostile import HOSTILE, everybody, scripted_names, watched
from support.stack import Stack
from support.workers import end_of, working
from videomoments.api.deps import ApiDeps
from videomoments.core.config import Settings
from videomoments.core.names import StageName
from videomoments.pipeline.stages.video_download import VIDEO_DOWNLOAD

__all__ = ["scripted_names"]

# `run_active`: another spelling of an address that is being asked for already.
AT_ONCE = {"address_refused", "invalid_url", "url_has_credentials", "bucket_refused", "invalid_input", "run_active"}
LATER = {"address_refused", "source_unavailable"}


@pytest.fixture
def settings(migrated: Stack, tmp_path: Path) -> Settings:
    return Settings(
        home=tmp_path,
        database_url=migrated.database_url,
        redis_url=migrated.redis_url,
        storage_url=f"file://{tmp_path}/store",
        models_url="http://127.0.0.1:1",
        signing_key=SecretStr("test"),
        min_free_bytes=0,
        allow_private="away.test",
    )


@pytest.mark.usefixtures("scripted_names")
async def test_no_url_that_the_api_takes_makes_anybody_connect_to_an_address_that_is_not_public(
    client: httpx.AsyncClient, deps: ApiDeps
) -> None:
    refused: dict[str, tuple[int, str]] = {}
    begun: dict[str, str] = {}
    # The stack's servers are on Unix sockets.
    with everybody() as (port, hits), watched(set()) as connections:
        for url in HOSTILE:
            answer = await client.post("/api/generate_moments", json={"url": url.replace("PORT", str(port))})
            body = answer.json()
            if answer.status_code == 202:
                begun[url] = body["request_id"]
            else:
                refused[url] = (answer.status_code, body["code"])
            assert "secret" not in answer.text
        async with working(deps.services, stages=(VIDEO_DOWNLOAD,)):
            ends = await asyncio.gather(*(end_of(deps.services, request_id) for request_id in begun.values()))
    assert hits == []
    assert connections.private == []
    assert {url: told for url, told in refused.items() if not (400 <= told[0] < 500 and told[1] in AT_ONCE)} == {}
    failures = {url: end.error for url, end in zip(begun, ends, strict=True)}
    wrong = {
        url: error
        for url, error in failures.items()
        if error is None or error.stage is not StageName.VIDEO_DOWNLOAD or error.code not in LATER
    }
    assert wrong == {}
    # Literal addresses never become a run; names do.
    assert len(refused) > 150
    assert len(failures) > 8
    assert failures["http://private.test:PORT/a.mp4"] is not None
