"""The JSON document, exactly as it is promised."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cli import rows
from videomoments.cli.document import build_document, made_transcript, why_nothing
from videomoments.core.errors import MomentsError
from videomoments.core.names import RunStatus, StageName, StageStatus
from videomoments.services.run_queries import RunError


def complete() -> dict[str, Any]:
    return build_document(
        source="/talks/a.mp4",
        video=rows.video(),
        run=rows.run(),
        transcript=rows.transcript(),
        moments=[rows.moment(1), rows.moment(2, refined=False, clip=False)],
        clips={"moment-1": Path("/out/clips/01-moment-1.mp4")},
        output=Path("/out"),
    )


def test_the_document_has_the_promised_keys_in_order() -> None:
    document = complete()
    assert list(document) == ["video", "run", "transcript", "moments", "output"]
    assert list(document["video"]) == ["identifier", "title", "source", "duration", "resolution"]
    assert list(document["run"]) == ["request_id", "status", "duration_seconds", "stages"]
    assert list(document["run"]["stages"][0]) == ["name", "status", "seconds", "reason"]
    assert list(document["transcript"]) == ["language", "word_count", "engine", "text"]
    promised = ["identifier", "title", "start_time", "end_time", "score", "reason", "engine", "is_refined", "parent", "clip"]
    assert list(document["moments"][0]) == promised
    assert list(document["moments"][0]["parent"]) == ["identifier", "start_time", "end_time"]
    assert list(document["moments"][0]["clip"]) == ["path", "start_time", "end_time"]


def test_times_are_floats_whatever_the_database_gave() -> None:
    document = complete()
    first = document["moments"][0]
    times = [document["video"]["duration"], document["run"]["duration_seconds"], first["score"]]
    times += [first["start_time"], first["end_time"], first["parent"]["start_time"], first["clip"]["end_time"]]
    times += [stage["seconds"] for stage in document["run"]["stages"]]
    assert all(type(value) is float for value in times)


def test_a_moment_without_refinement_or_clip_says_so_with_null() -> None:
    second = complete()["moments"][1]
    assert second["is_refined"] is False
    assert second["parent"] is None
    assert second["clip"] is None


def test_it_is_json() -> None:
    document = complete()
    assert json.loads(json.dumps(document)) == document


def test_all_eight_stages_are_there_with_the_reason_of_a_skip() -> None:
    stages = [rows.stage(name) for name in StageName]
    stages[5] = rows.stage(StageName.CLIP_EXTRACTION, StageStatus.SKIPPED, seconds=None, reason="The model does not watch video.")
    listed = build_document(source="x", video=rows.video(), run=rows.run(*stages))["run"]["stages"]
    assert [entry["name"] for entry in listed] == [name.value for name in StageName]
    expected = {"name": "CLIP_EXTRACTION", "status": "skipped", "seconds": None, "reason": "The model does not watch video."}
    assert listed[5] == expected


def test_a_failed_run_names_its_stage_code_and_advice() -> None:
    error = RunError(StageName.VIDEO_DOWNLOAD, "not_media", "The file is not a video.", "Convert it.")
    document = build_document(source="/a.txt", video=rows.video(duration=None), run=rows.run(status=RunStatus.FAILED, error=error))
    assert document["run"]["status"] == "failed"
    expected = {"stage": "VIDEO_DOWNLOAD", "code": "not_media", "message": "The file is not a video.", "advice": "Convert it."}
    assert document["error"] == expected
    assert document["transcript"] is None
    assert document["moments"] == []
    assert document["output"] is None


def test_what_failed_before_a_run_was_accepted_is_a_failed_document_too() -> None:
    document = build_document(source="/a.mp4", video=None, run=None, error=MomentsError("No.", code="conflict", advice="Wait."))
    assert document["run"] == {"request_id": None, "status": "failed", "duration_seconds": None, "stages": []}
    assert document["video"]["source"] == "/a.mp4"
    assert document["error"] == {"stage": None, "code": "conflict", "message": "No.", "advice": "Wait."}


def test_a_cancelled_run_has_an_error_of_its_own() -> None:
    document = build_document(source="x", video=rows.video(), run=rows.run(status=RunStatus.CANCELLED))
    assert document["error"]["code"] == "cancelled"


def test_an_older_runs_transcript_is_not_this_runs() -> None:
    skipped = rows.stage(StageName.TRANSCRIPTION, StageStatus.SKIPPED, seconds=None, reason="no audio")
    assert made_transcript(rows.run())
    assert not made_transcript(rows.run(skipped))


def test_no_moments_has_a_reason_in_words() -> None:
    skipped = [
        rows.stage(name, StageStatus.SKIPPED, seconds=None, reason="The file has no audio")
        for name in (StageName.AUDIO_UPLOAD, StageName.TRANSCRIPTION)
    ]
    assert why_nothing(rows.run(note="nobody speaks")) == "Nobody speaks."
    assert why_nothing(rows.run(*skipped)) == "The file has no audio."
    assert why_nothing(rows.run()) == "The model found no moments."
