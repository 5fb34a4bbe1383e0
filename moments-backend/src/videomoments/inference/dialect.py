"""Describes how one chat server must be asked: the usual form, without what the server was seen to refuse.

Every server is asked in the usual form first (`temperature`, `max_tokens`, a system message). What it refuses by name is learned
(`refusals`), stored by a `DialectMemory`, and not sent again. What a model's entry sets is never changed by learning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from videomoments.inference.model_registry import AnswerFormat, ModelConfig, Sampling, SystemRole, TokensField

Message = dict[str, Any]
Body = dict[str, Any]

SAMPLING_FIELDS = ("temperature", "top_p", "top_k")


class Dialect(BaseModel):
    """What differs from the overview's form; None where nothing is known to."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    tokens_field: TokensField | None = Field(None, description="The field that says how long an answer may be.")
    most_tokens: int | None = Field(None, description="The longest answer that the server lets anyone ask for, in tokens.")
    temperature: Literal["not_sent"] | None = None
    top_p: Literal["not_sent"] | None = None
    top_k: Literal["not_sent"] | None = None
    system_role: SystemRole | None = Field(None, description="Whose message the instructions stand in.")
    answer_format: AnswerFormat | None = Field(None, description="How the answer's form is asked for.")
    stream: bool | None = Field(None, description="Whether answers come piece by piece.")

    @classmethod
    def read(cls, stored: Any) -> Dialect:
        """Reads a stored dialect. One of another version that can't be read counts as empty."""
        try:
            return cls.model_validate(stored)
        except ValidationError:
            return cls()

    @property
    def learned(self) -> dict[str, Any]:
        return self.model_dump(exclude_none=True)

    def but(self, changes: Mapping[str, Any]) -> Dialect:
        return self.model_copy(update=dict(changes))

    def for_entry(self, config: ModelConfig) -> Dialect:
        """Returns the dialect with what the model's entry sets, which takes precedence."""
        return self.but(fixed_by(config))

    def remarks(self) -> list[str]:
        """Returns each difference as half a sentence about the server, for users."""
        said = []
        if self.tokens_field == "max_completion_tokens":
            said.append("the server takes max_completion_tokens, and no max_tokens")
        elif self.tokens_field == "none":
            said.append("the server takes no limit for an answer's length")
        if self.most_tokens is not None:
            said.append(f"the server gives at most {self.most_tokens} tokens for an answer")
        said += [f"the server takes no {name} but its own" for name in SAMPLING_FIELDS if getattr(self, name) is not None]
        if self.system_role == "user":
            said.append("the server takes no system message, so the instructions stand before the question")
        if self.answer_format == "object_schema":
            said.append("the server takes JSON schemas of objects alone, so moments are asked for inside one")
        elif self.answer_format == "none":
            said.append("the server takes no JSON schema, so its answers are only checked")
        if self.stream:
            said.append("its answers are streamed")
        return said


OVERVIEW = Dialect()


class DialectMemory(Protocol):
    """Stores dialects. What is stored for an entry is deleted when the entry is edited."""

    async def recall(self, config: ModelConfig) -> Dialect: ...

    async def learn(self, config: ModelConfig, changes: Mapping[str, Any]) -> bool:
        """Adds to what is known of the entry's server. Returns False where there is no such entry any more."""
        ...


class OwnMemory:
    """Stores dialects in memory: for tests of models, benchmarks and callers without a database."""

    def __init__(self) -> None:
        self._known: dict[ModelConfig, Dialect] = {}

    async def recall(self, config: ModelConfig) -> Dialect:
        return self._known.get(config, OVERVIEW)

    async def learn(self, config: ModelConfig, changes: Mapping[str, Any]) -> bool:
        self._known[config] = self._known.get(config, OVERVIEW).but(changes)
        return True


def fixed_by(config: ModelConfig) -> dict[str, Any]:
    """Returns the parts of the dialect that the entry sets."""
    names = ("tokens_field", "system_role", "answer_format", "stream")
    return {name: value for name in names if (value := getattr(config, name)) is not None}


def body_of(
    config: ModelConfig, messages: Sequence[Message], sampling: Sampling, schema: Mapping[str, Any] | None, dialect: Dialect
) -> Body:
    """Returns the request's body. In the usual form it has `model`, `messages`, `temperature` and `max_tokens`, with `top_p` and `top_k`
    where they are set and `response_format` where there is a schema."""
    body: Body = {"model": config.model_name, "messages": _folded(messages) if dialect.system_role == "user" else list(messages)}
    field = dialect.tokens_field or "max_tokens"
    for name in ("temperature", "max_tokens", "top_p", "top_k"):
        value = getattr(sampling, name)
        if value is None or getattr(dialect, name, None) == "not_sent" or (name == "max_tokens" and field == "none"):
            continue
        if name == "max_tokens":
            body[field] = value if dialect.most_tokens is None else min(value, dialect.most_tokens)
        else:
            body[name] = value
    if schema is not None and dialect.answer_format != "none":
        body["response_format"] = _format(schema, dialect)
    if dialect.stream:
        body["stream"] = True
    return body


def unsent(sampling: Sampling, body: Body) -> dict[str, float]:
    """Returns the sampling values that were wanted and are not in the body."""
    wanted = {name: getattr(sampling, name) for name in SAMPLING_FIELDS}
    return {name: value for name, value in wanted.items() if value is not None and name not in body}


def not_sent(key: str, values: Mapping[str, float]) -> str | None:
    """Returns a sentence for users about `unsent` values, or None where there are none."""
    if not values:
        return None
    named = " and ".join(f"{name} {value:g}" for name, value in sorted(values.items()))
    return f"{named} {'was' if len(values) == 1 else 'were'} not sent: the server of {key} takes its own alone"


def _format(schema: Mapping[str, Any], dialect: Dialect) -> dict[str, Any]:
    wanted = dict(schema)
    if dialect.answer_format == "object_schema" and wanted.get("type") != "object":
        wanted = {"type": "object", "properties": {"moments": wanted}, "required": ["moments"], "additionalProperties": False}
    return {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": wanted}}


def _folded(messages: Sequence[Message]) -> list[Message]:
    """Returns the messages with the instructions before the first question, whose last line stays the last."""
    said = [str(message["content"]) for message in messages if message["role"] == "system"]
    others = [message for message in messages if message["role"] != "system"]
    if not said or not others:
        return list(messages)
    return [with_text_before(others[0], "\n\n".join(said) + "\n\n"), *others[1:]]


def with_text_before(message: Message, text: str) -> Message:
    """Returns `message` with `text` before its own text, whether that is a string or the first of its parts."""
    content = message["content"]
    if isinstance(content, str):
        return {**message, "content": text + content}
    return {**message, "content": [{"type": "text", "text": text + content[0]["text"]}, *content[1:]]}
