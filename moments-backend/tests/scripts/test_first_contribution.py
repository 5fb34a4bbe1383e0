"""CONTRIBUTING.md's first contribution, typed as it stands into a copy of the checkout: each step fits, and the end works."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tracked import ROOT, names

_BLOCK = re.compile(r"^ {3}```(?:python|diff)\n {3}# (new: )?(\S+)\n(.*?)^ {3}```$", re.MULTILINE | re.DOTALL)
# What needs Node and its packages, or minutes.
_NOT_HERE = ("moments-frontend/page.sh", "make ")


def section() -> str:
    return (ROOT / "CONTRIBUTING.md").read_text().partition("## A first contribution\n")[2].partition("\n## ")[0]


def commands() -> list[str]:
    """The section's indented lines. Blocks are indented as well, by less."""
    return [line.strip() for line in re.findall(r"^ {7}\S.*$", _BLOCK.sub("", section()), re.MULTILINE)]


def hunks(diff: str) -> list[tuple[str, str]]:
    """What stands in the file and what shall stand there. A hunk ends where lines that are taken or left follow lines that are added."""
    found: list[tuple[list[str], list[str]]] = [([], [])]
    added = False
    for line in diff.splitlines():
        if added and not line.startswith("+"):
            found.append(([], []))
        added = line.startswith("+")
        before, after = found[-1]
        if not added:
            before.append(line[1:])
        if not line.startswith("-"):
            after.append(line[1:])
    return [("".join(f"{line}\n" for line in before), "".join(f"{line}\n" for line in after)) for before, after in found]


class Copy:
    """A copy of what git tracks, with this environment's Python where the commands look for it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in names():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target, follow_symlinks=False)
        python = folder / ".venv" / "bin" / "python"
        python.parent.mkdir(parents=True)
        # A link would be taken for an environment of its own, without packages.
        python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        python.chmod(0o755)
        self.run("git init -q")

    def type_blocks(self) -> list[str]:
        """Names of the files that the section makes and changes."""
        typed = []
        for new, name, block in _BLOCK.findall(section()):
            path = self.folder / name
            text = "".join(line.removeprefix("   ") for line in block.splitlines(keepends=True))
            if new:
                assert not path.exists(), name
                path.write_text(text)
            else:
                for before, after in hunks(text):
                    assert path.read_text().count(before) == 1, f"{name} has not, or not once:\n{before}"
                    path.write_text(path.read_text().replace(before, after))
            typed.append(name)
        return typed

    def run(self, command: str) -> str:
        ours = os.pathsep.join(str(self.folder / part / "src") for part in ("moments-backend", "moments-models"))
        # What a run of pytest tells those below it is not for this one.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")} | {"PYTHONPATH": ours}
        done = subprocess.run(["sh", "-c", command], cwd=self.folder, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return Copy(tmp_path_factory.mktemp("copy"))


def test_a_diff_is_read_as_people_read_it() -> None:
    assert hunks(" a\n+b\n") == [("a\n", "a\nb\n")]
    assert hunks("-a\n+b\n     c\n+d\n") == [("a\n", "b\n"), ("    c\n", "    c\nd\n")]


def test_the_first_contribution_works_as_written(copy: Copy) -> None:
    typed = copy.type_blocks()
    assert len(typed) == 7
    # As `make lint` has it.
    python = [name for name in typed if name.endswith(".py")]
    copy.run(f".venv/bin/python -m ruff check {' '.join(python)} && .venv/bin/python -m ruff format --check {' '.join(python)}")
    here = [command for command in commands() if not command.startswith(_NOT_HERE)]
    assert len(here) == len(commands()) - 2 == 3
    outputs = [copy.run(command) for command in here]
    assert all(re.search(r"\d+ passed", output) for output in outputs[:2])
    assert '"audacity"' in (copy.folder / "docs" / "api" / "openapi.json").read_text()
    # Nothing that documents say of the code has come apart.
    copy.run(".venv/bin/python scripts/check_documents.py && .venv/bin/python scripts/check_tests.py")


def test_the_page_has_the_scripts_that_are_called() -> None:
    assert '"api":' in (ROOT / "moments-frontend" / "package.json").read_text()
    assert re.search(r"^lint:", (ROOT / "Makefile").read_text(), re.MULTILINE)
