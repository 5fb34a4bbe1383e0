"""Chat completions of any OpenAI-compatible server: deadlines, one retry policy, bounded answers, re-asking."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, cast

from pydantic import BaseModel, ConfigDict, ValidationError

from videomoments.core.errors import ModelError
from videomoments.inference.base import Endpoint, ModelConfig, Sampling
from videomoments.inference.failures import Refused, scrubbed
from videomoments.inference.retry import Breaker, Budget, Deadlines, RetryPolicy, with_retries
from videomoments.inference.tunnel import Tunnels

if TYPE_CHECKING:
    from videomoments.inference.openai_transport import OpenAITransport

T = TypeVar("T")
Message = dict[str, Any]
logger = logging.getLogger(__name__)

MAX_REASKS = 2
_ABOUT_SCHEMA = ("response_format", "json_schema", "schema", "grammar", "guided", "structured")


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens, as the server counts them; None where it does not."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class ChatAnswer:
    """`text` is the model's message, `raw` the body as it came."""

    text: str
    finish_reason: str | None
    model: str
    usage: Usage
    raw: str


@dataclass(frozen=True, slots=True)
class Asked(Generic[T]):
    """A parsed answer, the answer that it came from, and how often the model was asked (1 to 3)."""

    value: T
    answer: ChatAnswer
    asked: int


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question, the `asked`th of its call, and its answer; `problem` is why the answer could not be used, `seconds` what it took."""

    asked: int
    messages: Sequence[Message]
    answer: ChatAnswer
    problem: str | None
    seconds: float


class _Loose(BaseModel):
    model_config = ConfigDict(extra="ignore", protected_namespaces=())


class _MessageBody(_Loose):
    content: str | list[Any] | None = None


class _Choice(_Loose):
    message: _MessageBody
    finish_reason: str | None = None


class _UsageBody(_Loose):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _Completion(_Loose):
    choices: list[_Choice]
    model: str | None = None
    usage: _UsageBody | None = None


class ChatClient:
    """Talks to chat services; one per event loop, closed with `aclose` or as a context manager. Safe for concurrent calls.

    Models behind SSH are reached through `tunnels`, which the caller closes; without them, through some of its own.
    """

    def __init__(self, *, deadlines: Deadlines | None = None, policy: RetryPolicy | None = None, tunnels: Tunnels | None = None) -> None:
        self._deadlines = deadlines or Deadlines()
        self._policy = policy or RetryPolicy()
        self._tunnels = tunnels or Tunnels()
        self._owns_tunnels = tunnels is None
        self._transport: OpenAITransport | None = None
        self._breakers: dict[object, Breaker] = {}
        # Servers that have refused a schema are not asked for one again.
        self._schemaless: set[tuple[object, str | None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        if self._transport is not None:
            await self._transport.aclose()
            self._transport = None
        if self._owns_tunnels:
            await self._tunnels.aclose()

    def takes_schema(self, endpoint: Endpoint, config: ModelConfig) -> bool:
        """False once the server has refused a JSON schema."""
        return (endpoint.place, config.model_name) not in self._schemaless

    async def complete(
        self,
        endpoint: Endpoint,
        config: ModelConfig,
        messages: Sequence[Message],
        *,
        schema: Mapping[str, Any] | None = None,
        sampling: Sampling | None = None,
        deadline: float | None = None,
        budget: Budget | None = None,
    ) -> ChatAnswer:
        """One answer, tried again on 429, 503 and broken connections, all within `deadline` seconds (default: the client's total)
        and, with a `budget`, as often as that still allows.

        Raises ModelError with the codes of `core.errors`. `schema` is a JSON schema for the answer, dropped when the server says 400.
        """
        total = min(self._deadlines.total, deadline if deadline is not None else self._deadlines.total)
        body = _body(config, messages, config.sampled(sampling))

        async def once() -> ChatAnswer:
            return await self._post(endpoint, config, body, schema)

        await self._ready()  # outside the deadline
        async with self._breakers.setdefault(endpoint.place, Breaker()).guard(config.key):
            return await with_retries(once, policy=self._policy, total=total, name=config.key, budget=budget)

    async def ask(
        self,
        endpoint: Endpoint,
        config: ModelConfig,
        messages: Sequence[Message],
        parse: Callable[[ChatAnswer], T],
        *,
        schema: Mapping[str, Any] | None = None,
        sampling: Sampling | None = None,
        deadline: float | None = None,
        budget: Budget | None = None,
        on_answer: Callable[[Exchange], Awaitable[None]] | None = None,
    ) -> Asked[T]:
        """`parse`'s reading of the answer; where it raises ModelError `model_bad_answer` or `model_truncated`, asks again at most
        twice, with the error's message. `on_answer` sees every exchange, good or bad. One `deadline` for all; a `budget` is shared by
        the calls that it is given to.
        """
        ends = time.monotonic() + (self._deadlines.total if deadline is None else deadline)
        sampling = config.sampled(sampling)
        current = messages
        for asked in range(1, MAX_REASKS + 2):
            began = time.monotonic()
            answer = await self.complete(
                endpoint, config, current, schema=schema, sampling=sampling, deadline=max(0.05, ends - began), budget=budget
            )
            value, error = _read(parse, answer)
            if on_answer is not None:
                await on_answer(Exchange(asked, current, answer, error.message if error else None, time.monotonic() - began))
            if error is None:
                return Asked(cast(T, value), answer, asked)
            again = error.code in ("model_bad_answer", "model_truncated") and error.retryable
            if not again or asked > MAX_REASKS or time.monotonic() >= ends or not (budget is None or budget.spend()):
                raise error
            logger.info("model %s is asked again: %s", config.key, scrubbed(error.message))
            current = _asked_again(messages, error.message)
            if error.code == "model_truncated":
                sampling = _roomier(sampling, config)
        raise AssertionError("the last try returns or raises")

    async def _post(self, endpoint: Endpoint, config: ModelConfig, body: dict[str, Any], schema: Mapping[str, Any] | None) -> ChatAnswer:
        name = (endpoint.place, config.model_name)
        if schema is None or name in self._schemaless:
            return await self._send(endpoint, config, body)
        wish = {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": dict(schema)}}
        try:
            return await self._send(endpoint, config, body | {"response_format": wish})
        except ModelError as error:
            if not isinstance(error, Refused) or not any(word in error.body.lower() for word in _ABOUT_SCHEMA):
                raise
        answer = await self._send(endpoint, config, body)
        self._schemaless.add(name)
        return answer

    async def _send(self, endpoint: Endpoint, config: ModelConfig, body: dict[str, Any]) -> ChatAnswer:
        transport = await self._ready()
        return _answer(await transport.post(endpoint, config, body), config)

    async def _ready(self) -> OpenAITransport:
        if self._transport is None:
            # The SDK takes a second to import: only when it is needed, and not on the event loop.
            module = await asyncio.to_thread(import_module, "videomoments.inference.openai_transport")
            self._transport = self._transport or module.OpenAITransport(self._deadlines, self._tunnels)
        return self._transport


def _read(parse: Callable[[ChatAnswer], T], answer: ChatAnswer) -> tuple[T | None, ModelError | None]:
    try:
        return parse(answer), None
    except ModelError as error:
        return None, error


def _answer(text: str, config: ModelConfig) -> ChatAnswer:
    try:
        completion = _Completion.model_validate_json(text)
        choice = completion.choices[0]
    except (ValidationError, IndexError):
        # A broken body is the server's (or a proxy's) fault and may pass; what it says is no answer to learn from.
        raise ModelError(f"Model {config.key} answered something other than a chat completion: {scrubbed(text[:200])}") from None
    usage = completion.usage or _UsageBody()
    return ChatAnswer(
        text=_content(choice.message.content),
        finish_reason=choice.finish_reason,
        model=completion.model or config.model_name or "",
        usage=Usage(usage.prompt_tokens, usage.completion_tokens),
        raw=text,
    )


def _content(content: str | list[Any] | None) -> str:
    if isinstance(content, list):
        return "".join(part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str))
    return content or ""


def _body(config: ModelConfig, messages: Sequence[Message], sampling: Sampling) -> dict[str, Any]:
    fields = {"temperature": sampling.temperature, "max_tokens": sampling.max_tokens, "top_p": sampling.top_p, "top_k": sampling.top_k}
    return {"model": config.model_name, "messages": list(messages)} | {name: value for name, value in fields.items() if value is not None}


def _asked_again(messages: Sequence[Message], problem: str) -> list[Message]:
    """The same question with the problem before it: the JSON block stays the end of the last message, and the context does not grow."""
    note = f"Your last answer could not be used: {scrubbed(problem)} Answer again, with JSON only, in the form that was asked for.\n\n"
    *before, last = messages
    content = last["content"]
    if isinstance(content, str):
        return [*before, {**last, "content": note + content}]
    return [*before, {**last, "content": [{"type": "text", "text": note + content[0]["text"]}, *content[1:]]}]


def _roomier(sampling: Sampling, config: ModelConfig) -> Sampling:
    room = max(config.context_tokens // 2, sampling.max_tokens or 0)
    return replace(sampling, max_tokens=min(room, 2 * (sampling.max_tokens or config.max_tokens)))
