"""Thinking is cut where it is thinking, drafts are no answers (F86)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from videomoments.core.errors import ModelError
from videomoments.core.times import Interval
from videomoments.moments.parsing import parse_generation, parse_refinement
from videomoments.moments.prompt_texts import TimeBase

A = {"start_time": 10.0, "end_time": 40.0, "title": "A", "score": 0.9, "reason": "r"}
B = {"start_time": 50.0, "end_time": 80.0, "title": "B", "score": 0.8, "reason": "r"}
DRAFT = {"start_time": 1.0, "end_time": 9.0, "title": "DRAFT", "score": 1, "reason": "d"}
GOOD = json.dumps([A, B])
DRAFTS = json.dumps([DRAFT])
# (opening, closing) as model families write them.
MARKS = [
    ("<think>", "</think>"),
    ("<THINK>", "</Think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ('<reasoning effort="high">', "</reasoning>"),
    ("<analysis>", "</analysis>"),
    ("[THINK]", "[/THINK]"),
    ("◁think▷", "◁/think▷"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<seed:think>", "</seed:think>"),
    ("<|channel>thought\n", "<channel|>"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
]


def titles(text: str, finish_reason: str | None = None) -> list[str]:
    return [one.title for one in parse_generation(text, duration=200.0, finish_reason=finish_reason).candidates]


def code(text: str, finish_reason: str | None = None) -> str:
    with pytest.raises(ModelError) as caught:
        parse_generation(text, duration=200.0, finish_reason=finish_reason)
    return caught.value.code


@pytest.mark.parametrize(("opening", "closing"), MARKS)
def test_f86_every_familys_thinking_is_cut_and_an_unclosed_one_is_no_answer(opening: str, closing: str) -> None:
    assert titles(f"{opening}maybe {DRAFTS}{closing}\n{GOOD}") == ["A", "B"]
    # A draft that speaks of the mark does not end the thinking.
    assert titles(f"{opening}maybe {json.dumps([DRAFT | {'title': f'on {closing} x'}, DRAFT])} no{closing}\n{GOOD}") == ["A", "B"]
    for broken in (f"{opening}maybe {DRAFTS} but no, that", f"{opening}maybe [", f"{opening}a{closing}\n{opening}maybe {DRAFTS}"):
        assert code(broken, "length") == "model_truncated"
        assert code(broken, "stop") == "model_bad_answer"
        with pytest.raises(ModelError):
            parse_refinement(broken.replace(DRAFTS, json.dumps(DRAFT)), time_base=TimeBase.CLIP, length=100, moment=Interval(2, 8))


@pytest.mark.parametrize("mark", [mark for pair in MARKS for mark in pair])
@pytest.mark.parametrize(
    "around",
    [
        "{}",
        "Here they are:\n```json\n{}\n```\n",
        "<think>hm</think>{}",
        "hm, the template ate the start</think>{}",
        "{} and a trailing word",
    ],
)
def test_f86_a_mark_in_a_title_is_text(mark: str, around: str) -> None:
    first = A | {"title": f"Why {mark.strip()} ends it"}
    for rows in ([first, B], [A, B | {"reason": f"{mark.strip()}"}], [first]):
        found = titles(around.replace("{}", json.dumps(rows, ensure_ascii=False)))
        assert len(found) == len(rows)
        assert found[-1] == rows[-1]["title"]
    # With faults that need repair.
    damaged = json.dumps([first, B], ensure_ascii=False).replace("}]", "},]")
    assert len(titles(around.replace("{}", damaged))) == 2


def test_f86_a_mark_among_quotes_that_were_not_escaped() -> None:
    text = json.dumps([A | {"title": "He said QUOTEno </think> neverQUOTE twice"}, B]).replace("QUOTE", '"')
    assert len(titles(text)) == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("First: " + json.dumps(DRAFT) + "\nFinal answer:\n" + json.dumps(A) + "\n" + json.dumps(B), ["A", "B"]),
        ("Draft: " + DRAFTS + "\nBetter: " + json.dumps(A), ["A"]),
        ("Draft: " + DRAFTS + "\nBetter: " + GOOD.replace("}]", "},]"), ["A", "B"]),
        ("Draft: " + DRAFTS.replace("}]", "},]") + "\nBetter: " + GOOD.replace("}]", "},]"), ["A", "B"]),
        ("Draft: " + DRAFTS[:-1] + " no. Better: " + GOOD, ["A", "B"]),
        ("```json\n" + DRAFTS + "\n```\nNow the real:\n```json\n" + GOOD + "\n```", ["A", "B"]),
        ("1. " + json.dumps(A) + "\n2. " + json.dumps(B), ["A", "B"]),
        ("Moment 1: " + json.dumps(A) + "\nMoment 2: " + json.dumps(B), ["A", "B"]),
        ("- " + json.dumps(A) + ",\n- " + json.dumps(B), ["A", "B"]),
        ("Draft: " + DRAFTS + "\nBetter: " + GOOD[:-5], ["A"]),
    ],
)
def test_f86_the_last_complete_answer_wins(text: str, expected: list[str]) -> None:
    assert titles(text) == expected


def test_f86_a_draft_is_not_the_answer_when_the_answer_was_cut() -> None:
    assert code("Draft: " + DRAFTS + "\nBetter: " + GOOD[:-5], "length") == "model_truncated"
    assert code("Draft: " + DRAFTS + "\nBetter: " + json.dumps([A])[:-5]) == "model_bad_answer"


def test_f86_moments_and_then_none_is_asked_again() -> None:
    assert code("Draft: " + DRAFTS + "\nBut nothing fits: []") == "model_bad_answer"
    assert titles("<think>" + DRAFTS + "</think>Nothing fits: []") == []
    assert titles(GOOD + "\nSee [] above, as asked.") == ["A", "B"]


@pytest.mark.parametrize(
    "text",
    [
        "<think>" * 100_000,
        "</think>" * 100_000,
        ',"</think>' * 60_000,
        ',"a</think>",' * 60_000,
        "<|channel|>" * 60_000,
        '{"a": "<think>' * 40_000,
    ],
)
def test_f86_a_flood_of_marks_ends(text: str) -> None:
    assert code(text) == "model_bad_answer"


def refined(text: str) -> tuple[float, float]:
    found: Any = parse_refinement(text, time_base=TimeBase.CLIP, length=100, moment=Interval(5, 45))
    return found.start_time, found.end_time


def test_f86_a_refinement_is_read_alike() -> None:
    one, other = {"start_time": 6, "end_time": 41}, {"start_time": 5, "end_time": 9}
    assert refined(f"<think>{json.dumps(other)}</think>{json.dumps(one)}") == (6, 41)
    assert refined(json.dumps(one | {"title": "after </think>"})) == (6, 41)
    assert refined(f"Draft: {json.dumps(other)}\nBetter: {json.dumps(one)}") == (6, 41)
