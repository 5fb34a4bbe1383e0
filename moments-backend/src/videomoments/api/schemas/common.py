"""What many bodies share."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer

from videomoments.core.text import checked_line, checked_text, named
from videomoments.core.times import isoformat
from videomoments.services.nothing import Nothing
from videomoments.storage import SignedUrl

T = TypeVar("T")

# `2026-02-18T10:00:00Z`, as everywhere in the contract.
Time = Annotated[datetime, PlainSerializer(isoformat, return_type=str, when_used="json")]


def _storable(text: str) -> str:
    for sign in text:
        if sign == "\0" or unicodedata.category(sign) == "Cs":
            raise ValueError(f"{named(sign)} is not allowed")
    return text


def as_title(text: str) -> str:
    """The title in the form that is kept. Raises ValueError that says what is wrong."""
    line = checked_line(text)
    if len(line) > _LONGEST_TITLE:
        raise ValueError(f"it has {len(line)} characters, and a title has at most {_LONGEST_TITLE}")
    return line


_LONGEST_TITLE = 300
# To be compared or followed, as it is: addresses, what stood there before.
Exact = Annotated[str, AfterValidator(_storable)]
# What a person writes, on any number of lines.
Text = Annotated[str, AfterValidator(checked_text)]
# One line, with single spaces, in which there is something to read.
Title = Annotated[str, Field(min_length=1, max_length=_LONGEST_TITLE), AfterValidator(as_title)]


class Body(BaseModel):
    """Base of request bodies: an unknown field is an error, not a typo that goes unnoticed."""

    model_config = ConfigDict(extra="forbid")


class Page(BaseModel, Generic[T]):
    """One page of a list; `next_cursor` gets the next one and is null on the last."""

    items: list[T]
    next_cursor: str | None = None


class NothingOut(BaseModel):
    """Why there are no moments."""

    code: str = Field(description="`nothing_found`, `all_deleted`, `none_refined`, `run_failed` or `run_cancelled`.")
    message: str = Field(examples=["Nobody speaks in this recording."])

    @classmethod
    def of(cls, nothing: Nothing | None) -> NothingOut | None:
        return None if nothing is None else cls(code=nothing.code, message=nothing.message)


class ObjectUrl(BaseModel):
    """A signed address that serves ranges until `expires_at`. One that begins with `/` is on this host."""

    url: str = Field(examples=["/api/objects/videos/…?expires=…&signature=…"])
    expires_at: Time

    @classmethod
    def of(cls, signed: SignedUrl) -> ObjectUrl:
        return cls(url=signed.url, expires_at=signed.expires_at)
