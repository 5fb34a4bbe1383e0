"""Defines a stage, and the context that it works with.

A stage is one file with one function and a declaration. It reads the checkpoints and rows of earlier stages and writes through fenced
services. It knows nothing of queues, leases or the insides of other stages.
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
from videomoments.pipeline.database_retry import retry_while_database_away
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
# Time around a model's answer: to connect, and to store the answer.
_CALL_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class StageAdapters:
    """Adapters and services that stages call. There is one set per worker process."""

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
        """Closes the adapters that hold connections. Whoever built `services` closes them."""
        await self.chat.aclose()
        await self.tunnels.aclose()
        await self.slots.close()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a stage returns: its checkpoint (a type of `checkpoints`), and a remark that users read."""

    checkpoint: Checkpoint = field(default_factory=dict)
    reason: str | None = None


class ProgressClock:
    """Records when a stage last gave a sign of life, and its progress (0 to 1). The lease thread reads plain attributes, so no lock is
    needed."""

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
        """Stops the clock during a wait: waiting for a place among other runs does not count as silence. Parts of a stage may wait side by
        side and end in any order, so waits are counted."""
        self._waits += 1
        try:
            yield
        finally:
            self._waits -= 1
            self.last_sign = time.monotonic()

    @contextmanager
    def calling(self) -> Iterator[None]:
        """Marks that a part has its place and calls a model. Its silence then counts as the stage's, even while other parts wait for that
        place."""
        self._calls += 1
        try:
            yield
        finally:
            self._calls -= 1
            self.last_sign = time.monotonic()

    def silent_for(self) -> float:
        """Returns the seconds since the last sign of life; 0 while all parts wait."""
        return 0.0 if self._waits and not self._calls else time.monotonic() - self.last_sign


class StageContext:
    """One run as its stages see it. Times are seconds on the source's timeline; `folder` is the run's own temporary folder."""

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
        """Reports the stage's progress, 0 to 1. It is also the sign of life that keeps the lease: a stage that is silent for its
        `stall_seconds` loses it."""
        self._clock.sign(min(max(fraction, 0.0), 1.0))

    def sign(self) -> None:
        """Gives a sign of life without progress, for example while a model writes its answer."""
        self._clock.sign(0.0)

    def paused(self) -> AbstractContextManager[None]:
        """Returns a context in which the stage's silence is not counted."""
        return self._clock.pause()

    async def call_model(self, model: ModelConfig, call: Callable[[Endpoint], Awaitable[T]], *, refining: bool = False) -> T:
        """Calls a model in one of its places and returns what `call` returns. With `refining`, the call also needs one of the model's few
        places for refinement. Waits for a model that is away, then calls again. Raises ModelError."""
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
        """Asks a chat model with the run's sampling, in a place as `call_model` does. Returns its answer as `parse` reads it. Each exchange
        is stored for the run, and each piece of the answer is a sign of life. `messages` is called for each try, so that signed URLs are
        fresh. Raises ModelError."""

        async def asking(endpoint: Endpoint) -> Asked[T]:
            return await self.adapters.chat.ask(
                endpoint,
                model,
                await messages(),
                parse,
                schema=schema,
                sampling=self.options.sampling(),
                budget=budget,
                on_answer=partial(retry_while_database_away, self.services.model_calls.keep, self.claim, stage, model.key),
                on_sign=self.sign,
            )

        return await self.call_model(model, asking, refining=refining)

    async def video(self) -> Video:
        """Returns the video's row, read once per stage."""
        if self._video is None:
            self._video = await self.services.videos.get(self.claim.video_id)
        return self._video

    def forget_video(self) -> None:
        """Makes the next `video()` read the row again, because it was written."""
        self._video = None

    async def originals(self) -> list[Moment]:
        """Returns the original moments that this run works on, in time order: those that it found, or those that it was started for. Raises
        NotFound, and Conflict where a user edited the moment that it was started for."""
        if self.snapshot.refines is not None:
            return await self.services.moments.untouched(self.claim.video_id, self.snapshot.moments)
        if self.snapshot.moment is None:
            return await self.services.moments.originals(self.claim.run_id)
        moment, _ = await self.services.moments.refinable(self.claim.video_id, self.snapshot.moment)
        return [moment]

    async def media_info(self) -> MediaInfo:
        """Returns what VIDEO_DOWNLOAD measured. Raises MomentsError where it is missing."""
        video = await self.video()
        if video.media_info is None:
            raise MomentsError("The video has not been measured.")
        return MediaInfo.from_dict(video.media_info)

    async def clock_inputs(self) -> Mapping[str, Any]:
        """Returns the version of the map from file times to the timeline, on which results depend. Empty for recordings measured before
        there was a version, so that their stored results stay valid."""
        version = (await self.media_info()).clock_version
        return {"clock": version} if version > 1 else {}

    async def source(self) -> Path:
        """Returns the source as a local, read-only file, fetched from the store if necessary. Raises MomentsError where it was never
        stored."""
        video = await self.video()
        if video.cloud_url is None:
            raise MomentsError("The video has not been stored.")
        return await self.local(video.cloud_url, "source" + safe_extension(video.cloud_url))

    async def audio(self) -> Path:
        """Returns the extracted speech audio as a local, read-only file. Extracts it again where the stored audio has been removed."""
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
        """Writes the source's audio to `audio_path`, and its waveform next to it."""
        made = self.scratch("audio") / self.audio_path.name
        drawn = made.with_suffix(".waveform")
        await self.adapters.media.extract_audio(await self.source(), made, await self.media_info(), waveform=drawn, on_progress=self.report)
        drawn.replace(self.audio_path.with_suffix(".waveform"))
        made.replace(self.audio_path)

    @property
    def audio_path(self) -> Path:
        return self.folder / "audio.wav"

    def scratch(self, name: str) -> Path:
        """Makes a folder for this attempt's files alone: a child process of a stalled attempt may still be writing its own."""
        path = self.folder / f"{name}-{self.claim.attempt}"
        path.mkdir(exist_ok=True)
        return path

    async def local(self, key: str, name: str) -> Path:
        path = self.folder / name
        if not path.exists():
            await self.adapters.store.get_to_file(key, path)
        return path

    async def put(self, key: str, path: Path, content_type: str, on_progress: Callable[[int, int], None] | None = None) -> StoredObject:
        """Uploads a file. It is removed again when the stage fails, unless it was `publish`ed."""
        self._unpublished.append(key)
        return await self.adapters.store.put_file(key, path, content_type=content_type, on_progress=on_progress)

    async def publish(self, writing: Coroutine[Any, Any, None], *keys: str) -> None:
        """Runs the transaction that makes a row name these objects, without interruption: a run stopped during the commit would not know
        whether they are named, and could remove objects that a row points at."""

        async def publish() -> None:
            await writing
            self._unpublished = [key for key in self._unpublished if key not in keys]

        await finished(publish(), seconds=_COMMIT_SECONDS)

    async def discard_unpublished(self) -> None:
        """Removes objects that a failed stage uploaded and no row names. Removes nothing while the database is away, since a row may name
        them."""
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
    """Declares a stage. `skip` returns why the stage does not apply, or None. `inputs` returns what its result depends on besides earlier
    checkpoints. `checkpoint_valid` returns whether an earlier attempt's checkpoint still holds. `stall_seconds` is the longest silence
    before the run is taken from this worker."""

    name: StageName
    run: Callable[[StageContext], Awaitable[Outcome]]
    skip: Callable[[StageContext], Awaitable[str | None]] = _never_skip
    inputs: Callable[[StageContext], Awaitable[Mapping[str, Any]]] = _nothing
    checkpoint_valid: Callable[[StageContext, Checkpoint], Awaitable[bool]] = _always_valid
    resource: Resource | None = None
    stall_seconds: float = 300.0

    def longest_silence(self, snapshot: RunSnapshot, settings: Settings) -> float:
        """Returns the longest allowed silence in seconds: `stall_seconds`, or the longest time that its chat model may take for an
        answer."""
        models = {Resource.GENERATION: snapshot.generation, Resource.REFINEMENT: snapshot.refinement}
        model = models.get(self.resource) if self.resource is not None else None
        if model is None:
            return self.stall_seconds
        answer = model.answer_seconds or settings.model_answer_seconds
        first = model.first_token_seconds or settings.model_first_token_seconds
        return max(self.stall_seconds, answer + _CALL_SECONDS, first + _CALL_SECONDS)
