"""What many bodies share."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer

from videomoments.core.times import isoformat
from videomoments.storage import SignedUrl

T = TypeVar("T")

# `2026-02-18T10:00:00Z`, as everywhere in the contract.
Time = Annotated[datetime, PlainSerializer(isoformat, return_type=str, when_used="json")]


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("a NUL character is not allowed")
    return text


Text = Annotated[str, AfterValidator(_without_nul)]


class Body(BaseModel):
    """Base of request bodies: an unknown field is an error, not a typo that goes unnoticed."""

    model_config = ConfigDict(extra="forbid")


class Page(BaseModel, Generic[T]):
    """One page of a list; `next_cursor` gets the next one and is null on the last."""

    items: list[T]
    next_cursor: str | None = None


class ObjectUrl(BaseModel):
    """A signed address that serves ranges until `expires_at`. One that begins with `/` is on this host."""

    url: str = Field(examples=["/api/objects/videos/…?expires=…&signature=…"])
    expires_at: Time

    @classmethod
    def of(cls, signed: SignedUrl) -> ObjectUrl:
        return cls(url=signed.url, expires_at=signed.expires_at)
