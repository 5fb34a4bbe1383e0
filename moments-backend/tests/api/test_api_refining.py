"""One moment refined again, over HTTP: what is accepted, what is refused, and what the run may change."""

from __future__ import annotations

import httpx
import pytest
from finished import Finished, finished

from videomoments.api.deps import ApiDeps
from videomoments.core.errors import Conflict, NotFound
from videomoments.core.names import RunKind, RunStatus
from videomoments.services.moments import NewMoment
from videomoments.services.runs import Claim

AGAIN = NewMoment(12.0, 38.0, "Better", 0.9, None, "extractive+signal")


async def moments(client: httpx.AsyncClient, video: str, view: str = "final") -> list[dict[str, object]]:
    items: list[dict[str, object]] = (await client.get(f"/api/videos/{video}/moments", params={"view": view})).json()["items"]
    return items


def path_of(made: Finished, moment: dict[str, object]) -> str:
    return f"/api/videos/{made.video_id}/moments/{moment['identifier']}"


async def started(client: httpx.AsyncClient, deps: ApiDeps, made: Finished, moment: dict[str, object]) -> Claim:
    answer = await client.post(f"{path_of(made, moment)}/refine")
    assert answer.status_code == 202, answer.text
    claim = await deps.services.runs.claim(answer.json()["request_id"], "worker-test")
    assert claim is not None
    return claim


async def test_it_is_a_run_for_that_moment_with_the_limits_of_the_run_that_found_it(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    made = await finished(deps)
    first = (await moments(client, made.video_id))[0]
    answer = await client.post(f"{path_of(made, first)}/refine", json={"refinement_model": "signal", "temperature": 0.5, "clips": "none"})
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/api/pipeline/{made.video_id}/status"
    run = (await client.get(f"/api/pipeline/{made.video_id}/history")).json()["items"][0]
    assert (run["request_id"], run["kind"], run["status"]) == (answer.json()["request_id"], "refine", "queued")
    original = (await moments(client, made.video_id, "raw"))[0]
    assert run["moment_id"] == original["identifier"] != first["identifier"]
    assert (run["options"]["prompt"], run["options"]["temperature"], run["options"]["clips"]) == ("the best parts", 0.5, "none")
    assert [stage["status"] for stage in run["stages"]] == ["pending"] * 8
    # While it is active, and after it has failed, the moments are those that were there before.
    assert [moment["title"] for moment in await moments(client, made.video_id)] == ["First/part", "Second"]


@pytest.mark.parametrize("form", ["final", "raw"])
async def test_either_form_names_the_moment_and_its_refined_form_is_replaced(client: httpx.AsyncClient, deps: ApiDeps, form: str) -> None:
    made = await finished(deps)
    before = await moments(client, made.video_id)
    claim = await started(client, deps, made, (await moments(client, made.video_id, form))[0])
    original, _ = await deps.services.moments.refinable(made.video_id, claim.snapshot.moment or "")
    await deps.services.moments.save_refined(claim, original, AGAIN)
    await deps.services.runs.finish(claim, RunStatus.COMPLETED)
    after = await moments(client, made.video_id)
    assert [(moment["identifier"], moment["title"]) for moment in after] == [
        (before[0]["identifier"], "Better"),
        (before[1]["identifier"], "Second"),
    ]
    assert (after[0]["start_time"], after[0]["end_time"], after[0]["clip"]) == (12.0, 38.0, None)


async def test_a_moment_without_a_refined_form_gets_one(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    made = await finished(deps)
    claim = await started(client, deps, made, (await moments(client, made.video_id))[1])
    original, _ = await deps.services.moments.refinable(made.video_id, claim.snapshot.moment or "")
    await deps.services.moments.save_refined(claim, original, NewMoment(61.0, 88.0, "Second", 0.5, None, "x"))
    await deps.services.runs.finish(claim, RunStatus.COMPLETED)
    second = (await moments(client, made.video_id))[1]
    assert (second["start_time"], second["is_refined"]) == (61.0, True)
    assert len(await moments(client, made.video_id)) == 2


@pytest.mark.parametrize("change", [{"title": "By hand"}, {"end_time": 37.0}, {"review": "kept"}])
async def test_what_a_person_edited_is_refused_before_and_left_alone_meanwhile(
    client: httpx.AsyncClient, deps: ApiDeps, change: dict[str, object]
) -> None:
    made = await finished(deps)
    first = (await moments(client, made.video_id))[0]
    claim = await started(client, deps, made, first)
    original, _ = await deps.services.moments.refinable(made.video_id, claim.snapshot.moment or "")
    await client.patch(path_of(made, first), json=change)
    edited = (await moments(client, made.video_id))[0]
    with pytest.raises(Conflict) as caught:
        await deps.services.moments.save_refined(claim, original, AGAIN)
    assert caught.value.code == "moment_edited"
    await deps.services.runs.finish(claim, RunStatus.FAILED, error=caught.value)
    assert (await moments(client, made.video_id))[0] == edited
    again = await client.post(f"{path_of(made, first)}/refine")
    assert (again.status_code, again.json()["code"]) == (409, "moment_edited")


async def test_an_edited_original_counts_as_well(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    made = await finished(deps)
    first, original = (await moments(client, made.video_id))[0], (await moments(client, made.video_id, "raw"))[0]
    await client.patch(path_of(made, original), json={"title": "By hand"})
    assert (await client.post(f"{path_of(made, first)}/refine")).json()["code"] == "moment_edited"


async def test_a_persons_own_moment_and_one_that_is_not_there(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    made = await finished(deps)
    own = (await client.post(f"/api/videos/{made.video_id}/moments", json={"title": "Mine", "start_time": 100, "end_time": 120})).json()
    assert (await client.post(f"{path_of(made, own)}/refine")).json()["code"] == "moment_edited"
    first = (await moments(client, made.video_id))[0]
    other = await finished(deps, "https://example.com/other.mp4")
    for path in (path_of(made, {"identifier": "nothing"}), path_of(other, first), path_of(Finished("nothing", ""), first)):
        assert (await client.post(f"{path}/refine")).status_code == 404
    await client.delete(path_of(made, first))
    assert (await client.post(f"{path_of(made, first)}/refine")).json()["code"] == "moment_not_found"


async def test_a_moment_deleted_meanwhile_does_not_come_back(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    made = await finished(deps)
    first = (await moments(client, made.video_id))[0]
    claim = await started(client, deps, made, first)
    original, _ = await deps.services.moments.refinable(made.video_id, claim.snapshot.moment or "")
    await client.delete(path_of(made, first))
    with pytest.raises(NotFound):
        await deps.services.moments.save_refined(claim, original, AGAIN)
    assert [moment["title"] for moment in await moments(client, made.video_id)] == ["Second"]


async def test_one_run_at_a_time(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    made = await finished(deps)
    first, second = await moments(client, made.video_id)
    await started(client, deps, made, first)
    for path in (f"{path_of(made, second)}/refine", f"/api/pipeline/{made.video_id}/start", f"/api/videos/{made.video_id}/extract-clips"):
        answer = await client.post(path)
        assert (answer.status_code, answer.json()["code"]) == (409, "run_active")
        assert answer.json()["run"]["status"] == "processing"
        assert answer.json()["run"]["request_id"] in answer.json()["detail"]


async def test_it_waits_for_a_run_that_cuts_clips(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    made = await finished(deps)
    first = (await moments(client, made.video_id))[0]
    assert (await client.post(f"/api/videos/{made.video_id}/extract-clips")).status_code == 202
    refused = (await client.post(f"{path_of(made, first)}/refine")).json()
    assert (refused["code"], refused["run"]["status"]) == ("run_active", "queued")


async def test_an_idempotency_key_starts_one_run_and_only_for_its_moment(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    made = await finished(deps)
    first, second = await moments(client, made.video_id)
    key = {"Idempotency-Key": "once"}
    one = await client.post(f"{path_of(made, first)}/refine", headers=key)
    again = await client.post(f"{path_of(made, first)}/refine", headers=key)
    assert (again.status_code, again.json(), again.headers["Idempotency-Replayed"]) == (202, one.json(), "true")
    other = await client.post(f"{path_of(made, second)}/refine", headers=key)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


@pytest.mark.parametrize(
    "body",
    [
        {"refinement_model": "whisper_base"},
        {"refinement_model": "extractive"},
        {"refinement_model": "nobody"},
        {"prompt": "x"},
        {"temperature": 3},
    ],
)
async def test_what_no_run_can_do_is_refused(client: httpx.AsyncClient, deps: ApiDeps, body: dict[str, object]) -> None:
    made = await finished(deps)
    first = (await moments(client, made.video_id))[0]
    assert (await client.post(f"{path_of(made, first)}/refine", json=body)).status_code == 422


async def test_a_retry_is_for_the_same_moment(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    made = await finished(deps)
    claim = await started(client, deps, made, (await moments(client, made.video_id))[0])
    await deps.services.runs.finish(claim, RunStatus.FAILED, error=Conflict("It failed."))
    assert (await client.post(f"/api/pipeline/{made.video_id}/retry")).status_code == 202
    again = await deps.services.runs.claim(claim.request_id, "worker-test")
    assert again is not None
    assert (again.kind, again.snapshot.moment) == (RunKind.REFINE, claim.snapshot.moment)
