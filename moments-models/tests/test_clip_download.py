"""A clip that can't be downloaded: whose fault it is."""

from __future__ import annotations

import email.message
import errno
import io
from pathlib import Path
from typing import Any

import pytest

from moments_models import clip_download
from moments_models.errors import ServiceError
from moments_models.request_jobs import Job


class Answer(io.BytesIO):
    """A server's answer, with the clip."""

    headers = email.message.Message()


class Opener:
    def open(self, *_: object, **__: object) -> Answer:
        return Answer(b"a clip")


@pytest.mark.parametrize(
    ("number", "status", "code"),
    [
        (errno.ENOSPC, 500, "internal_error"),
        (errno.EDQUOT, 500, "internal_error"),
        (errno.EROFS, 500, "internal_error"),
        (errno.ECONNRESET, 424, "video_unavailable"),
    ],
)
def test_a_full_disk_is_not_taken_for_a_server_that_is_away(
    number: int, status: int, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> Any:
        raise OSError(number, "an error")

    monkeypatch.setattr(clip_download, "_opener", Opener)
    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(ServiceError) as caught:
        clip_download.fetch("https://store.example/clip.mp4", tmp_path / "clip", Job())
    assert (caught.value.status, caught.value.code) == (status, code)
