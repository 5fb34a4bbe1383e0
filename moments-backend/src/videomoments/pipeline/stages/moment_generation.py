"""Stage 5: a model reads the transcript, in windows where it is long, and the best candidates become the run's moments."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from videomoments.core.errors import MomentsError
from videomoments.core.names import StageName
from videomoments.inference.base import Sampling, resolve_endpoint
from videomoments.inference.openai_chat import ChatAnswer
from videomoments.inference.retry import Budget
from videomoments.moments.limits import MomentLimits
from videomoments.moments.lines import Line, build_lines
from videomoments.moments.parsing import Candidate, Generation, parse_generation
from videomoments.moments.prompts import GENERATION_SYSTEM, MAX_MARKS, PROMPT_VERSION, generation_messages, generation_schema
from videomoments.moments.ranking import select_moments
from videomoments.moments.snapping import Snapper
from videomoments.moments.windows import Window, split_windows
from videomoments.pipeline.conditions import no_speech
from videomoments.pipeline.limits import Resource
from videomoments.pipeline.stage import Outcome, Stage, StageContext
from videomoments.pipeline.together import together
from videomoments.services.moments import NewMoment
from videomoments.services.transcripts import recognised_from
from videomoments.services.waveforms import read_silences

# Repeated calls that a run may make beyond one for each window.
_SPARE_CALLS = 12


async def generate(context: StageContext) -> Outcome:
    """Raises ModelError when the model gives no usable answer for a window."""
    row = await context.services.transcripts.of_video(context.claim.video_id)
    if row is None:
        raise MomentsError("The transcript is gone.")
    transcript = recognised_from(row)
    info = await context.media_info()
    duration = info.duration
    limits = _limits(context)
    lines = build_lines(transcript.words, transcript.segments)
    chapters = [(chapter.start, chapter.title) for chapter in info.chapters]
    candidates = await _candidates(context, lines, duration, transcript.language, chapters)
    silences = await read_silences(context.parts.store, (await context.video()).audio_url)
    snapper = Snapper(lines, transcript.words, duration, silences)
    chosen = select_moments(candidates, snapper=snapper, lines=lines, limits=limits)
    moments = [_new(candidate, context.snapshot.generation.key) for candidate in chosen if candidate.end > candidate.start]
    await _save(context, moments, row.id)
    note = None if moments else "the model found no moment worth keeping"
    return Outcome({"moments": len(moments), "note": note}, note)


async def _candidates(
    context: StageContext, lines: list[Line], duration: float, language: str | None, chapters: Sequence[tuple[float, str]]
) -> list[Candidate]:
    model = context.snapshot.generation
    windows = split_windows(
        lines,
        context_tokens=model.context_tokens,
        answer_tokens=model.max_tokens,
        fixed_text=GENERATION_SYSTEM + context.options.prompt + str(list(chapters[:MAX_MARKS])),
    )
    budget = Budget(_SPARE_CALLS + len(windows))
    # Only as many of this run's windows as can be answered at once wait for the model's places; the rest wait here, for nothing.
    turn = asyncio.Semaphore(model.max_concurrency)
    done = 0

    async def ask(number: int, window: Window) -> Generation:
        nonlocal done

        def parse(answer: ChatAnswer) -> Generation:
            return parse_generation(answer.text, duration=duration, shown=window.interval, finish_reason=answer.finish_reason)

        async with turn, context.model_slot(model):
            messages = generation_messages(
                window.lines,
                duration=duration,
                limits=_limits(context),
                prompt=context.options.prompt,
                language=language,
                window=(number, len(windows)),
                chapters=chapters,
            )
            asked = await context.parts.chat.ask(
                resolve_endpoint(model, context.parts.settings),
                model,
                messages,
                parse,
                schema=generation_schema(_limits(context)),
                sampling=_sampling(context),
                budget=budget,
                on_answer=partial(context.services.model_calls.keep, context.claim, StageName.MOMENT_GENERATION, model.key),
            )
        done += 1
        context.report(0.95 * done / len(windows))
        return asked.value

    answers = await together(ask(number, window) for number, window in enumerate(windows, 1))
    return [candidate for answer in answers for candidate in answer.candidates]


def _limits(context: StageContext) -> MomentLimits:
    options = context.options
    return MomentLimits(options.max_moments, options.min_duration, options.max_duration)


def _sampling(context: StageContext) -> Sampling:
    options = context.options
    return Sampling(temperature=options.temperature, top_p=options.top_p, top_k=options.top_k)


def _new(candidate: Candidate, engine: str) -> NewMoment:
    return NewMoment(candidate.start, candidate.end, candidate.title, candidate.score, candidate.reason or None, engine)


async def _save(context: StageContext, moments: list[NewMoment], transcript_id: int) -> None:
    options = context.options
    sampled = context.snapshot.generation.sampled(_sampling(context))
    await context.services.moments.save_generated(
        context.claim,
        moments,
        system_prompt=GENERATION_SYSTEM,
        user_prompt=options.prompt,
        transcript_id=transcript_id,
        model=context.snapshot.generation.key,
        sampling={"temperature": sampled.temperature, "top_p": sampled.top_p, "top_k": sampled.top_k},
        options=_limits(context).as_json() | {"prompt_version": PROMPT_VERSION},
    )


async def _inputs(context: StageContext) -> Mapping[str, Any]:
    return {
        "transcript": context.checkpoints[StageName.TRANSCRIPTION],
        "options": context.options.model_dump(mode="json"),
        "model": context.snapshot.generation.model_dump(mode="json"),
        "chapters": [[chapter.start, chapter.title] for chapter in (await context.media_info()).chapters],
        "prompt_version": PROMPT_VERSION,
    }


MOMENT_GENERATION = Stage(
    name=StageName.MOMENT_GENERATION, run=generate, skip=no_speech, inputs=_inputs, resource=Resource.GENERATION, stall_seconds=900.0
)
