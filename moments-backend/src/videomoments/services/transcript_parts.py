"""Stores transcribed parts of long recordings while their run lasts, so that the next worker transcribes only the others."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

from videomoments.db.repositories import transcript_parts as repository
from videomoments.db.session import Database
from videomoments.inference.mending import Mended
from videomoments.inference.model_registry import ModelConfig
from videomoments.inference.recognition_details import RecognitionDetails
from videomoments.inference.transcript import TimedTranscript, segments_from_rows, segments_to_rows, words_from_rows, words_to_rows
from videomoments.services.runs import Claim, Runs


class TranscriptParts:
    """The stored parts of a run. Both methods may raise ServiceUnavailable."""

    def __init__(self, database: Database, runs: Runs) -> None:
        self._database = database
        self._runs = runs

    async def find(self, claim: Claim, digest: str) -> TimedTranscript | None:
        """Returns the transcript of the part, from this or an earlier attempt, or None."""
        answer = await repository.find(self._database, claim.run_id, digest)
        return _unpacked(answer) if answer is not None else None

    async def keep(self, claim: Claim, digest: str, heard: TimedTranscript) -> None:
        """Stores the transcript of the part. Raises StaleAttempt."""
        async with self._runs.fenced(claim) as session:
            await repository.keep(session, claim.run_id, digest, _packed(heard))


def digest_of(sound: Path, model: ModelConfig, language: str | None) -> str:
    """Returns a digest of all that the transcript depends on. Reads the whole file, so call it outside the event loop."""
    with sound.open("rb") as file:
        found = hashlib.file_digest(file, "sha256")
    found.update(json.dumps([model.key, model.model_name, language]).encode())
    return found.hexdigest()


def _packed(heard: TimedTranscript) -> bytes:
    content = {
        "full_text": heard.full_text,
        "words": words_to_rows(heard.words),
        "segments": segments_to_rows(heard.segments),
        "language": heard.language,
        "engine": heard.engine,
        "processing_time": heard.processing_time,
        "mended": heard.mended.to_json(),
        "hearing": heard.hearing.to_json(),
    }
    return gzip.compress(json.dumps(content, ensure_ascii=False).encode(), compresslevel=5)


def _unpacked(data: bytes) -> TimedTranscript:
    content: dict[str, Any] = json.loads(gzip.decompress(data))
    words, segments = words_from_rows(content.pop("words")), segments_from_rows(content.pop("segments"))
    mended, hearing = Mended.from_json(content.pop("mended", None)), RecognitionDetails.from_json(content.pop("hearing", None))
    return TimedTranscript(words=words, segments=segments, mended=mended, hearing=hearing, **content)
