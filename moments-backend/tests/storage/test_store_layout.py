from __future__ import annotations

import pytest

from videomoments.core.errors import InvalidInput
from videomoments.core.names import ClipKind, new_identifier
from videomoments.storage.layout import (
    ObjectOwner,
    audio_key,
    clip_key,
    content_type_of,
    owner_of,
    safe_extension,
    source_key,
    thumbnail_key,
    upload_key,
    video_prefix,
)


def test_f60_request_and_attempt_stand_in_every_key() -> None:
    video, moment, request = (new_identifier() for _ in range(3))
    keys = [
        source_key(video, request, 3, ".MOV"),
        audio_key(video, request, 3),
        clip_key(video, moment, ClipKind.DELIVERED, request, 3),
        clip_key(video, moment, ClipKind.INPUT, request, 3, extension=".m4a"),
        thumbnail_key(video, "video", request, 3),
        thumbnail_key(video, moment, request, 3),
    ]
    assert len(set(keys)) == 6
    for key in keys:
        assert key.startswith(video_prefix(video))
        assert owner_of(key) == ObjectOwner(video, request, 3)
    assert owner_of(upload_key(video, request, ".mp4")) == ObjectOwner(video, request, 0)
    assert keys[0] == f"videos/{video}/source/{request}-3.mov"
    assert keys[3] == f"videos/{video}/clips/{moment}/input-{request}-3.m4a"


def test_what_is_not_ours_has_no_owner() -> None:
    for key in ("videos/x", "other/x-1.mp4", f"videos/v/source/{new_identifier()}.mp4"):
        assert owner_of(key) is None


def test_f80_file_names_give_only_known_extensions() -> None:
    assert safe_extension("Talk.MP4") == ".mp4"
    assert safe_extension(".wav") == ".wav"
    for name in ("", "x", "x.php", "x.mp4/../..", "x.mp4\n", "..", "x.m\0p4"):
        assert safe_extension(name) == ".bin"
    for video in ("../x", "", "a/../b", "a\n"):
        with pytest.raises(InvalidInput):
            video_prefix(video)


def test_the_extension_gives_the_type() -> None:
    assert content_type_of("videos/v/source/x-1.webm") == "video/webm"
    assert content_type_of("videos/v/source/x-1.bin") == "application/octet-stream"
