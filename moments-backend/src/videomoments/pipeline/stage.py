"""What a stage is, and what it gets to work with.

A stage is one file with one function and a declaration. It reads earlier stages' checkpoints and rows, writes through fenced services,
and knows nothing of queues, leases or other stages' insides.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from videomoments.core.config import Settings
from videomoments.core.errors import MomentsError, NotFound
from videomoments.core.names import StageName
from videomoments.core.tasks import finished
from videomoments.db.tables import Moment, Video
from videomoments.inference.dialect import Message
from videomoments.inference.model_registry import Endpoint, ModelConfig
from videomoments.inference.openai_chat import Asked, ChatAnswer, ChatClient
from videomoments.inference.retry import Budget
from videomoments.inference.tunnel import Tunnels
from videomoments.media.engine import MediaEngine
from videomoments.media.types import MediaInfo
from videomoments.pipeline.calling import ModelCaller, WaitLimits
from videomoments.pipeline.checkpoints import Checkpoint
from videomoments.pipeline.limits import Resource, ResourceLimits
from videomoments.services.model_slots import ModelSlots
from videomoments.services.options import RunOptions, RunSnapshot
from videomoments.services.runs import Claim
from videomoments.services.wiring import Services
from videomoments.storage.layout import safe_extension
from videomoments.storage.object_store import ObjectStore, StoredObject

log = logging.getLogger(__name__)

T = TypeVar("T")

_COMMIT_SECONDS = 1.0
# Around a model's answer: to connect, to keep what came.
_CALL_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class StageAdapters:
    """The adapters and services that stages call; one set per worker process."""

    settings: Settings
    services: Services
    store: ObjectStore
    media: MediaEngine
    chat: ChatClient
    tunnels: Tunnels
    slots: ModelSlots
    limits: ResourceLimits
    patience: WaitLimits = field(default_factory=WaitLimits)

    async def aclose(self) -> None:
        """Closes the adapters that hold connections. `services` are closed by whoever built them."""
        await self.chat.aclose()
        await self.tunnels.aclose()
        await self.slots.close()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a stage leaves: its checkpoint, one of those in `checkpoints`, and a remark for people."""

    checkpoint: Checkpoint = field(default_factory=dict)
    reason: str | None = None


class ProgressClock:
    """When a stage last gave a sign of life, and how far it is. Read by the lease thread; plain attributes suffice for that."""

    def __init__(self) -> None:
        self.last_sign = time.monotonic()
        self.fraction = 0.0
        self._waits = 0
        self._calls = 0

    def sign(self, fraction: float) -> None:
        self.last_sign = time.monotonic()
        self.fraction = max(self.fraction, fraction)

    def restart(self) -> None:
        self.last_sign, self.fraction = time.monotonic(), 0.0

    @contextmanager
    def pause(self) -> Iterator[None]:
        """Waiting for a place among other runs is no silence of this one. Parts of a stage may wait side by side, and end in any
        order: they are counted."""
        self._waits += 1
        try:
            yield
        finally:
            self._waits -= 1
            self.last_sign = time.monotonic()

    @contextmanager
    def calling(self) -> Iterator[None]:
        """A part has its place and calls a model. While the other parts wait for that same place, its silence is the stage's."""
        self._calls += 1
        try:
            yield
        finally:
            self._calls -= 1
            self.last_sign = time.monotonic()

    def silent_for(self) -> float:
        """Seconds since the last sign of life; 0 while all parts wait."""
        return 0.0 if self._waits and not self._calls else time.monotonic() - self.last_sign


class StageContext:
    """One run, as its stages see it. Times are seconds on the source's timeline, `folder` is the run's own temporary folder."""

    def __init__(self, claim: Claim, adapters: StageAdapters, folder: Path, clock: ProgressClock) -> None:
        self.claim = claim
        self.adapters = adapters
        self.folder = folder
        self.checkpoints: dict[StageName, Checkpoint] = {}
        self.models = ModelCaller(claim, adapters, clock)
        self._clock = clock
        self._unpublished: list[str] = []
        self._video: Video | None = None

    @property
    def snapshot(self) -> RunSnapshot:
        return self.claim.snapshot

    @property
    def options(self) -> RunOptions:
        return self.claim.snapshot.options

    @property
    def services(self) -> Services:
        return self.adapters.services

    def report(self, fraction: float) -> None:
        """Progress of the stage, 0 to 1. Also the sign of life that keeps the lease: a stage that goes silent for its
        `stall_seconds` loses it."""
        self._clock.sign(min(max(fraction, 0.0), 1.0))

    def sign(self) -> None:
        """A sign of life without progress: a model that is at its answer."""
        self._clock.sign(0.0)

    def paused(self) -> AbstractContextManager[None]:
        """A wait in which the stage's silence is not counted."""
        return self._clock.pause()

    async def call_model(self, model: ModelConfig, call: Callable[[Endpoint], Awaitable[T]], *, refining: bool = False) -> T:
        """`call`'s answer from one of the model's places; for a call that is `refining` one of its few among those too. A model that is
        away is waited for, then called again. Raises ModelError."""
        return await self.models.call(model, call, refining=refining)

    async def ask(
        self,
        stage: StageName,
        model: ModelConfig,
        messages: Callable[[], Awaitable[Sequence[Message]]],
        parse: Callable[[ChatAnswer], T],
        *,
        schema: Mapping[str, Any],
        budget: Budget,
        refining: bool = False,
    ) -> Asked[T]:
        """What a chat model answers, as `parse` reads it: from one of its places as `call_model` gives them, with the run's sampling. Each
        exchange is kept for the run, and a sign of the answer is a sign of life. `messages` is called for each try: a signed URL in them
        must not be an old one. Raises ModelError."""

        async def asking(endpoint: Endpoint) -> Asked[T]:
            return await self.adapters.chat.ask(
                endpoint,
                model,
                await messages(),
                parse,
                schema=schema,
                sampling=self.options.sampling(),
                budget=budget,
                on_answer=partial(self.services.model_calls.keep, self.claim, stage, model.key),
                on_sign=self.sign,
            )

        return await self.call_model(model, asking, refining=refining)

    async def video(self) -> Video:
        """The video's row, read once per stage."""
        if self._video is None:
            self._video = await self.services.videos.get(self.claim.video_id)
        return self._video

    def forget_video(self) -> None:
        """The row was written: read it anew."""
        self._video = None

    async def originals(self) -> list[Moment]:
        """The original moments that this run works on, in time order: those that it found, or those that it is for. Raises NotFound, and
        Conflict where a user edited the one that it is for."""
        if self.snapshot.refines is not None:
            return await self.services.moments.untouched(self.claim.video_id, self.snapshot.moments)
        if self.snapshot.moment is None:
            return await self.services.moments.originals(self.claim.run_id)
        moment, _ = await self.services.moments.refinable(self.claim.video_id, self.snapshot.moment)
        return [moment]

    async def media_info(self) -> MediaInfo:
        """What VIDEO_DOWNLOAD measured."""
        video = await self.video()
        if video.media_info is None:
            raise MomentsError("The video has not been measured.")
        return MediaInfo.from_dict(video.media_info)

    async def clock_inputs(self) -> Mapping[str, Any]:
        """What a result depends on beside the source's bytes: by which map its clock is read. Nothing for recordings that were measured
        before there was one, so that what was made of them still holds."""
        version = (await self.media_info()).clock_version
        return {"clock": version} if version > 1 else {}

    async def source(self) -> Path:
        """The source as a local, read-only file; fetched from the store where it is not here."""
        video = await self.video()
        if video.cloud_url is None:
            raise MomentsError("The video has not been stored.")
        return await self.local(video.cloud_url, "source" + safe_extension(video.cloud_url))

    async def audio(self) -> Path:
        """The extracted speech audio as a local, read-only file; extracted again where its time in the store is over."""
        video = await self.video()
        path = self.audio_path
        if not path.exists() and video.audio_url is not None:
            try:
                return await self.local(video.audio_url, path.name)
            except NotFound:
                log.info("the stored audio is gone: it is extracted again")
                await self.extract_audio()
        return path

    async def extract_audio(self) -> None:
        """Leaves the source's sound and its waveform at `audio_path` and beside it."""
        made = self.scratch("audio") / self.audio_path.name
        drawn = made.with_suffix(".waveform")
        await self.adapters.media.extract_audio(await self.source(), made, await self.media_info(), waveform=drawn, on_progress=self.report)
        drawn.replace(self.audio_path.with_suffix(".waveform"))
        made.replace(self.audio_path)

    @property
    def audio_path(self) -> Path:
        return self.folder / "audio.wav"

    def scratch(self, name: str) -> Path:
        """A folder for what is being made by this attempt alone: the child process of a frozen one may still be writing its own."""
        path = self.folder / f"{name}-{self.claim.attempt}"
        path.mkdir(exist_ok=True)
        return path

    async def local(self, key: str, name: str) -> Path:
        path = self.folder / name
        if not path.exists():
            await self.adapters.store.get_to_file(key, path)
        return path

    async def put(self, key: str, path: Path, content_type: str, on_progress: Callable[[int, int], None] | None = None) -> StoredObject:
        """Uploads a file. Unless it is `publish`ed the object goes again when the stage fails."""
        self._unpublished.append(key)
        return await self.adapters.store.put_file(key, path, content_type=content_type, on_progress=on_progress)

    async def publish(self, writing: Coroutine[Any, Any, None], *keys: str) -> None:
        """Runs the transaction that makes a row name these objects. It is not interrupted half-way: whoever is stopped in a commit does
        not know whether the objects are named, and would remove what a row points at."""

        async def publish() -> None:
            await writing
            self._unpublished = [key for key in self._unpublished if key not in keys]

        await finished(publish(), seconds=_COMMIT_SECONDS)

    async def discard_unpublished(self) -> None:
        """Removes what a failed stage uploaded and no row names. While the database is away nothing is removed: it might be named."""
        keys, self._unpublished = self._unpublished, []
        if not keys:
            return
        with suppress(MomentsError):
            named = await self.services.videos.objects_named(self.claim.video_pk, keys)
            for key in set(keys) - named:
                await self.adapters.store.delete(key)


async def _nothing(_: StageContext) -> Mapping[str, Any]:
    return {}


async def _never_skip(_: StageContext) -> str | None:
    return None


async def _always_valid(_: StageContext, __: Checkpoint) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Stage:
    """A declaration. `skip` returns why the stage does not apply, or None; `inputs` what its result depends on beside earlier
    checkpoints; `checkpoint_valid` whether an earlier attempt's checkpoint still holds. `stall_seconds`: longest silence before the run is
    taken away from this worker."""

    name: StageName
    run: Callable[[StageContext], Awaitable[Outcome]]
    skip: Callable[[StageContext], Awaitable[str | None]] = _never_skip
    inputs: Callable[[StageContext], Awaitable[Mapping[str, Any]]] = _nothing
    checkpoint_valid: Callable[[StageContext, Checkpoint], Awaitable[bool]] = _always_valid
    resource: Resource | None = None
    stall_seconds: float = 300.0

    def longest_silence(self, snapshot: RunSnapshot, settings: Settings) -> float:
        """Seconds: `stall_seconds`, or the longest that its chat model may take for an answer."""
        models = {Resource.GENERATION: snapshot.generation, Resource.REFINEMENT: snapshot.refinement}
        model = models.get(self.resource) if self.resource is not None else None
        if model is None:
            return self.stall_seconds
        answer = model.answer_seconds or settings.model_answer_seconds
        first = model.first_token_seconds or settings.model_first_token_seconds
        return max(self.stall_seconds, answer + _CALL_SECONDS, first + _CALL_SECONDS)
