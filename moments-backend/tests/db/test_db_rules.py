"""What the schema itself guarantees, whoever writes."""

from __future__ import annotations

import asyncio
from datetime import UTC
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError

from support.backend import claimed, one
from videomoments.core.names import ClipKind
from videomoments.core.times import now
from videomoments.db.repositories import prompts
from videomoments.services.moments import NewMoment, StoredClip
from videomoments.services.wiring import Services

SAMPLING = {"temperature": 0.3, "top_p": None, "top_k": None}


async def test_f54_parallel_writers_of_one_prompt_and_config_get_one_row(services: Services) -> None:
    async def write() -> tuple[int, int]:
        async with services.database.transaction() as session:
            prompt = await prompts.prompt_id(session, system_prompt="system", user_prompt="the jokes")
            config = await prompts.generation_config_id(
                session, prompt=prompt, transcript=None, model="m", temperature=0.3, top_p=None, top_k=None, options={"max_moments": 3}
            )
            return prompt, config

    rows = await asyncio.gather(*(write() for _ in range(20)))
    assert len(set(rows)) == 1
    assert await one(services, "SELECT count(*) FROM prompts") == 1
    assert await one(services, "SELECT count(*) FROM generation_configs") == 1


async def test_f54_another_text_or_another_sampling_is_another_row(services: Services) -> None:
    async with services.database.transaction() as session:
        first = await prompts.prompt_id(session, system_prompt="a", user_prompt="bc")
        second = await prompts.prompt_id(session, system_prompt="ab", user_prompt="c")
        assert first != second, "the border between the two texts is part of the hash"
        configs = {
            await prompts.generation_config_id(
                session, prompt=first, transcript=None, model="m", temperature=heat, top_p=None, top_k=None, options={}
            )
            for heat in (0.3, 0.4, None)
        }
    assert len(configs) == 3
    assert await one(services, "SELECT length(prompt_hash) FROM prompts LIMIT 1") == 64


async def test_f71_times_come_back_aware_and_utc(services: Services) -> None:
    claim = await claimed(services)
    run = await services.run_queries.get(claim.request_id)
    assert run.created_at.utcoffset() is not None
    assert run.started_at is not None
    assert abs((now() - run.started_at.astimezone(UTC)).total_seconds()) < 60


async def test_f13_f14_stages_that_write_twice_leave_the_same_rows(services: Services) -> None:
    claim = await claimed(services)
    found = [NewMoment(1.0, 12.0, "One", 0.9, None, "extractive"), NewMoment(20.0, 40.0, "Two", 0.5, None, "extractive")]

    async def generate(moments: list[NewMoment]) -> list[int]:
        saved = await services.moments.save_generated(
            claim,
            moments,
            system_prompt="s",
            user_prompt="u",
            transcript_id=None,
            sampling=SAMPLING,
            options={},
            model="extractive",
        )
        return [moment.id for moment in saved]

    first = await generate(found)
    assert await generate(found) == first
    original = (await services.moments.originals(claim.run_id))[0]
    for _ in range(2):
        await services.moments.save_refined(claim, original, NewMoment(2.0, 11.0, "One", 0.9, None, "signal"))
        clip = StoredClip(original.id, ClipKind.INPUT, "videos/x/clips/y/input-z-1.mp4", 1.0, 12.0, 0.0, 0.0, "copy", 10, "video/mp4")
        await services.moments.publish_clip(claim, clip)
    assert await one(services, "SELECT count(*) FROM moments") == 3
    assert await one(services, "SELECT count(*) FROM clips") == 1
    assert await generate(found[:1]) == first[:1]
    assert await one(services, "SELECT count(*) FROM moments") == 2, (
        "a moment that is no longer chosen goes, its refined form stays with the other"
    )


async def test_a_runs_moments_are_replaced_by_one_statement(services: Services) -> None:
    claim = await claimed(services)
    written: list[str] = []
    engine = services.database._engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda _connection, _cursor, statement, *_: written.append(statement))
    made_by: dict[str, Any] = {"system_prompt": "s", "user_prompt": "u", "transcript_id": None, "sampling": SAMPLING, "options": {}}
    for starts in ((1.0, 20.0, 40.0), (1.0, 30.0), ()):
        written.clear()
        found = [NewMoment(start, start + 10.0, f"At {start}", 0.9, None, "extractive") for start in starts]
        saved = await services.moments.save_generated(claim, found, model="extractive", **made_by)
        assert [moment.title for moment in saved] == [f"At {start}" for start in starts]
        assert len([statement for statement in written if "INSERT INTO moments" in statement or "DELETE FROM moments" in statement]) == 1


@pytest.mark.parametrize(
    "values",
    [
        {"start_time": 5.0, "end_time": 5.0, "score": 0.5},
        {"start_time": -1.0, "end_time": 5.0, "score": 0.5},
        {"start_time": 0.0, "end_time": 5.0, "score": 1.5},
    ],
)
async def test_impossible_moments_are_refused_by_the_table(services: Services, values: dict[str, float]) -> None:
    claim = await claimed(services)
    statement = text(
        "INSERT INTO moments (identifier, video_id, position, title, start_time, end_time, score) "
        "VALUES ('m', :video, 1, 't', :start_time, :end_time, :score)"
    )
    with pytest.raises(IntegrityError):
        async with services.database.transaction() as session:
            await session.execute(statement, values | {"video": claim.video_pk})


async def test_an_ended_run_has_a_time_of_its_end(services: Services) -> None:
    claim = await claimed(services)
    with pytest.raises(IntegrityError):
        async with services.database.transaction() as session:
            await session.execute(text("UPDATE pipeline_history SET status = 'completed' WHERE id = :id"), {"id": claim.run_id})
