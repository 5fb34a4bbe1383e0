"""The model service is supervised like the rest. A stand-in with its command line plays it."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlparse

import psutil
import pytest
from embedded_commands import Command, gone, server_pids

from support.stack import embedded_settings
from videomoments.core.config import Settings
from videomoments.core.errors import ServiceUnavailable
from videomoments.embedded import revive, running_stack
from videomoments.embedded.data_folder import Layout
from videomoments.embedded.model_server import ModelServer
from videomoments.embedded.process_identity import Record

STANDIN = Path(__file__).parents[1] / "support" / "fakes" / "models_standin"


@pytest.fixture(autouse=True)
def standin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(STANDIN), *filter(None, [os.environ.get("PYTHONPATH")])]))


class Stranger(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        return


def models_only(home: Path) -> Settings:
    return Settings(home=home, database_url="postgresql+asyncpg://elsewhere/vision_ai", redis_url="redis://elsewhere", storage_url=None)


def status(url: str | None, path: str, key: str | None = None) -> int:
    connection = http.client.HTTPConnection(str(urlparse(url).netloc), timeout=5)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {key}"} if key else {})
        return connection.getresponse().status
    finally:
        connection.close()


def model_pid(home: Path) -> int:
    record = Record.load(Layout.of(embedded_settings(home)), "models")
    assert record is not None
    return record.pid


def test_only_what_is_not_configured_is_started(fresh_home: Path) -> None:
    with running_stack(models_only(fresh_home)) as stack:
        assert stack.database_url == "postgresql+asyncpg://elsewhere/vision_ai"
        assert stack.redis_url == "redis://elsewhere"
        assert status(stack.models_url, "/health") == 200
        assert not (fresh_home / "postgres").exists()
    configured = Settings(
        home=fresh_home / "untouched", database_url="a://", redis_url="b://", storage_url="c://", models_url="http://models", models_key="k"
    )
    with running_stack(configured) as stack:
        assert (stack.storage_url, stack.models_url, stack.models_key) == ("c://", "http://models", "k")
    assert not (fresh_home / "untouched").exists()


def test_the_key_is_asked_for_and_shows_in_no_process_list(home: Path) -> None:
    with running_stack(models_only(home)) as stack:
        assert stack.models_key
        assert status(stack.models_url, "/v1/models") == 401
        assert status(stack.models_url, "/v1/models", stack.models_key) == 200
        assert stack.models_key not in " ".join(psutil.Process(model_pid(home)).cmdline())
        assert stack.models_key not in repr(stack)


def test_port_and_key_stay_the_same_over_restarts(home: Path) -> None:
    with running_stack(models_only(home)) as first:
        os.kill(model_pid(home), signal.SIGKILL)
        assert gone(model_pid(home))
        assert revive(models_only(home)) == first
        assert status(first.models_url, "/health") == 200
    with running_stack(models_only(home)) as second:
        assert second == first
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", urlparse(first.models_url).port or 0))
        taken.listen()
        with running_stack(models_only(home)) as third:
            assert third.models_url != first.models_url
            assert status(third.models_url, "/health") == 200
    assert server_pids(home) == []


def test_what_a_killed_service_leaves_of_what_it_was_sent_goes_with_its_next_start(home: Path) -> None:
    with running_stack(models_only(home)):
        folder = Path(psutil.Process(model_pid(home)).environ()["TMPDIR"])
        assert home.resolve() in folder.parents
        os.kill(model_pid(home), signal.SIGKILL)
        assert gone(model_pid(home))
        (folder / "moments-asr-1").mkdir()
        revive(models_only(home))
        assert list(folder.iterdir()) == []


def test_a_stranger_on_the_port_is_not_taken_for_the_service(home: Path) -> None:
    with running_stack(models_only(home)) as first:
        pass
    port = urlparse(first.models_url).port or 0
    server = ThreadingHTTPServer(("127.0.0.1", port), Stranger)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        layout = Layout.of(embedded_settings(home))
        service = ModelServer(layout)
        # Our own service, alive, but the port is not its.
        alive = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
        record = Record(alive.pid, "any", "", {"port": str(port)})
        assert status(first.models_url, "/health") == 200
        assert not service.answers(record)
        alive.communicate()
        with running_stack(models_only(home)) as second:
            assert second.models_url != first.models_url
    finally:
        server.shutdown()
        server.server_close()


def test_a_service_that_does_not_start_says_why(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STANDIN_FAILS", "1")
    with pytest.raises(ServiceUnavailable, match="made of cheese"), running_stack(embedded_settings(home)):
        pass
    assert server_pids(home) == []


def test_commands_with_and_without_models_share_the_rest(home: Path) -> None:
    with Command(home) as without:
        assert set(without.pids) == {"postgres", "valkey"}
        with Command(home, "--models") as with_models:
            assert with_models.pids.items() > without.pids.items()
            without.leave()
            assert status(with_models.said["stack"]["models_url"], "/health") == 200
    assert server_pids(home) == []
