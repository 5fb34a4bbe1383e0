"""Hazards and sections that are cited and not there, and hazards without a test."""

from __future__ import annotations

import pytest
from cited import HAZARDS, OVERVIEW, hazard_faults, hazards, section_faults

# In two pieces: this file is checked as well, and cites nothing that there is not.
ABSENT = "F" + "00"
OURS = "over" + "view"
TEST = "moments-backend/tests/worker/test_lease.py"
PAGE_TEST = "moments-frontend/src/hooks/polling.test.ts"
ROW = "| F01 | it ran twice | a lease (`worker/lease.py`) | `tests/worker/test_lease.py` |"
PAGE_ROW = "| F75 | a herd | it backs off | `hooks/polling.test.ts` |"


def _repository(*rows: str, **changed: str) -> dict[str, str]:
    files = {
        HAZARDS: "\n".join(("# Hazards", "", "| number | what | guard | test |", "|---|---|---|---|", *(rows or (ROW, PAGE_ROW)))),
        TEST: "async def test_f01_a_stage_runs_once() -> None: ...\n",
        PAGE_TEST: 'it("F75: stops at %s", () => {});\n',
    }
    return files | {name.replace("__", "/") + ".py": text for name, text in changed.items()}


def test_rows_are_read() -> None:
    page = ("| F01 | a | b | `tests/a.py`, `tests/b.py` (models) |", "| F82 (clock) | a | `c/d.py` | `e2e/f.py` |", "| F99 | | | |")
    first, second, third = hazards("\n".join(page))
    assert (first.label, first.tests) == ("F01", ("tests/a.py", "tests/b.py"))
    assert (second.label, second.tests) == ("F82 (clock)", ("e2e/f.py",))
    assert third.tests == ()


def test_all_is_well() -> None:
    assert hazard_faults(_repository(a="# as F01 says, and F75\n", b="# F1, F001, AF01, F01a, 0xF012 are no hazards\n")) == []


def test_a_number_without_a_row_is_found_in_texts_and_names_of_tests() -> None:
    files = _repository(src__a=f"x = 1\n# see {ABSENT}, and ({ABSENT})\n", tests__b=f"def test_{ABSENT.lower()}_f01_a() -> None: ...\n")
    where = (f"src/a.py:2 cites {ABSENT}", f"tests/b.py:1 cites {ABSENT}")
    assert hazard_faults(files) == [f"{place}, which has no row in {HAZARDS}" for place in where]


def test_numbers_go_on_after_99() -> None:
    row, beyond = ROW.replace("F01", "F" + "100"), "F" + "101"
    files = _repository(ROW, PAGE_ROW, row, tests__b=f"def test_{beyond.lower()}_a() -> None: ...\n# {beyond}\n")
    missing = [f"tests/b.py:{line} cites {beyond}, which has no row in {HAZARDS}" for line in (1, 2)]
    assert hazard_faults(files) == [f"{HAZARDS}: {'F' + '100'} names no test that carries its number", *missing]
    assert hazard_faults(files | {TEST: f"{files[TEST]}def test_f01_{'f' + '100'}_both() -> None: ...\n"}) == missing


@pytest.mark.parametrize("name", ["uv.lock", "moments-frontend/package-lock.json", "LICENSE"])
def test_hashes_and_licences_cite_nothing(name: str) -> None:
    assert hazard_faults(_repository() | {name: f"sha512-{ABSENT}+"}) == []


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("| F01 | a | b | |", "F01 names no test file"),
        ("| F01 | a | b | by hand |", "F01 names no test file"),
        ("| F01 | a | b | `tests/worker/test_gone.py` |", "F01 names tests/worker/test_gone.py, which does not exist"),
        ("| F02 | a | b | `tests/worker/test_lease.py` |", "F02 names no test that carries its number"),
        # A number in a comment is a citation, and tests nothing.
        ("| F01 | a | b | `worker/lease.py` |", "F01 names no test that carries its number"),
        # What the guard's column names is no test.
        ("| F01 | a | `tests/worker/test_lease.py` | |", "F01 names no test file"),
    ],
)
def test_a_row_without_its_test_is_found(row: str, fault: str) -> None:
    files = _repository(row, PAGE_ROW) | {"moments-backend/src/videomoments/worker/lease.py": "# F01\n"}
    assert f"{HAZARDS}: {fault}" in hazard_faults(files | {TEST: files[TEST] if "F02" not in row else "def test_f01() -> None: ..."})


def test_rows_have_an_order_and_a_place_each() -> None:
    faults = hazard_faults(_repository(PAGE_ROW, ROW, ROW))
    assert faults == [f"{HAZARDS} has two rows F01", f"{HAZARDS}: 01 stands after 75"]
    assert hazard_faults(_repository(ROW.replace("F01", "F01 (a)"), ROW.replace("F01", "F01 (b)"), PAGE_ROW)) == []


SECTIONS = {OVERVIEW: "# Overview\n\n## 4. Redis\n\n### 4.2 Status\n\nsee section 8\n\n### 4.3 Locks\n\n## 8. How much\n"}


@pytest.mark.parametrize(
    "text",
    [
        "the overview's section 4, to the letter",
        "The overview’s sections 4.2 and 4.3",
        "as in the overview, section 8",
        "section 8 of the overview",
        "the overview's\nsection 4",
        "RFC 4867, section 5: frames; and the overview of sections",
        "sections 1 through 9 of this document",
    ],
)
def test_a_section_that_exists_or_is_another_documents_is_no_fault(text: str) -> None:
    assert section_faults(SECTIONS | {"a.py": text}) == []


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (f"x\nthe {OURS}'s section 5", "5"),
        (f"x\nthe {OURS}'s section 4.2 and 4.9", "4.9"),
        (f"x\nthe {OURS}, section 14", "14"),
        (f"x\nsections 4, 8 and 9 of the {OURS}", "9"),
    ],
)
def test_a_section_that_does_not_exist_is_found(text: str, number: str) -> None:
    assert section_faults(SECTIONS | {"a.py": text}) == [f"a.py:2 cites section {number} of the overview, which does not exist"]


def test_the_overview_cites_itself_and_numbers_a_section_once() -> None:
    page = SECTIONS[OVERVIEW] + "\nsection 9\n\n## 4. Again\n"
    faults = section_faults({OVERVIEW: page})
    assert faults[0] == f"{OVERVIEW} has two sections 4"
    assert [fault.partition(" cites ")[2] for fault in faults[1:]] == ["section 9 of the overview, which does not exist"]
