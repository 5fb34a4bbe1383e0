"""What keeps dependencies quiet stands in the environment before anything can import one."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import moments_models.quiet
from videomoments.core.quiet import QUIET

ROOT = Path(__file__).parents[3]
TELL = "import json, os; print(json.dumps(dict(os.environ)))"


def environment_after(statement: str, **given: str) -> dict[str, str]:
    """The environment of a process that was given nothing else and ran `statement`."""
    answer = subprocess.run(
        [sys.executable, "-P", "-c", f"{statement}; {TELL}"], env={"PATH": os.environ["PATH"], **given}, capture_output=True, check=True
    )
    seen: dict[str, str] = json.loads(answer.stdout)
    return seen


def quiet_file() -> dict[str, str]:
    lines = (ROOT / "quiet.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


ENTRIES = (
    "videomoments",
    "videomoments.__main__",
    "videomoments.media.child",
    "videomoments.sources.site_child",
    "videomoments.worker.alive",
    "moments_models",
    "moments_models.__main__",
)


@pytest.mark.parametrize("entry", ENTRIES)
def test_whatever_begins_with_our_packages_is_quiet(entry: str) -> None:
    """A media or site child too, which gets a cleaned environment: its module's package comes first."""
    assert QUIET.items() <= environment_after(f"import {entry}").items()


def test_a_value_that_is_set_stays_and_an_empty_one_is_none() -> None:
    seen = environment_after("import moments_models, videomoments", ORT_DISABLE_TELEMETRY="0", DO_NOT_TRACK="")
    assert (seen["ORT_DISABLE_TELEMETRY"], seen["DO_NOT_TRACK"]) == ("0", "1")


def test_every_place_holds_the_same_variables() -> None:
    assert quiet_file() == dict(QUIET) == dict(moments_models.quiet.QUIET)
    for image in ("backend", "models"):
        final = (ROOT / "deploy" / f"{image}.Dockerfile").read_text().rpartition("FROM ")[2].replace("\\\n", " ")
        set_there = dict(re.findall(r"\b([A-Z_]+)=(\S+)", final))
        assert QUIET.items() <= set_there.items(), image


def test_make_exports_them() -> None:
    made = subprocess.run(
        ["make", "--no-print-directory", "-f", "-", "tell"],
        cwd=ROOT,
        input=(ROOT / "Makefile").read_text() + f"\ntell:\n\t@{sys.executable} -c '{TELL}'\n",
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    assert QUIET.items() <= json.loads(made.stdout).items()


def test_the_launcher_exports_them() -> None:
    """Its own lines, run by the shell, from a folder beside which the list lies."""
    text = (ROOT / "moments").read_text()
    lines = re.search(r"^while IFS.*?^done .*?$", text, re.DOTALL | re.MULTILINE)
    assert lines is not None
    script = f"here=\"{ROOT}\"\n{lines[0]}\n{sys.executable} -c '{TELL}'"
    told = subprocess.run(["sh", "-c", script], env={"PATH": os.environ["PATH"], "DO_NOT_TRACK": "mine"}, capture_output=True, check=True)
    assert (dict(QUIET) | {"DO_NOT_TRACK": "mine"}).items() <= json.loads(told.stdout).items()


def test_no_file_imports_what_calls_home_before_our_packages() -> None:
    """Outside the two packages an import at the top of a file might come first; inside a function the package has long been imported."""
    loud = re.compile(r"^(?:import|from) (?:onnxruntime|onnx_asr|faster_whisper|huggingface_hub)\b", re.MULTILINE)
    files = [
        path for folder in ("benchmarks", "e2e", "scripts", "moments-backend", "moments-models") for path in (ROOT / folder).rglob("*.py")
    ]
    ours = (ROOT / "moments-models" / "src", ROOT / "moments-backend" / "src")
    first = {
        path.relative_to(ROOT)
        for path in files
        if not path.is_relative_to(ours[0]) and not path.is_relative_to(ours[1]) and loud.search(path.read_text())
    }
    # The sample's voice runs without our packages; its own package sets the variable.
    assert first == {Path("scripts/sample/voice.py")}
    assert 'os.environ["ORT_DISABLE_TELEMETRY"] = "1"' in (ROOT / "scripts/sample/__init__.py").read_text()
