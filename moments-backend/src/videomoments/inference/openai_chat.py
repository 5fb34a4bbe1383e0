"""Asks any OpenAI-compatible server for chat completions: deadlines, one retry policy, limited answers, and asking again."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Generic, Self, TypeVar, cast

from videomoments.core.errors import ModelError, MomentsError
from videomoments.inference.advising import advised
from videomoments.inference.chat_transport import ChatTransport
from videomoments.inference.completion import ChatAnswer, TextSource, Usage, read_completion, unusable
from videomoments.inference.dialect import (
    OVERVIEW,
    SAMPLING_FIELDS,
    Body,
    Dialect,
    DialectMemory,
    Message,
    OwnMemory,
    body_of,
    unsent,
    with_text_before,
)
from videomoments.inference.failures import Answered, scrubbed
from videomoments.inference.model_registry import Endpoint, ModelConfig, Sampling
from videomoments.inference.refusals import learned
from videomoments.inference.retry import Breaker, Budget, Deadlines, GatewayTimeout, RetryPolicy, Unreachable, with_retries
from videomoments.inference.tunnel import Tunnels

__all__ = ["Asked", "ChatAnswer", "ChatClient", "Exchange", "TextSource", "Usage"]

T = TypeVar("T")
logger = logging.getLogger(__name__)

MAX_REASKS = 2
# More changes than a server can ask for: a limit for the loop.
_MOST_LEARNED = 12


@dataclass(frozen=True, slots=True)
class Asked(Generic[T]):
    """A parsed answer, the answer that it was parsed from, and how often the model was asked (1 to 3)."""

    value: T
    answer: ChatAnswer
    asked: int


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question, the `asked`th of its call, and its answer. `problem` is why the answer could not be used, or why there is none;
    `seconds` is how long it took."""

    asked: int
    messages: Sequence[Message]
    answer: ChatAnswer | None
    problem: str | None
    seconds: float


class ChatClient:
    """Asks chat services. Each event loop has one client, closed with `aclose` or as a context manager. It is safe for concurrent calls.

    Models behind SSH are reached through `tunnels`, which the caller closes, or else through tunnels of the client's own. What servers
    refuse is learned into `memory`, or else for as long as the client lives.
    """

    def __init__(
        self,
        *,
        deadlines: Deadlines | None = None,
        policy: RetryPolicy | None = None,
        tunnels: Tunnels | None = None,
        memory: DialectMemory | None = None,
    ) -> None:
        self._deadlines = deadlines or Deadlines()
        self._policy = policy or RetryPolicy()
        self._tunnels = tunnels or Tunnels()
        self._owns_tunnels = tunnels is None
        self._transport = ChatTransport(self._deadlines, self._tunnels)
        self._breakers: dict[object, Breaker] = {}
        self._memory: DialectMemory = memory or OwnMemory()
        # The dialect known last, for while the memory is away; and what it could not store.
        self._recalled: dict[ModelConfig, Dialect] = {}
        self._unstored = OwnMemory()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._transport.aclose()
        if self._owns_tunnels:
            await self._tunnels.aclose()

    async def dialect(self, config: ModelConfig) -> Dialect:
        """Returns how the model's server is asked, by what it has refused so far and by what the model's entry says."""
        try:
            known = self._recalled[config] = await self._memory.recall(config)
        except MomentsError as error:
            logger.warning("what is known of the server of %s can't be read: %s", config.key, error.message)
            known = self._recalled.get(config, OVERVIEW)
        return known.but((await self._unstored.recall(config)).learned).for_entry(config)

    def half_open(self, endpoint: Endpoint) -> None:
        """Lets the next call of a service through, however often it was silent before, because it has just answered."""
        if (breaker := self._breakers.get(endpoint.place)) is not None:
            breaker.half_open()

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
        on_sign: Callable[[], None] | None = None,
        on_refused: Callable[[str], Awaitable[None]] | None = None,
    ) -> ChatAnswer:
        """Returns one answer. Tries again on 429, 503 and broken connections, within `deadline` seconds (at most the entry's, else the
        client's own) and, with a `budget`, as often as that still allows. A temperature, length, instruction or `schema` (a JSON schema for
        the answer) that the server refuses by name is left out, which costs none of the budget; `on_refused` is called with a sentence that
        says so. `on_sign` is called for each piece of a streamed answer.

        Raises ModelError with the codes of `core.errors`.
        """
        asking = _Asking(endpoint, config, messages, schema, config.sampled(sampling), _named(sampling), on_sign, on_refused)
        streamed = bool((await self.dialect(config)).stream)
        longest = config.answer_seconds or (self._deadlines.streamed if streamed else self._deadlines.total)
        total = longest if deadline is None else min(longest, deadline)

        async def once() -> ChatAnswer:
            return await self._post(asking)

        async with self._breakers.setdefault(endpoint.place, Breaker()).guard(config.key):
            try:
                return await with_retries(once, policy=self._policy, total=total, name=config.key, budget=budget)
            except ModelError as error:
                raise advised(error, config.key, asking.sent) from None

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
        on_sign: Callable[[], None] | None = None,
    ) -> Asked[T]:
        """Returns what `parse` makes of the answer. Where it raises ModelError `model_bad_answer` or `model_truncated`, asks again at most
        twice, with the error's message. `on_answer` is called with every exchange, good or bad, and with every refusal. A `deadline`
        (seconds) covers all tries; without one each answer has the usual one. A `budget` is shared by the calls that it is passed to."""
        ends = math.inf if deadline is None else time.monotonic() + deadline
        current = messages
        for asked in range(1, MAX_REASKS + 2):
            tell = _Telling(on_answer, asked, current)
            try:
                answer = await self.complete(
                    endpoint,
                    config,
                    current,
                    schema=schema,
                    sampling=sampling,
                    deadline=None if ends == math.inf else max(0.05, ends - tell.began),
                    budget=budget,
                    on_sign=on_sign,
                    on_refused=tell.refused,
                )
            except ModelError as failed:
                await tell.failed(failed)
                raise
            if on_sign is not None:
                on_sign()
            value, error = _read(parse, answer, config.key)
            await tell.answered(answer, error)
            if error is None:
                return Asked(cast(T, value), answer, asked)
            if not _asks_again(error, asked, ends, budget):
                raise advised(error, config.key, {})
            logger.info("model %s is asked again: %s", config.key, scrubbed(error.message))
            current = _asked_again(messages, error.message)
            if error.code == "model_truncated":
                sampling = _roomier(sampling, config)
        raise AssertionError("the last try returns or raises")

    async def _post(self, asking: _Asking) -> ChatAnswer:
        """Asks one question, and asks again for each thing that the server refuses by name."""
        config = asking.config
        for _ in range(_MOST_LEARNED):
            known = await self.dialect(config)
            body = asking.sent = asking.body(known)
            try:
                return await self._send(asking)
            except GatewayTimeout as error:
                if known.stream is not None:
                    raise
                return await self._in_pieces(asking, known, error)
            except Answered as error:
                if not (changes := learned(error, body, known, config, asked_for=asking.named)):
                    raise
                if known == await self.dialect(config):  # else another call has learned something meanwhile
                    await self._learn(config, changes)
                said = "; ".join(OVERVIEW.but(changes).remarks()) or "the server is asked otherwise"
                logger.info("model %s refused the question: %s", config.key, said)
                if asking.on_refused is not None:
                    await asking.on_refused(f"{error.message} Asked again: {said}.")
        raise ModelError(f"Model {config.key} refuses the question in every form that is known.", retryable=False)

    async def _send(self, asking: _Asking) -> ChatAnswer:
        text = await self._transport.post(asking.endpoint, asking.config, asking.sent, asking.on_token)
        answer = read_completion(text, asking.config.key, asking.config.model_name)
        return replace(answer, unsent=unsent(asking.sampling, asking.sent))

    async def _in_pieces(self, asking: _Asking, known: Dialect, error: GatewayTimeout) -> ChatAnswer:
        """Asks for the answer as a stream, because a gateway did not wait for a whole one: the first pieces may come in time. Where they
        do, the server is known to stream. Raises `error` where they don't."""
        asking.sent, asking.pieces = asking.body(known.but({"stream": True})), 0
        try:
            answer = await self._send(asking)
        except ModelError:
            raise error from None
        if asking.pieces:
            await self._learn(asking.config, {"stream": True})
        return answer

    async def _learn(self, config: ModelConfig, changes: Mapping[str, Any]) -> None:
        try:
            stored = await self._memory.learn(config, changes)
        except MomentsError as error:
            logger.warning("what the server of %s refuses can't be kept: %s", config.key, error.message)
            stored = False
        if not stored:
            await self._unstored.learn(config, changes)


@dataclass
class _Asking:
    """A question, and the body that was sent last. `named` are the sampling fields that the run itself sets."""

    endpoint: Endpoint
    config: ModelConfig
    messages: Sequence[Message]
    schema: Mapping[str, Any] | None
    sampling: Sampling
    named: frozenset[str]
    on_sign: Callable[[], None] | None
    on_refused: Callable[[str], Awaitable[None]] | None
    sent: Body = field(default_factory=dict)
    pieces: int = 0

    def body(self, dialect: Dialect) -> Body:
        return body_of(self.config, self.messages, self.sampling, self.schema, dialect)

    def on_token(self) -> None:
        self.pieces += 1
        if self.on_sign is not None:
            self.on_sign()


@dataclass
class _Telling:
    """Reports what came of one question to `on_answer`."""

    on_answer: Callable[[Exchange], Awaitable[None]] | None
    asked: int
    messages: Sequence[Message]
    began: float = field(default_factory=time.monotonic)

    async def refused(self, problem: str) -> None:
        await self._tell(None, problem)

    async def failed(self, error: ModelError) -> None:
        """Reports an error, unless the service was not reached: then it was not asked."""
        if not (isinstance(error, Unreachable) or error.code == "model_unreachable"):
            await self.refused(error.message)

    async def answered(self, answer: ChatAnswer, error: ModelError | None) -> None:
        await self._tell(answer, error.message if error else None)

    async def _tell(self, answer: ChatAnswer | None, problem: str | None) -> None:
        if self.on_answer is not None:
            await self.on_answer(Exchange(self.asked, self.messages, answer, problem, time.monotonic() - self.began))


def _named(sampling: Sampling | None) -> frozenset[str]:
    return frozenset(name for name in SAMPLING_FIELDS if sampling is not None and getattr(sampling, name) is not None)


def _read(parse: Callable[[ChatAnswer], T], answer: ChatAnswer, key: str) -> tuple[T | None, ModelError | None]:
    if (error := unusable(answer, key)) is not None:
        return None, error
    try:
        return parse(answer), None
    except ModelError as error:
        return None, error


def _asks_again(error: ModelError, asked: int, ends: float, budget: Budget | None) -> bool:
    """Returns whether another answer may be better and there are tries, time and budget for it. Takes one repetition from the budget."""
    if error.code not in ("model_bad_answer", "model_truncated") or not error.retryable:
        return False
    return asked <= MAX_REASKS and time.monotonic() < ends and (budget is None or budget.spend())


def _asked_again(messages: Sequence[Message], problem: str) -> list[Message]:
    """Returns the same question with the problem before it: the JSON block stays at the end of the last message, and the context does not
    grow."""
    note = f"Your last answer could not be used: {scrubbed(problem)} Answer again, with JSON only, in the form that was asked for.\n\n"
    *before, last = messages
    return [*before, with_text_before(last, note)]


def _roomier(sampling: Sampling | None, config: ModelConfig) -> Sampling:
    had = config.sampled(sampling).max_tokens or config.max_tokens
    return replace(sampling or Sampling(), max_tokens=min(max(config.context_tokens // 2, had), 2 * had))
