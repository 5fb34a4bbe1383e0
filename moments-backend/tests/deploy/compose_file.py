"""compose.yaml as Docker would read it: its variables filled in, its services with their commands and environments."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[3]
COMPOSE = ROOT / "compose.yaml"
EXAMPLE = ROOT / "deploy" / "example.env"
_VARIABLE = re.compile(r"\$\{(\w+)(?:(:[-?])([^}]*))?\}")


class Unset(KeyError):
    """A variable that has to be set is not."""


@dataclass(frozen=True, slots=True)
class Service:
    """One service as it would be started. `command` is what follows the image's entry point."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    replicas: int
    definition: Mapping[str, Any]


def services(variables: Mapping[str, str]) -> dict[str, Service]:
    """All services, with `variables` as the `.env` beside the file. Raises Unset."""
    document = yaml.safe_load(COMPOSE.read_text())
    return {
        name: _service(name, _passed_on(_filled(definition, variables), variables)) for name, definition in document["services"].items()
    }


def example_variables() -> list[str]:
    """The names that deploy/example.env offers."""
    return [line.partition("=")[0] for line in EXAMPLE.read_text().splitlines() if line and not line.startswith("#")]


def _service(name: str, definition: Mapping[str, Any]) -> Service:
    command = definition.get("command", [])
    assert isinstance(command, list), f"{name}: a command is a list, or a shell would read it"
    return Service(
        name=name,
        command=tuple(str(part) for part in command),
        environment={key: str(value) for key, value in (definition.get("environment") or {}).items() if value is not None},
        replicas=int((definition.get("deploy") or {}).get("replicas", 1)),
        definition=definition,
    )


def _passed_on(definition: dict[str, Any], variables: Mapping[str, str]) -> dict[str, Any]:
    """A variable without a value gets that of the file's reader, if there is one."""
    environment = definition.get("environment") or {}
    known = {key: variables.get(key) if value is None else value for key, value in environment.items()}
    return definition | {"environment": known}


def _filled(value: Any, variables: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(inner, variables) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, variables) for inner in value]
    return _VARIABLE.sub(lambda found: _variable(found, variables), value) if isinstance(value, str) else value


def _variable(found: re.Match[str], variables: Mapping[str, str]) -> str:
    name, kind, rest = found[1], found[2], found[3]
    if given := variables.get(name):
        return given
    if kind == ":-":
        return rest
    raise Unset(f"{name}: {rest or 'not set'}")
