"""Finds moments without a language model: topics by sentence embeddings, the most salient part of each, keyphrases as titles.

Its results are measured on the transcript, and their reasons say so. It understands English.
"""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from moments_models.engine_contract import ChatRequest, EngineKind, EngineSpec, Task
from moments_models.errors import InvalidRequest
from moments_models.task_blocks import GenerationTask, LineBlock, parse

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from moments_models.spans import TopicSpan

_KEPT = 4
"""Transcripts whose vectors are cached; 3 h take 4 MB."""
_WHITE = re.compile(r"\s+")
_SHORTEST = 0.01
"""Seconds; a moment that is not longer is none."""


class Extractive:
    """A `ChatEngine` for `generate_moments`."""

    def __init__(self) -> None:
        from moments_models.embedding import MiniLM

        self._model = MiniLM()
        self._known: OrderedDict[str, NDArray[np.float32]] = OrderedDict()

    def answer(self, request: ChatRequest, task: Task) -> list[dict[str, Any]]:
        """Returns moments sorted by start, on line edges, without overlaps; empty when nothing is said. Raises `InvalidRequest` for other
        tasks."""
        if request.block.get("task") != "generate_moments":
            raise InvalidRequest("extractive generates moments (task `generate_moments`) and nothing else", code="unsupported_task")
        return self.moments(parse(GenerationTask, request.block), task)

    def _titles(self, lines: list[LineBlock], vectors: NDArray[np.float32], chosen: list[TopicSpan]) -> list[str]:
        import numpy as np

        from moments_models.titles import titles

        heard = [heard_well(line) for line in lines]
        texts = [" ".join(heard[span.first : span.last]) for span in chosen]
        inside = {at for span in chosen for at in range(span.first, span.last)}
        elsewhere = [text for at, text in enumerate(heard) if at not in inside]
        centres = np.array([vectors[span.first : span.last].mean(axis=0) for span in chosen]).reshape(len(chosen), vectors.shape[1])
        centres /= np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-9)
        starts = [lines[span.first].start for span in chosen]
        return titles(texts, starts, self._model.encode, elsewhere=elsewhere, centres=centres)

    def moments(self, wanted: GenerationTask, task: Task) -> list[dict[str, Any]]:
        """Returns the answer to a parsed task."""
        from moments_models import spans
        from moments_models.topics import find_topics

        lines = _usable(wanted)
        if not lines:
            return []
        vectors = self._vectors([line.text for line in lines], task)
        query = self._model.encode([wanted.prompt])[0] if wanted.prompt.strip() else None
        marks = [chapter.start for chapter in wanted.chapters or ()]
        topics = find_topics(lines, vectors, shortest=wanted.limits.min_duration, marks=marks)
        salience = spans.line_salience(vectors, topics) * [1.0 if line.confidence is None else line.confidence for line in lines]
        around = spans.similarity_to(query, vectors, lines)
        asked = spans.asked_for(query, vectors, around)
        chosen = spans.answers(lines, topics, salience, asked, around, wanted.limits) if asked.any() else None
        # A prompt that nothing in the recording resembles ("the best parts") is no question: then moments come without one.
        if not chosen and wanted.find == "moments":
            chosen = spans.most_salient(lines, vectors, topics, wanted.limits)
        chosen = chosen or spans.choose(lines, topics, salience, asked, wanted.limits)
        named = self._titles(lines, vectors, chosen)
        return [
            {
                "start_time": lines[span.first].start,
                "end_time": lines[span.last - 1].end,
                "title": title,
                "score": span.score,
                "reason": _reason(span, lines, wanted),
            }
            for span, title in zip(chosen, named, strict=True)
        ]

    def _vectors(self, texts: list[str], task: Task) -> NDArray[np.float32]:
        """Returns the vectors of a transcript. The last few are cached, because users ask several questions about one recording."""
        key = hashlib.sha256("\n".join(texts).encode("utf-8", "surrogatepass")).hexdigest()
        vectors = self._known.pop(key, None)
        if vectors is None:
            vectors = self._model.encode(texts, task)
        self._known[key] = vectors
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return vectors


def heard_well(line: LineBlock) -> str:
    """Returns the line with a break in place of its unsure words: no title is made of them, or across them."""
    if not line.unsure:
        return line.text
    unsure = "|".join(re.escape(word) for word in sorted(line.unsure, key=len, reverse=True))
    return _WHITE.sub(" ", re.sub(rf"(?<!\w)(?:{unsure})(?!\w)", " ; ", line.text)).strip()


def _usable(wanted: GenerationTask) -> list[LineBlock]:
    """Returns the lines with text inside the recording, in order, cut where they overlap their predecessor. Empty when none has a length.

    A line without length stays: where times are whole seconds a "Right." has none, and it still shows whose turn it is.
    """
    ordered = sorted(
        (line for line in wanted.lines if line.text.strip() and line.start < wanted.duration), key=lambda line: (line.start, line.end)
    )
    found: list[LineBlock] = []
    for line in ordered:
        start = max(line.start, found[-1].end) if found else max(0.0, line.start)
        end = max(start, min(line.end, wanted.duration))
        found.append(line.model_copy(update={"start": start, "end": end, "text": _WHITE.sub(" ", line.text).strip()}))
    return found if any(line.end - line.start > _SHORTEST for line in found) else []


def _reason(span: TopicSpan, lines: list[LineBlock], wanted: GenerationTask) -> str:
    language = wanted.language
    pause = lines[span.first].start - lines[span.first - 1].end if span.first else 0.0
    if span.asked >= 0.3:
        parts = ["A passage that matches the prompt"]
    elif wanted.find == "moments":
        parts = ["A passage that says much of what matters"]
    else:
        parts = ["A passage on one topic" if span.whole_topic else "The densest part of a longer topic"]
    if pause >= 1.0:
        parts.append(f"after a pause of {pause:.1f} s")
    parts.append("(measured on the wording)")
    if language and not language.lower().startswith("en"):
        parts.append(f"; the topic model knows English, not {language}")
    return " ".join(parts).replace(" ;", ";") + "."


SPEC = EngineSpec("extractive", EngineKind.CHAT, Extractive, weights=("minilm",))
