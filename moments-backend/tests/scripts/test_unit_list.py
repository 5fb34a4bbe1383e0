"""The Makefile: `make unit` names test files one by one, of which each must be there, and `make help` names the targets."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from tracked import ROOT

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed here")


def made(*words: str) -> list[str]:
    """Returns the lines that make prints."""
    return subprocess.run(["make", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()


def test_help_names_every_command_with_what_it_does() -> None:
    listed = {line.split()[0] for line in made("help") if line.strip()}
    promised = re.findall(r"^([\w-]+):.*?## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {"lint", "e2e", "test"} < set(promised)
    assert set(promised) <= listed


@pytest.mark.parametrize("project", ["moments-backend", "moments-models"])
def test_every_file_of_the_list_is_there(project: str) -> None:
    [command] = [line for line in made("-n", "unit") if line.startswith(f"cd {project} ")]
    named = re.findall(r"tests/[\w/]+(?:\.py)?", command)
    assert len(named) > 5
    assert [name for name in named if not (ROOT / project / name).exists()] == []
