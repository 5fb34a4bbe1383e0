"""Progress without a terminal is one line per stage; with one, the picture shows bars, times and reasons."""

from __future__ import annotations

import io
from dataclasses import replace

from rich.console import Console

from cli import rows
from videomoments.cli.progress_display import STAGE_WORDS, LineProgress, LiveProgress, NoProgress, StageClock, progress_for
from videomoments.core.names import RunStatus, StageName, StageStatus


class Time:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def transcribing(progress: float | None) -> rows.RunView:
    return rows.run(
        rows.stage(StageName.VIDEO_DOWNLOAD, seconds=0.5),
        rows.stage(StageName.TRANSCRIPTION, StageStatus.PROCESSING, progress=progress),
        rows.stage(StageName.MOMENT_GENERATION, StageStatus.PENDING),
        status=RunStatus.PROCESSING,
    )


def test_every_stage_has_words() -> None:
    assert set(STAGE_WORDS) == set(StageName)
    assert all("_" not in words for words in STAGE_WORDS.values())


def test_one_line_per_stage_however_often_it_is_shown() -> None:
    stream = io.StringIO()
    progress = LineProgress(stream)
    progress.begin("A Talk")
    for fraction in (None, 0.2, 0.9):
        progress.show(transcribing(fraction))
    ended = rows.run(
        rows.stage(StageName.VIDEO_DOWNLOAD, seconds=0.5),
        rows.stage(StageName.TRANSCRIPTION, seconds=12.0),
        rows.stage(StageName.CLIP_UPLOAD, StageStatus.SKIPPED, seconds=None, reason="The model does not watch video."),
    )
    progress.show(ended)
    progress.show(ended)
    progress.close()
    assert stream.getvalue().splitlines() == [
        "A Talk",
        "[1/3] Getting the video: done in 0.5 s",
        "[2/3] Transcribing the speech: done in 12.0 s",
        "[3/3] Storing these clips: skipped: The model does not watch video.",
    ]


def test_a_long_stage_gives_a_sign_of_life_every_30_s() -> None:
    stream, now = io.StringIO(), Time()
    progress = LineProgress(stream, StageClock(now))
    progress.begin("A Talk")
    for step in range(21):
        progress.show(transcribing(step / 40))
        now.seconds += 4
    lines = [line for line in stream.getvalue().splitlines() if "Transcribing" in line]
    assert lines == [
        "[2/3] Transcribing the speech: 20%, 0:32, about 2:08 left",
        "[2/3] Transcribing the speech: 40%, 1:04, about 1:36 left",
    ]


def test_time_left_is_not_guessed_from_nothing() -> None:
    now = Time()
    clock = StageClock(now)
    stage = rows.stage(status=StageStatus.PROCESSING, progress=0.5)
    assert clock.left(stage) is None  # it has only just been seen
    now.seconds += 10
    assert clock.left(stage) == 10.0
    assert clock.left(rows.stage(status=StageStatus.PROCESSING, progress=0.01)) is None
    assert clock.left(rows.stage(status=StageStatus.PROCESSING, progress=None)) is None


def test_a_stalled_run_is_told_once() -> None:
    stream = io.StringIO()
    progress = LineProgress(stream)
    progress.begin("A Talk")
    for _ in range(3):
        progress.show(rows.run(rows.stage(status=StageStatus.PENDING), status=RunStatus.QUEUED, stalled=True))
    assert stream.getvalue().count("Waiting for a worker") == 1


def picture(progress: LiveProgress) -> str:
    console = Console(file=io.StringIO(), width=100)
    console.print(progress.picture())
    written = console.file
    assert isinstance(written, io.StringIO)
    return written.getvalue()


def waiting(what: str | None) -> rows.RunView:
    view = transcribing(0.4)
    stages = tuple(replace(stage, waiting_for=what) if stage.status is StageStatus.PROCESSING else stage for stage in view.stages)
    return replace(view, stages=stages, waiting_for=what)


def test_what_a_run_waits_for_is_told_once_each_time() -> None:
    stream = io.StringIO()
    progress = LineProgress(stream)
    for what in (None, "whisper_base", "whisper_base", None, "whisper_base"):
        progress.show(waiting(what))
    told = [line for line in stream.getvalue().splitlines() if "Waiting" in line]
    assert told == ["Waiting for whisper_base, which does not answer. The run goes on when it does."] * 2


def test_the_picture_shows_what_a_stage_waits_for() -> None:
    console = Console(width=120, record=True, file=io.StringIO())
    live = LiveProgress(console)
    live.show(waiting("whisper_base"))
    console.print(live.picture())
    assert "waiting for whisper_base" in console.export_text()


def test_the_picture_shows_what_is_done_doing_skipped_and_failed() -> None:
    now = Time()
    progress = LiveProgress(Console(file=io.StringIO()), StageClock(now))
    assert "Starting" in picture(progress)
    progress.show(transcribing(0.25))
    picture(progress)
    now.seconds += 30
    shown = picture(progress)
    assert "✓ Getting the video" in shown
    assert "0:30" in shown
    assert "about 1:30 left" in shown
    assert "· Finding moments" in shown
    progress.show(rows.run(rows.stage(StageName.CLIP_UPLOAD, StageStatus.SKIPPED, seconds=None, reason="no need")))
    assert "no need" in picture(progress)
    progress.show(rows.run(rows.stage(status=StageStatus.FAILED, reason="The model is away."), status=RunStatus.FAILED))
    assert "✗" in picture(progress)


def test_titles_and_reasons_are_text_not_markup() -> None:
    progress = LiveProgress(Console(file=io.StringIO()))
    progress.begin("[bold]loud[/nonsense]")
    progress.show(rows.run(rows.stage(reason="[/]")))
    assert "[bold]loud[/nonsense]" in picture(progress)
    assert "[/]" in picture(progress)
    progress.close()


def test_the_form_fits_where_it_goes() -> None:
    assert isinstance(progress_for(Console(file=io.StringIO()), quiet=True), NoProgress)
    assert isinstance(progress_for(Console(file=io.StringIO()), quiet=False), LineProgress)
    assert isinstance(progress_for(Console(file=io.StringIO(), force_terminal=True), quiet=False), LiveProgress)
