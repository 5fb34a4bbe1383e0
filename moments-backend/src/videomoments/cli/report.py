"""Prints what a user reads at the end: a table of moments, or one line about what went wrong."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from videomoments.cli.endings import one_line
from videomoments.core.times import clock, short_clock

if TYPE_CHECKING:
    from rich.console import Console

_TITLE_WIDTH = 60


def failure_line(label: str, document: dict[str, Any]) -> str:
    """Returns one line that says which stage failed, why, and what to do."""
    error = document.get("error") or {}
    if document["run"]["status"] == "cancelled" and error.get("code") == "cancelled":
        return f"moments: {label}: the run was cancelled."
    where = f"{error['stage']} failed: " if error.get("stage") else ""
    return one_line(f"moments: {label}: {where}{error.get('message') or 'the run failed.'} {error.get('advice') or ''}")


def unrefined_lines(unrefined: dict[str, Any] | None, request_id: str) -> list[str]:
    """Returns lines that say how many moments keep their first boundaries, why, and what to do while some are left."""
    if unrefined is None:
        return []
    advice = " ".join(dict.fromkeys(reason["advice"] for reason in unrefined["reasons"] if reason["advice"]))
    lines = [f"{unrefined['message']} {advice}".strip()]
    return [*lines, f"Refine what is left: moments runs retry {request_id[:8]}"] if unrefined["left"] else lines


def uncut_lines(moments: list[dict[str, Any]]) -> list[str]:
    """Returns a line for each moment whose clip can't be cut, with its number and the reason."""
    return [
        one_line(f"No clip of {number}, {moment['title']}: {moment['clip_error']}")
        for number, moment in enumerate(moments, 1)
        if moment.get("clip_error")
    ]


def hard_lines(moments: list[dict[str, Any]]) -> list[str]:
    """Returns a line for each moment with words of low confidence, by its number."""
    wrong = "one word of three or more is likely wrong"
    return [
        one_line(f"Hard to hear in {number}, {moment['title']}: confidence {moment['confidence']:.2f}, so {wrong}.")
        for number, moment in enumerate(moments, 1)
        if moment.get("hard_to_hear")
    ]


def print_result(console: Console, document: dict[str, Any], *, nothing: str | None) -> None:
    """Prints the table of a document's moments and where the files are. `nothing` says why there are none."""
    from rich.text import Text

    if nothing is not None:
        console.print(Text("No moments. ", style="bold").append(nothing, style="not bold"))
    else:
        console.print(_table(document))
    for line in [*uncut_lines(document["moments"]), *hard_lines(document["moments"])]:
        console.print(line, style="yellow", markup=False)
    for line in unrefined_lines(document["run"].get("unrefined"), document["run"]["request_id"]):
        console.print(line, style="yellow", markup=False)
    seconds = document["run"]["duration_seconds"]
    video = document["video"]
    for remark in [*video.get("remarks", ()), *(document.get("transcript") or {}).get("remarks", ())]:
        console.print(remark[:1].upper() + remark[1:] + ".", style="yellow", markup=False)
    summary = [f"{len(document['moments'])} moments"] if nothing is None else []
    if video["duration"] is not None:
        summary.append(f"{short_clock(video['duration'])} of video")
    if seconds is not None:
        summary.append(f"took {short_clock(seconds)}")
    console.print(", ".join(summary), style="dim", markup=False)
    # soft_wrap, because a folded path can't be copied.
    console.print(f"Saved in {document['output']}", markup=False, soft_wrap=True)


def _table(document: dict[str, Any]) -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, title=Text(document["video"]["title"] or "", style="bold"), title_justify="left")
    table.add_column("#", justify="right", style="dim")
    table.add_column("Start – end", no_wrap=True)
    table.add_column("Title", max_width=_TITLE_WIDTH)
    table.add_column("Score", justify="right")
    table.add_column("Engine", style="dim", no_wrap=True)
    table.add_column("Clip", style="dim", overflow="ellipsis", no_wrap=True)
    for number, moment in enumerate(document["moments"], 1):
        clip = Path(moment["clip"]["path"]).name if moment["clip"] else "can't be cut" if moment.get("clip_error") else "–"
        score = "–" if moment["score"] is None else f"{moment['score']:.2f}"
        times = f"{clock(moment['start_time'])} – {clock(moment['end_time'])}"
        table.add_row(str(number), times, Text(moment["title"]), score, moment["engine"] or "–", Text(clip))
    return table
