"""F56, F78: what is planted as a secret in the configuration of a running API is found nowhere that others can look."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from aiohttp import web
from finished import finished

from support.api_processes import api_process
from support.workers import worker_process
from videomoments.api.deps import ApiDeps
from videomoments.api.openapi import document
from videomoments.core.config import Settings
from videomoments.services.api_keys import KeyScope

CANARIES = {
    "MOMENTS_SIGNING_KEY": "canary-of-the-signing-key",
    "MOMENTS_MODELS_KEY": "canary-of-the-models",
    "MY_LLM_API_KEY": "canary-of-a-model",
    "SSH_KEY_PASSPHRASE": "canary-of-the-pass-phrase",
    "AWS_SECRET_ACCESS_KEY": "canary-of-the-bucket",
}
MODEL = {
    "key": "mine",
    "kind": "chat",
    "transport": "direct",
    "base_url": "http://127.0.0.1:9",
    "endpoint": "/v1/chat/completions",
    "model_name": "m",
    "api_key_env": "MY_LLM_API_KEY",
}


async def test_f56_f78_secrets_are_seen_nowhere(deps: ApiDeps, settings: Settings) -> None:
    done = await finished(deps)
    _, key = await deps.services.api_keys.create("admin", KeyScope.ADMIN)
    with api_process(settings, MOMENTS_REQUIRE_KEYS="true", MOMENTS_LOG_LEVEL="DEBUG", **CANARIES) as api:
        seen: list[str] = []
        headers = {"Authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(base_url=api.url, headers=headers, timeout=60) as client:
            made = await client.post("/api/admin/models", json=MODEL)
            assert made.status_code == 201, made.text
            seen += [made.text, (await client.post("/api/admin/models/mine/test")).text]
            for path, operations in document()["paths"].items():
                if "get" not in operations or path.startswith("/api/objects/"):
                    continue
                answer = await client.get(path.replace("{video_id}", done.video_id).replace("{key}", "mine"))
                seen.append(answer.text)
            seen.append((await client.post("/api/videos", json={"url": "https://x.test/\x00"})).text)
            seen.append((await client.get("/api/videos", headers={"Authorization": f"Bearer {key}x"})).text)
            signed = (await client.get(f"/api/videos/{done.video_id}/stream")).json()["url"]
            signature = signed.rsplit("signature=", 1)[1]
            assert (await client.get(signed.replace(signature, signature[:-1]))).status_code == 403
            assert (await client.get(signed)).status_code == 200
        commands = _commands()
        logged = api.log.read_text()
        assert "accepted" in logged or logged.strip(), "a log that says nothing proves nothing"
    text = "\n".join([*seen, *commands, logged])
    for secret in (*CANARIES.values(), key):
        assert secret not in text
    assert signature not in "\n".join([*commands, logged])


@pytest.fixture
async def site() -> AsyncIterator[str]:
    """One file that is not there, and a page on which yt-dlp finds nothing."""

    async def page(_: web.Request) -> web.Response:
        await asyncio.sleep(0.3)
        return web.Response(text="<!doctype html><title>Nothing</title>", content_type="text/html")

    application = web.Application()
    application.router.add_get("/page", page)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_f56_f78_a_signed_source_is_told_by_no_log_error_or_process(deps: ApiDeps, settings: Settings, site: str) -> None:
    """A URL with a signed query, which a run fails to download: as a file, and as a page that yt-dlp's process is given."""
    planted = "canary-of-a-signed-query"
    variables = {"MOMENTS_ALLOW_PRIVATE": "127.0.0.1", "MOMENTS_LOG_LEVEL": "DEBUG"}
    commands: list[str] = []
    with api_process(settings, **variables) as api, worker_process(settings, stages="real", **variables) as worker:
        async with httpx.AsyncClient(base_url=api.url, timeout=60) as client:
            told = []
            for name in ("missing.mp4", "page"):
                body = {"url": f"{site}/{name}?X-Amz-Signature={planted}&token={planted}"}
                begun = (await client.post("/api/generate_moments", json=body)).json()
                run = {"status": "queued"}
                while run["status"] in ("queued", "processing"):
                    commands += _commands()
                    await asyncio.sleep(0.02)
                    run = (await client.get(f"/api/generate_moments/{begun['request_id']}")).json()
                assert run["error"]["stage"] == "VIDEO_DOWNLOAD"
                told += [str(run), (await client.get(f"/api/pipeline/{begun['video_id']}/history")).text]
            told += [(await client.get("/metrics")).text, (await client.get("/api/pipeline")).text]
        logged = [api.log.read_text(), worker.log.read_text()]
    assert any("site_child" in command for command in commands), "yt-dlp's own process was never seen"
    assert all("accepted" in log or "claimed" in log or "127.0.0.1" in log for log in logged), "a log that says nothing proves nothing"
    assert planted not in "\n".join([*told, *logged, *commands])


def _commands() -> list[str]:
    return [file.read_bytes().decode(errors="replace") for file in Path("/proc").glob("[0-9]*/cmdline") if _readable(file)]


def _readable(file: Path) -> bool:
    try:
        return bool(file.read_bytes())
    except OSError:
        return False
