"""`moments models`: services added, changed, tested, found and removed, on a real database."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from support.fakes.chat_dialects import all_at_once
from support.fakes.model_server import ModelServer
from support.fakes.ssh_server import SshServer
from support.stack import Stack
from videomoments.cli.app import run
from videomoments.inference import discover


@pytest.fixture(autouse=True)
def _configured(stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"DATABASE_URL": stack.database_url, "REDIS_URL": stack.redis_url, "STORAGE_URL": tmp_path.as_uri()}
    for name, value in (values | {"MOMENTS_MODELS_URL": "http://127.0.0.1:9", "MOMENTS_HOME": str(tmp_path / "home")}).items():
        monkeypatch.setenv(name, value)
    assert run(["db", "upgrade"]) == 0


async def command(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit status, stdout, stderr of `moments models …`, beside the servers of the test."""
    capsys.readouterr()
    status = await asyncio.to_thread(run, ["models", *arguments])
    shown = capsys.readouterr()
    return status, shown.out, shown.err


async def listed(capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, Any]]:
    _, out, _ = await command(capsys, "list", "--json")
    return {row["key"]: row for row in json.loads(out)}


async def test_a_service_behind_ssh_from_its_first_day_to_its_last(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with SshServer(tmp_path / "ssh") as ssh, ModelServer(models=("m",)) as server:
        for name, value in ssh.environment.items():
            monkeypatch.setenv(name, value)
        place = ("--ssh", f"tester@127.0.0.1:{ssh.port}", "--remote", f"127.0.0.1:{server.port}")
        assert (await command(capsys, "add", "my_llm", *place, "--context-tokens", "8192"))[0] == 0
        assert (await listed(capsys))["my_llm"]["way_in"] == f"127.0.0.1:{server.port} through ssh tester@127.0.0.1"
        status, _, err = await command(capsys, "add", "my_llm", *place)
        assert (status, "already" in err) == (1, True)

        status, out, _ = await command(capsys, "test", "my_llm")
        assert status == 0, out
        steps = ("way_in", "reachable", "identity", "answers", "dialect")
        assert [line.split()[:2] for line in out.splitlines()[1:]] == [["ok", name] for name in steps]

        assert (await command(capsys, "edit", "my_llm", "--model-name", "other"))[0] == 0
        status, out, _ = await command(capsys, "test", "my_llm", "--json")
        (result,) = json.loads(out)
        assert (status, result["ok"], result["steps"][-1]["name"]) == (1, False, "identity")
        assert (await command(capsys, "edit", "my_llm", "--unset", "model-name", "--video"))[0] == 0
        assert (await listed(capsys))["my_llm"]["supports_video"]
        assert (await command(capsys, "edit", "my_llm", "--no-refinement", "--max-refinements", "2"))[0] == 0
        row = (await listed(capsys))["my_llm"]
        assert (row["supports_generation"], row["supports_refinement"], row["max_refinements"]) == (True, False, 2)

        assert (await command(capsys, "remove", "my_llm"))[0] == 0
        assert "my_llm" not in await listed(capsys)
        assert (await command(capsys, "remove", "my_llm"))[0] == 1


async def test_f89_what_a_server_refuses_is_named_by_a_test_until_the_entry_says_it(capsys: pytest.CaptureFixture[str]) -> None:
    async with ModelServer(models=("m",)) as server:
        server.refusals, server.streams = all_at_once(), True
        assert (await command(capsys, "add", "odd", "--url", server.url))[0] == 0
        status, out, _ = await command(capsys, "test", "odd")
        assert status == 0, out
        dialect = out.splitlines()[-1]
        for said in ("max_completion_tokens", "no temperature", "no system message", "no JSON schema", "at most 1000 tokens", "streamed"):
            assert said in dialect
        server.requests.clear()
        said_outright = ("--tokens-field", "max_completion_tokens", "--system-role", "user", "--answer-format", "none", "--stream")
        assert (await command(capsys, "edit", "odd", *said_outright, "--max-tokens", "900", "--unset", "temperature"))[0] == 0
        assert (await command(capsys, "test", "odd"))[0] == 0
        assert len(server.requests) == 1, "nothing is refused, and nothing has to be found out"


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("add", "m"), "--url"),
        (("add", "m", "--url", "http://a", "--ssh", "b"), "two ways"),
        (("add", "m", "--ssh", "-oProxyCommand=id", "--remote", "1"), "ssh_host"),
        (("add", "m", "--ssh", "`id`@gpu", "--remote", "1"), "ssh_user"),
        (("add", "m", "--ssh", "gpu:0", "--remote", "1"), "ssh_port"),
        (("add", "m", "--ssh", "gpu", "--remote", "70000"), "remote_port"),
        (("add", "m", "--url", "file:///etc/passwd"), "http"),
        (("add", "m", "--url", "http://a", "--api-key-env", "DATABASE_URL"), "_API_KEY"),
        (("add", "../m", "--url", "http://a"), "key"),
        (("add", "m", "--url", "http://a", "--tokens-field", "max_length"), "tokens_field"),
        (("add", "m", "--url", "http://a", "--answer-seconds", "0"), "answer_seconds"),
        (("edit", "signal"), "what to change"),
        (("edit", "signal", "--unset", "nonsense"), "nonsense"),
        (("edit", "signal", "--ssh", "gpu"), "built-in"),
    ],
)
async def test_f77_wrong_usage_says_what_is_wrong(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], word: str) -> None:
    status, _, err = await command(capsys, *arguments)
    assert status == 2
    assert word in " ".join(err.replace("│", " ").split())


async def test_what_runs_here_is_found_and_registered(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    async with ModelServer(models=("org/Some Model:3b", "nomic-embed-text", "tiny")) as open_one, ModelServer(key="right-key") as locked:
        programs = (
            discover.Program("Ollama", open_one.port, "library", "OLLAMA_API_KEY"),
            discover.Program("vLLM", locked.port, "vllm", "VLLM_API_KEY"),
        )
        monkeypatch.setattr(discover, "PROGRAMS", programs)
        status, out, err = await command(capsys, "discover")
        assert (status, "set VLLM_API_KEY" in out, "--yes" in err) == (0, True, True)
        assert "embed" not in out
        monkeypatch.setenv("VLLM_API_KEY", "right-key")
        assert (await command(capsys, "discover", "--yes"))[0] == 0
        models = await listed(capsys)
        assert {"ollama-tiny", "vllm-fake-chat"} <= set(models)
        _, out, _ = await command(capsys, "discover", "--json")
        rows = {row["model"]["key"]: row for row in json.loads(out)}
        assert not any(row["new"] for row in rows.values())
        assert (rows["vllm-fake-chat"]["model"]["api_key_env"], "right-key" in out) == ("VLLM_API_KEY", False)
        assert (await command(capsys, "test", "vllm-fake-chat"))[0] == 0
        for key in rows:
            await command(capsys, "remove", key)


async def test_nothing_runs_here(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    async with ModelServer() as gone:
        port = gone.port
    monkeypatch.setattr(discover, "PROGRAMS", (discover.Program("Ollama", port, "library", "OLLAMA_API_KEY"),))
    status, out, err = await command(capsys, "discover")
    assert (status, out, "Nothing found" in err) == (0, "", True)
