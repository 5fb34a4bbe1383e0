"""Changes of scene are measured by a child that somebody else may end."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from videomoments.core.errors import MomentsError
from videomoments.pipeline.stages import video_download


class Media:
    """Fails in these ways, one a call, then finds one."""

    def __init__(self, *codes: str) -> None:
        self.codes = list(codes)
        self.calls = 0

    async def shots(self, *_: Any, **__: Any) -> list[str]:
        self.calls += 1
        if self.codes:
            raise MomentsError("The media process failed.", code=self.codes.pop(0))
        return ["a shot"]


async def found(media: Media) -> Any:
    context = SimpleNamespace(adapters=SimpleNamespace(media=media), report=lambda _: None)
    return await video_download._shots(cast(Any, context), Path("talk.mp4"), cast(Any, None))


async def test_a_child_that_was_killed_is_asked_again() -> None:
    media = Media("media_killed", "media_killed")
    assert await found(media) == ("a shot",)
    assert media.calls == 3


async def test_a_file_that_does_not_tell_is_not_asked_again_and_one_that_kills_its_child_not_for_ever() -> None:
    for media, calls in ((Media("media_failed"), 1), (Media(*["media_killed"] * 5), 3)):
        assert await found(media) == ()
        assert media.calls == calls
