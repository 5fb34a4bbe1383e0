"""Moments without a language model: topics by sentence embeddings, the telling part of each, keyphrases as titles.

What it returns was measured on the transcript and is labelled so; it understands English.
"""

from __future__ import annotations

import re
from typing import Any

from moments_models.base import ChatRequest, EngineKind, EngineSpec, Task
from moments_models.errors import InvalidRequest
from moments_models.tasks import GenerationTask, Line, parse

_WHITE = re.compile(r"\s+")


class Extractive:
    """A `ChatEngine` for `generate_moments`."""

    def __init__(self) -> None:
        from moments_models.embedding import MiniLM

        self._model = MiniLM()

    def answer(self, request: ChatRequest, task: Task) -> list[dict[str, Any]]:
        """Moments sorted by start, on line edges, not overlapping. Empty when nothing is said."""
        if request.block.get("task") != "generate_moments":
            raise InvalidRequest("extractive generates moments (task `generate_moments`) and nothing else", code="unsupported_task")
        return self.moments(parse(GenerationTask, request.block), task)

    def moments(self, wanted: GenerationTask, task: Task) -> list[dict[str, Any]]:
        """The answer to a parsed task."""
        from moments_models import spans
        from moments_models.titles import titles
        from moments_models.topics import find_topics

        lines = _usable(wanted)
        if not lines:
            return []
        vectors = self._model.encode([line.text for line in lines], task)
        query = self._model.encode([wanted.prompt])[0] if wanted.prompt.strip() else None
        marks = [chapter.start for chapter in wanted.chapters or ()]
        topics = find_topics(lines, vectors, shortest=wanted.limits.min_duration, marks=marks)
        salience = spans.line_salience(vectors, topics)
        asked = spans.asked_for(vectors, query)
        chosen = spans.choose(lines, topics, salience, asked, wanted.limits)
        texts = [" ".join(line.text for line in lines[span.first : span.last]) for span in chosen]
        named = titles(texts, [lines[span.first].start for span in chosen], self._model.encode)
        return [
            {
                "start_time": lines[span.first].start,
                "end_time": lines[span.last - 1].end,
                "title": title,
                "score": span.score,
                "reason": _reason(span, lines, language=wanted.language),
            }
            for span, title in zip(chosen, named, strict=True)
        ]


def _usable(wanted: GenerationTask) -> list[Line]:
    """Lines with text and length inside the recording, in order, cut where they overlap their successor."""
    ordered = sorted(
        (line for line in wanted.lines if line.text.strip() and line.end > line.start and line.start < wanted.duration),
        key=lambda line: (line.start, line.end),
    )
    found: list[Line] = []
    for line in ordered:
        start = max(line.start, found[-1].end) if found else max(0.0, line.start)
        end = min(line.end, wanted.duration)
        if end - start > 0.01:
            found.append(line.model_copy(update={"start": start, "end": end, "text": _WHITE.sub(" ", line.text).strip()}))
    return found


def _reason(span: Any, lines: list[Line], *, language: str) -> str:
    pause = lines[span.first].start - lines[span.first - 1].end if span.first else 0.0
    parts = ["A passage on one topic" if span.whole_topic else "The densest part of a longer topic"]
    if span.asked >= 0.3:
        parts.append("that matches the prompt")
    if pause >= 1.0:
        parts.append(f"after a pause of {pause:.1f} s")
    parts.append("(measured on the wording)")
    if language and not language.lower().startswith("en"):
        parts.append(f"; the topic model knows English, not {language}")
    return " ".join(parts).replace(" ;", ";") + "."


SPEC = EngineSpec("extractive", EngineKind.CHAT, Extractive, weights=("minilm",))
