"""Which files and functions `make lint` finds too long."""

from __future__ import annotations

import check_sizes
import pytest


def function(lines: int, head: str = "def work():") -> str:
    return "\n".join([head, *["    pass"] * (lines - 1)])


@pytest.mark.parametrize("head", ["def work():", "async def work():", "class Holder:\n  def work(self):"])
def test_a_function_of_51_lines_is_found(head: str) -> None:
    assert list(check_sizes.faults_of("a.py", function(50, head))) == []
    [(line, fault)] = check_sizes.faults_of("a.py", function(51, head))
    assert line == 1 + head.count("\n")
    assert "work has 51 lines" in fault


def test_signature_comments_and_docstring_count() -> None:
    source = 'def work(\n    a,\n):\n    """Says.\n\n    More.\n    """\n    # Why.\n' + "    pass\n" * 43
    [(_, fault)] = check_sizes.faults_of("a.py", source)
    assert "51 lines" in fault


@pytest.mark.parametrize("name", ["a.py", "page/a.tsx", "a.css", "a.sh"])
def test_a_file_of_401_lines_is_found(name: str) -> None:
    assert list(check_sizes.faults_of(name, "\n" * 400)) == []
    [(line, fault)] = check_sizes.faults_of(name, "\n" * 401)
    assert (line, "401 lines" in fault) == (1, True)


def test_every_hand_written_file_is_looked_at_and_no_other() -> None:
    names = {"a.py", "b/c.ts", "b/c.tsx", "b/c.css", "run.sh", "eslint.config.js"}
    assert all(map(check_sizes.is_hand_written, names))
    assert not any(map(check_sizes.is_hand_written, ["src/api/generated/schema.ts", "a.md", "a.json", "a.lock"]))


def test_an_excess_ends_the_check_with_one(capsys: pytest.CaptureFixture[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    long = tmp_path_factory.mktemp("sizes") / "long.py"
    long.write_text("\n" * 401)
    assert check_sizes.main([str(long)]) == 1
    assert f"{long}:1: the file has 401 lines" in capsys.readouterr().err
