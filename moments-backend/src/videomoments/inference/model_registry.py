"""Describes model services: what an entry holds, how a service is reached, and which models every installation has from the start."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal, NamedTuple
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from videomoments.core.config import Settings
from videomoments.core.errors import ModelError


class ModelKind(StrEnum):
    ASR = "asr"
    CHAT = "chat"


class Transport(StrEnum):
    SSH = "ssh"
    DIRECT = "direct"


# Patterns are anchored and begin with a letter, digit or underscore: ssh would take a leading "-" for an option.
ModelKey = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.\-]{0,63}$")]
_Host = Annotated[str, StringConstraints(pattern=r"^(?:[A-Za-z0-9](?:[A-Za-z0-9._\-]{0,251}[A-Za-z0-9])?|[0-9A-Fa-f:]{2,45})$")]
_User = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.\-]{0,31}$")]
_Path = Annotated[str, StringConstraints(pattern=r"^(?:/[A-Za-z0-9_\-][A-Za-z0-9._\-]*){1,8}$")]
_Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/@+\-]{0,199}$")]
# Only variables named like a service's key: no entry may send the database's password to a server.
_KEY_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{0,50}_API_(?:KEY|TOKEN)")
_Port = Annotated[int, Field(ge=1, le=65535)]

# The ways in which chat servers differ: see `dialect`.
TokensField = Literal["max_tokens", "max_completion_tokens", "none"]
SystemRole = Literal["system", "user"]
AnswerFormat = Literal["json_schema", "object_schema", "none"]


@dataclass(frozen=True, slots=True)
class Sampling:
    """How an answer is sampled. None leaves a value to the model's entry, then to the server."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    max_tokens: int | None = None


class ModelConfig(BaseModel):
    """One entry of the model registry. It never holds a secret: `api_key_env` names the variable that does."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, protected_namespaces=())

    key: ModelKey
    kind: ModelKind
    transport: Transport = Transport.DIRECT
    ssh_host: _Host | None = None
    ssh_port: _Port | None = None
    ssh_user: _User | None = None
    local_port: _Port | None = None
    remote_host: _Host | None = None
    remote_port: _Port | None = None
    base_url: str | None = Field(None, max_length=500)
    endpoint: _Path
    # None means the only model that the service lists.
    model_name: _Name | None = None
    supports_video: bool = False
    # What a chat model can do: find moments, and set their boundaries.
    supports_generation: bool = True
    supports_refinement: bool = True
    context_tokens: int = Field(32_768, ge=1024, le=10_000_000)
    # Calls at the same time over all workers: of any kind, and those that refine.
    max_concurrency: int = Field(2, ge=1, le=1000)
    max_refinements: int = Field(1, ge=1, le=1000)
    temperature: float | None = Field(0.3, ge=0, le=2)
    top_p: float | None = Field(None, gt=0, le=1)
    top_k: int | None = Field(None, ge=1, le=10_000)
    max_tokens: int = Field(4096, ge=16, le=1_000_000)
    # How the server must be asked. None means the usual form without what the server was seen to refuse.
    tokens_field: TokensField | None = None
    system_role: SystemRole | None = None
    answer_format: AnswerFormat | None = None
    stream: bool | None = None
    # The longest time that an answer may take, and that a streamed one may take to begin. None means the installation's setting.
    answer_seconds: int | None = Field(None, ge=1, le=86_400)
    first_token_seconds: int | None = Field(None, ge=1, le=86_400)
    api_key_env: str | None = Field(None, json_schema_extra={"pattern": f"^{_KEY_VARIABLE.pattern}$"})
    builtin: bool = False

    @field_validator("base_url")
    @classmethod
    def _plain_address(cls, value: str | None) -> str | None:
        return None if value is None else _clean_base_url(value)

    @field_validator("api_key_env")
    @classmethod
    def _named_like_a_key(cls, value: str | None) -> str | None:
        if value is not None and not _KEY_VARIABLE.fullmatch(value):
            raise ValueError("the variable that holds a service's key has capitals, digits and _, and ends in _API_KEY or _API_TOKEN")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> ModelConfig:
        if self.builtin and self.transport is not Transport.DIRECT:
            raise ValueError("a built-in model is reached directly")
        if self.builtin and self.model_name is None:
            raise ValueError("a built-in model has a name")
        if self.kind is ModelKind.CHAT and not self.endpoint.endswith("/chat/completions"):
            raise ValueError("the endpoint of a chat model ends in /chat/completions")
        return self

    @property
    def configured(self) -> bool:
        """Returns whether the entry says how to reach the model."""
        if self.transport is Transport.SSH:
            return self.ssh_host is not None and self.remote_port is not None
        return self.builtin or self.base_url is not None

    def sampled(self, override: Sampling | None = None) -> Sampling:
        """Returns the values of `override` where they are set, and the entry's defaults otherwise."""
        given = override or Sampling()
        return Sampling(
            temperature=self.temperature if given.temperature is None else given.temperature,
            top_p=self.top_p if given.top_p is None else given.top_p,
            top_k=self.top_k if given.top_k is None else given.top_k,
            max_tokens=self.max_tokens if given.max_tokens is None else given.max_tokens,
        )


def _clean_base_url(value: str) -> str:
    """Returns scheme, host, port and path; `/v1` is part of the endpoint and removed. Raises ValueError for anything else in the
    address."""
    text = value.strip().rstrip("/").removesuffix("/v1").rstrip("/")
    if any(character.isspace() or not character.isprintable() or character in "\\`\"'<>" for character in text):
        raise ValueError("the address holds characters that no address has")
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("the address must be http(s)://host[:port][/path], without a user, query or fragment")
    if parts.hostname.startswith("-") or parts.port == 0:
        raise ValueError("the address has no valid host or port")
    return text


@dataclass(frozen=True, slots=True)
class SshLogin:
    """An SSH server to log in to. For values that are None, the SSH configuration or SSH's own defaults count."""

    host: str
    port: int | None = None
    user: str | None = None


@dataclass(frozen=True, slots=True)
class SshRoute:
    """The SSH server in front of a service. `remote_host` is resolved by that server; `local_port` is where a forward listens when it is
    free."""

    server: SshLogin
    remote_host: str
    remote_port: int
    local_port: int | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The address and key of a model. `base_url` has no trailing slash; the key never shows in a representation.

    With a `route` the address counts on the far side of it: `tunnel.Tunnels.reach` turns it into a local one.
    """

    base_url: str
    api_key: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    route: SshRoute | None = None

    @property
    def loopback(self) -> bool:
        """Returns whether the address is on this machine: then no proxy of the environment may be used."""
        host = urlsplit(self.base_url).hostname or ""
        return self.route is None and (host in ("localhost", "::1") or host.startswith("127."))

    @property
    def place(self) -> tuple[SshLogin | None, str]:
        """Returns what identifies the service: SSH server and address, because each SSH server has its own localhost."""
        return self.route.server if self.route else None, self.base_url


def resolve_endpoint(config: ModelConfig, settings: Settings) -> Endpoint:
    """Returns the address and key of a model. Raises ModelError `model_not_configured` with what to do."""
    if config.transport is Transport.SSH:
        return _behind_ssh(config)
    if config.builtin:
        if not settings.models_url:
            raise ModelError(
                f"Model {config.key} is built in, but no model service runs here.",
                code="model_not_configured",
                advice="Set MOMENTS_MODELS_URL to a running moments-models server.",
                retryable=False,
            )
        key = settings.models_key.get_secret_value() if settings.models_key else None
        return Endpoint(_built_in_address(config, settings.models_url), key)
    if config.base_url is None:
        raise ModelError(
            f"Model {config.key} has no address.",
            code="model_not_configured",
            advice="Set its base URL in the model settings.",
            retryable=False,
        )
    return Endpoint(config.base_url, _key_from_environment(config))


def _built_in_address(config: ModelConfig, address: str) -> str:
    try:
        return _clean_base_url(address)
    except ValueError as error:
        raise ModelError(
            f"Model {config.key} is built in, and the address of the model service is none: {error}.",
            code="model_not_configured",
            advice="Set MOMENTS_MODELS_URL to a running moments-models server.",
            retryable=False,
        ) from None


def _behind_ssh(config: ModelConfig) -> Endpoint:
    if config.ssh_host is None or config.remote_port is None:
        raise ModelError(
            f"Model {config.key} has no way in: it is reached over SSH, and its SSH host or remote port is not set.",
            code="model_not_configured",
            advice="Set ssh_host (and ssh_user) in the model settings, or its transport to direct and its base_url.",
            retryable=False,
        )
    server = SshLogin(config.ssh_host, config.ssh_port, config.ssh_user)
    route = SshRoute(server, config.remote_host or "localhost", config.remote_port, config.local_port)
    host = f"[{route.remote_host}]" if ":" in route.remote_host else route.remote_host
    return Endpoint(f"http://{host}:{route.remote_port}", _key_from_environment(config), route=route)


def _key_from_environment(config: ModelConfig) -> str | None:
    if config.api_key_env is None:
        return None
    key = os.environ.get(config.api_key_env, "").strip()
    if not key:
        raise ModelError(
            f"Model {config.key} needs a key.",
            code="model_not_configured",
            advice=f"Set the environment variable {config.api_key_env}.",
            retryable=False,
        )
    if not (key.isascii() and key.isprintable()):
        raise ModelError(
            f"The key of model {config.key} holds characters that no request can carry.",
            code="model_not_configured",
            advice=f"Copy it again into the environment variable {config.api_key_env}: letters, digits and signs of ASCII alone.",
            retryable=False,
        )
    return key


class _Seed(NamedTuple):
    config: ModelConfig
    default_for: tuple[str, ...]


def _seeds() -> tuple[_Seed, ...]:
    """Reads the models of `seeds.toml`: four external services and the built-in ones."""
    seeds = []
    for entry in tomllib.loads(Path(__file__).with_name("seeds.toml").read_text(encoding="utf-8"))["model"]:
        jobs = tuple(entry.pop("default_for", ()))
        # A recogniser's answer is not sampled, and TOML has no null.
        drawn = {"temperature": None} if entry["kind"] == ModelKind.ASR else {}
        seeds.append(_Seed(ModelConfig.model_validate(drawn | entry), jobs))
    return tuple(seeds)


_SEEDS = _seeds()
DEFAULT_MODELS: tuple[ModelConfig, ...] = tuple(seed.config for seed in _SEEDS)
"""The registry as it is seeded."""


class DefaultModels(NamedTuple):
    """Keys of the models that a run uses when it names none."""

    transcription: str
    generation: str
    refinement: str


def default_models(configs: Iterable[ModelConfig]) -> DefaultModels:
    """Returns for each job the first seed that is its default (`default_for`), can be reached and supports the job; otherwise the last such
    seed, which is built in."""
    ready = {config.key: config for config in configs if config.configured}

    def chosen(job: str) -> str:
        keys = [seed.config.key for seed in _SEEDS if job in seed.default_for]
        return next((key for key in keys if key in ready and _does(ready[key], job)), keys[-1])

    return DefaultModels(*map(chosen, DefaultModels._fields))


def _does(config: ModelConfig, job: str) -> bool:
    return {"generation": config.supports_generation, "refinement": config.supports_refinement}.get(job, True)


def to_redis_hash(config: ModelConfig) -> dict[str, str]:
    """Returns the fields of `model:config:{key}`: text, lower-case truth values, empty where unset. They hold no secret."""
    fields = config.model_dump(mode="json", exclude={"key", "api_key_env"})
    return {name: _redis_text(value) for name, value in fields.items()}


def _redis_text(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
