"""A finished run with moments, a clip, a transcript and thumbnails, written by the services as a worker does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from videomoments.api.deps import ApiDeps
from videomoments.core.names import ClipKind, RunStatus, StageName
from videomoments.inference.transcript import Segment, TimedTranscript, Word
from videomoments.services.moments import NewMoment, StoredClip
from videomoments.services.options import RunOptions
from videomoments.services.runs import Claim
from videomoments.services.stage_records import StageRecords
from videomoments.services.unrefined import Unrefined
from videomoments.services.videos import SourceFile, StillImage
from videomoments.storage.layout import clip_key, source_key, thumbnail_key

SOURCE = bytes(range(256)) * 1000
CLIP = b"clip" * 5000


@dataclass(frozen=True, slots=True)
class Finished:
    video_id: str
    request_id: str


async def claimed(deps: ApiDeps, url: str = "https://example.com/My_talk.mp4") -> Claim:
    """A run that this test works on."""
    video, _ = await deps.services.videos.register_url(url)
    snapshot = await deps.services.models.snapshot(RunOptions(prompt="the best parts"))
    accepted = await deps.services.runs.accept(video.identifier, snapshot)
    claim = await deps.services.runs.claim(accepted.request_id, "worker-test")
    assert claim is not None
    return claim


async def finished(deps: ApiDeps, url: str = "https://example.com/My_talk.mp4", unrefined: Unrefined | None = None) -> Finished:
    """Its first moment is refined, its second is not; `unrefined` is what the run says of that."""
    claim = await claimed(deps, url)
    video, run, services = claim.video_id, claim.request_id, deps.services
    source, still = source_key(video, run, 1, ".mp4"), thumbnail_key(video, "video", run, 1)
    await put(deps, source, SOURCE, "video/mp4")
    await put(deps, still, b"jpeg", "image/jpeg")
    measured = SourceFile(source, len(SOURCE), "video/mp4", 180.5, "1280x720", {"duration": 180.5})
    await services.videos.publish_source(claim, measured, StillImage(still, 1.0, 320, 180))
    words = (Word(0.0, 0.5, "Hello", 0.9), Word(0.5, 1.0, "world.", 0.8))
    said = TimedTranscript("Hello world.", words, (Segment(0.0, 1.0, "Hello world."),), "en", "whisper_base", 1.5)
    transcript = await services.transcripts.save(claim, said, language="en", input_hash="h")
    new = [NewMoment(10.0, 40.0, "First/part", 0.9, "It begins.", "extractive"), NewMoment(60.0, 90.0, "Second", 0.5, None, "extractive")]
    originals = await services.moments.save_generated(
        claim,
        new,
        system_prompt="s",
        user_prompt="u",
        transcript_id=transcript,
        sampling={"temperature": 0.3, "top_p": None, "top_k": None},
        options={},
        model="extractive",
    )
    await services.moments.save_refined(claim, originals[0], NewMoment(11.0, 39.0, "First/part", 0.9, "It begins.", "signal"))
    final = (await services.moments.of_run(claim.run_id))[0].moment
    key, clip_still = clip_key(video, final.identifier, ClipKind.DELIVERED, run, 1), thumbnail_key(video, final.identifier, run, 1)
    await put(deps, key, CLIP, "video/mp4")
    await put(deps, clip_still, b"jpeg2", "image/jpeg")
    clip = StoredClip(
        final.id, ClipKind.DELIVERED, key, 11.0, 39.0, 0.0, 0.0, "encode", len(CLIP), "video/mp4", StillImage(clip_still, 11.0, 320, 180)
    )
    await services.moments.publish_clip(claim, clip)
    records = StageRecords(services.runs)
    for name in StageName:
        if name in (StageName.CLIP_EXTRACTION, StageName.CLIP_UPLOAD):
            await records.skip(claim, name, "The refinement model does not watch video.")
        else:
            await records.start(claim, name, "h")
            kept = {"unrefined": unrefined.to_json()} if unrefined and name is StageName.MOMENT_REFINEMENT else {}
            await records.complete(claim, name, kept, reason=unrefined.message if kept and unrefined else None)
    await services.runs.finish(claim, RunStatus.COMPLETED)
    return Finished(video, run)


async def put(deps: ApiDeps, key: str, content: bytes, content_type: str) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield content

    await deps.store.put_stream(key, chunks(), content_type=content_type)
