from __future__ import annotations

import httpx
import pytest

from support.fakes.chat_dialects import REFUSALS
from support.fakes.model_server import ModelServer
from videomoments.api.app import create_app
from videomoments.api.deps import ApiDeps
from videomoments.inference.dialect import Dialect

NEW = {
    "key": "my_llm",
    "kind": "chat",
    "base_url": "http://127.0.0.1:9",
    "endpoint": "/v1/chat/completions",
    "model_name": "qwen",
    "api_key_env": "MY_LLM_API_KEY",
}


async def test_the_seeded_models(client: httpx.AsyncClient) -> None:
    models = {model["key"]: model for model in (await client.get("/api/admin/models")).json()["items"]}
    assert {"parakeet", "minimax", "qwen3_omni", "qwen3_vl_fp8", "whisper_base", "extractive", "signal"} <= set(models)
    assert (models["parakeet"]["local_port"], models["parakeet"]["remote_port"], models["parakeet"]["remote_host"]) == (
        6106,
        8006,
        "worker-7",
    )
    assert {key: model["default_for"] for key, model in models.items() if model["default_for"]} == {
        "whisper_base": ["transcription"],
        "extractive": ["generation"],
        "signal": ["refinement"],
    }
    assert not models["qwen3_vl_fp8"]["configured"]
    assert (models["qwen3_vl_fp8"]["max_concurrency"], models["qwen3_vl_fp8"]["max_refinements"]) == (2, 1)
    assert [key for key, model in models.items() if not model["supports_refinement"]] == ["extractive"]


async def test_f51_edits_survive_a_restart(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    model = (await client.get("/api/admin/models/qwen3_vl_fp8")).json()
    changed = await client.put(
        "/api/admin/models/qwen3_vl_fp8", json=model | {"transport": "direct", "base_url": "https://gpu.example/v1", "temperature": 0.1}
    )
    assert changed.status_code == 200, changed.text
    assert changed.json()["base_url"] == "https://gpu.example"
    assert changed.json()["default_for"] == ["generation", "refinement"]
    await deps.services.models.seed()
    assert (await client.get("/api/admin/models/qwen3_vl_fp8")).json() == changed.json()
    assert await deps.services.redis.hget("model:config:qwen3_vl_fp8", "base_url") == "https://gpu.example"


async def test_a_model_behind_ssh_is_ready_once_its_server_is_named(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    model = (await client.get("/api/admin/models/qwen3_vl_fp8")).json()
    changed = await client.put("/api/admin/models/qwen3_vl_fp8", json=model | {"ssh_host": "85.10.0.146", "ssh_user": "naresh"})
    assert (changed.json()["configured"], changed.json()["default_for"]) == (True, ["generation", "refinement"])
    kept = await deps.services.redis.hgetall("model:config:qwen3_vl_fp8")
    assert (kept["ssh_host"], kept["ssh_user"], kept["local_port"], kept["remote_port"]) == ("85.10.0.146", "naresh", "6010", "8010")


async def test_the_name_of_a_keys_variable_is_explained(client: httpx.AsyncClient) -> None:
    answer = (await client.post("/api/admin/models", json=NEW | {"api_key_env": "MY_LLM_SECRET"})).json()
    assert "ends in _API_KEY or _API_TOKEN" in answer["detail"]


async def test_a_model_is_added_and_removed(client: httpx.AsyncClient) -> None:
    assert (await client.post("/api/admin/models", json=NEW)).status_code == 201
    again = await client.post("/api/admin/models", json=NEW)
    assert (again.status_code, again.json()["code"]) == (409, "model_exists")
    assert (await client.delete("/api/admin/models/my_llm")).status_code == 204
    for answer in (
        await client.get("/api/admin/models/my_llm"),
        await client.put("/api/admin/models/my_llm", json=NEW),
        await client.delete("/api/admin/models/my_llm"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "model_unknown")


@pytest.mark.parametrize(
    "change",
    [
        {"ssh_host": "-oProxyCommand=touch /x"},
        {"ssh_host": "a b"},
        {"ssh_host": "a\nb"},
        {"ssh_user": "`id`"},
        {"ssh_user": "-l"},
        {"base_url": "file:///etc/passwd"},
        {"base_url": "http://user:pass@host"},
        {"endpoint": "/../admin"},
        {"api_key_env": "DATABASE_URL"},
        {"remote_port": 0},
        {"ssh_port": 70000},
        {"local_port": -1},
        {"base_url": "http://host:0"},
        {"base_url": "http://host/?key=1"},
        {"key": "../x"},
        {"unknown": 1},
    ],
)
async def test_f77_admin_input_is_matched_strictly(client: httpx.AsyncClient, change: dict[str, object]) -> None:
    answer = await client.post("/api/admin/models", json=NEW | change)
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_field" if "unknown" in change else "invalid_input")
    assert (await client.put("/api/admin/models/signal", json=NEW)).status_code == 422


async def test_f78_a_key_is_never_shown(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_LLM_API_KEY", "canary-secret")
    await client.post("/api/admin/models", json=NEW)
    for answer in (await client.get("/api/admin/models"), await client.post("/api/admin/models/my_llm/test")):
        assert answer.status_code == 200
        assert "canary" not in answer.text


async def test_a_model_is_tested(client: httpx.AsyncClient) -> None:
    await client.post("/api/admin/models", json=NEW | {"api_key_env": None})
    answer = (await client.post("/api/admin/models/my_llm/test")).json()
    assert (answer["ok"], [step["name"] for step in answer["steps"]]) == (False, ["reachable"])
    brief = (await client.post("/api/admin/models/my_llm/test", params={"brief": True})).json()
    assert (brief["ok"], [step["name"] for step in brief["steps"]]) == (False, ["reachable"])
    unset = (await client.post("/api/admin/models/minimax/test")).json()
    assert (unset["ok"], [step["name"] for step in unset["steps"]]) == (False, ["configured"])


async def test_f89_how_a_server_is_asked_is_shown_said_and_forgotten(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    async with ModelServer(models=("qwen",)) as server:
        server.refusals = [REFUSALS["temperature_fixed"], REFUSALS["system"]]
        entry = NEW | {"api_key_env": None, "base_url": server.url}
        made = (await client.post("/api/admin/models", json=entry)).json()
        assert (made["learned"], made["tokens_field"], made["stream"], made["answer_seconds"]) == ([], None, None, None)
        tested = (await client.post("/api/admin/models/my_llm/test")).json()
    assert tested["ok"]
    (dialect,) = (step["detail"] for step in tested["steps"] if step["name"] == "dialect")
    shown = (await client.get("/api/admin/models/my_llm")).json()
    listed = {model["key"]: model["learned"] for model in (await client.get("/api/admin/models")).json()["items"]}
    assert shown["learned"] == listed["my_llm"]
    assert [said in " ".join(shown["learned"]) and said in dialect for said in ("temperature", "system message")] == [True, True]
    assert listed["extractive"] == []
    changed = await client.put("/api/admin/models/my_llm", json=shown | {"stream": False, "answer_seconds": 1200})
    assert (changed.status_code, changed.json()["learned"], changed.json()["answer_seconds"]) == (200, [], 1200)
    assert await deps.services.model_dialects.recall(await deps.services.models.get("my_llm")) == Dialect()
    assert (await client.put("/api/admin/models/my_llm", json=shown | {"system_role": "tool"})).status_code == 422


def test_the_application_needs_no_lifespan_to_be_described(deps: ApiDeps) -> None:
    assert create_app(deps).openapi()["openapi"].startswith("3.1")
