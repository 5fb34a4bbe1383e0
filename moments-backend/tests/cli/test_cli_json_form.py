"""`--json` and `--json=v2`: what is printed, and that the flag never takes the word after it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli import rows
from videomoments.cli.app import run
from videomoments.cli.document import as_result, build_document
from videomoments.core.names import RunStatus, StageName
from videomoments.services.run_queries import RunError


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MOMENTS_HOME", str(tmp_path / "home"))


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    """What a command prints that refuses its source: nothing was started, not even a data folder was made."""
    assert run(["generate", *arguments]) == 2
    assert not Path("home").exists()
    captured = capsys.readouterr()
    assert len(captured.err.splitlines()) == len([argument for argument in arguments if argument.startswith("gone")])
    return json.loads(captured.out)


def test_a_source_after_the_flag_is_a_source(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for arguments in (("--json", "gone.mp4"), ("gone.mp4", "--json"), ("--json", "--", "gone.mp4")):
        document = printed(capsys, *arguments)
        assert document["video"]["source"] == str(tmp_path / "gone.mp4")
        assert document["error"]["code"] == "file_missing"


def test_several_sources_are_an_array_in_their_order(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"\0\0\0\x20ftypisom" + bytes(100))
    documents = printed(capsys, "a.mp4", "--json", "gone.mp4")
    assert [document["video"]["source"] for document in documents] == [str(tmp_path / name) for name in ("a.mp4", "gone.mp4")]
    assert [document["error"]["code"] for document in documents] == ["not_begun", "file_missing"]
    assert {document["run"]["status"] for document in documents} == {"failed"}


@pytest.mark.parametrize("count", [1, 2])
def test_v2_is_results_for_one_or_many_and_errors_carry_the_source(capsys: pytest.CaptureFixture[str], tmp_path: Path, count: int) -> None:
    sources = [f"gone{number}.mp4" for number in range(count)]
    answer = printed(capsys, "--json=v2", *sources)
    assert list(answer) == ["results"]
    assert [result["source"] for result in answer["results"]] == [str(tmp_path / source) for source in sources]
    assert [result["error"]["source"] for result in answer["results"]] == [str(tmp_path / source) for source in sources]


def test_bare_json_is_what_v1_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, "--json=v1", "gone.mp4") == printed(capsys, "--json", "gone.mp4")


def test_after_two_dashes_it_is_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["generate", "--", "--json=v2"]) == 2
    assert "There is no file --json=v2." in capsys.readouterr().err


def test_a_result_is_the_document_with_its_source() -> None:
    error = RunError(StageName.VIDEO_DOWNLOAD, "not_media", "No.", None)
    failed = build_document(source="/a.txt", video=rows.video(), run=rows.run(status=RunStatus.FAILED, error=error))
    result = as_result(failed)
    assert result["source"] == "/a.txt"
    assert result["error"] == {"source": "/a.txt", "stage": "VIDEO_DOWNLOAD", "code": "not_media", "message": "No.", "advice": None}
    assert "source" not in failed["error"]
    completed = build_document(source="/a.mp4", video=rows.video(), run=rows.run())
    assert as_result(completed) == {"source": "/a.mp4"} | completed
