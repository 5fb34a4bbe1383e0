"""The command line, as its own process."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

PROGRAM = [sys.executable, "-m", "moments_models"]


def test_serving_all_answers_health_before_any_engine_is_loaded(tmp_path: Path) -> None:
    environment = {**os.environ, "MOMENTS_WEIGHTS": str(tmp_path)}
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    process = subprocess.Popen([*PROGRAM, "serve", "--all", "--fd", str(listener.fileno())], env=environment, pass_fds=[listener.fileno()])
    try:
        deadline = time.monotonic() + 300
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{listener.getsockname()[1]}/health") as response:
                    assert response.status == 200
                break
            except urllib.error.URLError:
                assert time.monotonic() < deadline
                time.sleep(0.02)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(300) in {0, -signal.SIGTERM}
        listener.close()


def test_nothing_heavy_is_imported_before_the_first_request() -> None:
    code = "import sys; from moments_models.app import create_app; create_app(); print([m for m in HEAVY if m in sys.modules])"
    heavy = "HEAVY = ['onnxruntime', 'ctranslate2', 'faster_whisper', 'av', 'tokenizers', 'huggingface_hub']; "
    assert subprocess.run([sys.executable, "-c", heavy + code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["serve", "nothing"], "no model named nothing"), (["serve", "--host", "0.0.0.0"], "MOMENTS_MODELS_KEY"), ([], "COMMAND")],
)
def test_wrong_usage_is_2_with_one_reason(arguments: list[str], words: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "MOMENTS_MODELS_KEY"}
    done = subprocess.run([*PROGRAM, *arguments], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 2
    assert words in done.stderr


def test_list_says_where_weights_came_from(tmp_path: Path) -> None:
    done = subprocess.run(
        [*PROGRAM, "list"], capture_output=True, text=True, env={**os.environ, "MOMENTS_WEIGHTS": str(tmp_path)}, check=True
    )
    assert "whisper_base" in done.stdout
    assert "not here" in done.stdout


def test_pulling_an_unknown_name_fails_with_the_known_ones(tmp_path: Path) -> None:
    done = subprocess.run(
        [*PROGRAM, "pull", "gpt"], capture_output=True, text=True, env={**os.environ, "MOMENTS_WEIGHTS": str(tmp_path)}, check=False
    )
    assert done.returncode == 1
    assert "minilm" in done.stderr
