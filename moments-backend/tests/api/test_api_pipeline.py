from __future__ import annotations

import asyncio

import httpx
import pytest
from finished import claimed, finished

from videomoments.api.deps import ApiDeps
from videomoments.core.errors import ModelError
from videomoments.core.names import RunStatus, StageName
from videomoments.services.stage_records import StageRecords

URL = "https://example.com/talk.mp4"


async def registered(client: httpx.AsyncClient) -> str:
    identifier: str = (await client.post("/api/videos", json={"url": URL})).json()["identifier"]
    return identifier


async def test_it_says_which_worker_has_a_run(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    claim = await claimed(deps)
    status = f"/api/pipeline/{claim.video_id}/status"
    assert (await client.get(status)).json()["owner"] == "worker-test"
    await deps.services.runs.finish(claim, RunStatus.COMPLETED)
    deps.statuses.forget()
    assert (await client.get(status)).json()["owner"] is None


async def test_start_status_cancel(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    video = await registered(client)
    for path in ("status", "cancel"):
        answer = await client.request("POST" if path == "cancel" else "GET", f"/api/pipeline/{video}/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "run_not_found")

    started = await client.post(f"/api/pipeline/{video}/start", json={"prompt": "jokes", "max_moments": 3})
    assert started.status_code == 202
    run = started.json()
    assert run == {"request_id": run["request_id"], "video_id": video, "status": "queued"}
    assert started.headers["Location"] == f"/api/pipeline/{video}/status"

    status = await client.get(f"/api/pipeline/{video}/status")
    body = status.json()
    assert (body["request_id"], body["video_id"], body["status"], body["error"]) == (run["request_id"], video, "queued", None)
    assert (body["current_stage"], body["stalled"]) == (None, False)
    assert [stage["name"] for stage in body["stages"]] == [name.value for name in StageName]
    assert body["stages"][0] == {
        "name": "VIDEO_DOWNLOAD",
        "status": "pending",
        "started_at": None,
        "completed_at": None,
        "reason": None,
        "progress": None,
        "waiting_for": None,
    }
    unchanged = await client.get(f"/api/pipeline/{video}/status", headers={"If-None-Match": status.headers["ETag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")

    refused = await client.post(f"/api/pipeline/{video}/start")
    assert (refused.status_code, refused.json()["code"]) == (409, "run_active")
    assert refused.json()["run"] == {"request_id": run["request_id"], "status": "queued"}
    assert run["request_id"] in refused.json()["detail"]

    cancelled = await client.post(f"/api/pipeline/{video}/cancel")
    assert (cancelled.status_code, cancelled.json()) == (202, run | {"status": "cancelled"})
    changed = await client.get(f"/api/pipeline/{video}/status", headers={"If-None-Match": status.headers["ETag"]})
    assert (changed.status_code, changed.json()["status"]) == (200, "cancelled")
    ended = await client.post(f"/api/pipeline/{video}/cancel")
    assert (ended.status_code, ended.json()["code"]) == (409, "run_not_active")


async def test_the_history_has_every_run_newest_first(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    video = await registered(client)
    run = (await client.post(f"/api/pipeline/{video}/start", json={"prompt": "jokes", "max_moments": 3})).json()
    await client.post(f"/api/pipeline/{video}/cancel")
    second = (await client.post(f"/api/pipeline/{video}/start")).json()
    wrong = await client.post(f"/api/pipeline/{video}/cancel", params={"request_id": run["request_id"]})
    assert wrong.status_code == 409
    history = (await client.get(f"/api/pipeline/{video}/history", params={"limit": 1})).json()
    assert [item["request_id"] for item in history["items"]] == [second["request_id"]]
    older = (await client.get(f"/api/pipeline/{video}/history", params={"cursor": history["next_cursor"]})).json()
    assert [item["request_id"] for item in older["items"]] == [run["request_id"]]
    assert older["next_cursor"] is None
    assert older["items"][0]["options"]["prompt"] == "jokes"
    assert older["items"][0]["models"] == {"transcription": "whisper_base", "generation": "extractive", "refinement": "signal"}
    everything = (await client.get("/api/pipeline", params={"status": "cancelled"})).json()
    assert [item["request_id"] for item in everything["items"]] == [run["request_id"]]
    assert (await client.get("/api/pipeline")).json()["items"][0]["kind"] == "pipeline"


async def test_a_run_that_is_worked_on_and_fails(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    claim = await claimed(deps)
    records = StageRecords(deps.services.runs)
    await records.start(claim, StageName.VIDEO_DOWNLOAD, "h")
    await records.progress(claim, StageName.VIDEO_DOWNLOAD, 0.25)
    status = (await client.get(f"/api/pipeline/{claim.video_id}/status")).json()
    assert (status["status"], status["current_stage"], status["stalled"]) == ("processing", "VIDEO_DOWNLOAD", False)
    assert (status["stages"][0]["status"], status["stages"][0]["progress"]) == ("processing", 0.25)
    assert status["stages"][0]["started_at"].endswith("Z")
    held = await client.post(f"/api/pipeline/{claim.video_id}/cancel")
    assert held.json()["status"] == "processing"
    error = ModelError("The model is away.", code="model_unreachable", advice="Start it.")
    await deps.services.runs.finish(claim, RunStatus.FAILED, error=error, error_stage=StageName.VIDEO_DOWNLOAD)
    status = (await client.get(f"/api/pipeline/{claim.video_id}/status")).json()
    assert status["status"] == "failed"
    assert status["error"] == {
        "stage": "VIDEO_DOWNLOAD",
        "code": "model_unreachable",
        "message": "The model is away.",
        "advice": "Start it.",
    }


async def test_f06_fifty_starts_make_one_run(client: httpx.AsyncClient) -> None:
    video = await registered(client)
    answers = await asyncio.gather(*(client.post(f"/api/pipeline/{video}/start") for _ in range(50)))
    assert sorted(answer.status_code for answer in answers) == [202] + [409] * 49


async def test_f35_the_202_is_durable_and_the_bell_rings(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    video = await registered(client)
    run = (await client.post(f"/api/pipeline/{video}/start")).json()
    await deps.services.redis.flushdb()
    assert (await client.get(f"/api/pipeline/{video}/status")).json()["request_id"] == run["request_id"]


async def test_f32_the_api_answers_the_same_without_redis_content(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    done = await finished(deps)
    paths = [f"/api/pipeline/{done.video_id}/status", f"/api/pipeline/{done.video_id}/history", "/api/admin/models"]
    before = [(await client.get(path)).json() for path in paths]
    await deps.services.redis.flushall()
    assert [(await client.get(path)).json() for path in paths] == before


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"generation_model": "gpt-17"}, "model_unknown"),
        ({"refinement_model": "whisper_base"}, "model_kind"),
        ({"refinement_model": "extractive"}, "model_kind"),
        ({"generation_model": "signal"}, "model_kind"),
        ({"generation_model": "minimax"}, "model_not_configured"),
        ({"max_moments": 0}, "invalid_input"),
        ({"max_moments": 1.5}, "invalid_input"),
        ({"min_duration": 50, "max_duration": 20}, "invalid_input"),
        ({"temperature": 3}, "invalid_input"),
        ({"top_p": 0}, "invalid_input"),
        ({"language": "English"}, "invalid_input"),
        ({"clips": "maybe"}, "invalid_input"),
        ({"prompt": "a\0b"}, "invalid_input"),
        ({"prompt": "x" * 4001}, "invalid_input"),
        ({"padding": 3}, "unknown_field"),
        ([], "invalid_body"),
    ],
)
async def test_f52_what_can_not_work_is_refused_at_the_start(client: httpx.AsyncClient, options: object, code: str) -> None:
    video = await registered(client)
    answer = await client.post(f"/api/pipeline/{video}/start", json=options)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    if isinstance(options, dict):
        answer = await client.post("/api/generate_moments", json={"url": URL, **options})
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert (await client.get("/api/pipeline")).json()["items"] == []


async def test_not_a_number_is_no_number(client: httpx.AsyncClient) -> None:
    video = await registered(client)
    for number in ("NaN", "Infinity", "-Infinity", "1e999"):
        answer = await client.post(
            f"/api/pipeline/{video}/start", content=f'{{"min_duration": {number}}}', headers={"Content-Type": "application/json"}
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")


async def test_an_unknown_video_can_not_be_started(client: httpx.AsyncClient) -> None:
    for answer in (
        await client.post("/api/pipeline/none/start"),
        await client.get("/api/pipeline/none/status"),
        await client.get("/api/pipeline/none/history"),
        await client.post("/api/pipeline/none/cancel"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "video_not_found")


async def test_f36_a_full_queue_is_429(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    deps.settings.queue_cap = 2
    for number in range(3):
        answer = await client.post("/api/generate_moments", json={"url": f"https://example.com/{number}.mp4"})
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many")
    assert int(answer.headers["Retry-After"]) > 0


async def test_one_shot(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    answer = await client.post("/api/generate_moments", json={"url": URL, "title": "A talk", "prompt": "jokes", "clips": "none"})
    assert answer.status_code == 202
    run = answer.json()
    assert answer.headers["Location"] == f"/api/generate_moments/{run['request_id']}"
    status = (await client.get(answer.headers["Location"])).json()
    assert (status["status"], status["moments"], status["video_id"]) == ("queued", None, run["video_id"])
    assert (await client.get(f"/api/videos/{run['video_id']}")).json()["title"] == "A talk"
    assert (await client.post("/api/generate_moments", json={"url": URL})).status_code == 409
    missing = await client.get("/api/generate_moments/none")
    assert (missing.status_code, missing.json()["code"]) == (404, "run_not_found")

    done = await finished(deps)
    status = (await client.get(f"/api/generate_moments/{done.request_id}")).json()
    assert (status["status"], [moment["start_time"] for moment in status["moments"]]) == ("completed", [11.0, 60.0])


async def test_f07_the_same_key_twenty_times_is_one_run(client: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "order-66"}
    answers = await asyncio.gather(*(client.post("/api/generate_moments", json={"url": URL}, headers=headers) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["request_id"] for answer in answers}) == 1
    assert sum("Idempotency-Replayed" in answer.headers for answer in answers) == 19
    other = await client.post("/api/generate_moments", json={"url": URL + "?other"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    for key in ("", "a b", "x" * 201):
        assert (await client.post("/api/generate_moments", json={"url": URL}, headers={"Idempotency-Key": key})).status_code == 422


async def test_a_failed_run_is_retried_and_keeps_its_id(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    claim = await claimed(deps)
    answer = await client.post(f"/api/pipeline/{claim.video_id}/retry")
    assert (answer.status_code, answer.json()["code"]) == (409, "run_not_failed")
    await deps.services.runs.finish(claim, RunStatus.FAILED, error=ModelError("It hung up."), error_stage=StageName.TRANSCRIPTION)
    answer = await client.post(f"/api/pipeline/{claim.video_id}/retry")
    assert (answer.status_code, answer.json()) == (
        202,
        {"request_id": claim.request_id, "video_id": claim.video_id, "status": "queued"},
    )
    assert (await client.get(answer.headers["Location"])).json()["status"] == "queued"
    other = await client.post("/api/pipeline/none/retry", params={"request_id": claim.request_id})
    assert (other.status_code, other.json()["code"]) == (404, "run_not_found")


async def test_the_list_is_filtered(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    dead = await claimed(deps)
    await deps.services.runs.finish(dead, RunStatus.FAILED, error=ModelError("It ended its worker.", code="dead_letter"))
    waiting = (await client.post("/api/generate_moments", json={"url": URL})).json()["request_id"]

    async def listed(**parameters: object) -> list[str]:
        answer = await client.get("/api/pipeline", params={name: str(value) for name, value in parameters.items()})
        assert answer.status_code == 200, answer.text
        return [run["request_id"] for run in answer.json()["items"]]

    assert await listed() == [waiting, dead.request_id]
    assert await listed(error_code="dead_letter") == [dead.request_id]
    assert await listed(status="queued", kind="pipeline", stalled=False) == [waiting]
    assert await listed(stalled=True) == []
    created = (await client.get("/api/pipeline", params={"status": "failed"})).json()["items"][0]["created_at"]
    assert await listed(until=created) == []
    assert await listed(kind="refine") == []
    refused = await client.get("/api/pipeline", params={"since": "yesterday"})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_input")
