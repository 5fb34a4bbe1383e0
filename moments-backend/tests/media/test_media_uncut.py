"""A clip that can't be cut is told with its reason, and the others are cut all the same."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from media.makers import draw
from videomoments.core.errors import InvalidInput, MomentsError, OutOfSpace
from videomoments.core.names import ClipKind
from videomoments.core.times import Interval
from videomoments.media.cutting import cut as cutting
from videomoments.media.cutting.cut import cut as cut_here
from videomoments.media.engine import MediaEngine
from videomoments.media.failures import ends_the_job, explained
from videomoments.media.probing.probe import probe
from videomoments.media.progress import Progress
from videomoments.media.types import ClipRequest, SandboxLimits, ThumbnailRequest, Uncut


def asked(folder: Path, *starts: float) -> list[ClipRequest]:
    return [ClipRequest(str(at), Interval(at, at + 1.5), folder / f"{at}.mp4", ClipKind.DELIVERED) for at in starts]


async def test_f82_a_clip_outside_the_file_leaves_the_others(tmp_path: Path) -> None:
    made = draw(tmp_path / "source.mp4")
    info = await MediaEngine().probe(made.path)
    uncut: list[Uncut] = []
    clips = [clip async for clip in MediaEngine().cut(made.path, asked(tmp_path, 0.5, 50.0, 3.0), info, on_uncut=uncut.append)]
    assert [clip.key for clip in clips] == ["0.5", "3.0"]
    assert [(failed.key, failed.code) for failed in uncut] == [("50.0", "invalid_input")]
    assert "outside the file" in uncut[0].explanation
    with pytest.raises(InvalidInput):
        _ = [clip async for clip in MediaEngine().cut(made.path, asked(tmp_path, 50.0), info)]


@pytest.mark.parametrize("error", [TypeError("unsupported operand"), IndexError("list index out of range"), ValueError("x"), KeyError("y")])
def test_f82_whatever_breaks_over_one_clip_is_said_in_plain_words(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = draw(tmp_path / "source.mp4")
    info = probe(made.path, lambda: None)
    whole = cutting._Cutter._delivered

    def broken(self: cutting._Cutter, pictures: object, request: ClipRequest, *more: object) -> object:
        if request.key == "2.0":
            raise error
        return whole(self, pictures, request, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(cutting._Cutter, "_delivered", broken)
    first, second, third = cut_here(made.path, asked(tmp_path, 0.5, 2.0, 4.0), info, Progress(lambda _: None), each=True)
    assert (first.key, third.key) == ("0.5", "4.0")
    assert isinstance(second, Uncut)
    assert type(error).__name__ not in second.explanation
    assert type(error).__name__ in second.detail
    assert "Convert" in second.advice


async def test_f82_a_decoder_that_breaks_down_over_one_clip_costs_that_clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As SIGSEGV ends a child, over the second of three."""
    made = draw(tmp_path / "source.mp4")
    info = await MediaEngine().probe(made.path)
    engine = MediaEngine()
    real = engine._items

    async def items(job: dict[str, object], *more: object) -> object:
        requests = job["requests"]
        assert isinstance(requests, list)
        before = [request for request in requests if request["key"] != "2.0"]
        broken = len(before) < len(requests)
        if broken:
            before = requests[: [request["key"] for request in requests].index("2.0")]
        if before:
            async for item in real({**job, "requests": before}, *more):  # type: ignore[arg-type]
                yield item
        if broken:
            from videomoments.media.sandbox import _PROGRAM

            raise _PROGRAM.ended(-signal.SIGSEGV)

    monkeypatch.setattr(engine, "_items", items)
    uncut: list[Uncut] = []
    clips = [clip async for clip in engine.cut(made.path, asked(tmp_path, 0.5, 2.0, 4.0), info, on_uncut=uncut.append)]
    assert [clip.key for clip in clips] == ["0.5", "4.0"]
    assert [(failed.key, failed.code) for failed in uncut] == [("2.0", "media_crash")]


async def test_f82_a_job_that_takes_too_much_fails_clip_by_clip(tmp_path: Path) -> None:
    made = draw(tmp_path / "source.mp4")
    info = await MediaEngine().probe(made.path)
    uncut: list[Uncut] = []
    engine = MediaEngine(work_limits=SandboxLimits(file_bytes=1000))
    assert [clip async for clip in engine.cut(made.path, asked(tmp_path, 0.5, 2.0), info, on_uncut=uncut.append)] == []
    assert [failed.key for failed in uncut] == ["0.5", "2.0"]


def test_what_is_no_clips_fault_ends_the_job() -> None:
    assert ends_the_job(MemoryError())
    assert ends_the_job(OutOfSpace("full"))
    assert not ends_the_job(MomentsError("x", code="clip_check_failed"))
    assert not ends_the_job(TypeError())
    assert explained(TypeError("x")).message == "Something in the file is not as it should be there."


async def test_a_still_that_can_not_be_had_leaves_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from videomoments.media import thumbnails as stills

    made = draw(tmp_path / "source.mp4")
    info = probe(made.path, lambda: None)
    picture = stills._picture
    monkeypatch.setattr(
        stills, "_picture", lambda pictures, video, at, tolerance: None if at == 2.0 else picture(pictures, video, at, tolerance)
    )
    requests = [ThumbnailRequest(str(at), tmp_path / f"{at}.jpg", at) for at in (1.0, 2.0, 3.0)]
    assert [still.key for still in stills.thumbnails(made.path, requests, info, Progress(lambda _: None))] == ["1.0", "3.0"]
