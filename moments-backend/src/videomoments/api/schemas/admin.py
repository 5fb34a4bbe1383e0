"""Bodies about model services. They never hold a secret: only the name of the environment variable that does."""

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
    """A model's configuration. What the list shows beside it (`configured`, `default_for`, `learned`, `etag`) may be sent back and is
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
    """A model's configuration, flat, with what follows from it."""

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
    model_name: str | None = Field(description="None: the one model that the service lists.")
    supports_video: bool
    supports_generation: bool = Field(description="Whether it can be asked to find moments.")
    supports_refinement: bool = Field(description="Whether it can be asked to set their boundaries.")
    context_tokens: int
    max_concurrency: int = Field(description="Calls at once, over all workers.")
    max_refinements: int = Field(description="How many of these may be refinements.")
    temperature: float | None
    top_p: float | None
    top_k: int | None
    max_tokens: int
    tokens_field: TokensField | None = Field(
        description="The field that says how long an answer may be. None: `max_tokens`, or what is learned."
    )
    system_role: SystemRole | None = Field(description="Whose message the instructions stand in. None: `system`, or what is learned.")
    answer_format: AnswerFormat | None = Field(description="How the answer's form is asked for. None: `json_schema`, or what is learned.")
    stream: bool | None = Field(description="Whether answers come piece by piece. None: where a test has shown that they can.")
    answer_seconds: int | None = Field(description="The longest that one answer may take. None: the installation's own.")
    first_token_seconds: int | None = Field(
        description="The longest that a streamed answer may take to begin. None: the installation's own."
    )
    api_key_env: str | None
    builtin: bool
    configured: bool = Field(description="Whether there is a way in.")
    default_for: list[Job] = Field(description="The jobs that take this model when a run names none.")
    learned: list[str] = Field(
        description="What its server was seen to want otherwise than others, in words; an edit of the entry forgets it."
    )
    etag: str = Field(description="This version: send it as If-Match with a change.")

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
    """Whether a model service answers and is the one that its entry names."""

    key: str
    ok: bool
    steps: list[CheckStepOut]
