"""Reads a recogniser's answer. A start counts before an end that contradicts it; corrections and omissions are counted."""

from __future__ import annotations

import logging
import math
import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from videomoments.core.errors import ModelError
from videomoments.core.text import cleaned, one_line, whole_characters
from videomoments.inference.failures import scrubbed
from videomoments.inference.mending import Mended
from videomoments.inference.recognition_details import RecognitionDetails
from videomoments.inference.spacing import running_text, spread_words, with_spaces
from videomoments.inference.transcript import Segment, TimedTranscript, Word

logger = logging.getLogger(__name__)

# Recognisers begin a first word a little before the file, and end a last one a little after it.
_SLACK_SECONDS = 1.0
# An end that reaches less far into the next word comes from the recogniser's time steps.
_STEP_SECONDS = 0.1
# The longest duration of a word without a usable end, and the duration of one without any time.
_LONGEST_UNKNOWN, _USUAL = 1.0, 0.4
# The longest that a word may be sung; a longer text may last a second per letter.
_LONGEST_SUNG = 10.0
_TOUCH_SECONDS = 0.05
_SECONDS = re.compile(r"([+-]?\d+(?:[.,]\d*)?|[+-]?[.,]\d+) ?(?:s|sec)?")
_NOT_SAID = re.compile(r"\[[^\]]*\]|\([^)]*\)|\*[^*]*\*|<[^>]*>|【[^】]*】|（[^）]*）")
_CLOCK = re.compile(r"(?:(\d+):)?(\d{1,2}):(\d{1,2}(?:[.,]\d+)?)")


class _Answer(BaseModel):
    """The body of an answer. Our own service adds language, engine, duration and what `hearing` keeps. A null counts as absent."""

    model_config = ConfigDict(extra="ignore")

    transcription: str | None = None
    word_timestamps: list[Any] | None = None
    segment_timestamps: list[Any] | None = None
    processing_time: Any = None
    language: Any = None
    engine: Any = None
    languages: Any = None
    not_understood: Any = None
    dropped: Any = None


@dataclass(frozen=True, slots=True)
class _TimedText:
    """A word or segment as received: seconds, or None where they are missing; the text on one line, and as it was written."""

    start: float | None
    end: float | None
    text: str
    raw: str
    confidence: float | None
    space: bool | None


def read_transcript(body: str, name: str, duration: float | None) -> TimedTranscript:
    """Returns the transcript in an answer's body. `duration` is the audio's length in seconds, if known: what begins beyond it is left out.

    Raises ModelError for what is no transcript, and for one without usable times.
    """
    try:
        answer = _Answer.model_validate_json(whole_characters(body))
    except ValidationError:
        raise ModelError(f"Model {name} answered something other than a transcript: {scrubbed(body[:200])}", code="model_error") from None
    whole = duration if duration is not None else math.inf
    full_text = one_line(answer.transcription or "")
    segments, about_segments = _segments(answer.segment_timestamps or [], whole)
    words, mended = _words(answer.word_timestamps or [], whole, full_text or " ".join(segment.text for segment in segments))
    if not words and not segments and (full_text or mended.left_out or about_segments.segments_left_out):
        what = "words without usable times" if answer.word_timestamps or answer.segment_timestamps else "a text without times"
        raise ModelError(f"Model {name} answered {what}.", code="model_bad_answer")
    if words:
        words, filled = _filled(words, segments)
        mended = replace(mended, from_segments=filled)
    mended += about_segments
    if mended:
        logger.warning("model %s: %s", name, mended.message)
    return TimedTranscript(
        full_text=full_text or running_text(words) or running_text([word for each in segments for word in spread_words(each)]),
        words=tuple(words),
        segments=tuple(segments),
        language=_name(answer.language),
        engine=_name(answer.engine),
        processing_time=_positive(answer.processing_time),
        mended=mended,
        hearing=RecognitionDetails.of_answer(answer.languages, answer.not_understood, answer.dropped),
    )


def _words(given: Sequence[Any], whole: float, text: str) -> tuple[list[Word], Mended]:
    """Returns the words in order of time, or none where less than half of them can be used."""
    rows, left_out = _rows(given, ("word", "text"), whole)
    if len(rows) < (len(rows) + left_out) / 2 or all(row.start is None for row in rows):
        return [], Mended(left_out=len(rows) + left_out)
    timed = _placed(rows, whole)
    spaced = with_spaces([Word(0.0, 0.0, row.text, row.confidence, row.space) for row in rows], text, [row.raw for row in rows])
    times, mended = _in_order(timed, [len(row.text) for row in rows], whole)
    words = [replace(spaced[index], start=start, end=end) for index, start, end in times]
    return words, replace(mended, placed=mended.placed + sum(row.start is None for row in rows), left_out=left_out)


def _segments(given: Sequence[Any], whole: float) -> tuple[list[Segment], Mended]:
    rows, left_out = _rows(given, ("text", "segment"), whole)
    rows, left_out = [row for row in rows if row.start is not None], left_out + sum(row.start is None for row in rows)
    if len(rows) < (len(rows) + left_out) / 2:
        return [], Mended(segments_left_out=len(rows) + left_out)
    times, mended = _in_order([(row.start or 0.0, row.end) for row in rows], [10 * len(row.text) for row in rows], whole)
    found = [Segment(start, end, rows[index].text) for index, start, end in times]
    return found, Mended(segments=mended.ends + mended.clamped + mended.reordered + mended.placed, segments_left_out=left_out)


def _rows(given: Sequence[Any], keys: Sequence[str], whole: float) -> tuple[list[_TimedText], int]:
    """Returns the rows that can be used, and how many can't be. A row without text counts as neither."""
    found: list[_TimedText] = []
    left_out = 0
    for row in given:
        raw = next((row[key] for key in keys if key in row), None) if isinstance(row, dict) else None
        if not isinstance(raw, str):
            left_out += 1
            continue
        raw = cleaned(raw)
        if not (text := " ".join(raw.split())):
            continue
        start, end = seconds_of(row.get("start")), seconds_of(row.get("end"))
        garbled = start is None and row.get("start") is not None
        if garbled or (start is not None and not _lies_within(start, end, whole)):
            left_out += 1
            continue
        space, sure = row.get("space_before"), seconds_of(row.get("confidence"))
        found.append(
            _TimedText(
                start, end, text, raw, sure if sure is not None and 0 <= sure <= 1 else None, space if isinstance(space, bool) else None
            )
        )
    return found, left_out


def _lies_within(start: float, end: float | None, whole: float) -> bool:
    return start <= whole + _SLACK_SECONDS and (start >= -_SLACK_SECONDS or (end is not None and end > 0))


def _placed(rows: Sequence[_TimedText], whole: float) -> list[tuple[float, float | None]]:
    """Returns start and end of each row. Rows without a time are placed between their neighbours, as far as there is room."""
    found: list[tuple[float, float | None]] = []
    for missing, run in groupby(enumerate(rows), key=lambda item: item[1].start is None):
        group = list(run)
        if not missing:
            found += [(row.start or 0.0, row.end) for _, row in group]
            continue
        first, last = group[0][0], group[-1][0]
        after = rows[last + 1].start if last + 1 < len(rows) else None
        usual = _USUAL * len(group)
        begin = max(found[-1][0], found[-1][1] or 0.0) if found else max(0.0, (after or 0.0) - usual)
        if after is not None and begin >= after:
            # The word before leaves no room.
            begin = (found[-1][0] + after) / 2 if found else after
        until = min(begin + usual, whole if after is None else max(after, begin))
        step = (until - begin) / (last - first + 1)
        found += [(begin + step * n, begin + step * (n + 1)) for n in range(last - first + 1)]
    return found


def _in_order(
    times: Sequence[tuple[float, float | None]], letters: Sequence[int], whole: float
) -> tuple[list[tuple[int, float, float]], Mended]:
    """Returns (index, start, end) by start, inside the recording, no end after the next start: one wrong end moves nothing else."""
    order = sorted(range(len(times)), key=lambda index: (times[index][0], times[index][1] or 0.0))
    ends = [_end(*times[index], longest=max(_LONGEST_SUNG, float(letters[index]))) for index in order]
    clamps = [min(max(times[index][0], 0.0), whole) for index in order]
    starts = _apart(clamps, ends, whole)
    found: list[tuple[int, float, float]] = []
    cut = clamped = 0
    for at, index in enumerate(order):
        following = starts[at + 1] if at + 1 < len(order) else whole
        end = ends[at]
        cut += end is None or (at + 1 < len(order) and end > following + _STEP_SECONDS)
        clamped += times[index][0] != clamps[at] or (at + 1 == len(order) and end is not None and end > whole + _STEP_SECONDS)
        found.append((index, starts[at], max(starts[at], min(starts[at] + _LONGEST_UNKNOWN if end is None else end, following))))
    backwards = sum(after < before for before, after in pairwise(order))
    return found, Mended(ends=cut, clamped=clamped, reordered=backwards, placed=sum(a != b for a, b in zip(starts, clamps, strict=True)))


def _end(start: float, end: float | None, *, longest: float) -> float | None:
    """Returns the end if it is plausible: not before its start, and at most `longest` seconds after it."""
    return end if end is not None and start <= end <= start + longest else None


def _apart(starts: Sequence[float], ends: Sequence[float | None], whole: float) -> list[float]:
    """Returns sorted starts. Equal ones are set apart by their ends where these allow it, else evenly until the next one."""
    found: list[float] = []
    while len(found) < len(starts):
        first = len(found)
        start = starts[first]
        last = first + 1
        while last < len(starts) and starts[last] == start:
            last += 1
        following = starts[last] if last < len(starts) else whole
        own = [end for end in ends[first : last - 1] if end is not None and start < end < following]
        if len(own) == last - first - 1 and all(before < after for before, after in pairwise(own)):
            found += [start, *own]
        else:
            until = min(following, max([end for end in ends[first:last] if end is not None and end > start], default=math.inf))
            step = min(_USUAL, (until - start) / (last - first))
            found += [start + step * n for n in range(last - first)]
    return found


def _filled(words: list[Word], segments: Sequence[Segment]) -> tuple[list[Word], int]:
    """Returns the words, with those of segments in whose time no word lies, spread over it; and how many those are."""
    middles = [(word.start + word.end) / 2 for word in words]
    spread: list[Word] = []
    for segment in segments:
        at = bisect_left(middles, segment.start - _TOUCH_SECONDS)
        if (at < len(words) and middles[at] <= segment.end + _TOUCH_SECONDS) or not _spoken(segment.text):
            continue
        start = max(segment.start, words[at - 1].end if at else 0.0)
        end = max(start, min(segment.end, words[at].start if at < len(words) else math.inf))
        spread += spread_words(replace(segment, start=start, end=end))
    return sorted([*words, *spread], key=lambda word: word.start) if spread else words, len(spread)


def _spoken(text: str) -> bool:
    """Returns whether a text was spoken: "[Music]", "(applause)" or "♪" has no words."""
    return not _NOT_SAID.fullmatch(text) and any(map(str.isalnum, text))


def seconds_of(value: Any) -> float | None:
    """Returns a finite number of seconds from a number, a text ("1.25", "1,25", "1.25s") or a clock ("00:01:02.5"), or None."""
    if isinstance(value, str):
        text = value.strip().lower()
        if found := _SECONDS.fullmatch(text):
            value = float(found[1].replace(",", "."))
        elif found := _CLOCK.fullmatch(text):
            value = int(found[1] or 0) * 3600 + int(found[2]) * 60 + float(found[3].replace(",", "."))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        seconds = float(value)
    except OverflowError:
        return None
    return seconds if math.isfinite(seconds) else None


def _positive(value: Any) -> float | None:
    seconds = seconds_of(value)
    return seconds if seconds is not None and seconds >= 0 else None


def _name(value: Any) -> str | None:
    return " ".join(value.split())[:100] or None if isinstance(value, str) else None
