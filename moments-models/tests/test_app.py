"""The HTTP contract that does not depend on an engine."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from moments_models.app import create_app
from moments_models.engine_contract import ChatPrompt, ChatRequest, Completion, EngineKind, EngineSpec, Library, Task
from moments_models.errors import ClientGone

Serve = Callable[..., httpx.AsyncClient]


def asked(model: str, text: str | list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": text}], **more}


async def test_health_tells_what_could_answer_now(serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MOMENTS_WEIGHTS", str(tmp_path))
    body = (await serve().get("/health")).json()
    assert body["status"] == "ok"
    by_name = {model["id"]: model for model in body["models"]}
    assert set(by_name) == {"whisper_base", "whisper_tiny_en", "parakeet", "extractive", "signal", "qwen2.5-coder-0.5b"}
    assert by_name["signal"] == {"id": "signal", "kind": "chat", "supports_video": True, "loaded": False, "weights_present": True}
    assert not by_name["whisper_base"]["weights_present"]


async def test_models_are_listed_as_openai_lists_them(serve: Serve) -> None:
    body = (await serve("signal").get("/v1/models")).json()
    assert body == {"object": "list", "data": [{"id": "signal", "object": "model", "created": 0, "owned_by": "moments-models"}]}


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer "}, {"X-Api-Key": "nope"}])
async def test_a_wrong_key_is_refused(serve: Serve, header: dict[str, str]) -> None:
    response = await serve(key="secret").get("/v1/models", headers=header)
    assert response.status_code == 401
    assert response.json()["error"]["code"] == "invalid_api_key"


async def test_the_right_key_is_not(serve: Serve) -> None:
    client = serve(key="secret")
    assert (await client.get("/v1/models", headers={"Authorization": "Bearer secret"})).status_code == 200
    assert (await client.get("/health")).status_code == 200


@pytest.mark.parametrize("header", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}])
async def test_a_web_page_cannot_use_a_service_without_a_key(serve: Serve, header: dict[str, str]) -> None:
    response = await serve().get("/v1/models", headers=header)
    assert response.status_code == 403
    assert response.json()["error"]["type"] == "permission_error"


async def test_an_unknown_model_is_404(serve: Serve) -> None:
    response = await serve().post("/v1/chat/completions", json=asked("gpt", "hi"))
    assert response.status_code == 404
    assert response.json()["error"]["code"] == "model_not_found"
    response = await serve().post("/transcribe", files={"file": b"x"}, data={"model": "signal"})
    assert response.status_code == 404


@pytest.mark.parametrize("text", ["no block", '{"no": "task"}', '```json\n{"task": \n```', "{" * 50_000, '{"a":' * 30_000])
async def test_no_task_block_is_400(serve: Serve, text: str) -> None:
    response = await serve().post("/v1/chat/completions", json=asked("signal", text))
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "no_task_block"


async def test_a_wrong_field_is_named(serve: Serve) -> None:
    block = {"task": "refine_moment", "duration": "long", "moment": {"start_time": 1, "end_time": 2}}
    response = await serve().post("/v1/chat/completions", json=asked("signal", json.dumps(block)))
    assert response.status_code == 400
    assert "duration" in response.json()["error"]["message"]


async def test_a_body_that_is_no_request_is_400(serve: Serve) -> None:
    response = await serve().post("/v1/chat/completions", json={"model": "signal"})
    assert response.status_code == 400
    assert response.json()["error"]["type"] == "invalid_request_error"


async def test_the_completion_has_openais_shape_and_bare_json(serve: Serve) -> None:
    block = {"task": "refine_moment", "duration": 50.0, "moment": {"title": "", "start_time": 10.0, "end_time": 20.0}}
    parts = [{"type": "text", "text": "Refine.\n"}, {"type": "text", "text": f"```json\n{json.dumps(block)}\n```"}]
    response = await serve().post(
        "/v1/chat/completions", json=asked("signal", parts, response_format={"type": "json_object"}, temperature=0.2)
    )
    body = response.json()
    assert body["object"] == "chat.completion"
    assert body["choices"][0]["finish_reason"] == "stop"
    assert json.loads(body["choices"][0]["message"]["content"])["start_time"] == 10.0
    assert body["usage"]["total_tokens"] == body["usage"]["prompt_tokens"] + body["usage"]["completion_tokens"] > 0


async def test_missing_weights_are_named(serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MOMENTS_WEIGHTS", str(tmp_path))
    block = {"task": "generate_moments", "duration": 50.0}
    response = await serve().post("/v1/chat/completions", json=asked("extractive", json.dumps(block)))
    assert response.status_code == 424
    assert response.json()["error"]["code"] == "weights_missing"
    assert "moments-models pull minilm" in response.json()["error"]["message"]


async def test_an_unknown_job_is_404(serve: Serve) -> None:
    response = await serve().get("/v1/jobs/none")
    assert response.status_code == 404
    assert response.json()["error"]["code"] == "job_not_found"


class Slow:
    """A chat engine that works until it is released. `running` is set once it has reported its progress."""

    def __init__(self) -> None:
        self.running = threading.Event()
        self.release = threading.Event()
        self.stopped = threading.Event()

    def answer(self, request: ChatRequest, task: Task) -> dict[str, Any]:
        try:
            task.report(1.0, 4.0)
            self.running.set()
            while not self.release.wait(0.01):
                task.report(1.0, 4.0)
        except ClientGone:
            self.stopped.set()
            raise
        return dict(request.block)

    def spec(self) -> EngineSpec:
        return EngineSpec("slow", EngineKind.CHAT, lambda: self)


BLOCK = json.dumps({"task": "wait"})


async def test_the_queue_is_bounded() -> None:
    slow = Slow()
    transport = httpx.ASGITransport(app=create_app([slow.spec()], max_waiting=1))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=300) as client:
        first = asyncio.create_task(client.post("/v1/chat/completions", json=asked("slow", BLOCK), headers={"X-Request-Id": "one"}))
        await asyncio.to_thread(slow.running.wait, 300)
        second = asyncio.create_task(client.post("/v1/chat/completions", json=asked("slow", BLOCK)))
        while 'moments_models_waiting{model="slow"} 1.0' not in (await client.get("/metrics")).text:
            await asyncio.sleep(0.01)
        third = await client.post("/v1/chat/completions", json=asked("slow", BLOCK))
        assert third.status_code == 429
        assert third.json()["error"]["code"] == "queue_full"
        assert "retry-after" in third.headers
        assert (await client.get("/v1/jobs/one")).json() == {"done": 1.0, "total": 4.0}
        slow.release.set()
        assert [(await first).status_code, (await second).status_code] == [200, 200]


class Writer:
    """A language model that writes down what it was asked."""

    def complete(self, prompt: ChatPrompt, task: Task) -> Completion:
        task.check()
        return Completion(json.dumps({"messages": list(prompt.messages), "settings": prompt.settings}), "length", 7, 5)


async def test_a_language_model_gets_the_messages_and_settings_as_they_are() -> None:
    spec = EngineSpec("writer", EngineKind.CHAT, Writer, reads_prompts=True)
    schema = {"type": "json_schema", "json_schema": {"name": "answer", "schema": {"type": "array"}}}
    transport = httpx.ASGITransport(app=create_app([spec]))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        parts = [{"type": "text", "text": "hi"}]
        body = asked("writer", parts, temperature=0.2, max_tokens=40, response_format=schema, unknown=True)
        answer = (await client.post("/v1/chat/completions", json=body)).json()
        assert answer["choices"][0]["finish_reason"] == "length"
        assert answer["usage"] == {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}
        assert json.loads(answer["choices"][0]["message"]["content"]) == {
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}],
            "settings": {"temperature": 0.2, "max_tokens": 40, "response_format": schema},
        }
        clip = [*parts, {"type": "video_url", "video_url": {"url": "data:video/mp4;base64,AAAA"}}]
        refused = await client.post("/v1/chat/completions", json=asked("writer", clip))
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "video_not_supported")
        wrong = await client.post("/v1/chat/completions", json=asked("writer", "hi", temperature="NaN"))
        assert wrong.status_code == 400


async def test_a_library_that_is_not_installed_is_named() -> None:
    spec = EngineSpec("writer", EngineKind.CHAT, Writer, reads_prompts=True, library=Library("no_such_module", "llama"))
    transport = httpx.ASGITransport(app=create_app([spec]))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        response = await client.post("/v1/chat/completions", json=asked("writer", "hi"))
    assert (response.status_code, response.json()["error"]["code"]) == (424, "library_missing")
    assert "moments-models[llama]" in response.json()["error"]["message"]


async def test_metrics_count_requests_by_model_and_outcome(serve: Serve) -> None:
    client = serve("signal", key="secret", headers={"Authorization": "Bearer secret"})
    block = {"task": "refine_moment", "duration": 50.0, "moment": {"title": "", "start_time": 10.0, "end_time": 20.0}}
    await client.post("/v1/chat/completions", json=asked("signal", json.dumps(block)))
    await client.post("/v1/chat/completions", json=asked("signal", '{"task": "other"}'))
    text = (await client.get("/metrics")).text
    assert 'moments_models_requests_total{model="signal",outcome="ok"} 1.0' in text
    assert 'moments_models_requests_total{model="signal",outcome="unsupported_task"} 1.0' in text
    assert 'moments_models_work_seconds_count{model="signal"} 2.0' in text
    assert 'moments_models_waiting{model="signal"} 0.0' in text
    assert 'moments_models_loaded{model="signal"} 1.0' in text
    assert (await client.get("/metrics", headers={"Authorization": "Bearer no"})).status_code == 401


async def test_work_ends_when_the_client_leaves() -> None:
    import uvicorn

    slow = Slow()
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app([slow.spec()]), log_level="warning"))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}") as client:
        leaving = asyncio.create_task(client.post("/v1/chat/completions", json=asked("slow", BLOCK)))
        assert await asyncio.to_thread(slow.running.wait, 300)
        leaving.cancel()
        assert await asyncio.to_thread(slow.stopped.wait, 300)
    server.should_exit = True
    await serving
