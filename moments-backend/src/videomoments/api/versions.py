"""Tags versions of what a user edits: an ETag names the version, and If-Match keeps an edit from undoing another.

A moment's tag covers its title, bounds and judgement, not its signed addresses: those change by the hour, and a clip that is cut meanwhile
is no reason to refuse an edit.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Header
from pydantic import BaseModel
from pydantic_core import to_json

from videomoments.core.errors import MomentsError
from videomoments.db.tables import Moment, Transcript
from videomoments.inference.model_registry import ModelConfig

Row = TypeVar("Row")
ETAG = {"ETag": {"description": "This version; send it as If-Match with an edit.", "schema": {"type": "string"}}}

IfMatchHeader = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=2000,
        description="The `etag` that the edit is based on. If it is not the current one, nothing changes; the 412 has the current version.",
    ),
]


class ChangedMeanwhile(MomentsError):
    """The client's version of what it edits is not the current one. `current` is the current one, with its tag."""

    code = "changed_meanwhile"
    status_code = 412

    def __init__(self) -> None:
        super().__init__("Somebody has changed this meanwhile.", advice="Look at it as it is now, and decide what of both is to stay.")
        self.current: dict[str, Any] | None = None
        self.etag: str | None = None


@dataclass(frozen=True, slots=True)
class Precondition:
    """An If-Match header. Comparison is strong, as RFC 9110 requires: a weak tag is never equal."""

    header: str | None

    def guard(self, tag_of: Callable[[Row], str]) -> Callable[[Row], None] | None:
        """Returns a function that a use-case calls with the locked row before it changes it, and that raises ChangedMeanwhile. None without
        a header."""
        if self.header is None:
            return None

        def check(row: Row) -> None:
            if not self.allows(tag_of(row)):
                raise ChangedMeanwhile

        return check

    def allows(self, tag: str) -> bool:
        """Returns whether a row of that tag may be changed; without a header any may."""
        if self.header is None:
            return True
        given = {part.strip() for part in self.header.split(",")}
        return "*" in given or tag in given


async def or_current(change: Awaitable[Any], shown: Callable[[], Awaitable[tuple[BaseModel, str]]]) -> None:
    """Awaits the change. When a newer version refused it, the error carries that version and its tag."""
    try:
        await change
    except ChangedMeanwhile as error:
        current, error.etag = await shown()
        error.current = current.model_dump(mode="json")
        raise


def moment_tag(moment: Moment) -> str:
    return _tag("moment", moment.identifier, moment.title, moment.start_time, moment.end_time, moment.review)


def list_tag(moments: Sequence[Moment]) -> str:
    """Returns one tag for several moments, made from all their versions."""
    return _tag("moments", [moment_tag(moment) for moment in moments])


def video_tag(identifier: str, title: str) -> str:
    return _tag("video", identifier, title)


def model_tag(model: ModelConfig) -> str:
    return _tag("model", model.model_dump(mode="json"))


def transcript_tag(row: Transcript, form: str) -> str:
    """Returns a tag of every column that a reader sees, and of `form`, which names the fields that are made of them."""
    texts = (row.full_text, row.word_timestamps, row.segment_timestamps, row.language, row.engine, row.word_count)
    facts = (row.processing_time, row.mended, row.hearing, row.created_at, row.edited_at)
    # Of hours of words, this is several times faster than `json`.
    return f'"{_digest(to_json((form, *texts, *facts)))}"'


def _tag(*parts: Any) -> str:
    return f'"{_digest(json.dumps(parts, sort_keys=True).encode())}"'


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=12).hexdigest()
