"""Which small faults `make mutants` puts into a file, and what it leaves alone."""

from __future__ import annotations

from pathlib import Path

import mutants
import pytest
from mutations import mutations


def changed(source: str) -> set[str]:
    """The whole source after each fault, without its last line's end."""
    return {one.applied(source).rstrip("\n") for one in mutations(source)}


@pytest.mark.parametrize(
    ("source", "faults"),
    [
        ("a < b", {"a <= b"}),
        ("a == b", {"a != b"}),
        ("a in b", {"a not in b"}),
        ("a + b * c", {"a - (b * c)", "a + b / c"}),
        ("a and b", {"(a) or (b)"}),
        ("not a", {"(a)"}),
        ("x = 3", {"x = 4"}),
        ("x = True", {"x = False"}),
        ("x = min(a, b)", {"x = max(a, b)"}),
        ("x = a if b else c", {"x = a if not (b) else c"}),
        ("def f():\n    return a", {"def f():\n    return None"}),
        ("def f():\n    store(a)", {"def f():\n    pass"}),
        ("if a:\n    x = b", {"if not (a):\n    x = b"}),
    ],
)
def test_a_fault_is_the_smallest_change(source: str, faults: set[str]) -> None:
    prefix = "" if source.startswith(("x", "def", "if")) else "x = "
    assert changed(prefix + source) == {prefix + fault for fault in faults}


@pytest.mark.parametrize(
    "source",
    [
        '"""What 1 + 1 is."""',
        "x: Literal[3]",
        "def f(a: Literal[3]) -> Literal[4]:\n    pass",
        "if TYPE_CHECKING:\n    x = 3",
        'raise InvalidInput("no more than 3", code="too_many")',
        'logger.info("%d of %d", 1, 2)',
        'x = f"{a + 1} seconds"',
        'x = "a" + b',
        "def f():\n    return",
    ],
)
def test_what_breaks_no_promise_is_left_alone(source: str) -> None:
    assert mutations(source) == []


def test_lines_and_places_are_those_of_the_file() -> None:
    source = "x = 'é' * a\n\n\ndef f(a):\n    return (a >\n            2)\n"
    found = {(one.line, str(one)) for one in mutations(source) if one.new != "None"}
    assert found == {(5, "a > 2  ->  a >= 2"), (6, "2  ->  3")}


def test_a_seed_draws_the_same_sample(tmp_path: Path) -> None:
    found = mutants.Copy(tmp_path).mutants(["signing"])
    assert mutants.sampled(found, 1, 5) == mutants.sampled(found, 1, 5) != mutants.sampled(found, 2, 5)
    assert len(mutants.sampled(found, 1, 10_000)) == len(found)


def test_a_fault_goes_into_the_copy_and_out_again(tmp_path: Path) -> None:
    copy = mutants.Copy(tmp_path)
    first = copy.mutants(["signing"])[0]
    theirs = mutants.PACKAGE / first.file
    ours, before = copy.source / "videomoments" / first.file, theirs.read_text()
    assert copy.put(first)
    assert ours.read_text() == first.mutation.applied(before)
    assert theirs.read_text() == before
    copy.restore(first)
    assert ours.read_text() == before


def test_the_copy_has_the_migrations_where_an_installed_package_has_them(tmp_path: Path) -> None:
    versions = mutants.Copy(tmp_path).source / "videomoments" / "migrations" / "versions"
    ours = {one.name for one in (mutants.BACKEND / "migrations/versions").glob("*.py")}
    assert ours
    assert {one.name for one in versions.glob("*.py")} == ours


@pytest.mark.parametrize(("passed", "fate"), [(True, "SURVIVED"), (False, "killed"), (None, "hung")])
def test_a_fault_that_no_test_notices_survives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, passed: bool | None, fate: str) -> None:
    answers = iter([True, passed, passed])
    monkeypatch.setattr(mutants, "passes", lambda part, source, seconds: next(answers))
    copy = mutants.Copy(tmp_path)
    chosen = copy.mutants(["signing"])[:2]
    assert list(mutants.tried(chosen, copy, float("inf"))) == [(one, fate) for one in chosen]


def test_tests_that_fail_without_a_fault_end_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mutants, "passes", lambda part, source, seconds: False)
    copy = mutants.Copy(tmp_path)
    with pytest.raises(SystemExit, match="fail without a fault"):
        list(mutants.tried(copy.mutants(["signing"]), copy, float("inf")))


def test_every_part_has_sources_and_tests() -> None:
    for part in mutants.PARTS.values():
        assert list(mutants.PACKAGE.glob(part.sources))
        assert all((mutants.BACKEND / test).exists() for test in part.tests)
