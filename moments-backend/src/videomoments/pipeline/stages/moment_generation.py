"""Stage 5 asks a model to read the transcript, in windows where it is long. The best candidates become the run's moments."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from videomoments.core.errors import MomentsError
from videomoments.core.names import StageName
from videomoments.inference.dialect import SAMPLING_FIELDS, Message, not_sent
from videomoments.inference.openai_chat import ChatAnswer
from videomoments.inference.retry import Budget
from videomoments.inference.spacing import whole_words
from videomoments.moments.doubts import Doubts
from videomoments.moments.lines import Line, build_lines
from videomoments.moments.parsing import Candidate, Generation, parse_generation
from videomoments.moments.prompt_texts import GENERATION_SYSTEM, MAX_MARKS, PROMPT_VERSION, generation_messages, generation_schema
from videomoments.moments.ranking import select_moments
from videomoments.moments.skipping import worth_watching
from videomoments.moments.snapping import Snapper
from videomoments.moments.windows import Window, split_windows
from videomoments.pipeline.checkpoints import Generated
from videomoments.pipeline.conditions import no_speech
from videomoments.pipeline.database_retry import retry_while_database_away
from videomoments.pipeline.gather import gather
from videomoments.pipeline.limits import Resource
from videomoments.pipeline.stage import Outcome, Stage, StageContext
from videomoments.services.moments import NewMoment
from videomoments.services.transcripts import recognised_from
from videomoments.services.waveforms import read_silences

# Repeated calls that a run may make beyond one for each window.
_SPARE_CALLS = 12
_ROWS_NAMED = 3


async def generate(context: StageContext) -> Outcome:
    """Finds and stores the run's moments. Raises ModelError when the model gives no usable answer for a window."""
    row = await context.services.transcripts.of_video(context.claim.video_id)
    if row is None:
        raise MomentsError("The transcript is gone.")
    transcript = recognised_from(row)
    info = await context.media_info()
    duration = info.duration
    limits = context.options.limits()
    words = whole_words(transcript.words)
    lines = build_lines(words, transcript.segments)
    chapters = [(chapter.start, chapter.title) for chapter in info.chapters]
    answers, unsent = await _answers(context, lines, duration, transcript.language, chapters)
    doubts = Doubts(transcript.words, lines, words)
    proposed = doubts.weighed(candidate for answer in answers for candidate in answer.candidates)
    candidates, skipped = _watched(context, list(proposed), lines, duration, transcript.language)
    silences = await read_silences(context.adapters.store, (await context.video()).audio_url)
    snapper = Snapper(lines, words, duration, silences)
    chosen = select_moments(candidates, snapper=snapper, lines=lines, limits=limits)
    moments = [_new(doubts.titled(one), doubts, context.snapshot.generation.key) for one in chosen if one.end > one.start]
    await _save(context, moments, row.id, unsent)
    note = None if moments else "the model found no moment worth keeping"
    unused = _unused(answers)
    remarks = [remark for remark in (note, _left_out(skipped), unused, not_sent(context.snapshot.generation.key, unsent)) if remark]
    return Outcome(Generated(moments=len(moments), note=note, unused=unused), "; ".join(remarks) or None)


async def _answers(
    context: StageContext, lines: list[Line], duration: float, language: str | None, chapters: Sequence[tuple[float, str]]
) -> tuple[list[Generation], dict[str, float]]:
    """Returns one answer per window, in order, and the sampling fields that were asked for and not sent, because the server refuses
    them."""
    model, limits = context.snapshot.generation, context.options.limits()
    fixed_text = GENERATION_SYSTEM + context.options.prompt + str(list(chapters[:MAX_MARKS]))
    windows = split_windows(lines, context_tokens=model.context_tokens, answer_tokens=model.max_tokens, fixed_text=fixed_text)
    budget = Budget(_SPARE_CALLS + len(windows))
    # Only as many windows of this run wait for the model's places as can be answered at once; the others wait here, where it costs nothing.
    turn = asyncio.Semaphore(model.max_concurrency)
    done = 0
    unsent: dict[str, float] = {}

    async def ask(number: int, window: Window) -> Generation:
        nonlocal done

        def parse(answer: ChatAnswer) -> Generation:
            return parse_generation(answer.text, duration=duration, shown=window.interval, finish_reason=answer.finish_reason)

        async def messages() -> list[Message]:
            return generation_messages(
                window.lines,
                duration=duration,
                limits=limits,
                prompt=context.options.prompt,
                language=language,
                window=(number, len(windows)),
                chapters=chapters,
            )

        async with turn:
            asked = await context.ask(StageName.MOMENT_GENERATION, model, messages, parse, schema=generation_schema(limits), budget=budget)
        done += 1
        context.report(0.95 * done / len(windows))
        unsent.update(asked.answer.unsent)
        return asked.value

    return await gather(ask(number, window) for number, window in enumerate(windows, 1)), unsent


def _watched(
    context: StageContext, proposed: list[Candidate], lines: list[Line], duration: float, language: str | None
) -> tuple[list[Candidate], int]:
    """Returns the candidates without what people skip, and how many were left out. A prompt may ask for just that: then all stay."""
    if context.options.prompt.strip():
        return proposed, 0
    return worth_watching(proposed, lines, duration=duration, language=language or "", shortest=context.options.limits().min_duration)


def _left_out(skipped: int) -> str | None:
    if not skipped:
        return None
    if skipped == 1:
        return "one part, mostly greeting, announcement, advertisement or farewell, was left out"
    return f"{skipped} parts, mostly greetings, announcements, advertisements or farewells, were left out"


def _unused(answers: Sequence[Generation]) -> str | None:
    """Returns a remark for users that says what of the model's answers was left out: how much, and the first few by name. Or None."""
    named = [f"row {one.row}: {one.reason}" for answer in answers for one in (*answer.dropped, *answer.unread)]
    if not named:
        return None
    more = f"; and {len(named) - _ROWS_NAMED} more" if len(named) > _ROWS_NAMED else ""
    return f"not all of the model's answer could be used ({'; '.join(named[:_ROWS_NAMED])}{more})"


def _new(candidate: Candidate, doubts: Doubts, engine: str) -> NewMoment:
    confidence = doubts.confidence(candidate.start, candidate.end)
    return NewMoment(candidate.start, candidate.end, candidate.title, candidate.score, candidate.reason or None, engine, confidence)


async def _save(context: StageContext, moments: list[NewMoment], transcript_id: int, unsent: Mapping[str, float]) -> None:
    options = context.options
    sampled = context.snapshot.generation.sampled(options.sampling())
    # What a model has answered, perhaps for money, is not given up for a database that restarts.
    await retry_while_database_away(
        context.services.moments.save_generated,
        context.claim,
        moments,
        system_prompt=GENERATION_SYSTEM,
        user_prompt=options.prompt,
        transcript_id=transcript_id,
        model=context.snapshot.generation.key,
        sampling={name: None if name in unsent else getattr(sampled, name) for name in SAMPLING_FIELDS},
        options=options.limits().as_json() | {"prompt_version": PROMPT_VERSION},
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
