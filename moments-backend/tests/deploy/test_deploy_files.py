"""What the deployment's files promise, read from the files."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from compose_file import COMPOSE, ROOT, Unset, example_variables, services

VARIABLES = {"POSTGRES_PASSWORD": "p", "REDIS_PASSWORD": "r", "MOMENTS_MODELS_KEY": "m", "MOMENTS_SIGNING_KEY": "s"}
OURS = ("setup", "models", "api", "worker")


def compose_command() -> list[str] | None:
    """Docker's Compose, in either form."""
    if shutil.which("docker") and subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode == 0:
        return ["docker", "compose"]
    return ["docker-compose"] if shutil.which("docker-compose") else None


def test_compose_config_is_valid(tmp_path: Path) -> None:
    command = compose_command()
    if command is None:
        pytest.skip("Docker's Compose is not on this machine")
    variables = tmp_path / ".env"
    variables.write_text("".join(f"{name}={value}\n" for name, value in VARIABLES.items()))
    argv = [*command, "--env-file", str(variables), "--file", str(COMPOSE), "config", "--quiet"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_fleet_is_two_of_each() -> None:
    fleet = services(VARIABLES)
    assert set(fleet) == {"postgres", "valkey", "setup", "models", "api", "worker", "nginx"}
    assert (fleet["api"].replicas, fleet["worker"].replicas) == (2, 2)
    for name in ("postgres", "valkey", "models", "api", "worker", "nginx"):
        assert "healthcheck" in fleet[name].definition, name
    assert "noeviction" in fleet["valkey"].command


def test_no_secret_has_a_default() -> None:
    for name in VARIABLES:
        with pytest.raises(Unset, match=name):
            services({other: value for other, value in VARIABLES.items() if other != name})
    assert set(VARIABLES) <= set(example_variables())


def test_nothing_of_ours_runs_as_root_or_with_privileges() -> None:
    for name in OURS:
        definition = services(VARIABLES)[name].definition
        assert definition["cap_drop"] == ["ALL"]
        assert definition["security_opt"] == ["no-new-privileges:true"]
        dockerfile = (ROOT / definition["build"]["dockerfile"]).read_text()
        assert re.search(r"^USER (?!0|root)", dockerfile, re.MULTILINE), name
        assert "--require-hashes" in dockerfile


def test_images_are_pinned_to_a_release() -> None:
    images = [service.definition["image"] for service in services(VARIABLES).values() if "build" not in service.definition]
    for dockerfile in (ROOT / "deploy").glob("*.Dockerfile"):
        images += re.findall(r"^FROM (\S+)", dockerfile.read_text(), re.MULTILINE)
    assert images
    for image in images:
        assert re.fullmatch(r"[\w./-]+:\d[\w.-]*", image), image


def test_only_nginx_is_reached_from_outside_and_only_from_this_host() -> None:
    published = {name: service.definition["ports"] for name, service in services(VARIABLES).items() if "ports" in service.definition}
    assert published == {"nginx": ["127.0.0.1:8080:8080"]}


def test_what_is_copied_into_images_exists() -> None:
    for dockerfile in (ROOT / "deploy").glob("*.Dockerfile"):
        for source in re.findall(r"^COPY (?!--from)(\S+) ", dockerfile.read_text(), re.MULTILINE):
            assert (ROOT / source).exists(), source
    for volume in services(VARIABLES)["nginx"].definition["volumes"]:
        source = volume.partition(":")[0]
        assert (ROOT / source).exists() or source.endswith("/dist"), source
