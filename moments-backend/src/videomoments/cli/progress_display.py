"""Shows a run's progress on stderr: a live table on a terminal, a line per stage elsewhere."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TextIO

from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from videomoments.core.names import RunStatus, StageName, StageStatus
from videomoments.core.terminal import visible
from videomoments.core.times import short_clock

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from videomoments.services.run_queries import RunView, StageView

STAGE_WORDS = {
    StageName.VIDEO_DOWNLOAD: "Getting the video",
    StageName.AUDIO_EXTRACTION: "Extracting the audio",
    StageName.AUDIO_UPLOAD: "Storing the audio",
    StageName.TRANSCRIPTION: "Transcribing the speech",
    StageName.MOMENT_GENERATION: "Finding moments",
    StageName.CLIP_EXTRACTION: "Cutting clips for the model",
    StageName.CLIP_UPLOAD: "Storing these clips",
    StageName.MOMENT_REFINEMENT: "Refining and cutting",
}
# Below these, an estimate would be a guess.
_MIN_FRACTION = 0.03
_MIN_SECONDS = 3.0
_LINE_SECONDS = 30.0
_BAR_WIDTH = 24


class RunProgress(Protocol):
    """Prints the progress of a run while it lasts. `close` is always called, and leaves the last state visible.

    `begin` and `show` raise BrokenPipeError when the reader has gone; the others never do.
    """

    def begin(self, title: str) -> None: ...

    def show(self, view: RunView) -> None: ...

    def remark(self, text: str) -> None: ...

    def close(self) -> None: ...


class NoProgress:
    """Prints nothing."""

    def begin(self, title: str) -> None:
        del title

    def show(self, view: RunView) -> None:
        del view

    def remark(self, text: str) -> None:
        del text

    def close(self) -> None:
        return


@dataclass
class StageClock:
    """Measures when stages were first seen running, and estimates how long they will still take. It uses our own monotonic clock, in
    seconds, because the database may be on another machine."""

    now: Callable[[], float] = time.monotonic
    _seen: dict[StageName, float] = field(default_factory=dict)

    def elapsed(self, stage: StageView) -> float:
        """Returns the seconds that the stage has run; for one that has ended, as the database measured."""
        if stage.seconds is not None:
            return stage.seconds
        return self.now() - self._seen.setdefault(stage.name, self.now())

    def left(self, stage: StageView) -> float | None:
        """Returns the seconds that the stage will still take at its speed so far; None while that would be a guess."""
        elapsed, fraction = self.elapsed(stage), stage.progress or 0.0
        if fraction < _MIN_FRACTION or elapsed < _MIN_SECONDS:
            return None
        return elapsed * (1.0 - fraction) / fraction


class LineProgress:
    """For logs: prints one line per stage at its end, and one every 30 s during a long stage."""

    def __init__(self, stream: TextIO, clock: StageClock | None = None) -> None:
        self._stream = stream
        self._clock = clock or StageClock()
        self._ended: set[StageName] = set()
        self._alive_at: dict[StageName, float] = {}
        self._stalled = False
        self._waiting_for: str | None = None

    def begin(self, title: str) -> None:
        self._ended.clear()
        self._clock = StageClock(self._clock.now)
        self._print(title)

    def show(self, view: RunView) -> None:
        for number, stage in enumerate(view.stages, 1):
            label = f"[{number}/{len(view.stages)}] {STAGE_WORDS[stage.name]}"
            if stage.name in self._ended:
                continue
            if (ending := _ending(stage)) is not None:
                self._ended.add(stage.name)
                self._print(f"{label}: {ending}")
            elif stage.status is StageStatus.PROCESSING:
                self._sign_of_life(label, stage)
        if view.waiting_for and view.waiting_for != self._waiting_for:
            self._print(f"Waiting for {part_name(view.waiting_for)}, which does not answer. The run goes on when it does.")
        self._waiting_for = view.waiting_for
        if view.stalled and not self._stalled:
            self._print("Waiting for a worker to take this over.")
        self._stalled = view.stalled

    def remark(self, text: str) -> None:
        # Remarks are also printed while a job is ended, when the reader may have gone.
        with contextlib.suppress(OSError):
            self._print(text)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._stream.flush()

    def _sign_of_life(self, label: str, stage: StageView) -> None:
        elapsed = self._clock.elapsed(stage)
        if elapsed - self._alive_at.get(stage.name, 0.0) < _LINE_SECONDS:
            return
        self._alive_at[stage.name] = elapsed
        percent = f"{stage.progress:.0%}, " if stage.progress else ""
        left = self._clock.left(stage)
        self._print(f"{label}: {percent}{short_clock(elapsed)}{f', about {short_clock(left)} left' if left is not None else ''}")

    def _print(self, text: str) -> None:
        print(visible(text), file=self._stream, flush=True)


class LiveProgress:
    """For terminals: shows all stages at once, with bars, times and reasons."""

    def __init__(self, console: Console, clock: StageClock | None = None) -> None:
        self._console = console
        self._clock = clock or StageClock()
        self._title = ""
        self._view: RunView | None = None
        self._spinner = Spinner("dots")
        self._live: Live | None = None

    def begin(self, title: str) -> None:
        self.close()
        self._title, self._view = title, None
        self._clock = StageClock(self._clock.now)
        self._live = Live(get_renderable=self.picture, console=self._console, refresh_per_second=8, redirect_stdout=False)
        self._live.start()

    def show(self, view: RunView) -> None:
        self._view = view

    def remark(self, text: str) -> None:
        self._console.print(text, style="dim", markup=False)

    def close(self) -> None:
        if self._live is not None:
            live, self._live = self._live, None
            live.stop()

    def picture(self) -> RenderableType:
        """Returns the table that is on the screen now."""
        table = Table.grid(padding=(0, 1))
        table.add_column(width=1)
        for _ in range(3):
            table.add_column(no_wrap=True)
        table.add_column(overflow="ellipsis", no_wrap=True)
        table.title, table.title_justify = Text(self._title, style="bold"), "left"
        if self._view is None:
            table.add_row(self._spinner, "Starting", "", "", "")
            return table
        for stage in self._view.stages:
            table.add_row(*self._row(stage))
        if self._view.stalled:
            table.add_row(self._spinner, "Waiting for a worker", "", "", "")
        elif self._view.status is RunStatus.QUEUED:
            table.add_row(self._spinner, "Queued", "", "", "")
        return table

    def _row(self, stage: StageView) -> tuple[RenderableType, ...]:
        words = STAGE_WORDS[stage.name]
        match stage.status:
            case StageStatus.PENDING:
                return Text("·", "dim"), Text(words, "dim"), "", "", ""
            case StageStatus.PROCESSING:
                bar = ProgressBar(
                    total=1.0,
                    completed=stage.progress or 0.0,
                    width=_BAR_WIDTH,
                    pulse=stage.progress is None,
                    animation_time=time.monotonic(),
                )
                left = self._clock.left(stage)
                note = f"about {short_clock(left)} left" if left is not None else ""
                if stage.waiting_for:
                    note = f"waiting for {part_name(stage.waiting_for)}"
                return self._spinner, words, bar, short_clock(self._clock.elapsed(stage)), Text(note, "dim")
            case StageStatus.COMPLETED:
                return Text("✓", "green"), words, "", short_clock(stage.seconds or 0.0), Text(stage.reason or "", "dim")
            case StageStatus.SKIPPED:
                return Text("–", "dim"), Text(words, "dim"), Text("skipped", "dim"), "", Text(stage.reason or "", "dim")
            case _:
                return Text("✗", "red"), words, Text(stage.status.value, "red"), "", Text(stage.reason or "", "dim")


def part_name(waiting_for: str) -> str:
    """Returns the name of what a run waits for; a model is named by its key."""
    return {"source": "the server of its source", "storage": "the object store"}.get(waiting_for, waiting_for)


def _ending(stage: StageView) -> str | None:
    """Describes how a stage ended; None while it has not."""
    reason = f" ({stage.reason})" if stage.reason else ""
    match stage.status:
        case StageStatus.COMPLETED:
            return f"done in {stage.seconds or 0.0:.1f} s{reason}"
        case StageStatus.SKIPPED:
            return f"skipped: {stage.reason or 'not needed'}"
        case StageStatus.FAILED | StageStatus.CANCELLED:
            return f"{stage.status.value}{reason}"
        case _:
            return None


def progress_for(console: Console, *, quiet: bool) -> RunProgress:
    """Returns the progress display that fits where stderr goes."""
    if quiet:
        return NoProgress()
    return LiveProgress(console) if console.is_terminal else LineProgress(console.file)  # type: ignore[arg-type]
