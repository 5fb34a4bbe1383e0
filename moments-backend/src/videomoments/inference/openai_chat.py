"""Chat completions of any OpenAI-compatible server: deadlines, one retry policy, bounded answers, re-asking."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Generic, Self, TypeVar, cast

import openai
from pydantic import BaseModel, ConfigDict, ValidationError

from videomoments.core.errors import ModelError
from videomoments.inference.base import Endpoint, ModelConfig, Sampling
from videomoments.inference.failures import failure, scrubbed
from videomoments.inference.retry import Breaker, Deadlines, RetryPolicy, with_retries

T = TypeVar("T")
Message = dict[str, Any]
logger = logging.getLogger(__name__)

MAX_ANSWER_BYTES = 8 * 1024**2
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
    """Talks to chat services; one per event loop, closed with `aclose` or as a context manager. Safe for concurrent calls."""

    def __init__(self, *, deadlines: Deadlines | None = None, policy: RetryPolicy | None = None) -> None:
        self._deadlines = deadlines or Deadlines()
        self._policy = policy or RetryPolicy()
        self._clients: dict[tuple[object, ...], openai.AsyncOpenAI] = {}
        self._breakers: dict[str, Breaker] = {}
        # Servers that have refused a schema are not asked for one again.
        self._schemaless: set[tuple[str, str]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        for client in self._clients.values():
            await client.close()
        self._clients.clear()

    async def complete(
        self,
        endpoint: Endpoint,
        config: ModelConfig,
        messages: Sequence[Message],
        *,
        schema: Mapping[str, Any] | None = None,
        sampling: Sampling | None = None,
        deadline: float | None = None,
    ) -> ChatAnswer:
        """One answer, tried again on 429, 503 and broken connections, all within `deadline` seconds (default: the client's total).

        Raises ModelError with the codes of `core.errors`. `schema` is a JSON schema for the answer, dropped when the server says 400.
        """
        total = min(self._deadlines.total, deadline if deadline is not None else self._deadlines.total)
        body = _body(config, messages, config.sampled(sampling))

        async def once() -> ChatAnswer:
            return await self._post(endpoint, config, body, schema)

        async with self._breakers.setdefault(endpoint.base_url, Breaker()).guard(config.key):
            return await with_retries(once, policy=self._policy, total=total, name=config.key)

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
        on_answer: Callable[[ChatAnswer], Awaitable[None]] | None = None,
    ) -> Asked[T]:
        """`parse`'s reading of the answer; where it raises ModelError `model_bad_answer` or `model_truncated`, asks again at most
        twice, with the error's message. `on_answer` sees every answer, good or bad, before it is parsed. One `deadline` for all.
        """
        ends = time.monotonic() + (self._deadlines.total if deadline is None else deadline)
        sampling = config.sampled(sampling)
        current = messages
        for asked in range(1, MAX_REASKS + 2):
            answer = await self.complete(
                endpoint, config, current, schema=schema, sampling=sampling, deadline=max(0.05, ends - time.monotonic())
            )
            if on_answer is not None:
                await on_answer(answer)
            try:
                return Asked(parse(answer), answer, asked)
            except ModelError as error:
                again = error.code in ("model_bad_answer", "model_truncated") and error.retryable
                if not again or asked > MAX_REASKS or time.monotonic() >= ends:
                    raise
                logger.info("model %s is asked again: %s", config.key, scrubbed(error.message))
                current = _asked_again(messages, error.message)
                if error.code == "model_truncated":
                    sampling = _roomier(sampling, config)
        raise AssertionError("the last try returns or raises")

    async def _post(self, endpoint: Endpoint, config: ModelConfig, body: dict[str, Any], schema: Mapping[str, Any] | None) -> ChatAnswer:
        name = (endpoint.base_url, config.model_name)
        if schema is None or name in self._schemaless:
            return await self._send(endpoint, config, body)
        wish = {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": dict(schema)}}
        try:
            return await self._send(endpoint, config, body | {"response_format": wish})
        except ModelError as error:
            if not isinstance(error, _Refused) or not any(word in error.body.lower() for word in _ABOUT_SCHEMA):
                raise
        answer = await self._send(endpoint, config, body)
        self._schemaless.add(name)
        return answer

    async def _send(self, endpoint: Endpoint, config: ModelConfig, body: dict[str, Any]) -> ChatAnswer:
        client = self._client(endpoint, config)
        known = ("model", "messages", "temperature", "max_tokens")
        extra = {name: value for name, value in body.items() if name not in known}
        create = cast(Any, client.chat.completions.with_streaming_response.create)
        try:
            async with create(
                **{name: body[name] for name in known if name in body},
                extra_body=extra or None,
                # The SDK insists on a key; a service without one gets no header.
                extra_headers=None if endpoint.api_key else {"Authorization": openai.Omit()},
            ) as response:
                text = await _bounded(response.iter_bytes(), config.key)
        except openai.APIStatusError as error:
            raise _status_error(config.key, error) from None
        except openai.APITimeoutError:
            raise ModelError(f"Model {config.key} was silent for too long.", code="model_timeout") from None
        except openai.APIConnectionError as error:
            cause = type(error.__cause__).__name__ if error.__cause__ else "connection failed"
            raise ModelError(f"Model {config.key} is not reachable ({cause}).", code="model_unreachable") from None
        except openai.OpenAIError as error:
            raise ModelError(f"Model {config.key} failed: {scrubbed(str(error))}") from None
        except ModelError:
            raise
        except Exception as error:
            # The stream's own errors are those of the HTTP library, httpx or httpx2 by the SDK's version.
            if not type(error).__module__.startswith("httpx"):
                raise
            raise _transport_error(config.key, error) from None
        return _answer(text, config)

    def _client(self, endpoint: Endpoint, config: ModelConfig) -> openai.AsyncOpenAI:
        root = endpoint.base_url + config.endpoint.removesuffix("/chat/completions")
        key = (root, endpoint.api_key, *sorted(endpoint.headers.items()))
        client = self._clients.get(key)
        if client is None:
            timeout = openai.Timeout(self._deadlines.read, connect=self._deadlines.connect)
            client = openai.AsyncOpenAI(
                base_url=root,
                api_key=endpoint.api_key or "none",
                max_retries=0,
                timeout=timeout,
                default_headers=endpoint.headers,
                # A redirect would carry the request, with its signed URLs, to somebody else.
                http_client=openai.DefaultAsyncHttpxClient(trust_env=not endpoint.loopback, follow_redirects=False, timeout=timeout),
            )
            self._clients[key] = client
        return client


class _Refused(ModelError):
    """A 400 or 422, with the body that says why."""

    retryable = False
    body = ""


def _status_error(name: str, error: openai.APIStatusError) -> ModelError:
    response = error.response
    try:
        body = response.text[:20_000]
    except Exception:  # an error's body that can't be read says nothing
        body = ""
    found = failure(name, response.status_code, body, response.headers.get("retry-after"))
    if response.status_code in (400, 422):
        refused = _Refused(found.message, code=found.code)
        refused.body = body
        return refused
    return found


def _transport_error(name: str, error: Exception) -> ModelError:
    kind = type(error).__name__
    if "Timeout" in kind or isinstance(error, TimeoutError):
        return ModelError(f"Model {name} was silent for too long.", code="model_timeout")
    return ModelError(f"Model {name} broke off its answer ({kind}).", code="model_unreachable")


async def _bounded(chunks: Any, name: str) -> str:
    parts, size = [], 0
    async for chunk in chunks:
        parts.append(chunk)
        size += len(chunk)
        if size > MAX_ANSWER_BYTES:
            raise ModelError(f"Model {name} answered more than {MAX_ANSWER_BYTES // 1024**2} MB.", code="model_bad_answer", retryable=False)
    return b"".join(parts).decode("utf-8", "replace")


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
        model=completion.model or config.model_name,
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
