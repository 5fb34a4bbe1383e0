"""Types that many bodies share."""

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

# Written as `2026-02-18T10:00:00Z` everywhere in the API.
Time = Annotated[datetime, PlainSerializer(isoformat, return_type=str, when_used="json")]


def _storable(text: str) -> str:
    for sign in text:
        if sign == "\0" or unicodedata.category(sign) == "Cs":
            raise ValueError(f"{named(sign)} is not allowed")
    return text


def as_title(text: str) -> str:
    """Returns the title in the form that is stored. Raises ValueError with a message that says what is wrong."""
    line = checked_line(text)
    if len(line) > _LONGEST_TITLE:
        raise ValueError(f"it has {len(line)} characters, and a title has at most {_LONGEST_TITLE}")
    return line


_LONGEST_TITLE = 300
# Text that is stored or compared unchanged: addresses, and the old text of a word.
Exact = Annotated[str, AfterValidator(_storable)]
# Text by a user, of any number of lines.
Text = Annotated[str, AfterValidator(checked_text)]
# One line with single spaces, which is not blank.
Title = Annotated[str, Field(min_length=1, max_length=_LONGEST_TITLE), AfterValidator(as_title)]


class Body(BaseModel):
    """Base of request bodies. An unknown field is an error, so that a typo does not go unnoticed."""

    model_config = ConfigDict(extra="forbid")


class Page(BaseModel, Generic[T]):
    """One page of a list. Send `next_cursor` as `cursor` to get the next page; it is null on the last."""

    items: list[T]
    next_cursor: str | None = None


class NothingOut(BaseModel):
    """The reason why there are no moments."""

    code: str = Field(description="Stable code: `nothing_found`, `all_deleted`, `none_refined`, `run_failed` or `run_cancelled`.")
    message: str = Field(examples=["Nobody speaks in this recording."])

    @classmethod
    def of(cls, nothing: Nothing | None) -> NothingOut | None:
        return None if nothing is None else cls(code=nothing.code, message=nothing.message)


class ObjectUrl(BaseModel):
    """A signed address that serves byte ranges until `expires_at`. An address that begins with `/` is on this host."""

    url: str = Field(examples=["/api/objects/videos/…?expires=…&signature=…"])
    expires_at: Time

    @classmethod
    def of(cls, signed: SignedUrl) -> ObjectUrl:
        return cls(url=signed.url, expires_at=signed.expires_at)
