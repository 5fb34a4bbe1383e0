"""What the forges' and editors' files promise: one command in CI, hooks that fetch nothing, locks that no robot rewrites."""

from __future__ import annotations

import json
import re
import tomllib
from importlib.resources import files
from typing import Any

import jsonschema
import pytest
import yaml
from tracked import ROOT, names, texts

# What a hook may do is what `make lint` does. These take longer than one waits for before a commit.
SLOW = ("mypy", "lint-imports", " drift")
PYTHON_MANAGERS = {
    "pip_requirements",
    "pip-compile",
    "pip_setup",
    "pep621",
    "setup-cfg",
    "poetry",
    "pipenv",
    "custom.regex",
    "custom.jsonata",
}


def lint_commands() -> list[str]:
    """The recipe of `make lint`, its two variables written out."""
    recipe = re.search(r"^lint:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert recipe is not None
    lines = recipe[1].replace("$(PY)", ".venv/bin/python").replace("$(PAGE)", "moments-frontend/page.sh")
    return [line.strip() for line in lines.splitlines()]


def hooks() -> list[dict[str, Any]]:
    configured = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    assert [group["repo"] for group in configured["repos"]] == ["local"], "nothing is fetched"
    found: list[dict[str, Any]] = configured["repos"][0]["hooks"]
    return found


def test_hooks_are_the_quick_commands_of_make_lint() -> None:
    quick = [line for line in lint_commands() if not any(word in line for word in SLOW)]
    assert sorted(hook["entry"] for hook in hooks()) == sorted(quick)


def test_hooks_use_what_is_installed_and_look_at_files_that_there_are() -> None:
    for hook in hooks():
        assert hook["language"] == "system", hook["id"]
        assert not hook["pass_filenames"], "each command knows its own files"
        assert any(re.search(hook.get("files", ""), name) for name in names()), hook["id"]


@pytest.mark.parametrize(
    ("schema", "name"),
    [("github-workflows", ".github/workflows/ci.yml"), ("gitlab-ci", ".gitlab-ci.yml"), ("renovate", "renovate.json")],
)
def test_a_forge_would_take_the_file(schema: str, name: str) -> None:
    """By the schemas that check-jsonschema carries."""
    judge = json.loads((files("check_jsonschema") / "builtin_schemas" / "vendor" / f"{schema}.json").read_text())
    kind = jsonschema.validators.validator_for(judge)
    # YAML 1.1 reads the key `on` as true.
    document = {"on" if key is True else key: value for key, value in yaml.safe_load((ROOT / name).read_text()).items()}
    assert [error.message for error in kind(judge).iter_errors(document)] == []
    assert not kind(judge).is_valid(document | {"jobs": [], "all": 7, "enabledManagers": "npm"})


def test_ci_is_one_command() -> None:
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())["jobs"]
    steps = [step for job in jobs.values() for step in job["steps"]]
    assert [step["run"] for step in steps if "run" in step] == [".ci/run"]
    (fetched,) = [step["uses"] for step in steps if "uses" in step]
    assert re.fullmatch(r"actions/checkout@[0-9a-f]{40}", fetched), "a tag may be moved"
    theirs = yaml.safe_load((ROOT / ".gitlab-ci.yml").read_text())
    assert [job["script"] for job in theirs.values()] == [[".ci/run"]]
    # Both try the oldest Python that we promise.
    oldest = tomllib.loads((ROOT / "moments-backend" / "pyproject.toml").read_text())["project"]["requires-python"].removeprefix(">=")
    images = {job["container"]["image"] for job in jobs.values()} | {job["image"] for job in theirs.values()}
    assert images == {f"python:{oldest}-bookworm"}


def test_rooms_have_a_place_for_their_layers() -> None:
    """A container's root is an overlay, on which the kernel lays no other's written files (`isolation/room.py` puts them there)."""
    (job,) = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())["jobs"].values()
    assert "--volume /var/tmp" in job["container"]["options"]
    assert 'volumes = ["/cache", "/var/tmp"]' in (ROOT / ".gitlab-ci.yml").read_text()


def test_no_robot_writes_a_python_lock() -> None:
    """None that reads them is let loose: what it knows of a hash, and of other platforms' files, is not what `scripts/lock.sh` knows."""
    configured = json.loads((ROOT / "renovate.json").read_text())
    assert configured["enabledManagers"]
    assert not PYTHON_MANAGERS & set(configured["enabledManagers"])
    assert "customManagers" not in configured


def test_every_package_of_a_lock_has_its_hash() -> None:
    read = texts()
    locks = {name: text for name, text in read.items() if name.endswith(".lock")}
    assert len(locks) >= 5
    for name, text in locks.items():
        blocks = re.split(r"\n(?=[\w.-]+(?:\[[\w,-]+\])?==)", text.strip())
        assert all(re.search(r"^    --hash=sha256:[0-9a-f]{64}", block, re.MULTILINE) for block in blocks), name
    packages = json.loads(read["moments-frontend/package-lock.json"])["packages"]
    assert all("integrity" in package for name, package in packages.items() if name)


def test_files_are_as_the_editor_is_told() -> None:
    read = {name: text for name, text in texts().items() if text}
    assert [name for name, text in read.items() if "\r" in text or not text.endswith("\n")] == []
    assert [name for name, text in read.items() if re.search(r"[ \t]$", text, re.MULTILINE)] == []
    assert {name for name, text in read.items() if re.search(r"^\t", text, re.MULTILINE)} == {"Makefile"}


def test_the_container_for_work_has_what_the_readme_asks_for_and_no_more() -> None:
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    assert set(container) == {"name", "image", "postCreateCommand"}
    # This image holds git and make; its slim sibling does not.
    assert re.fullmatch(r"python:3\.\d+-bookworm", container["image"])
    assert "They need Python 3.11 or newer, git and make" in (ROOT / "README.md").read_text()
