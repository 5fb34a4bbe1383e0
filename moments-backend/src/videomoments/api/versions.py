"""Which version of a thing a person looked at: an ETag of what can be edited of it, and If-Match, which keeps an edit from undoing another.

A moment's tag names its title, bounds and judgement, not the signed addresses that are shown with it: those change by the hour, and a clip
that is cut meanwhile is no reason to refuse an edit.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Header
from pydantic import BaseModel

from videomoments.core.errors import MomentsError
from videomoments.db.tables import Moment
from videomoments.inference.model_registry import ModelConfig

Row = TypeVar("Row")
ETAG = {"ETag": {"description": "This version; send it as If-Match with an edit.", "schema": {"type": "string"}}}

IfMatchHeader = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=2000,
        description="The `etag` that the edit is based on. Where it is not the current one, nothing is changed and 412 carries what is.",
    ),
]


class ChangedMeanwhile(MomentsError):
    """What was to be edited is not what the client looked at; `current` is what it is now, with its tag."""

    code = "changed_meanwhile"
    status_code = 412

    def __init__(self) -> None:
        super().__init__("Somebody has changed this meanwhile.", advice="Look at it as it is now, and decide what of both is to stay.")
        self.current: dict[str, Any] | None = None
        self.etag: str | None = None


@dataclass(frozen=True, slots=True)
class Precondition:
    """An If-Match header. Comparison is strong, as RFC 9110 asks for: a weak tag is never the same."""

    header: str | None

    def guard(self, tag_of: Callable[[Row], str]) -> Callable[[Row], None] | None:
        """What a use-case calls with the row under its lock, before it changes it; raises ChangedMeanwhile. None: nothing was asked."""
        if self.header is None:
            return None

        def check(row: Row) -> None:
            if not self.allows(tag_of(row)):
                raise ChangedMeanwhile

        return check

    def allows(self, tag: str) -> bool:
        """Whether a thing of that tag may be changed; without a header any."""
        if self.header is None:
            return True
        given = {part.strip() for part in self.header.split(",")}
        return "*" in given or tag in given


async def or_current(change: Awaitable[Any], shown: Callable[[], Awaitable[tuple[BaseModel, str]]]) -> None:
    """Waits for the change; where it was refused because of a newer version, the refusal carries that one and its tag."""
    try:
        await change
    except ChangedMeanwhile as error:
        current, error.etag = await shown()
        error.current = current.model_dump(mode="json")
        raise


def moment_tag(moment: Moment) -> str:
    return _tag("moment", moment.identifier, moment.title, moment.start_time, moment.end_time, moment.review)


def list_tag(moments: Sequence[Moment]) -> str:
    """Of several moments: every version among them."""
    return _tag("moments", [moment_tag(moment) for moment in moments])


def video_tag(identifier: str, title: str) -> str:
    return _tag("video", identifier, title)


def model_tag(model: ModelConfig) -> str:
    return _tag("model", model.model_dump(mode="json"))


def content_tag(body: BaseModel) -> str:
    """Of everything that is shown but the tag itself: for bodies without signed addresses."""
    return f'"{_digest(body.model_dump_json(exclude={"etag"}).encode())}"'


def _tag(*parts: Any) -> str:
    return f'"{_digest(json.dumps(parts, sort_keys=True).encode())}"'


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=12).hexdigest()
