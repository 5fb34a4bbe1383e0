"""What a person reads at the end."""

from __future__ import annotations

import errno
import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from cli import rows
from videomoments.cli.document import build_document
from videomoments.cli.endings import as_moments_error, failed
from videomoments.cli.report import failure_line, print_result, unrefined_lines
from videomoments.core.errors import Conflict, ModelError, MomentsError, OutOfSpace
from videomoments.core.names import RunStatus, StageName
from videomoments.services.run_queries import RunError
from videomoments.services.unrefined import Unrefined


def printed(document: dict[str, object], nothing: str | None = None) -> str:
    console = Console(file=io.StringIO(), width=160)
    print_result(console, document, nothing=nothing)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_table_says_when_what_how_good_and_where() -> None:
    long = rows.moment(500)
    document = build_document(
        source="/a.mp4",
        video=rows.video(),
        run=rows.run(),
        moments=[rows.moment(1), long],
        clips={"moment-1": Path("/out/clips/01-moment-1.mp4")},
        output=Path("/out"),
    )
    text = printed(document)
    assert "A Talk" in text
    assert "0:00:11 – 0:00:18" in text
    assert "1:23:21 – 1:23:28" in text
    assert "Moment 1" in text
    assert "1.00" in text
    assert "01-moment-1.mp4" in text
    assert "2 moments, 1:01 of video, took 0:16" in text
    assert "Saved in /out" in text


def test_no_moments_says_why() -> None:
    text = printed(build_document(source="/a.mp4", video=rows.video(), run=rows.run(), output=Path("/out")), "There is no speech.")
    assert "No moments. There is no speech." in text


def test_titles_are_text_not_markup() -> None:
    view = rows.moment(1)
    view.moment.title = "[red]Sale[/]"
    assert "[red]Sale[/]" in printed(build_document(source="x", video=rows.video(), run=rows.run(), moments=[view], output=Path("/o")))


def test_a_failure_names_stage_reason_and_advice_in_one_line() -> None:
    error = RunError(StageName.TRANSCRIPTION, "model_unreachable", "The model\ndoes not answer.", "Start it.")
    document = build_document(source="x", video=rows.video(), run=rows.run(status=RunStatus.FAILED, error=error))
    assert failure_line("a.mp4", document) == "moments: a.mp4: TRANSCRIPTION failed: The model does not answer. Start it."
    conflict = build_document(source="x", video=None, run=None, error=Conflict("A run is active.", advice="Wait."))
    assert failure_line("a.mp4", conflict) == "moments: a.mp4: A run is active. Wait."


def test_a_full_disk_is_said_in_the_error_trees_words() -> None:
    assert isinstance(as_moments_error(OSError(errno.ENOSPC, "No space left on device")), OutOfSpace)
    denied = as_moments_error(PermissionError(errno.EACCES, "Permission denied", "/out"))
    assert str(denied) == "Permission denied: /out."
    known = MomentsError("No.")
    assert as_moments_error(known) is known


@pytest.mark.parametrize("wanted", ["", "1"])
def test_a_fault_of_ours_is_one_line_unless_debugging(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, wanted: str
) -> None:
    monkeypatch.setenv("MOMENTS_DEBUG", wanted)
    with pytest.raises(KeyError) as raised:
        {}["nonsense"]
    assert failed(raised.value) == 1
    err = capsys.readouterr().err
    assert ("Traceback" in err) == (wanted == "1")
    assert ("KeyError" in err) == (wanted == "1")
    assert "MOMENTS_DEBUG=1" in err


def test_what_could_not_be_refined_is_said_with_the_command_for_it() -> None:
    away = ModelError("Model m is not reachable.", code="model_unreachable", advice="Start it.")
    found = Unrefined.of([away, away], 5)
    assert found is not None
    run = replace(rows.run(), unrefined=replace(found, left=2))
    said = build_document(source="x", video=rows.video(), run=run)["run"]["unrefined"]
    assert (said["moments"], said["total"], said["left"], said["reasons"][0]["code"]) == (2, 5, 2, "model_unreachable")
    assert unrefined_lines(said, "12345678-9") == [
        "2 of 5 moments keep their first boundaries: Model m is not reachable. Start it.",
        "Refine what is left: moments runs retry 12345678",
    ]
    assert len(unrefined_lines(said | {"left": 0}, "12345678-9")) == 1
    assert "unrefined" not in build_document(source="x", video=rows.video(), run=rows.run())["run"]
    assert unrefined_lines(None, "12345678-9") == []


def test_f97_what_was_mended_of_the_transcript_is_said() -> None:
    said = rows.transcript()
    said.mended = {"ends": 1}
    document = build_document(
        source="/a.mp4", video=rows.video(), run=rows.run(), transcript=said, moments=[rows.moment(1)], output=Path("/out")
    )
    assert document["transcript"]["remarks"] == ["the recogniser's times were mended: 1 end cut to the next word"]
    assert "The recogniser's times were mended: 1 end cut to the next word." in printed(document)


def test_f98_what_was_hard_to_hear_is_said() -> None:
    said = rows.transcript()
    said.word_timestamps = [{"word": "w", "start": n, "end": n + 1, "confidence": 0.2 + n / 100} for n in range(40)]
    clear, hard = rows.moment(1), rows.moment(2)
    clear.moment.confidence, hard.moment.confidence = 0.93, 0.52
    document = build_document(
        source="/a.mp4", video=rows.video(), run=rows.run(), transcript=said, moments=[clear, hard], output=Path("/out")
    )
    assert "hard_to_hear" not in document["moments"][0]
    assert (document["moments"][1]["confidence"], document["moments"][1]["hard_to_hear"]) == (0.52, True)
    text = " ".join(printed(document).split())
    assert "This recording was hard to hear: 30 of 40 words are more likely wrong than right (mean confidence 0.40)." in text
    assert "Hard to hear in 2, Moment 2: confidence 0.52, so one word of three or more is likely wrong." in text
