"""Asks a configured model for the moments of a dataset, with the prompts, parsing and ranking that runs use."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from videomoments.core.config import Settings
from videomoments.core.errors import ModelError
from videomoments.evaluation.dataset import EvaluatedRecording, lines_of
from videomoments.evaluation.predictions import PredictedMoment, Predictions
from videomoments.inference.model_registry import Endpoint, ModelConfig, resolve_endpoint
from videomoments.inference.openai_chat import ChatAnswer, ChatClient
from videomoments.inference.retry import Deadlines
from videomoments.inference.tunnel import Tunnels
from videomoments.moments.lines import Line
from videomoments.moments.merging import by_merit
from videomoments.moments.moment_limits import MomentLimits
from videomoments.moments.parsing import Candidate, Generation, parse_generation
from videomoments.moments.prompt_texts import GENERATION_SCHEMA, GENERATION_SYSTEM, PROMPT_VERSION, generation_messages, generation_schema
from videomoments.moments.ranking import select_moments
from videomoments.moments.snapping import Snapper
from videomoments.moments.windows import Window, split_windows

_SHORTEST = 10.0
_MOST_CHAPTERS, _MOST_ANSWERS = 1000, 10
_LENGTHS = MomentLimits(min_duration=15.0, max_duration=90.0)
"""Of moments, as opposed to chapters."""
_PATIENCE = 3600.0
"""Seconds for one answer: a benchmark waits where a run would give up."""

Progress = Callable[[int, int, str], None]
"""Called with recordings done, recordings in all, and the id of the one just done."""


async def predict(
    recordings: Sequence[EvaluatedRecording], model: ModelConfig, settings: Settings, on_progress: Progress, *, speakers: bool = True
) -> Predictions:
    """Returns chapters of every recording and spans of every query, of any length, and of a recording with marks as many moments as there
    are, of the usual length. Without `speakers` the model is not told who speaks. A row that fails is noted and left empty.

    Raises ModelError when the model can't be reached as configured, or when every row fails.
    """
    endpoint = resolve_endpoint(model, settings)
    found = Predictions(model.key, prompt_version=PROMPT_VERSION)
    slots = asyncio.Semaphore(model.max_concurrency)
    done = 0

    patient = Deadlines(read=_PATIENCE, total=_PATIENCE, first=_PATIENCE)
    async with Tunnels.of(settings) as tunnels, ChatClient(deadlines=patient, tunnels=tunnels) as chat:

        async def answered(recording: EvaluatedRecording) -> None:
            nonlocal done
            async with slots:
                await _answer(_RecordingQuestions(chat, endpoint, model, recording, lines_of(recording, speakers=speakers)), found)
            done += 1
            on_progress(done, len(recordings), recording.id)

        await asyncio.gather(*(answered(recording) for recording in recordings))
    asked = len(found.starts) + len(found.spans) + len(found.chosen)
    if asked and len(found.errors) == asked:
        raise ModelError(f"Model {model.key} answered nothing: {next(iter(found.errors.values()))}")
    return found


async def _answer(asking: _RecordingQuestions, found: Predictions) -> None:
    """Adds the model's answers about one recording, or its errors, to `found`."""
    recording = asking.recording
    if recording.chapters:
        found.starts[recording.id], found.moments[recording.id] = [], []
        try:
            moments = await asking.moments("", _MOST_CHAPTERS)
            found.moments[recording.id] = [PredictedMoment(one.start, one.end, one.title, one.score) for one in moments]
            found.starts[recording.id] = [one.start for one in moments]
        except ModelError as error:
            found.errors[recording.id] = error.message
    for query in recording.queries:
        found.spans[recording.id, query.query] = []
        try:
            answers = await asking.moments(query.query, _MOST_ANSWERS)
            found.spans[recording.id, query.query] = [one.interval for one in sorted(answers, key=by_merit)]
        except ModelError as error:
            found.errors[f"{recording.id}: {query.query}"] = error.message
    if recording.marked is not None:
        found.chosen[recording.id] = []
        try:
            moments = await asking.moments("", _MOST_CHAPTERS, _LENGTHS)
            found.chosen[recording.id] = [
                PredictedMoment(one.start, one.end, one.title, one.score) for one in sorted(moments, key=by_merit)
            ]
        except ModelError as error:
            found.errors[f"{recording.id}: moments"] = error.message


@dataclass(frozen=True, slots=True)
class _RecordingQuestions:
    """Questions to one model about one recording."""

    chat: ChatClient
    endpoint: Endpoint
    model: ModelConfig
    recording: EvaluatedRecording
    lines: list[Line]

    async def moments(self, prompt: str, count: int, lengths: MomentLimits | None = None) -> list[Candidate]:
        """Returns at most `count` moments of these lengths. Without `lengths` they are chapters of any length, because the metrics measure
        where topics begin and end."""
        duration = self.recording.duration
        shortest, longest = (lengths.min_duration, lengths.max_duration) if lengths else (_SHORTEST, duration)
        limits = MomentLimits(count, min(shortest, duration), max(_SHORTEST, longest))
        windows = split_windows(
            self.lines, context_tokens=self.model.context_tokens, answer_tokens=self.model.max_tokens, fixed_text=GENERATION_SYSTEM + prompt
        )
        find = "chapters" if lengths is None else "moments"
        answers = [await self._of_window(window, limits, prompt, (number, len(windows)), find) for number, window in enumerate(windows, 1)]
        candidates = [candidate for answer in answers for candidate in answer.candidates]
        return select_moments(candidates, snapper=Snapper(self.lines, (), duration), lines=self.lines, limits=limits)

    async def _of_window(self, window: Window, limits: MomentLimits, prompt: str, place: tuple[int, int], find: str) -> Generation:
        duration = self.recording.duration
        messages = generation_messages(window.lines, duration=duration, limits=limits, prompt=prompt, window=place, find=find)

        def parse(answer: ChatAnswer) -> Generation:
            return parse_generation(answer.text, duration=duration, shown=window.interval, finish_reason=answer.finish_reason)

        # The most chapters are no wish but a limit for the program: a schema that repeats it only makes a large grammar for the server.
        schema = generation_schema(limits) if limits.max_moments < _MOST_CHAPTERS else GENERATION_SCHEMA
        return (await self.chat.ask(self.endpoint, self.model, messages, parse, schema=schema)).value
