"""`make unit` names test files one by one: each must be there, or the suite would not start."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from tracked import ROOT


@pytest.mark.parametrize("project", ["moments-backend", "moments-models"])
def test_every_file_of_the_list_is_there(project: str) -> None:
    if shutil.which("make") is None:
        pytest.skip("make is not installed here")
    planned = subprocess.run(["make", "-n", "unit"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    [command] = [line for line in planned.splitlines() if line.startswith(f"cd {project} ")]
    named = re.findall(r"tests/[\w/]+(?:\.py)?", command)
    assert len(named) > 5
    assert [name for name in named if not (ROOT / project / name).exists()] == []
