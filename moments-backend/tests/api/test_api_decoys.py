"""Lists, manifests, subtitles and archives in disguise, uploaded: refused at the door or by their run, none of their lures is followed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from media.canaries import listener, opened_files
from media.makers import draw
from sources.decoys import decoys
from support.workers import end_of, working
from videomoments.api.deps import ApiDeps
from videomoments.core.errors import UnsupportedMedia
from videomoments.core.names import StageName
from videomoments.media.engine import MediaEngine
from videomoments.pipeline.stages.video_download import VIDEO_DOWNLOAD

CODES = {"not_media", "truncated", "empty_file"}


async def test_what_is_no_media_is_refused_and_its_lures_are_not_followed(client: httpx.AsyncClient, deps: ApiDeps, tmp_path: Path) -> None:
    bait = tmp_path / "bait"
    bait.mkdir()
    for name in ("canary.ts", "canary.mp4"):
        draw(bait / name, seconds=0.2, size=(32, 32), audio=None)
    (bait / "canary.txt").write_text("secret")
    codes: dict[str, str] = {}
    runs: dict[str, str] = {}
    with listener() as (port, hits):
        made = decoys(bait, port)
        with opened_files(bait) as opened:
            for name, content in made.items():
                uploaded = await client.post("/api/videos/upload", files={"file": (f"{name}.mp4", content, "video/mp4")})
                if uploaded.status_code != 201:
                    codes[name] = uploaded.json()["code"]
                    # The door is not the wall: given the same bytes, the media child follows nothing either.
                    (tmp_path / "decoy").write_bytes(content)
                    with pytest.raises(UnsupportedMedia):
                        await MediaEngine().probe(tmp_path / "decoy")
                    continue
                begun = await client.post(f"/api/pipeline/{uploaded.json()['identifier']}/start", json={})
                assert begun.status_code == 202, begun.text
                runs[name] = begun.json()["request_id"]
            async with working(deps.services, stages=(VIDEO_DOWNLOAD,)):
                ends = await asyncio.gather(*(end_of(deps.services, request_id) for request_id in runs.values()))
    for name, end in zip(runs, ends, strict=True):
        assert end.error is not None, name
        assert end.error.stage is StageName.VIDEO_DOWNLOAD
        codes[name] = end.error.code
    assert {name: code for name, code in codes.items() if code not in CODES} == {}
    assert len(codes) == len(made)
    assert hits == []
    assert opened == set()
