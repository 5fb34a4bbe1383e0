"""F56, F78: what is planted as a secret in the configuration of a running API is found nowhere that others can look."""

from __future__ import annotations

from pathlib import Path

import httpx
from finished import finished

from api_processes import api_process
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
        commands = [file.read_bytes().decode(errors="replace") for file in Path("/proc").glob("[0-9]*/cmdline") if _readable(file)]
        logged = api.log.read_text()
        assert "accepted" in logged or logged.strip(), "a log that says nothing proves nothing"
    text = "\n".join([*seen, *commands, logged])
    for secret in (*CANARIES.values(), key):
        assert secret not in text
    assert signature not in "\n".join([*commands, logged])


def _readable(file: Path) -> bool:
    try:
        return bool(file.read_bytes())
    except OSError:
        return False
