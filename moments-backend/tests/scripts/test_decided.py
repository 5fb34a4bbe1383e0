"""Decision records that are cited and not there, that have no head, or that the index does not list as they are."""

from __future__ import annotations

import pytest
from decided import INDEX, decision_faults

FIRST, SECOND = "docs/decisions/0001-one-truth.md", "docs/decisions/0002-one-client.md"
HEAD = "# {}. {}\n\n- Date: 2026-11-22\n- Status: {}\n\nBecause.\n"
ROWS = (
    "| [0001](0001-one-truth.md) | One truth | 2026-11-22 | accepted | a row |",
    "| [0002](0002-one-client.md) | One client | 2026-11-22 | superseded by 0003 | no library |",
)


def _repository(rows: tuple[str, ...] = ROWS, **changed: str) -> dict[str, str]:
    files = {
        INDEX: "\n".join(("# Decisions", "", "| number | title | date | status | in a line |", "|---|---|---|---|---|", *rows)) + "\n",
        FIRST: HEAD.format(1, "One truth", "accepted"),
        SECOND: HEAD.format(2, "One client", "superseded by 0003"),
    }
    return files | {{"first": FIRST, "second": SECOND}.get(name, f"{name}.py"): text for name, text in changed.items()}


def test_all_is_well() -> None:
    assert decision_faults(_repository(a="# docs/decisions/0001-one-truth.md says why, and `docs/decisions/`\n")) == []


@pytest.mark.parametrize("text", ["# (docs/decisions/one-truth.md)", "[why](decisions/one-truth.md)", "`docs/decisions/one-truth.md`."])
def test_a_citation_of_no_record_is_found_in_code_and_documents(text: str) -> None:
    assert decision_faults(_repository(a=f"x\n{text}\n")) == ["a.py:2 cites docs/decisions/one-truth.md, which does not exist"]


def test_links_between_records_are_citations_and_elsewhere_are_not() -> None:
    text = HEAD.format(1, "One truth", "accepted") + "[the client](one-client.md)\n"
    assert decision_faults(_repository(first=text, a="[the client](one-client.md)\n")) == [
        f"{FIRST}:7 cites docs/decisions/one-client.md, which does not exist"
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("# One truth\n\nBecause.\n", f'{FIRST} does not begin with "# 1. Title", its date and its status'),
        (HEAD.format(7, "One truth", "accepted"), f"{FIRST} has the number 7 in its title"),
        (
            HEAD.format(1, "Two truths", "accepted"),
            f"{INDEX} says 0001 | 0001-one-truth.md | One truth | 2026-11-22 | accepted, "
            "and the record 0001 | 0001-one-truth.md | Two truths | 2026-11-22 | accepted",
        ),
    ],
)
def test_a_wrong_head_is_found(text: str, fault: str) -> None:
    assert decision_faults(_repository(first=text)) == [fault]


def test_a_record_without_a_row_and_a_row_without_a_record_are_found() -> None:
    files = _repository(ROWS[:1])
    assert decision_faults(files) == [f"{INDEX} has no row for 0002-one-client.md"]
    del files[SECOND]
    assert decision_faults(files | {INDEX: files[INDEX] + ROWS[1] + "\n"}) == [
        f"{INDEX}:6 cites docs/decisions/0002-one-client.md, which does not exist"
    ]


def test_the_index_is_in_order() -> None:
    assert decision_faults(_repository(ROWS[::-1])) == [f"{INDEX} is not in the order of the numbers"]


def test_a_number_that_is_left_out_or_given_twice_is_found() -> None:
    files = _repository()
    files["docs/decisions/0002-other.md"] = HEAD.format(2, "Other", "accepted")
    assert f"{INDEX} has no row for 0002-other.md" in decision_faults(files)
    assert "docs/decisions has number 2 where 3 is expected: none is left out or given twice" in decision_faults(files)


def test_a_name_without_a_number_is_found() -> None:
    files = _repository() | {"docs/decisions/later.md": "# Later\n"}
    assert "docs/decisions/later.md is not named like 0001-a-decision.md" in decision_faults(files)
