"""Checks whether a model can do what runs will ask of it: its address and key, its identity, its answers, and, for one that watches video,
whether it knows when things happen."""

from __future__ import annotations

import asyncio
import io
import random
import wave
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from videomoments.core.config import Settings
from videomoments.core.errors import ModelError
from videomoments.core.times import Interval
from videomoments.inference.dialect import Dialect, Message, OwnMemory
from videomoments.inference.failures import RequestRefused
from videomoments.inference.model_registry import Endpoint, ModelConfig, ModelKind, resolve_endpoint
from videomoments.inference.openai_chat import Asked, ChatAnswer, ChatClient, TextSource
from videomoments.inference.retry import Deadlines, RetryPolicy
from videomoments.inference.service_check import CheckStep, check_model, timed_step
from videomoments.inference.timed_clip import TimedClip, draw_timed_clip
from videomoments.inference.transcribe import transcribe
from videomoments.inference.tunnel import Tunnels
from videomoments.moments.lines import Line
from videomoments.moments.moment_limits import MomentLimits
from videomoments.moments.parsing import parse_generation, parse_refinement, to_absolute
from videomoments.moments.prompt_texts import (
    REFINEMENT_SCHEMA,
    ClipView,
    TimeBase,
    generation_messages,
    generation_schema,
    refinement_messages,
)

_LIMITS = MomentLimits(2, 2.0, 60.0)
_DURATION = 32.0
_LINES = (
    Line(1, 0.0, 7.5, "Good evening, and welcome to the observatory; before we go up I will tell you how the telescope was built."),
    Line(2, 8.0, 15.5, "The mirror was cast in one piece, and it took eleven months to cool."),
    Line(3, 16.0, 23.5, "Now something else: the kitchen is open until ten, and the soup is free for everybody."),
    Line(4, 24.0, 31.5, "Please leave your cups on the tray by the door when you go home."),
)
# Seconds. A model that finds the cut corrects a boundary that is 0.5 s off; a guess or a repeated input does not come this near.
_NEAR_OFF, _NEAR_EXACT = 0.5, 0.25
# Seconds. Models that sample the video see one to four frames a second.
_FAR_EXACT = 1.0
_HEARING_SECONDS = 120.0
_PATIENT = RetryPolicy(overloaded=3, unreachable=0, failed=0)


class DialectWriter(Protocol):
    """Stores what a model's server accepts."""

    async def replace(self, config: ModelConfig, dialect: Dialect) -> None: ...


class ModelCheck:
    """Tests models. `seconds` limits one answer (default: 120 for a recogniser, the limit of runs for a chat model).

    A chat model is asked as if nothing were known of its server; what the test learns is stored by `writer` for the runs.
    """

    def __init__(
        self, settings: Settings, *, seconds: float | None = None, chance: random.Random | None = None, writer: DialectWriter | None = None
    ) -> None:
        self._settings = settings
        self._seconds = seconds
        self._chance = chance or random.Random()
        self._writer = writer

    async def run(self, model: ModelConfig, *, questions: bool = True) -> list[CheckStep]:
        """Returns the steps in order, up to the first that fails: `configured` (only where it is not), `way_in`, `reachable`, `identity`,
        `answers`, `sees_time` of a model that is said to watch video, and `dialect`: how its chat server differs from others. Asks the
        model one to six questions, or none."""
        try:
            endpoint = resolve_endpoint(model, self._settings)
        except ModelError as error:
            return [CheckStep("configured", False, str(error), 0.0)]
        deadlines = self._deadlines(model)
        memory = OwnMemory()
        client = ChatClient(deadlines=deadlines, policy=_PATIENT, tunnels=(tunnels := Tunnels.of(self._settings)), memory=memory)
        async with tunnels, client as chat:
            steps = await check_model(model, endpoint, tunnels)
            for name, step in self._questions(_Examined(model, endpoint, chat, memory), tunnels, deadlines) if questions else []:
                if not steps[-1].ok:
                    break
                steps.append(await timed_step(name, step))
        return steps

    def _deadlines(self, model: ModelConfig) -> Deadlines:
        if self._seconds is None and model.kind is ModelKind.CHAT:
            return Deadlines.of(self._settings)
        seconds = self._seconds or _HEARING_SECONDS
        return Deadlines(connect=10.0, read=seconds, total=seconds, first=seconds)

    def _questions(self, asked: _Examined, tunnels: Tunnels, deadlines: Deadlines) -> list[tuple[str, Callable[[], Awaitable[str]]]]:
        model, endpoint, chat = asked.model, asked.endpoint, asked.chat
        if model.kind is ModelKind.ASR:
            return [("answers", lambda: _hears(model, endpoint, tunnels, deadlines))]
        questions: list[tuple[str, Callable[[], Awaitable[str]]]] = [("answers", lambda: _answers(asked))]
        if model.supports_video:
            questions.append(("sees_time", lambda: self._sees(model, endpoint, chat)))
        if not model.builtin:
            questions.append(("dialect", lambda: self._dialect(asked)))
        return questions

    async def _dialect(self, asked: _Examined) -> str:
        """Returns how the server differs, after it was asked once to stream."""
        if asked.model.stream is None and (await asked.memory.recall(asked.model)).stream is None:
            await asked.memory.learn(asked.model, {"stream": await _streams(asked)})
        found = await asked.memory.recall(asked.model)
        if self._writer is not None:
            await self._writer.replace(asked.model, found)
        shown = found.for_entry(asked.model)
        remarks = shown.remarks()
        if asked.source is not TextSource.CONTENT:
            remarks.insert(0, f"its answers stand in {asked.source.value}")
        if not shown.stream:
            longest = asked.model.answer_seconds or self._seconds or self._settings.model_answer_seconds
            remarks.append(f"its answers come whole, and may take {longest:.0f} s")
        said = "; ".join(remarks)
        return f"{said[0].upper()}{said[1:]}."

    async def _sees(self, model: ModelConfig, endpoint: Endpoint, chat: ChatClient) -> str:
        off = [self._chance.choice((-_NEAR_OFF, _NEAR_OFF)) for _ in range(2)]
        clip = await self._clip()
        near = Interval(clip.start + off[0], clip.end + off[1])
        found = await _watched(model, endpoint, chat, clip, near)
        if _close(found, clip, _NEAR_EXACT):
            return f"It sees time: boundaries within {_worst(found, clip):.2f} s."
        # A model that sees single frames may not come that near, but it finds what it has to search for, wherever it is.
        for _ in range(2):
            clip = await self._clip()
            found = await _watched(model, endpoint, chat, clip, Interval(0.0, clip.duration))
            if not _close(found, clip, _FAR_EXACT):
                raise ModelError(
                    f"It does not see when things happen: the picture is red from {clip.start:.1f} to {clip.end:.1f} s of a clip, "
                    f"and it says {found.start:.1f} to {found.end:.1f} s.",
                    code="model_blind",
                    advice="Unset supports_video if it reads text alone; else give it more pictures a second.",
                )
        return f"It sees time, to {_worst(found, clip):.1f} s."

    async def _clip(self) -> TimedClip:
        """Draws a clip whose red part begins and ends at random times, so that a guess at a fraction of the length fails."""
        start = self._chance.uniform(3.0, 12.0)
        return await asyncio.to_thread(draw_timed_clip, 20.0, start, start + self._chance.uniform(3.0, 6.0))


@dataclass
class _Examined:
    """A chat model under test, the request that it answered, and which part of the response held the answer."""

    model: ModelConfig
    endpoint: Endpoint
    chat: ChatClient
    memory: OwnMemory
    messages: Sequence[Message] = ()
    schema: Mapping[str, Any] | None = None
    parse: Callable[[ChatAnswer], str] | None = None
    source: TextSource = TextSource.CONTENT

    async def ask(self) -> Asked[str]:
        assert self.parse is not None
        return await self.chat.ask(self.endpoint, self.model, self.messages, self.parse, schema=self.schema)


async def _answers(asked: _Examined) -> str:
    """Asks the pipeline's own questions on a small transcript."""

    def moments(answer: ChatAnswer) -> str:
        found = parse_generation(answer.text, duration=_DURATION, finish_reason=answer.finish_reason)
        return f"moments as JSON ({len(found.candidates)} of a transcript of four lines)"

    def boundaries(answer: ChatAnswer) -> str:
        parse_refinement(answer.text, time_base=TimeBase.ABSOLUTE, length=_DURATION, moment=moment, finish_reason=answer.finish_reason)
        return "boundaries as JSON (it refines moments, and does not find them)"

    async def ask() -> Asked[str]:
        try:
            return await asked.ask()
        except ModelError as error:
            # A whole answer took too long; a stream may take longer, as long as it is not silent.
            if error.code != "model_timeout" or model.stream is not None or (await asked.memory.recall(model)).stream is not None:
                raise
            await asked.memory.learn(model, {"stream": True})
            try:
                return await asked.ask()
            except ModelError:
                raise error from None

    model, moment = asked.model, Interval(0.0, 15.5)
    answer = None
    if model.supports_generation or not model.supports_refinement:
        asked.messages = generation_messages(_LINES, duration=_DURATION, limits=_LIMITS, language="en")
        asked.schema, asked.parse = generation_schema(_LIMITS), moments
        try:
            answer = await ask()
        except RequestRefused:
            if not model.supports_video:
                raise
    if answer is None:
        asked.messages = refinement_messages(moment=moment, title="Telescope", lines=_LINES, words=(), duration=_DURATION, limits=_LIMITS)
        asked.schema, asked.parse = REFINEMENT_SCHEMA, boundaries
        answer = await ask()
    asked.source = answer.answer.source
    again = f"; asked {answer.asked} times" if answer.asked > 1 else ""
    return f"It answers {answer.value}{again}."


async def _streams(asked: _Examined) -> bool:
    """Returns whether the same question is answered in pieces, and correctly. Runs can then tell a silent server from a slow one."""
    pieces = 0

    def count() -> None:
        nonlocal pieces
        pieces += 1

    await asked.memory.learn(asked.model, {"stream": True})
    try:
        answer = await asked.chat.complete(asked.endpoint, asked.model, asked.messages, schema=asked.schema, on_sign=count)
        if asked.parse is not None:
            asked.parse(answer)
    except ModelError:
        return False
    return pieces > 0


async def _watched(model: ModelConfig, endpoint: Endpoint, chat: ChatClient, clip: TimedClip, shown: Interval) -> Interval:
    messages = refinement_messages(
        moment=shown,
        title="The part in which the whole picture is red",
        lines=(),
        words=(),
        duration=clip.duration,
        limits=MomentLimits(1, 1.0, clip.duration),
        clip=ClipView(0.0, clip.duration, shown.start, clip.duration - shown.end),
        clip_url=clip.url,
    )

    def parse(answer: ChatAnswer) -> Interval:
        found = parse_refinement(
            answer.text, time_base=TimeBase.CLIP, length=clip.duration, moment=shown, finish_reason=answer.finish_reason
        )
        return to_absolute(found, 0.0)

    try:
        return (await chat.ask(endpoint, model, messages, parse, schema=REFINEMENT_SCHEMA)).value
    except RequestRefused as error:
        raise ModelError(
            f"It takes no video: {error.message}",
            code="model_blind",
            advice="Unset supports_video if it reads text alone.",
            retryable=False,
        ) from None


def _worst(found: Interval, clip: TimedClip) -> float:
    return max(abs(found.start - clip.start), abs(found.end - clip.end))


def _close(found: Interval, clip: TimedClip, exact: float) -> bool:
    return _worst(found, clip) <= exact


async def _hears(model: ModelConfig, endpoint: Endpoint, tunnels: Tunnels, deadlines: Deadlines) -> str:
    """Sends two seconds of silence, in which a good recogniser finds no words."""
    with TemporaryDirectory(prefix="moments-check-") as folder:
        audio = Path(folder) / "silence.wav"
        audio.write_bytes(_silence(2.0))
        heard = await transcribe(
            endpoint,
            audio,
            path=model.endpoint,
            model=model.model_name,
            key=model.key,
            duration=2.0,
            deadlines=deadlines,
            policy=_PATIENT,
            tunnels=tunnels,
        )
    if heard.words or heard.full_text:
        return f"It answers with a transcript, but hears words in silence ({len(heard.words) or 1})."
    return "It answers with a transcript, and hears nothing in silence."


def _silence(seconds: float) -> bytes:
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(bytes(int(seconds * 16_000) * 2))
    return target.getvalue()
