"""Bodies about model services. They never contain a secret, only the name of the environment variable that holds it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from videomoments.api.versions import model_tag
from videomoments.inference.dialect import Dialect
from videomoments.inference.model_registry import AnswerFormat, ModelConfig, SystemRole, TokensField
from videomoments.services.models import Job

_READ_ONLY = frozenset({"configured", "default_for", "learned", "etag"})


class ModelBody(ModelConfig):
    """A model's configuration. The read-only fields of a response (`configured`, `default_for`, `learned`, `etag`) may be sent back and are
    ignored."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "key": "house_model",
                    "kind": "chat",
                    "base_url": "https://models.example.com",
                    "endpoint": "/v1/chat/completions",
                    "model_name": "house-7b",
                }
            ]
        }
    )

    @model_validator(mode="before")
    @classmethod
    def _drop_read_only(cls, values: Any) -> Any:
        return {name: value for name, value in values.items() if name not in _READ_ONLY} if isinstance(values, Mapping) else values

    def config(self) -> ModelConfig:
        return ModelConfig.model_validate(self.model_dump())


class ModelOut(BaseModel):
    """A model's configuration, with read-only fields that are derived from it."""

    key: str
    kind: Literal["asr", "chat"]
    transport: Literal["ssh", "direct"]
    ssh_host: str | None
    ssh_port: int | None
    ssh_user: str | None
    local_port: int | None
    remote_host: str | None
    remote_port: int | None
    base_url: str | None
    endpoint: str
    model_name: str | None = Field(description="The service's name for the model. None: the only model that the service lists.")
    supports_video: bool
    supports_generation: bool = Field(description="Whether the model can find moments.")
    supports_refinement: bool = Field(description="Whether the model can refine the boundaries of moments.")
    context_tokens: int
    max_concurrency: int = Field(description="Maximum number of concurrent calls, over all workers.")
    max_refinements: int = Field(description="How many of the concurrent calls may be refinements.")
    temperature: float | None
    top_p: float | None
    top_k: int | None
    max_tokens: int
    tokens_field: TokensField | None = Field(
        description="The request's field that limits the length of an answer. None: `max_tokens`, or what was learned."
    )
    system_role: SystemRole | None = Field(
        description="The role of the message that holds the instructions. None: `system`, or what was learned."
    )
    answer_format: AnswerFormat | None = Field(
        description="How the request sets the format of the answer. None: `json_schema`, or what was learned."
    )
    stream: bool | None = Field(description="Whether answers are streamed. None: if a test has shown that the server can.")
    answer_seconds: int | None = Field(description="Time limit for one answer, in seconds. None: the installation's limit.")
    first_token_seconds: int | None = Field(
        description="Time limit for the first token of a streamed answer, in seconds. None: the installation's limit."
    )
    api_key_env: str | None
    builtin: bool
    configured: bool = Field(description="Whether the entry says where the service is.")
    default_for: list[Job] = Field(description="The jobs that use this model when a run names none.")
    learned: list[str] = Field(
        description="How its server differs from the default form of requests, in words. An edit of the entry deletes this."
    )
    etag: str = Field(description="Tag of this version: send it as If-Match with a change.")

    @classmethod
    def of(cls, model: ModelConfig, default_for: list[Job], learned: Dialect) -> ModelOut:
        fields = model.model_dump(mode="json")
        return cls.model_validate(
            {name: fields[name] for name in cls.model_fields if name in fields}
            | {
                "configured": model.configured,
                "default_for": default_for,
                "learned": learned.remarks(),
                "etag": model_tag(model),
            }
        )


class CheckStepOut(BaseModel):
    """One step of a model's test."""

    name: str
    ok: bool
    detail: str
    milliseconds: float


class ModelTestOut(BaseModel):
    """The result of a model's test: whether all steps passed, and each step."""

    key: str
    ok: bool
    steps: list[CheckStepOut]
