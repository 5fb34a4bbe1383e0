"""The main job as a user does it: one command, real parts, real speech; and what happens when it can't be done."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
import pytest

from cli.commands import Home, command, moments
from speech.fixtures import SpeechLibrary, speech
from speech.makers import converted, looped, part, silent, without_audio
from support.processes import words_of
from support.stack import embedded_settings, short_home
from videomoments.core.names import StageName
from videomoments.embedded import running_stack

__all__ = ["speech"]

pytestmark = [pytest.mark.story, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    """One data folder for the module. This process uses its servers too, so that models stay loaded from one command to the next."""
    with short_home() as folder:
        home = Home(folder)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("MOMENTS_WEIGHTS", home.environment["MOMENTS_WEIGHTS"])
            with running_stack(embedded_settings(folder)):
                yield home


@pytest.fixture
def bench(tmp_path: Path) -> Path:
    """Where a command is run."""
    return tmp_path


def listed_runs(home: Home) -> list[dict[str, Any]]:
    answer = moments(home, "runs", "list", "--json", "--limit", "100")
    assert answer.returncode == 0, answer.stderr
    runs: list[dict[str, Any]] = json.loads(answer.stdout)
    return runs


def shown_run(home: Home, request_id: str) -> dict[str, Any]:
    answer = moments(home, "runs", "show", request_id, "--json")
    assert answer.returncode == 0, answer.stderr
    run: dict[str, Any] = json.loads(answer.stdout)
    return run


def assert_nothing_left(home: Home, document: dict[str, Any]) -> None:
    """No temporary file of any run, and no object of this run's video."""
    assert list((home.folder / "work").iterdir()) == []
    assert list((home.folder / "store" / ".partial").glob("*")) == []
    objects = home.folder / "store" / "videos" / str(document["video"]["identifier"])
    assert [path for path in objects.rglob("*") if path.is_file()] == []


def assert_sound(document: dict[str, Any]) -> None:
    """What holds for every document of a completed run."""
    assert [stage["name"] for stage in document["run"]["stages"]] == [name.value for name in StageName]
    unexplained = [stage for stage in document["run"]["stages"] if stage["status"] != "completed" and not stage["reason"]]
    assert unexplained == []
    assert {stage["status"] for stage in document["run"]["stages"]} <= {"completed", "skipped"}
    duration = document["video"]["duration"]
    for moment in document["moments"]:
        assert 0.0 <= moment["start_time"] < moment["end_time"] <= duration
        assert moment["title"]
        if moment["clip"]:
            path = Path(moment["clip"]["path"])
            assert path.is_absolute()
            assert path.stat().st_size > 0
            assert path.is_relative_to(document["output"])
    saved = json.loads((Path(document["output"]) / "moments.json").read_text("utf-8"))
    assert saved == document


def test_a_run_leaves_clips_stills_and_its_document(home: Home, bench: Path, speech: SpeechLibrary) -> None:
    talk = speech.get(".mp4", part, 30.0, 75.0).path
    done = moments(home, "generate", talk, "--json", folder=bench)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert_sound(document)
    assert document["run"]["status"] == "completed"
    assert document["moments"]
    assert document["transcript"]["word_count"] > 100
    assert all(moment["clip"] for moment in document["moments"])
    assert Path(document["output"]).parent == bench / "moments-output"
    stills = list(Path(document["output"], "thumbnails").iterdir())
    assert len(stills) == len(document["moments"]) + 1
    assert len([line for line in done.stderr.splitlines() if line.startswith("[")]) >= 8


def test_a_table_for_people_and_nothing_but_it_when_quiet(home: Home, bench: Path, speech: SpeechLibrary) -> None:
    talk = speech.get(".mp4", part, 30.0, 45.0).path
    done = moments(home, "generate", talk, "--no-clips", "--max-moments", "1", "--quiet", "--output", bench / "out", folder=bench)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "Title" in done.stdout
    assert f"Saved in {bench / 'out'}" in done.stdout
    assert [path.name for path in (bench / "out").iterdir() if path.name != "thumbnails"] == ["moments.json"]


def test_sound_alone_gives_audio_clips_and_silence_a_reason(home: Home, bench: Path, speech: SpeechLibrary) -> None:
    sound = speech.get(".mp3", partial_named, 40.0).path
    mute = speech.get(".mp4", without_audio, 8.0).path
    hush = speech.get(".mp4", silent, 8.0).path
    done = moments(home, "generate", sound, mute, hush, "--json", "--output", bench / "out", folder=bench)
    assert done.returncode == 0, done.stderr
    documents = json.loads(done.stdout)
    assert [document["video"]["source"] for document in documents] == [str(path) for path in (sound, mute, hush)]
    for document in documents:
        assert document["run"]["status"] == "completed"
        assert_sound(document)
        assert Path(document["output"]).parent == bench / "out"
    spoken, without, empty = documents
    assert spoken["moments"]
    assert all(moment["clip"]["path"].endswith(".m4a") for moment in spoken["moments"])
    assert without["moments"] == empty["moments"] == []
    assert without["transcript"] is None
    reasons = [line for line in done.stderr.splitlines() if ": no moments. " in line]
    assert len(reasons) == 2
    assert "audio" in reasons[0].lower()
    assert "Nobody speaks" in reasons[1]


def partial_named(target: Path, seconds: float) -> Any:
    return converted(target, seconds=seconds)


def test_files_that_can_not_be_taken_are_a_line_each_and_no_run(home: Home, bench: Path, speech: SpeechLibrary) -> None:
    (bench / "text.mp4").write_text("This is not a video.\n" * 100)
    (bench / "empty.mp4").touch()
    (bench / "folder.mp4").mkdir()
    whole = speech.get(".mp4", part, 0.0, 8.0).path.read_bytes()
    names = {"gone.mp4": "file_missing", "folder.mp4": "no_media", "text.mp4": "not_media", "empty.mp4": "empty_file"}
    if os.geteuid() != 0:
        (bench / "locked.mp4").write_bytes(whole)
        (bench / "locked.mp4").chmod(0)
        names["locked.mp4"] = "file_unreadable"
    before = listed_runs(home)
    done = moments(home, "generate", *names, "--json", folder=bench)
    assert done.returncode == 2
    documents = json.loads(done.stdout)
    for document, (name, code) in zip(documents, names.items(), strict=True):
        assert document["run"]["status"] == "failed"
        assert document["run"]["request_id"] is None
        assert document["error"]["code"] == code
        assert document["error"]["advice"]
        assert len([line for line in done.stderr.splitlines() if name in line]) == 1
    assert len(done.stderr.splitlines()) == len(names)
    assert "Traceback" not in done.stderr
    assert not (bench / "moments-output").exists()
    assert listed_runs(home) == before
    assert list((home.folder / "work").iterdir()) == []


def test_a_file_that_is_cut_off_is_found_out_by_its_run(home: Home, bench: Path, speech: SpeechLibrary) -> None:
    whole = speech.get(".mp4", part, 0.0, 8.0).path.read_bytes()
    (bench / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    done = moments(home, "generate", "cut.mp4", "--json=v2", folder=bench)
    assert done.returncode == 1
    [document] = json.loads(done.stdout)["results"]
    assert document["run"]["status"] == "failed"
    assert document["error"]["stage"] == "VIDEO_DOWNLOAD"
    assert document["source"] == document["error"]["source"] == str(bench / "cut.mp4")
    assert document["error"]["advice"]
    assert shown_run(home, document["run"]["request_id"])["error"]["stage"] == "VIDEO_DOWNLOAD"
    assert done.stderr.splitlines()[-1].startswith("moments: cut.mp4: VIDEO_DOWNLOAD failed: ")
    assert_nothing_left(home, document)
    dismissed = moments(home, "runs", "dismiss", document["run"]["request_id"][:8])
    assert dismissed.returncode == 0, dismissed.stderr
    assert document["run"]["request_id"] not in [run["request_id"] for run in listed_runs(home)]


def test_a_folder_and_standard_input(home: Home, bench: Path, speech: SpeechLibrary) -> None:
    talk = speech.get(".mp4", part, 30.0, 45.0).path.read_bytes()
    (bench / "talks").mkdir()
    (bench / "talks" / "one.mp4").write_bytes(talk)
    (bench / "talks" / "notes.txt").write_text("Not this one.")
    folder = moments(home, "generate", "talks", "--no-clips", "--json", folder=bench)
    assert folder.returncode == 0, folder.stderr
    assert "talks: 1 video or audio file." in folder.stderr.splitlines()
    assert json.loads(folder.stdout)["video"]["source"] == str(bench / "talks" / "one.mp4")
    piped = subprocess.run(
        command("generate", "-", "--no-clips", "--json=v2"),
        env=home.environment,
        cwd=bench,
        input=talk,
        capture_output=True,
        timeout=500,
        check=False,
    )
    assert piped.returncode == 0, piped.stderr
    [result] = json.loads(piped.stdout)["results"]
    assert (result["source"], result["video"]["title"], result["run"]["status"]) == ("-", "stdin", "completed")
    assert result["moments"]


@contextmanager
def web(folder: Path) -> Iterator[int]:
    """A web server on this machine; its port."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            return

    handler: Any = partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def test_bad_addresses_and_a_good_one(home: Home, bench: Path, speech: SpeechLibrary) -> None:
    media = bench / "web"
    media.mkdir()
    talk = speech.get(".mp4", part, 0.0, 8.0).path.read_bytes()
    (media / "talk.mp4").write_bytes(talk)
    (media / "large.mp4").write_bytes(talk * 20)
    with web(media) as port:
        base = f"http://127.0.0.1:{port}"
        allowed = {"MOMENTS_ALLOW_PRIVATE": "127.0.0.1", "MOMENTS_MAX_SOURCE_BYTES": str(len(talk) * 10)}
        bad = {f"{base}/gone.mp4": "source_not_found", f"{base}/large.mp4": "too_large"}
        done = moments(home, "generate", *bad, f"{base}/talk.mp4?token=secret", "--no-clips", "--json", folder=bench, **allowed)
        private = moments(home, "generate", f"{base}/talk.mp4", "--json", folder=bench)
    assert done.returncode == 1
    *failures, good = json.loads(done.stdout)
    assert [document["error"]["code"] for document in failures] == list(bad.values())
    assert good["run"]["status"] == "completed"
    assert_sound(good)
    assert "secret" not in done.stderr
    assert private.returncode == 2
    assert json.loads(private.stdout)["error"]["code"] == "address_refused"
    assert json.loads(private.stdout)["run"]["request_id"] is None
    for document in failures:
        assert document["error"]["stage"] == "VIDEO_DOWNLOAD"
        assert document["error"]["advice"]
        assert_nothing_left(home, document)


def test_a_refused_connection_and_a_full_disk(home: Home, bench: Path, speech: SpeechLibrary) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as closed:
        port = closed.server_port
    refused = moments(home, "generate", f"http://127.0.0.1:{port}/a.mp4", "--json", folder=bench, MOMENTS_ALLOW_PRIVATE="127.0.0.1")
    assert refused.returncode == 1
    assert json.loads(refused.stdout)["error"]["code"] == "source_unavailable"
    (bench / "talk.mp4").write_bytes(speech.get(".mp4", part, 0.0, 8.0).path.read_bytes())
    full = moments(home, "generate", "talk.mp4", "--json", folder=bench, MOMENTS_MIN_FREE_BYTES=str(10**18))
    assert full.returncode == 1
    document = json.loads(full.stdout)
    assert document["error"]["code"] == "no_space_left"
    assert document["error"]["stage"] == "VIDEO_DOWNLOAD"
    assert_nothing_left(home, document)


def test_an_output_folder_that_cannot_be_written_is_said_before_any_work(home: Home, bench: Path, speech: SpeechLibrary) -> None:
    talk = speech.get(".mp4", part, 0.0, 8.0).path
    (bench / "file").touch()
    done = moments(home, "generate", talk, "--no-clips", "--json", "--output", bench / "file" / "below", folder=bench)
    assert (done.returncode, done.stdout) == (2, "")
    assert "is a file, not a folder" in done.stderr


def start(home: Home, bench: Path, *arguments: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command("generate", *arguments),
        env=home.environment,
        cwd=bench,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hear_ctrl_c,
    )


def hear_ctrl_c() -> None:
    """A shell that runs the tests in its background has them, and all that they start, ignore it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait_for_line(process: subprocess.Popen[str], words: str) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        if words in line:
            return
    raise AssertionError(f"{words!r} was never said")


def wait_for_stage(home: Home, title: str, stage: str) -> dict[str, Any]:
    """The run of the video with this title, once it is at `stage`."""
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        for run in listed_runs(home):
            if run["title"] == title and run["current_stage"] == stage:
                return run
        time.sleep(0.2)
    raise AssertionError(f"{title} did not get to {stage}")


@pytest.mark.fault
def test_ctrl_c_cancels_the_run_and_leaves_nothing_running(home: Home, bench: Path, speech: SpeechLibrary) -> None:
    # Long enough that two more commands come and go while it is transcribed.
    (bench / "interrupted.mp4").write_bytes(speech.get(".mp4", looped, 540.0).path.read_bytes())
    with start(home, bench, "interrupted.mp4", "--json") as process:
        run = wait_for_stage(home, "interrupted", "TRANSCRIPTION")
        other = moments(home, "generate", "interrupted.mp4", "--max-moments", "3", folder=bench)
        with start(home, bench, "interrupted.mp4") as joined:
            wait_for_line(joined, "going on with it")
            joined.send_signal(signal.SIGINT)
            _, farewell = joined.communicate(timeout=300)
        worker = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=300)
    assert process.returncode == 130, err
    assert err.splitlines()[-1] == "moments: interrupted."
    document = json.loads(out)
    assert document["run"]["request_id"] == run["request_id"]
    assert document["run"]["status"] == "cancelled"
    assert document["error"]["code"] == "cancelled"
    assert not [child for child in worker if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
    assert list((home.folder / "work").iterdir()) == []
    # Meanwhile one that asked for something else was refused, and one that asked for the same came and went without harm.
    assert other.returncode == 1
    assert f"A run of this video is active: {run['request_id']}, processing." in other.stderr.splitlines()[-1]
    assert f"moments runs cancel {run['request_id'][:8]}" in other.stderr.splitlines()[-1]
    assert joined.returncode == 130
    assert "goes on without this command" in farewell


@pytest.mark.fault
@pytest.mark.parametrize("victim", ["postgres", "moments_models"], ids=["database", "models"])
def test_a_server_that_is_killed_is_started_again(home: Home, bench: Path, speech: SpeechLibrary, victim: str) -> None:
    """`kill -9` of PostgreSQL or of the model service in the middle of a run: the command starts it again, and the run completes."""
    name = f"survives-{len(victim)}"
    (bench / f"{name}.mp4").write_bytes(speech.get(".mp4", part, 30.0, 60.0).path.read_bytes())
    with start(home, bench, f"{name}.mp4", "--no-clips", "--json") as process:
        wait_for_stage(home, name, "TRANSCRIPTION")
        server(home, victim).kill()
        out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert_sound(json.loads(out))


def server(home: Home, name: str) -> psutil.Process:
    """The main process of one of this data folder's servers, by what it was started with."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            line = words_of(process)
            started = line and (Path(line[0]).name == name or line[1:3] == ["-m", name])
            if started and str(home.folder) in " ".join([*line, *process.environ().values()]):
                return process
    raise AssertionError(f"no {name} runs")


@pytest.mark.fault
def test_a_killed_command_leaves_no_worker_and_the_same_again_goes_on_with_its_run(home: Home, bench: Path, speech: SpeechLibrary) -> None:
    (bench / "killed.mp4").write_bytes(speech.get(".mp4", part, 0.0, 100.0).path.read_bytes())
    with start(home, bench, "killed.mp4", "--no-clips") as process:
        run = wait_for_stage(home, "killed", "TRANSCRIPTION")
        family = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        process.communicate(timeout=300)
    deadline = time.monotonic() + 300
    while any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in family):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    left = shown_run(home, run["request_id"])
    again = moments(home, "generate", "killed.mp4", "--no-clips", "--json", folder=bench)
    assert again.returncode == 0, again.stderr
    document = json.loads(again.stdout)
    assert_sound(document)
    assert document["run"]["request_id"] == run["request_id"]
    assert shown_run(home, run["request_id"])["stages"][:3] == left["stages"][:3]
