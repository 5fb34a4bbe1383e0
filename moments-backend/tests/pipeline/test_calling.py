"""How a run calls a model that is away: what it gives up meanwhile, what everybody sees, and how long it lasts. Time is played."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from support.backend import accepted, claimed, one, run_of
from videomoments.coordination import redis_keys
from videomoments.core.errors import Deferred, ModelError, StaleAttempt
from videomoments.core.names import RunStatus, StageName
from videomoments.inference.model_registry import Endpoint, ModelConfig, ModelKind
from videomoments.inference.openai_chat import ChatClient
from videomoments.inference.retry import GatewayTimeout, Overloaded, RetryPolicy, Unreachable, is_away
from videomoments.inference.ssh import TunnelError
from videomoments.inference.tunnel import Tunnels
from videomoments.pipeline.calling import WaitLimits
from videomoments.pipeline.limits import Resource, ResourceLimits
from videomoments.pipeline.stage import ProgressClock, StageAdapters, StageContext
from videomoments.services.model_slots import ModelSlots
from videomoments.services.runs import Claim
from videomoments.services.stage_records import StageRecords
from videomoments.services.wiring import Services
from videomoments.worker.app import build_adapters

MODEL = ModelConfig(
    key="far", kind=ModelKind.CHAT, endpoint="/v1/chat/completions", model_name="m", base_url="http://127.0.0.1:9", max_concurrency=1
)


class World:
    """A model that is up or away, a clock that only sleeping moves, and what is to happen at which second."""

    def __init__(self) -> None:
        self.now = 0.0
        self.up = True
        self.knocks = 0
        self.calls = 0
        self.at: dict[float, Callable[[], Awaitable[None]]] = {}

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        for due in sorted(second for second in self.at if second <= self.now):
            await self.at.pop(due)()
        await asyncio.sleep(0)

    async def knock(self, _: ModelConfig, __: Endpoint, ___: Tunnels) -> bool:
        self.knocks += 1
        if not self.up:
            raise ModelError("It refuses connections: nothing listens there.", code="model_unreachable")
        return True

    async def call(self, _: Endpoint) -> str:
        self.calls += 1
        if not self.up:
            raise ModelError("Model far is not reachable. There was no connection.", code="model_unreachable")
        return "an answer"

    async def comes_back(self) -> None:
        self.up = True

    def patience(self, **changed: float) -> WaitLimits:
        return replace(WaitLimits(clock=lambda: self.now, sleep=self.sleep, knock=self.knock), **changed)  # type: ignore[arg-type]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def parts(services: Services, world: World) -> AsyncIterator[StageAdapters]:
    await services.models.put(MODEL)
    built = replace(build_adapters(services.settings, services), patience=world.patience())
    yield built
    await built.aclose()


def context_of(claim: Claim, parts: StageAdapters, folder: Path) -> StageContext:
    return StageContext(claim, parts, folder, ProgressClock())


async def in_transcription(services: Services) -> Claim:
    run = await accepted(services, generation_model=MODEL.key)
    claim = await services.runs.claim(run.request_id, "worker-a")
    assert claim is not None
    await StageRecords(services.runs).start(claim, StageName.TRANSCRIPTION, "sound")
    return claim


async def test_one_that_has_never_answered_fails_soon_with_advice(
    services: Services, parts: StageAdapters, world: World, tmp_path: Path
) -> None:
    world.up = False
    claim = await in_transcription(services)
    with pytest.raises(ModelError, match=r"Model far is not reachable\. It refuses connections: nothing listens there\.") as caught:
        await context_of(claim, parts, tmp_path).call_model(MODEL, world.call)
    assert caught.value.code == "model_unreachable"
    assert "`moments models test far`" in caught.value.advice
    assert world.now <= 15, "seconds"
    assert world.calls == 0, "nothing is sent to where nobody is"
    assert (await run_of(services, claim.request_id)).waiting_for is None


async def test_one_that_is_just_being_started_is_met(services: Services, parts: StageAdapters, world: World, tmp_path: Path) -> None:
    world.up = False
    world.at[3.0] = world.comes_back
    assert await context_of(await claimed(services), parts, tmp_path).call_model(MODEL, world.call) == "an answer"
    assert world.calls == 1


async def test_one_that_dies_in_its_very_first_call_is_waited_for(
    services: Services, parts: StageAdapters, world: World, tmp_path: Path
) -> None:
    claim = await in_transcription(services)

    async def dies_once(endpoint: Endpoint) -> str:
        if world.calls == 0:
            world.up = False
            world.at[world.now + 3] = world.comes_back
        return await world.call(endpoint)

    assert await context_of(claim, parts, tmp_path).call_model(MODEL, dies_once) == "an answer"
    assert world.calls == 2


async def test_one_that_has_answered_is_waited_for_and_everybody_sees_it(
    services: Services, parts: StageAdapters, world: World, tmp_path: Path
) -> None:
    claim = await in_transcription(services)
    limits = ResourceLimits(services.settings.limits)
    clock = ProgressClock()
    context = StageContext(claim, parts, tmp_path, clock)
    await context.call_model(MODEL, world.call)

    async def look_in() -> None:
        clock.last_sign -= 10_000
        assert clock.silent_for() == 0, "waiting is no silence"
        view = await run_of(services, claim.request_id)
        assert (view.status, view.waiting_for, view.stalled) == (RunStatus.PROCESSING, "far", False)
        assert {stage.name: stage.waiting_for for stage in view.stages if stage.waiting_for} == {StageName.TRANSCRIPTION: "far"}
        assert (await services.redis.hget(redis_keys.active(claim.video_id), "waiting_for")) == "far"
        others = ModelSlots(services.settings.database_url or "")
        async with asyncio.timeout(300), others.hold(MODEL):
            pass  # its only place is free
        await others.close()
        for _ in range(services.settings.limits.transcription):
            await asyncio.wait_for(limits._semaphores[Resource.TRANSCRIPTION].acquire(), 300)
            limits._semaphores[Resource.TRANSCRIPTION].release()
        seen.append("looked")
        world.up = True

    seen: list[str] = []
    world.up = False
    world.at[20.0] = look_in
    async with limits.hold(Resource.TRANSCRIPTION) as place:
        context.models.place = place
        assert await context.call_model(MODEL, world.call) == "an answer"
    assert seen == ["looked"]
    view = await run_of(services, claim.request_id)
    assert view.waiting_for is None
    assert not await services.redis.hexists(redis_keys.active(claim.video_id), "waiting_for")
    assert await one(services, "SELECT waiting_since FROM pipeline_history WHERE identifier = :id", id=claim.request_id) is None


async def test_a_place_is_taken_again_before_the_work_goes_on(
    services: Services, parts: StageAdapters, world: World, tmp_path: Path
) -> None:
    context = context_of(await claimed(services), parts, tmp_path)
    await context.call_model(MODEL, world.call)
    semaphore = asyncio.Semaphore(1)
    limits = ResourceLimits(services.settings.limits)
    limits._semaphores[Resource.GENERATION] = semaphore
    free: list[bool] = []

    async def note_and_come_back() -> None:
        free.append(not semaphore.locked())
        world.up = True

    async def call(endpoint: Endpoint) -> str:
        answer = await world.call(endpoint)
        free.append(not semaphore.locked())
        return answer

    world.up = False
    world.at[5.0] = note_and_come_back
    async with limits.hold(Resource.GENERATION) as place:
        context.models.place = place
        await context.call_model(MODEL, call)
    assert free == [True, False]
    assert not semaphore.locked(), "given up once, at the end"


async def test_after_the_hold_the_run_is_given_back_and_nobody_takes_it_before_its_time(
    services: Services, parts: StageAdapters, world: World, tmp_path: Path
) -> None:
    claim = await in_transcription(services)
    context = context_of(claim, parts, tmp_path)
    await context.call_model(MODEL, world.call)
    world.up = False
    with pytest.raises(Deferred) as caught:
        await context.call_model(MODEL, world.call)
    assert 30 <= world.now <= 33
    assert caught.value.seconds == 15

    assert await services.runs.defer(claim, caught.value.seconds)
    view = await run_of(services, claim.request_id)
    assert (view.status, view.waiting_for, view.stalled, view.crashes) == (RunStatus.PROCESSING, "far", False, 0)
    assert await services.runs.claim(claim.request_id, "worker-b") is None, "not yet"
    with pytest.raises(StaleAttempt):
        await services.waits.begin(replace(claim, attempt=claim.attempt + 1), "far")

    async def due() -> Claim:
        async with services.database.transaction() as session:
            await session.execute(text("UPDATE pipeline_history SET retry_at = now() - interval '1 second'"))
        following = await services.runs.claim(claim.request_id, "worker-b")
        assert following is not None
        assert (following.waiting_for, following.waited, following.crashes) == ("far", True, 0)
        return following

    second = await due()
    calls = world.calls
    with pytest.raises(Deferred):
        await context_of(second, parts, tmp_path).models.look_again()
    assert await services.runs.defer(second, 15)
    third = await due()
    world.up = True
    again = context_of(third, parts, tmp_path)
    await again.models.look_again()
    assert (await run_of(services, claim.request_id)).waiting_for is None
    assert world.calls == calls, "looking costs the model nothing"
    assert await again.call_model(MODEL, world.call) == "an answer"
    assert await one(services, "SELECT waits FROM pipeline_history WHERE identifier = :id", id=claim.request_id) == 2


async def _has_waited(services: Services, seconds: float) -> None:
    async with services.database.transaction() as session:
        statement = text("UPDATE pipeline_history SET waiting_since = waiting_since - make_interval(secs => :seconds)")
        await session.execute(statement, {"seconds": seconds})


async def test_the_budget_counts_over_all_attempts_and_its_end_is_said(
    services: Services, parts: StageAdapters, world: World, tmp_path: Path
) -> None:
    claim = await claimed(services)
    context = context_of(claim, parts, tmp_path)
    await context.call_model(MODEL, world.call)
    world.up = False
    with pytest.raises(Deferred):
        await context.call_model(MODEL, world.call)
    await _has_waited(services, 590)
    with pytest.raises(ModelError, match="It was waited for for 10 minutes") as caught:
        await context.call_model(MODEL, world.call)
    assert caught.value.code == "model_unreachable"
    assert "Model far is not reachable" in caught.value.message
    assert "`moments models test far`" in caught.value.advice
    assert (await run_of(services, claim.request_id)).waiting_for is None

    await _has_waited(services, 1000)
    calls, knocks = world.calls, world.knocks
    with pytest.raises(ModelError, match="10 minutes"):
        await context.call_model(MODEL, world.call)
    assert (world.calls, world.knocks) == (calls + 1, knocks), "what is left of the run is not kept waiting again"

    world.up = True
    await context.call_model(MODEL, world.call)
    world.up = False
    with pytest.raises(Deferred):
        await context.call_model(MODEL, world.call)


async def test_a_budget_of_nothing_waits_for_nobody(services: Services, parts: StageAdapters, world: World, tmp_path: Path) -> None:
    context = context_of(await claimed(services), replace(parts, patience=world.patience(budget=0.0)), tmp_path)
    await context.call_model(MODEL, world.call)
    world.up = False
    with pytest.raises(ModelError, match="not reachable"):
        await context.call_model(MODEL, world.call)
    assert world.now == 0


async def test_calls_side_by_side_look_for_the_model_together(
    services: Services, parts: StageAdapters, world: World, tmp_path: Path
) -> None:
    context = context_of(await claimed(services), parts, tmp_path)
    wide = MODEL.model_copy(update={"max_concurrency": 4})
    await context.call_model(wide, world.call)
    world.up = False
    world.at[10.0] = world.comes_back
    calls, knocks = world.calls, world.knocks
    assert await asyncio.gather(*(context.call_model(wide, world.call) for _ in range(4))) == ["an answer"] * 4
    assert world.calls - calls <= 8, "each once before and once after"
    assert world.knocks - knocks <= 10, "one looked, every second or two"


async def test_a_call_that_its_service_never_survives_is_not_made_for_ever(
    services: Services, parts: StageAdapters, world: World, tmp_path: Path
) -> None:
    context = context_of(await claimed(services), replace(parts, patience=world.patience(hold=1000.0)), tmp_path)
    await context.call_model(MODEL, world.call)
    calls = 0

    async def poison(_: Endpoint) -> str:
        nonlocal calls
        calls += 1
        raise ModelError("Model far is not reachable. It broke off the connection.", code="model_unreachable")

    with pytest.raises(ModelError, match="broke off"):
        await context.call_model(MODEL, poison)
    assert calls == 8
    assert world.now > 60, "with more and more time between"


async def test_what_a_person_must_put_right_is_not_waited_for(
    services: Services, parts: StageAdapters, world: World, tmp_path: Path
) -> None:
    context = context_of(await claimed(services), parts, tmp_path)
    await context.call_model(MODEL, world.call)

    async def refused(_: Endpoint) -> str:
        raise ModelError("Model far refused the key.", code="model_refused", retryable=False)

    with pytest.raises(ModelError, match="refused the key"):
        await context.call_model(MODEL, refused)
    assert world.now == 0


@pytest.mark.parametrize(
    ("error", "away"),
    [
        (ModelError("reset", code="model_unreachable"), True),
        (Unreachable("x"), True),
        (TunnelError("tunnel_closed_port", "far", "closed"), True),
        (TunnelError("tunnel_lost", "far", "lost"), True),
        (TunnelError("tunnel_no_host", "far", "no name"), True),
        (TunnelError("tunnel_host_key", "far", "another"), False),
        (TunnelError("tunnel_authentication", "far", "refused"), False),
        (TunnelError("tunnel_forbidden", "far", "forbidden"), False),
        (Overloaded("503", None, away=True), True),
        (Overloaded("429", None), False),
        (GatewayTimeout("504"), True),
        (ModelError("silent", code="model_timeout"), False),
        (ModelError("no", code="model_refused", retryable=False), False),
        (ModelError("boom"), False),
    ],
)
def test_what_waiting_mends(error: ModelError, away: bool) -> None:
    assert is_away(error) is away


async def test_an_entry_that_leads_elsewhere_is_a_stranger(services: Services, parts: StageAdapters, world: World, tmp_path: Path) -> None:
    context = context_of(await claimed(services), parts, tmp_path)
    await context.call_model(MODEL, world.call)
    assert await services.model_places.has_answered(MODEL)
    moved = MODEL.model_copy(update={"base_url": "http://127.0.0.1:10"})
    await services.models.put(moved)
    assert not await services.model_places.has_answered(moved)
    world.up = False
    with pytest.raises(ModelError, match="not reachable") as caught:
        await context.call_model(moved, world.call)
    assert "never answered" in caught.value.advice
    await services.models.put(MODEL)
    assert not await services.model_places.has_answered(MODEL), "an edit forgets what was before"


async def test_the_models_of_a_stack_that_was_started_here_have_answered(services: Services) -> None:
    whisper = await services.models.get("whisper_base")
    assert not await services.model_places.has_answered(whisper)
    await services.model_places.built_in_answered()
    assert await services.model_places.has_answered(whisper)
    assert not await services.model_places.has_answered(MODEL)


async def test_an_open_breaker_lets_a_retry_by(services: Services, parts: StageAdapters, world: World, tmp_path: Path) -> None:
    """It was opened by runs before; the service is back, and a person tries again."""
    chat = ChatClient(policy=RetryPolicy(unreachable=0))
    context = context_of(await claimed(services), replace(parts, chat=chat), tmp_path)

    async def complete(endpoint: Endpoint) -> str:
        async with chat._breakers[endpoint.place].guard("far"):
            return await world.call(endpoint)

    with pytest.raises(ModelError):
        await chat.complete(Endpoint(MODEL.base_url or ""), MODEL, [{"role": "user", "content": "?"}])
    world.up = False
    breaker = chat._breakers[Endpoint(MODEL.base_url or "").place]
    for _ in range(3):
        with pytest.raises(ModelError):
            await complete(Endpoint(MODEL.base_url or ""))
    with pytest.raises(ModelError, match="in a row"):
        async with breaker.guard("far"):
            pass
    world.up = True
    assert await context.call_model(MODEL, complete) == "an answer"
    await chat.aclose()
