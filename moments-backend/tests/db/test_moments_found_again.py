"""A run that finds its moments again: refined forms of moments that are the same stay, those of others go."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from support.backend import MADE_BY, claimed
from videomoments.services.editing import MomentChange
from videomoments.services.moments import NewMoment
from videomoments.services.runs import Claim
from videomoments.services.wiring import Services

ONE = NewMoment(1.0, 12.0, "One", 0.9, "why", "extractive")
TWO = NewMoment(20.0, 40.0, "Two", None, None, "extractive")


async def refined(services: Services) -> Claim:
    """A run whose two moments are refined."""
    claim = await claimed(services)
    for original in await services.moments.save_generated(claim, [ONE, TWO], **MADE_BY):
        better = NewMoment(original.start_time + 1.0, original.end_time, f"{original.title}, refined", None, None, "signal")
        await services.moments.save_refined(claim, original, better)
    return claim


async def shown(services: Services, claim: Claim) -> list[tuple[str, float]]:
    views = await services.moments.of_video(claim.video_id, request_id=claim.request_id)
    return [(view.moment.title, view.moment.start_time) for view in views]


BOTH = [("One, refined", 2.0), ("Two, refined", 21.0)]


async def test_the_same_moments_keep_their_refined_forms(services: Services) -> None:
    claim = await refined(services)
    again = await services.moments.save_generated(claim, [replace(ONE, confidence=0.5), TWO], **MADE_BY)
    assert [moment.confidence for moment in again] == [0.5, None]
    assert await shown(services, claim) == BOTH


@pytest.mark.parametrize(
    "changed",
    [{"title": "Other"}, {"start_time": 1.5}, {"end_time": 12.5}, {"reason": None}, {"reason": "other"}, {"score": None}, {"score": 0.8}],
)
async def test_a_moment_that_differs_is_shown_as_it_is_now(services: Services, changed: dict[str, Any]) -> None:
    claim = await refined(services)
    other = replace(ONE, **changed)
    await services.moments.save_generated(claim, [other, TWO], **MADE_BY)
    assert await shown(services, claim) == [(other.title, other.start_time), BOTH[1]]
    assert len((await services.moments.unrefined(claim.request_id))[1]) == 1


async def test_moments_that_changed_places_are_others(services: Services) -> None:
    claim = await refined(services)
    await services.moments.save_generated(claim, [TWO, ONE], **MADE_BY)
    assert await shown(services, claim) == [("One", 1.0), ("Two", 20.0)]


async def test_what_a_person_edited_stays(services: Services) -> None:
    claim = await refined(services)
    first, second = await services.moments.of_run(claim.run_id)
    assert second.parent is not None
    await services.editing.change(claim.video_id, first.moment.identifier, MomentChange(title="Mine"))
    await services.editing.change(claim.video_id, second.parent.identifier, MomentChange(title="Ours"))
    await services.moments.save_generated(claim, [replace(ONE, title="A"), replace(TWO, title="B")], **MADE_BY)
    left = [(view.moment.title, view.parent and view.parent.title) for view in await services.moments.of_run(claim.run_id)]
    assert left == [("Mine", "A"), ("Two, refined", "Ours")]


async def test_the_moments_of_another_run_keep_theirs(services: Services) -> None:
    claim = await refined(services)
    other = await claimed(services, "https://example.com/other.mp4")
    await services.moments.save_generated(other, [replace(ONE, title="A")], **MADE_BY)
    assert await shown(services, claim) == BOTH
