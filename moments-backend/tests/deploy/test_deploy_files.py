"""What the deployment's files promise, read from the files."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from compose_file import COMPOSE, ROOT, Unset, example_variables, services

from videomoments.api import webui
from videomoments.core.config import Limits, Settings
from videomoments.services.resumable_uploads import UPLOAD_LIFE
from videomoments.storage.layout import parts_prefix

VARIABLES = {"POSTGRES_PASSWORD": "p", "REDIS_PASSWORD": "r", "MOMENTS_MODELS_KEY": "m", "MOMENTS_SIGNING_KEY": "s"}
OURS = ("setup", "models", "api", "worker", "nginx")


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


def compose_schema() -> dict[str, Any]:
    """The Compose specification's own schema, as check-jsonschema carries it."""
    text = (files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json").read_text()
    schema: dict[str, Any] = json.loads(text)
    return schema


def test_compose_file_fits_the_specifications_schema() -> None:
    """Without Docker too. The anchors are resolved by the YAML reader, as Compose's own does it."""
    judge = jsonschema.Draft202012Validator(compose_schema())
    document = yaml.safe_load(COMPOSE.read_text())
    assert [error.message for error in judge.iter_errors(document)] == []
    for name, wrong in (("api", {"healtcheck": {"test": "true"}}), ("worker", {"depends_on": {"setup": {"condition": "done"}}})):
        broken = document | {"services": document["services"] | {name: document["services"][name] | wrong}}
        assert not judge.is_valid(broken), wrong


def test_what_compose_can_not_check_by_schema_fits_together() -> None:
    """Names that must lead somewhere: services waited for, volumes mounted, conditions that can come true."""
    document = yaml.safe_load(COMPOSE.read_text())
    for name, service in document["services"].items():
        for other, wait in service.get("depends_on", {}).items():
            assert other in document["services"], (name, other)
            if wait["condition"] == "service_healthy":
                assert "healthcheck" in document["services"][other], (name, other)
            if wait["condition"] == "service_completed_successfully":
                assert document["services"][other]["restart"] == "no", (name, other)
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            assert source in document["volumes"], (name, source)


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


# Files, which a mount would have to bring as well; the bound address is the command's, nginx is what others reach.
NOT_PASSED = {"ssh_config", "ssh_known_hosts", "ssh_key", "ytdlp_cookies", "host", "port", "require_keys"}


def variable(name: str) -> str:
    """By which a setting is read."""
    alias = Settings.model_fields[name].validation_alias
    return alias if isinstance(alias, str) else f"MOMENTS_{name.upper()}"


def test_compose_passes_every_setting_on() -> None:
    """A value in .env that never reaches the process is a trap; so is a name in the file that no process reads."""
    wanted = {variable(name) for name in Settings.model_fields if name not in NOT_PASSED | {"limits", "allowed_hosts"}}
    wanted |= {f"MOMENTS_LIMIT_{name.upper()}" for name in Limits.model_fields}
    given = VARIABLES | dict.fromkeys(wanted, "7")
    for name in ("setup", "api", "worker"):
        definition = services(given)[name]
        ours = {key for key in definition.definition["environment"] if not key.startswith(("AWS_", "GOOGLE_"))}
        assert ours - {"MOMENTS_ALLOWED_HOSTS"} == wanted, name
    assert "MOMENTS_ALLOWED_HOSTS" in services(VARIABLES)["api"].definition["environment"]
    assert services(given)["worker"].environment["MOMENTS_LIMIT_CLIPS"] == "7"
    assert "MOMENTS_LIMIT_CLIPS" not in services(VARIABLES)["worker"].environment, "an empty number would be refused"


def test_what_the_operators_page_names_is_passed_on() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    everywhere = {name for service in services(VARIABLES).values() for name in service.definition["environment"]}
    named = set(re.findall(r"`(MOMENTS_[A-Z_]+|[A-Z]+_URL)`", text))
    read_by_compose = set(re.findall(r"\$\{(\w+)", COMPOSE.read_text()))
    assert named
    assert named <= everywhere | read_by_compose, named - everywhere - read_by_compose


def test_nothing_of_ours_runs_as_root_or_with_privileges() -> None:
    for name in OURS:
        definition = services(VARIABLES)[name].definition
        assert definition["cap_drop"] == ["ALL"]
        assert definition["security_opt"] == ["no-new-privileges:true"]
        dockerfile = (ROOT / definition["build"]["dockerfile"]).read_text()
        assert re.search(r"^USER (?!0|root)", dockerfile, re.MULTILINE), name
        # Both read a lock that holds the hash of every package.
        assert "--require-hashes" in dockerfile or "npm ci " in dockerfile, name


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


def copied(dockerfile: Path) -> list[str]:
    """What a Dockerfile copies from the repository."""
    lines = re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile.read_text(), re.MULTILINE)
    return [source for line in lines for source in line.split()]


def ignored(path: str) -> bool:
    """Whether .dockerignore keeps a file of the repository out of builds: its last line that fits decides."""
    parts = path.split("/")
    ways = ["/".join(parts[:depth]) for depth in range(1, len(parts) + 1)]
    answer = False
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.removeprefix("!")
        expression = re.escape(pattern).replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*")
        if any(re.fullmatch(expression, way) for way in ways):
            answer = not line.startswith("!")
    return answer


def test_what_is_copied_into_images_exists_and_is_not_ignored() -> None:
    for dockerfile in (ROOT / "deploy").glob("*.Dockerfile"):
        assert copied(dockerfile)
        for source in copied(dockerfile):
            path = ROOT / source
            assert path.exists(), source
            inside = [path] if path.is_file() else [one for one in path.iterdir() if one.is_file()]
            assert any(not ignored(str(one.relative_to(ROOT))) for one in inside), source
    assert ignored("moments-frontend/node_modules/react/index.js")
    assert ignored("moments-frontend/dist/index.html")
    assert ignored(".env")
    assert ignored("deploy/example.env")


def test_the_page_is_built_into_nginx() -> None:
    """The node stage runs a script that exists, on everything that it needs; nginx serves what it leaves."""
    text = (ROOT / "deploy" / "page.Dockerfile").read_text()
    scripts = json.loads((ROOT / "moments-frontend" / "package.json").read_text())["scripts"]
    assert re.findall(r"^RUN npm run (\S+)$", text, re.MULTILINE) == ["build"]
    assert scripts["build"] == "vite build"  # whose output is the folder `dist`
    for name in ("package.json", "package-lock.json", "index.html", "vite.config.ts", "tsconfig.json", "src/main.tsx"):
        assert (ROOT / "moments-frontend" / name).exists(), name
        assert not ignored(f"moments-frontend/{name}"), name
    served = re.findall(r"^COPY --from=build /src/dist (\S+)$", text, re.MULTILINE)
    assert served == re.findall(r"^\s*root (\S+);$", (ROOT / "deploy" / "nginx.conf").read_text(), re.MULTILINE)


def test_nginx_protects_the_page_as_the_api_does() -> None:
    text = (ROOT / "deploy" / "nginx.conf").read_text()
    assert re.findall(r'set \$page_policy "([^"]+)";', text) == [webui._POLICY]
    assert f'add_header Cache-Control "{webui._YEAR}";' in text
    assert text.count("add_header Content-Security-Policy $page_policy;") == text.count("try_files ")


@pytest.mark.parametrize("cloud", ["s3", "gcs"])
def test_a_bucket_s_rules_touch_nothing_but_what_was_broken_off(cloud: str) -> None:
    rules = json.loads((ROOT / "deploy" / "lifecycle" / f"{cloud}.json").read_text())
    if cloud == "s3":
        deleting = [(rule["Filter"]["Prefix"], rule["Expiration"]["Days"]) for rule in rules["Rules"] if "Expiration" in rule]
        aborting = [rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] for rule in rules["Rules"] if "Expiration" not in rule]
    else:
        found = [(rule["action"]["type"], rule["condition"]) for rule in rules["lifecycle"]["rule"]]
        deleting = [(prefix, condition["age"]) for kind, condition in found if kind == "Delete" for prefix in condition["matchesPrefix"]]
        aborting = [condition["age"] for kind, condition in found if kind == "AbortIncompleteMultipartUpload"]
    assert len(deleting) == len(aborting) == 1
    [(prefix, days)] = deleting
    assert parts_prefix("x") == f"{prefix}x/"
    # Each piece that comes gives the whole upload a day more.
    assert min(days, *aborting) >= 2 * UPLOAD_LIFE.days
