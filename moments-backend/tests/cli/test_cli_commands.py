"""The operations on a real database: `db`, `models`, `runs`, `doctor`, `clean`, `serve`."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import httpx
import psutil
import pytest

from cli.commands import Home, moments
from support.ports import free_port
from support.processes import children_with, words_of
from support.stack import short_home
from videomoments.cli.app import run
from videomoments.core.config import Settings
from videomoments.core.errors import MomentsError
from videomoments.core.names import RunStatus, StageName
from videomoments.embedded import Stack
from videomoments.inference.openai_chat import ChatAnswer, Exchange, Usage
from videomoments.services.options import RunOptions
from videomoments.services.wiring import Services, build_services

T = TypeVar("T")


@pytest.fixture
def configured(stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """This process's environment names the session's stack, and a model service that need not answer."""
    values = {"DATABASE_URL": stack.database_url, "REDIS_URL": stack.redis_url, "STORAGE_URL": tmp_path.as_uri()}
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MOMENTS_MODELS_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("MOMENTS_HOME", str(tmp_path / "home"))
    assert run(["db", "upgrade"]) == 0
    return Settings()


def ask(settings: Settings, question: Callable[[Services], Awaitable[T]]) -> T:
    async def asked() -> T:
        services = build_services(settings, pool_size=1)
        try:
            return await question(services)
        finally:
            await services.close()

    return asyncio.run(asked())


def queued_run(settings: Settings, name: str) -> str:
    async def accept(services: Services) -> str:
        video, _ = await services.videos.register_url(f"https://example.org/{name}.mp4")
        snapshot = await services.models.snapshot(RunOptions())
        return (await services.runs.accept(video.identifier, snapshot)).request_id

    return ask(settings, accept)


def test_the_database_is_upgraded_and_says_so(configured: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["db", "upgrade"]) == 0
    assert run(["db", "status"]) == 0
    assert "up to date" in capsys.readouterr().out


def test_models_are_listed_with_their_way_in(configured: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models", "list", "--json"]) == 0
    models = {model["key"]: model for model in json.loads(capsys.readouterr().out)}
    assert models["signal"] == {
        "key": "signal",
        "kind": "chat",
        "supports_video": True,
        "supports_generation": False,
        "supports_refinement": True,
        "max_concurrency": 2,
        "max_refinements": 2,
        "way_in": "built in",
        "weights": "needs none",
    }
    assert models["parakeet"]["way_in"] == "ssh to worker-7:8006, not set up"
    assert "whisper_base" in models["whisper_base"]["weights"]
    assert run(["models", "list"]) == 0
    assert "qwen3_vl_fp8" in capsys.readouterr().out


def test_runs_are_listed_shown_and_cancelled(configured: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["db", "upgrade"]) == 0
    assert run(["models", "list"]) == 0  # seeds the registry
    request_id = queued_run(configured, "listed-shown-cancelled")
    capsys.readouterr()

    assert run(["runs", "list", "--json", "--status", "queued"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert request_id in [entry["request_id"] for entry in listed]

    assert run(["runs", "show", request_id[:13], "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["status"] == "queued"
    assert [stage["status"] for stage in shown["stages"]] == ["pending"] * 8

    assert run(["runs", "cancel", request_id]) == 0
    assert "is cancelled" in capsys.readouterr().out
    assert run(["runs", "cancel", request_id]) == 0
    assert "had ended already (cancelled)" in capsys.readouterr().out
    assert run(["runs", "show", request_id]) == 0
    assert "VIDEO_DOWNLOAD" in capsys.readouterr().out
    assert run(["runs", "list"]) == 0
    assert "listed-shown-cancelled" in capsys.readouterr().out


def test_what_a_run_asked_its_models_is_shown(configured: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["db", "upgrade"]) == 0
    assert run(["models", "list"]) == 0
    request_id = queued_run(configured, "asked")

    async def keep(services: Services) -> None:
        claim = await services.runs.claim(request_id, "tester")
        assert claim is not None
        for asked, problem in ((1, "It holds no JSON."), (2, None)):
            answer = ChatAnswer("[]", "stop", "some-model", Usage(), '{"choices": []}')
            exchange = Exchange(asked, [{"role": "user", "content": "Which moments?"}], answer, problem, 1.25)
            await services.model_calls.keep(claim, StageName.MOMENT_GENERATION, "extractive", exchange)

    capsys.readouterr()
    assert run(["runs", "calls", request_id]) == 0
    assert "has asked no chat model" in capsys.readouterr().out
    ask(configured, keep)
    assert run(["runs", "calls", request_id]) == 0
    shown = capsys.readouterr().out
    assert "not used: It holds no JSON." in shown
    assert "again (2)" in shown
    assert run(["runs", "calls", request_id[:12], "--json"]) == 0
    first, second = json.loads(capsys.readouterr().out)
    assert (first["problem"], second["problem"]) == ("It holds no JSON.", None)
    assert second["messages"] == [{"role": "user", "content": "Which moments?"}]


def test_a_run_that_does_not_exist_is_one_line(configured: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["runs", "show", "00000000"]) == 1
    assert capsys.readouterr().err == "moments: There is no such run.\n"


def test_a_model_that_does_not_exist_is_wrong_usage(configured: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.mp4").write_bytes(bytes(range(1, 200)))
    assert run(["generate", str(tmp_path / "a.mp4"), "--generation-model", "oracle"]) == 2
    assert "There is no model 'oracle'. Choose one of: extractive" in capsys.readouterr().err


def test_an_unreachable_database_is_one_line(
    configured: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody:secret@127.0.0.1:1/nothing")
    assert run(["runs", "list"]) == 1
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1
    assert "database" in err.lower()
    assert "secret" not in err


def test_doctor_and_clean() -> None:
    with short_home() as folder:
        home = Home(folder)
        looked = moments(home, "doctor")
        assert looked.returncode == 0, looked.stdout + looked.stderr
        assert "PostgreSQL program" in looked.stdout
        assert "All is well." in looked.stdout
        assert moments(home, "db", "upgrade").returncode == 0

        shown = moments(home, "clean")
        assert shown.returncode == 0
        assert "the database" in shown.stdout
        refused = moments(home, "clean", "--data")
        assert refused.returncode == 2
        assert "--yes" in refused.stderr
        database = next(Path(line.split(":")[0].split()[-1]) for line in shown.stdout.splitlines() if "the database" in line)
        assert database.exists()
        removed = moments(home, "clean", "--data", "--yes")
        assert removed.returncode == 0, removed.stderr
        assert not database.exists()
        assert moments(home, "db", "status").returncode == 1


@pytest.mark.fault
def test_serve_answers_survives_its_childrens_death_and_ends_all() -> None:
    port = free_port()
    with short_home() as folder:
        home = Home(folder)
        command = [sys.executable, "-m", "videomoments", "serve", "--no-page", "--port", str(port)]
        environment = home.environment | {"MOMENTS_WEIGHTS": str(_weights_that_look_whole(folder / "w"))}
        with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            try:
                lines = iter(process.stderr.readline, "")
                address = next(line for line in lines if "answers on" in line)
                assert f"http://127.0.0.1:{port}" in address
                health = httpx.get(f"http://127.0.0.1:{port}/health", trust_env=False, timeout=300).json()
                assert (health["redis"], health["postgresql"]) == ("ok", "ok")
                taken = moments(home, "serve", "--no-page", "--port", str(port))
                assert (taken.returncode, taken.stderr.count("\n")) == (1, 1)
                assert "--port" in taken.stderr
                worker = children_with("worker", process.pid)[0]
                worker.kill()
                assert "worker process has ended" in next(lines)
                family = psutil.Process(process.pid).children(recursive=True)
            finally:
                process.send_signal(signal.SIGTERM)
            assert process.wait(300) == 0
        assert not [child for child in family if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]


def _weights_that_look_whole(folder: Path) -> Path:
    """Nothing is recognised in this test: files of the right size spare the download."""
    from moments_models.weights import WEIGHTS

    for name, known in WEIGHTS.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "manifest.json").write_text("{}")
        for file in known.files:
            with (folder / name / file.name).open("wb") as hollow:
                hollow.truncate(file.size)
    return folder


BACKEND = Path(__file__).parents[2]


@pytest.mark.fault
@pytest.mark.skipif(Path(sys.prefix) != BACKEND.parent / ".venv", reason="the launcher would set up an environment of its own")
def test_start_backend_runs_both_processes_and_ends_both() -> None:
    port = free_port()
    with short_home() as folder:
        home = Home(folder)
        script = [shutil.which("sh") or "sh", str(BACKEND / "start_backend.sh"), "-p", str(port)]
        with subprocess.Popen(script, env=home.environment, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            try:
                assert any("runs at once" in line for line in iter(process.stderr.readline, ""))
                family = psutil.Process(process.pid).children(recursive=True)
                assert {"api", "worker"} <= {word for child in family for word in words_of(child)}
            finally:
                process.send_signal(signal.SIGTERM)
                rest = process.stderr.read()
            assert process.wait(300) == 0, rest
        assert not [child for child in family if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
    assert "Traceback" not in rest


def test_start_backend_says_how_it_is_used() -> None:
    script = BACKEND / "start_backend.sh"
    shell = shutil.which("sh")
    assert shell
    wrong = subprocess.run([shell, str(script), "everything"], capture_output=True, text=True, check=False, timeout=300)
    assert wrong.returncode == 2
    assert "[api|worker|all]" in wrong.stderr


def test_a_dead_letter_is_listed_and_put_back(configured: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    identifier = queued_run(configured, "dead")

    async def end(services: Services) -> None:
        claim = await services.runs.claim(identifier, "worker-a")
        assert claim is not None
        error = MomentsError("The run ended its worker 3 times.", code="dead_letter", advice="Look at the worker's log.")
        await services.runs.finish(claim, RunStatus.FAILED, error=error)

    ask(configured, end)
    assert run(["runs", "dead"]) == 0
    printed = capsys.readouterr().out
    assert identifier[:8] in printed
    assert "ended its worker 3 times" in printed
    assert "moments runs retry" in printed
    assert run(["runs", "show", identifier]) == 0
    assert f"moments runs retry {identifier[:8]}" in capsys.readouterr().out
    assert run(["runs", "retry", identifier[:12]]) == 0
    assert identifier in capsys.readouterr().out
    assert run(["runs", "dead", "--json"]) == 0
    assert identifier not in capsys.readouterr().out
    assert run(["runs", "retry", identifier]) == 1
    assert "Only a run that failed or was cancelled" in capsys.readouterr().err
    assert run(["runs", "cancel", identifier]) == 0


def test_failed_runs_are_dismissed_one_and_all(configured: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    identifiers = [queued_run(configured, name) for name in ("dismissed-a", "dismissed-b")]

    async def fail(services: Services) -> None:
        for identifier in identifiers:
            claim = await services.runs.claim(identifier, "worker-a")
            assert claim is not None
            await services.runs.finish(claim, RunStatus.FAILED, error=MomentsError("No."), error_stage=StageName.VIDEO_DOWNLOAD)

    ask(configured, fail)

    def listed(*arguments: str) -> list[str]:
        capsys.readouterr()
        assert run(["runs", "list", "--json", "--limit", "500", *arguments]) == 0
        return [view["request_id"] for view in json.loads(capsys.readouterr().out)]

    first, second = identifiers
    assert run(["runs", "dismiss", first]) == 0
    assert first not in listed()
    assert second in listed()
    assert first in listed("--dismissed")
    assert run(["runs", "dismiss", first, "--undo"]) == 0
    assert first in listed()
    assert run(["runs", "dismiss", "--all"]) == 0
    assert "failed runs dismissed" in capsys.readouterr().out
    assert not {first, second} & set(listed())
    assert run(["runs", "show", first]) == 0
    assert "dismissed" in capsys.readouterr().out
    assert run(["runs", "dismiss", first, "--all"]) == run(["runs", "dismiss"]) == run(["runs", "dismiss", "--all", "--undo"]) == 2
    assert run(["runs", "dismiss", queued_run(configured, "dismissed-c")]) == 1
