"""What `extractive` answers: topics found, limits kept, prompts heard, nothing invented."""

from __future__ import annotations

import json
import random
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import SAMPLE
from moments_models.engines.extractive import Extractive, _usable
from moments_models.request_jobs import Job
from moments_models.task_blocks import GenerationTask

TOPICS = {
    "bread": """The starter is a mix of flour and water that ferments. You feed the starter every day with fresh flour. Dough rises slowly
        because wild yeast is gentle. Shape the loaf and let it rest in a basket overnight. Bake the loaf in a hot iron pot with the lid
        closed. A crisp crust needs steam in the oven.""",
    "volcano": """Magma rises from the mantle through cracks in the crust of the earth. Gas bubbles expand and push the molten rock
        upwards. Some eruptions throw ash kilometres into the sky. Lava flows destroy villages on the slopes. Scientists watch
        earthquakes to predict an eruption. The volcano may sleep for centuries.""",
    "savings": """Compound interest makes small savings grow over decades. Index funds spread the risk over many companies. Fees eat a
        large share of your returns. Start with an emergency fund before you invest. A pension plan from your employer is free money.
        Taxes on dividends lower the yield.""",
    "puppy": """Reward the puppy with treats when it sits. Short training sessions work better than long ones. Never punish a dog for
        barking at strangers. Walk on a loose leash in quiet streets. Let the puppy meet other dogs early. A tired dog is a calm dog.""",
    "chess": """Control the centre of the board with your pawns. Bring out the knights before the bishops. Castle early so that the king
        is safe. Rooks belong on open files. A queen that comes out early is chased by minor pieces. In the endgame the king fights.""",
}


def lines_of(order: list[str], *, pause: float = 0.4, between: float = 0.4) -> tuple[list[dict[str, Any]], dict[str, tuple[float, float]]]:
    """Lines of the topics one after the other, and each topic's span."""
    lines: list[dict[str, Any]] = []
    spans: dict[str, tuple[float, float]] = {}
    at = 0.5
    for name in order:
        start = at
        for sentence in re.split(r"(?<=\.)\s+", " ".join(TOPICS[name].split())):
            length = 0.4 * len(sentence.split()) + 1.6
            lines.append({"n": len(lines) + 1, "start": round(at, 2), "end": round(at + length, 2), "text": sentence})
            at += length + pause
        spans[name] = (start, at - pause)
        at += between
    return lines, spans


def task_of(lines: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    limits = {"max_moments": 12, "min_duration": 10.0, "max_duration": 120.0} | more.pop("limits", {})
    duration = (lines[-1]["end"] if lines else 0.0) + 1.0
    return {"task": "generate_moments", "duration": duration, "limits": limits, "prompt": "", "language": "en", "lines": lines} | more


async def generated(client: httpx.AsyncClient, task: dict[str, Any]) -> list[dict[str, Any]]:
    message = f"Choose the moments.\n\n{json.dumps(task)}"
    response = await client.post("/v1/chat/completions", json={"model": "extractive", "messages": [{"role": "user", "content": message}]})
    assert response.status_code == 200, response.text
    answer: list[dict[str, Any]] = json.loads(response.json()["choices"][0]["message"]["content"])
    return answer


pytestmark = pytest.mark.usefixtures("minilm")


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
async def test_topics_are_found_where_they_begin(client: httpx.AsyncClient, seed: int) -> None:
    order = random.Random(seed).sample(list(TOPICS), 4)
    lines, spans = lines_of(order)
    moments = await generated(client, task_of(lines))
    found = [any(abs(moment["start_time"] - start) <= 2.0 for moment in moments) for start, _ in spans.values()]
    assert sum(found) >= 3, (order, found)
    assert len(moments) >= 4


async def test_the_demo_is_divided_as_its_author_did(client: httpx.AsyncClient) -> None:
    if not SAMPLE.exists():
        pytest.skip("the demo's recording is not here")
    truth = json.loads(SAMPLE.with_suffix(".json").read_text(encoding="utf-8"))
    moments = await generated(client, task_of([{"n": n, **line} for n, line in enumerate(truth["lines"], 1)], duration=truth["duration"]))
    starts = [moment["start_time"] for moment in moments]
    assert sum(min(abs(start - topic["start"]) for start in starts) <= 2.0 for topic in truth["topics"]) >= len(truth["topics"]) - 1


async def test_a_long_pause_divides_what_words_do_not(client: httpx.AsyncClient) -> None:
    lines, _ = lines_of(["bread"])
    half = len(lines) // 2
    for line in lines[half:]:
        line["start"] += 8.0
        line["end"] += 8.0
    starts = [moment["start_time"] for moment in await generated(client, task_of(lines))]
    assert lines[half]["start"] in starts


async def test_chapter_marks_divide(client: httpx.AsyncClient) -> None:
    lines, _ = lines_of(["bread"])
    mark = lines[2]["start"]
    moments = await generated(client, task_of(lines, chapters=[{"start": mark + 0.8, "title": "Feeding"}]))
    assert mark in [moment["start_time"] for moment in moments]


async def test_the_prompt_chooses(client: httpx.AsyncClient) -> None:
    lines, spans = lines_of(list(TOPICS))
    for prompt, name in (("how do I train my dog", "puppy"), ("investing money", "savings"), ("eruptions", "volcano")):
        moments = await generated(client, task_of(lines, prompt=prompt, limits={"max_moments": 1}))
        assert len(moments) == 1
        low, high = spans[name]
        assert low - 0.1 <= moments[0]["start_time"] < high, (prompt, moments)
        assert "matches the prompt" in moments[0]["reason"]


async def test_a_topic_that_is_too_long_gives_its_best_part_from_a_sentence_on(client: httpx.AsyncClient) -> None:
    lines, _ = lines_of(list(TOPICS))
    moments = await generated(client, task_of(lines, limits={"max_duration": 20.0}))
    starts, ends = {line["start"] for line in lines}, {line["end"] for line in lines}
    assert moments
    for moment in moments:
        assert 10.0 <= moment["end_time"] - moment["start_time"] <= 20.0
        assert moment["start_time"] in starts
        assert moment["end_time"] in ends


async def test_another_language_is_said_to_be_unknown(client: httpx.AsyncClient) -> None:
    lines, _ = lines_of(["bread", "chess"])
    moments = await generated(client, task_of(lines, language="de"))
    assert all("knows English, not de" in moment["reason"] for moment in moments)


async def test_no_lines_no_moments(client: httpx.AsyncClient) -> None:
    assert await generated(client, task_of([], duration=60.0)) == []


def test_lines_without_length_keep_their_words() -> None:
    """Whole-second transcripts give short turns no length; leaving them out lost turns, and 0.02 of the precision on talks."""
    shapes = [
        (0.0, 4.0, "What is dough?"),
        (4.0, 4.0, "Right."),
        (4.0, 4.01, "Flour, water, salt."),
        (4.0, 9.0, "And time."),
        (6.0, 7.0, "Yes."),
    ]
    lines = [{"n": n, "start": start, "end": end, "text": text} for n, (start, end, text) in enumerate(shapes, 1)]
    usable = _usable(GenerationTask.model_validate(task_of(lines, duration=10.0)))
    assert [line.text for line in usable] == [text for _, _, text in shapes]
    assert all(before.end <= after.start <= after.end for before, after in pairwise(usable))


def test_what_has_no_length_at_all_has_no_moments(engine: Extractive) -> None:
    lines = [{"n": n, "start": 4.0, "end": 4.0, "text": text} for n, text in enumerate(("Flour and water.", "Salt and time."), 1)]
    for prompt in ("", "flour"):
        assert engine.moments(GenerationTask.model_validate(task_of(lines, duration=10.0, prompt=prompt)), Job()) == []


async def test_a_task_it_cannot_do_is_refused(client: httpx.AsyncClient) -> None:
    body = {"model": "extractive", "messages": [{"role": "user", "content": '{"task": "refine_moment"}'}]}
    response = await client.post("/v1/chat/completions", json=body)
    assert (response.status_code, response.json()["error"]["code"]) == (400, "unsupported_task")


@pytest.fixture(scope="module")
def engine(minilm: Path) -> Extractive:
    return Extractive()


SAID = [sentence.strip() + "." for text in TOPICS.values() for sentence in " ".join(text.split()).split(".") if sentence]
sentences = st.sampled_from([*SAID, "Um.", "…", "1 2 3"])
line_shapes = st.lists(st.tuples(st.floats(-1.0, 6.0), st.floats(0.0, 40.0), sentences), max_size=25)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(line_shapes, st.integers(1, 15), st.floats(0, 40), st.floats(1, 200), st.sampled_from(["", "dogs", "best of"]))
def test_whatever_comes_in_what_goes_out_is_sound(
    engine: Extractive, shapes: list[tuple[float, float, str]], count: int, low: float, more: float, prompt: str
) -> None:
    """Sorted, apart, on line edges, named, scored, at most as many as asked for; the limits hold where lines allow it."""
    lines, at = [], 0.0
    for number, (gap, length, text) in enumerate(shapes, 1):
        start = max(0.0, at + gap)
        lines.append({"n": number, "start": start, "end": start + length, "text": text})
        at = start + length
    duration = at + 1.0
    limits = {"max_moments": count, "min_duration": low, "max_duration": low + more}
    task = GenerationTask.model_validate(task_of(lines, duration=duration, prompt=prompt, limits=limits))
    moments = engine.moments(task, Job())
    edges = {edge for line in lines for edge in (line["start"], line["end"])}
    longest = max((line["end"] - line["start"] for line in lines), default=0.0)
    assert len(moments) <= count
    assert all(before["end_time"] <= after["start_time"] for before, after in pairwise(moments))
    for moment in moments:
        assert 0 <= moment["start_time"] < moment["end_time"] <= duration
        assert moment["start_time"] in edges
        assert moment["end_time"] in edges
        assert moment["end_time"] - moment["start_time"] <= max(limits["max_duration"], longest) + 1e-6
        assert 0 <= moment["score"] <= 1
        assert 2 <= len(moment["title"].split()) <= 8
        assert moment["reason"].endswith(".")
    assert len({moment["title"] for moment in moments}) == len(moments)


def test_f98_no_title_is_made_of_words_that_were_hardly_heard() -> None:
    from moments_models.engines.extractive import heard_well
    from moments_models.task_blocks import LineBlock
    from moments_models.titles import titles

    said = "Social media rises. The flour and the starter make bread. Flour makes bread."
    line = LineBlock(n=1, start=0.0, end=9.0, text=said, unsure=("Social", "media", "rise"))
    assert heard_well(line) == "; ; rises. The flour and the starter make bread. Flour makes bread."
    assert heard_well(line.model_copy(update={"unsure": ()})) == said
    (title,) = titles([heard_well(line)], [0.0])
    assert not {"social", "media"} & set(title.lower().split())
    everything = LineBlock(n=1, start=65.0, end=70.0, text="Social media", unsure=("Social", "media"))
    assert titles([heard_well(everything)], [65.0]) == ["Moment at 1:05"]


async def test_moments_are_the_few_parts_worth_keeping_and_chapters_divide_the_recording(client: httpx.AsyncClient) -> None:
    lines, _ = lines_of(list(TOPICS))
    limits = {"min_duration": 15.0, "max_duration": 90.0, "max_moments": 3}
    moments = await generated(client, task_of(lines, find="moments", limits=limits))
    chapters = await generated(client, task_of(lines, find="chapters"))
    assert len(moments) == 3
    assert [one["start_time"] for one in moments] == sorted(one["start_time"] for one in moments)
    assert all(15.0 <= one["end_time"] - one["start_time"] <= 90.0 for one in moments)
    whole = lines[-1]["end"] - lines[0]["start"]
    assert (
        sum(one["end_time"] - one["start_time"] for one in chapters)
        > 0.9 * whole
        > sum(one["end_time"] - one["start_time"] for one in moments)
    )
    assert all("what matters" in one["reason"] for one in moments)


async def test_a_request_that_does_not_say_what_to_find_is_for_chapters(client: httpx.AsyncClient) -> None:
    lines, _ = lines_of(list(TOPICS))
    assert await generated(client, task_of(lines)) == await generated(client, task_of(lines, find="chapters"))
