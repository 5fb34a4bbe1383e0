"""Runs the main job on this machine: takes sources, writes moments, clips and a document."""

from __future__ import annotations

import asyncio
import errno
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import typer
from typer.exceptions import TyperException

from videomoments.cli import endings, export, output, weights
from videomoments.cli.children import STOP_SECONDS, Child, own_process
from videomoments.cli.console import json_text, let_go, messages, quiet_logs, results, say
from videomoments.cli.document import Document, as_result, build_document, made_transcript, why_nothing
from videomoments.cli.follow import Entered, Keeper, cancel, enter, follow
from videomoments.cli.intake import Refusal
from videomoments.cli.interrupts import end_like_ctrl_c
from videomoments.cli.json_form import JsonForm
from videomoments.cli.progress_display import NoProgress, RunProgress, progress_for
from videomoments.cli.report import failure_line, print_result, unrefined_lines
from videomoments.cli.settings import child_environment, connected, read_settings, welcome, with_stack
from videomoments.cli.source import Source
from videomoments.core.config import Settings
from videomoments.core.errors import InvalidInput, MomentsError, NotFound
from videomoments.core.names import RunStatus
from videomoments.core.tasks import beside
from videomoments.db.tables import Video
from videomoments.embedded import ended_servers, revive
from videomoments.services.exporting import exportable
from videomoments.services.options import RunOptions, RunSnapshot
from videomoments.services.run_queries import RunView
from videomoments.services.video_queries import VideoQueries
from videomoments.services.wiring import Services, build_services
from videomoments.storage import ObjectStore, configured_store


@dataclass(frozen=True)
class JobRequest:
    """What the command line requests. `output` is the folder that was named, None for the default; `exports` are names of formats."""

    sources: Sequence[Source]
    options: RunOptions
    output: Path | None
    json: JsonForm | None
    quiet: bool
    exports: Sequence[str] = ()


@dataclass
class _Job:
    """The job while it runs: its parts, and the documents of the sources that have ended."""

    request: JobRequest
    services: Services
    store: ObjectStore
    snapshot: RunSnapshot
    progress: RunProgress
    keeper: Keeper
    worker: Child
    documents: list[Document] = field(default_factory=list)
    failed: bool = False


def run_job(request: JobRequest) -> int:
    """Runs the whole job. Returns the exit status.

    Raises:
        KeyboardInterrupt: after cleaning up.
        Unread: the output's reader has gone before all was done; after cleaning up.
        BrokenPipeError: the same, with nothing left to do.
        TyperException: wrong usage.
    """
    quiet_logs()
    end_like_ctrl_c()
    base = read_settings()
    documents: list[Document] = []
    try:
        return _with_stack(request, base, documents)
    except TyperException:
        raise
    except BrokenPipeError as error:
        if len(documents) < len(request.sources):
            raise endings.Unread from error
        raise
    except Exception as error:
        known = endings.as_moments_error(error)
        documents += [build_document(source=source.name, video=None, run=None, error=known) for source in request.sources[len(documents) :]]
        return endings.failed(error)
    finally:
        if request.json and documents:
            print_json(documents, request.json, several=len(request.sources) > 1)


def print_refused(entries: Sequence[Source | Refusal], form: JsonForm) -> None:
    """Prints the documents of sources of which some were refused; none was begun."""
    waits = MomentsError("Not begun: another source was refused.", code="not_begun", advice="Leave that one out.")
    documents = [
        build_document(source=entry.name, video=None, run=None, error=entry.error)
        if isinstance(entry, Refusal)
        else build_document(source=entry.name, video=None, run=None, error=waits)
        for entry in entries
    ]
    print_json(documents, form, several=len(documents) > 1)


def print_json(documents: Sequence[Document], form: JsonForm, *, several: bool) -> None:
    """Prints one JSON document on stdout."""
    if form is JsonForm.V2:
        what: Any = {"results": [as_result(document) for document in documents]}
    else:
        what = list(documents) if several else documents[0]
    try:
        sys.stdout.write(json_text(what) + "\n")
        sys.stdout.flush()
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.EIO):
            raise
        let_go(sys.stdout)  # its reader has gone; the status still says how the job ended


def _with_stack(request: JobRequest, base: Settings, documents: list[Document]) -> int:
    tell = (lambda _: None) if request.quiet else say
    if not request.quiet:
        welcome(base)
    with connected(base, examined=True, on_progress=tell) as settings:
        snapshot = asyncio.run(_snapshot(settings, request.options))
        if base.models_url is None:
            weights.pull(weights.missing_for((snapshot.transcription, snapshot.generation, snapshot.refinement)), quiet=request.quiet)
        with Child("worker", own_process("worker"), child_environment(settings), base.home / "logs") as worker:
            return asyncio.run(_all_sources(request, base, settings, snapshot, worker, documents))


async def _snapshot(settings: Settings, options: RunOptions) -> RunSnapshot:
    services = build_services(settings, pool_size=1)
    try:
        return await services.models.snapshot(options)
    except InvalidInput as error:
        raise typer.BadParameter(endings.one_line(str(error))) from error
    finally:
        await services.close()


async def _all_sources(
    request: JobRequest, base: Settings, settings: Settings, snapshot: RunSnapshot, worker: Child, documents: list[Document]
) -> int:
    def revive_servers() -> dict[str, str]:
        return child_environment(with_stack(settings, revive(base)))

    services = build_services(settings, pool_size=2)
    store = configured_store(settings)
    progress = progress_for(messages(), quiet=request.quiet)
    job = _Job(request, services, store, snapshot, progress, Keeper(worker, lambda: ended_servers(base), revive_servers), worker, documents)
    try:
        async with beside(job.keeper.look_after_servers()):
            for source in request.sources:
                await _one_source(job, source)
    finally:
        progress.close()
        await services.close()
    return endings.FAILED if job.failed else endings.DONE


async def _one_source(job: _Job, source: Source) -> None:
    """Runs one source to its end, whatever that is. Its document is in `job.documents` afterwards."""
    video: Video | None = None
    run: Entered | None = None
    try:
        video, _ = await source.register(job.services, job.store)
        job.progress.begin(video.title)
        run = await enter(job.services, video.identifier, job.snapshot)
        if run.joined:
            job.progress.remark(f"Run {run.request_id[:8]} of this source is active already; going on with it.")
        view = await follow(job.services, run.request_id, job.progress, job.keeper)
        job.progress.close()
        if view.status is RunStatus.COMPLETED:
            await _deliver(job, source, video.identifier, view)
        else:
            _not_done(job, source, video, view, None)
    except asyncio.CancelledError:
        last = await _interrupted(job, run)
        job.documents.append(
            build_document(source=source.name, video=video, run=last, error=MomentsError("Interrupted.", code="cancelled"))
        )
        raise
    except BrokenPipeError:
        job.progress = NoProgress()
        if run is not None and not await _goes_on(job, run):
            await cancel(job.services, run.request_id, job.progress)
        raise
    except (MomentsError, OSError) as error:
        job.progress.close()
        # An error of this command itself: a run that nobody waits for is cancelled.
        last = await cancel(job.services, run.request_id, job.progress) if run and not await _goes_on(job, run) else None
        _not_done(job, source, video, last, endings.as_moments_error(error))


async def _interrupted(job: _Job, run: Entered | None) -> RunView | None:
    """Ends the run on Ctrl-C, unless it was joined and another worker still holds it. Returns its last state, if there is one."""
    if run is None:
        return None
    if await _goes_on(job, run):
        job.progress.remark(f"Run {run.request_id[:8]} goes on without this command; moments runs cancel {run.request_id[:8]} ends it.")
        return None
    job.progress.remark("Cancelling; press Ctrl-C again to end at once.")
    job.worker.grace = 0.2  # for what is left of it when a second Ctrl-C ends this wait
    last = await cancel(job.services, run.request_id, job.progress)
    job.worker.grace = STOP_SECONDS
    return last


async def _goes_on(job: _Job, run: Entered) -> bool:
    """Returns whether the run was joined, and a live worker that is not ours holds it."""
    if not run.joined:
        return False
    with suppress(MomentsError):
        owner = (await job.services.run_queries.get(run.request_id)).owner
        return owner is not None and f"-{job.worker.pid}-" not in owner
    return False


def _not_done(job: _Job, source: Source, video: Video | None, view: RunView | None, error: MomentsError | None) -> None:
    job.failed = True
    job.documents.append(build_document(source=source.name, video=video, run=view, error=error))
    say(failure_line(source.label, job.documents[-1]))


async def _deliver(job: _Job, source: Source, video_id: str, view: RunView) -> None:
    services, request = job.services, job.request
    video = await services.videos.get(video_id)
    moments = await services.moments.of_run(view.run_id)
    transcript = await services.transcripts.of_video(video_id) if made_transcript(view) else None
    folder = output.folder_for(request.output, title=video.title, request_id=view.request_id, several=len(request.sources) > 1)
    videos = VideoQueries(services.database)
    clips = await output.save_clips(job.store, videos, moments, folder)
    with suppress(NotFound):  # an audio-only recording
        await output.save_still(job.store, videos, video_id, folder)
    document = build_document(source=source.name, video=video, run=view, transcript=transcript, moments=moments, clips=clips, output=folder)
    output.save_document(document, folder)
    await _export(job, video_id, view, folder)
    job.documents.append(document)
    if not moments and (request.json or request.quiet):
        say(f"{source.label}: no moments. {why_nothing(view)}")
    if request.json or request.quiet:
        for line in unrefined_lines(document["run"].get("unrefined"), view.request_id):
            say(f"{source.label}: {line}")
    if not request.json:
        print_result(results(), document, nothing=None if moments else why_nothing(view))


async def _export(job: _Job, video_id: str, view: RunView, folder: Path) -> None:
    """Writes the further files that were asked for. A format for which this recording has nothing (no speech, no clips) is reported, and
    fails nothing."""
    if not job.request.exports:
        return
    found = await exportable(job.services, video_id, request_id=view.request_id, with_path=True)
    for name in job.request.exports:
        try:
            await export.write_exports(found, job.store, [name], folder)
        except NotFound as error:
            say(f"No {name}: {endings.one_line(error.message)}")
