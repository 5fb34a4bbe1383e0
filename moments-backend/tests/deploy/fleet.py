"""`make fleet`: the processes of compose.yaml, started by its own commands and environments, carry MOMENTS_FLEET_VIDEOS videos to the end.

Two API and two worker processes, one model service, PostgreSQL and Valkey of their own over TCP. One worker is killed on the way and stays
dead. Only what names a container is replaced: host names by loopback and a port, the volume by a folder. Nothing else is set.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest
from compose_file import Service, services
from external import ended, postgres, python_program, site_below, valkey, wait_for_port

from media.stretches import stretches
from support.ports import free_port
from support.stack import short_home, weights_folder

SECRETS = ("POSTGRES_PASSWORD", "REDIS_PASSWORD", "MOMENTS_MODELS_KEY", "MOMENTS_SIGNING_KEY")
VIDEOS = int(os.environ.get("MOMENTS_FLEET_VIDEOS", "50"))
_VIDEO_SECONDS = 14.0
_DONE_SECONDS = 60.0 * (10 + VIDEOS)
_PROGRAMS = {"setup": "videomoments", "api": "videomoments", "worker": "videomoments", "models": "moments_models"}
_KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "PYTHONPATH")


@dataclass(frozen=True)
class Fleet:
    """What runs. `apis` are base addresses, `workers` processes; `key` may do everything."""

    apis: list[str]
    workers: list[subprocess.Popen[bytes]]
    key: str
    environment: Mapping[str, str]
    folder: Path

    def client(self, number: int) -> httpx.Client:
        """A client of one of the API processes, in turn."""
        return httpx.Client(base_url=self.apis[number % len(self.apis)], headers={"Authorization": f"Bearer {self.key}"}, timeout=60)


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    described = services({name: secrets.token_hex(8) for name in SECRETS})
    with short_home() as home, contextlib.ExitStack() as stack:
        site = site_below(home)
        database = described["postgres"].environment
        ports = {
            "postgres:5432": stack.enter_context(
                postgres(
                    site,
                    described["postgres"].command,
                    user=database["POSTGRES_USER"],
                    password=database["POSTGRES_PASSWORD"],
                    database=database["POSTGRES_DB"],
                )
            ),
            "valkey:6379": stack.enter_context(valkey(site, described["valkey"].command, home / "valkey")),
            "models:8006": free_port(),
        }
        here = Here(ports, home)
        stack.enter_context(here.running(described["models"], ports["models:8006"]))
        here.once(described["setup"])
        key = here.once(described["setup"], "keys", "create", "trial", "--scope", "admin").strip()
        apis = []
        for _ in range(described["api"].replicas):
            port = free_port()
            stack.enter_context(here.running(described["api"], port))
            apis.append(f"http://127.0.0.1:{port}")
        workers = [stack.enter_context(here.running(described["worker"])) for _ in range(described["worker"].replicas)]
        yield Fleet(apis, workers, key, here.environment(described["worker"]), home)


@dataclass(frozen=True)
class Here:
    """This machine in place of Docker: where a container's name and folders are."""

    ports: Mapping[str, int]
    folder: Path

    def environment(self, service: Service) -> dict[str, str]:
        own = {name: value for name in _KEPT if (value := os.environ.get(name))}
        given = {name: self._placed(value) for name, value in service.environment.items()}
        # The built-in weights lie where this user has them. Loopback asks for keys only when told to; any address of a container does.
        return own | given | {"MOMENTS_WEIGHTS": weights_folder(), "MOMENTS_REQUIRE_KEYS": "true"}

    def once(self, service: Service, *command: str) -> str:
        """`docker compose run --rm SERVICE COMMAND`: what it says on stdout."""
        done = subprocess.run(
            [*python_program(_PROGRAMS[service.name]), *(command or service.command)],
            env=self.environment(service),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @contextlib.contextmanager
    def running(self, service: Service, port: int | None = None) -> Iterator[subprocess.Popen[bytes]]:
        command = [str(port) if before == "--port" else part for before, part in zip(("", *service.command), service.command, strict=False)]
        command = ["127.0.0.1" if part == "0.0.0.0" else part for part in command]
        log = self.folder / f"{service.name}-{port or secrets.token_hex(2)}.log"
        with log.open("wb") as writer:
            process = subprocess.Popen(
                [*python_program(_PROGRAMS[service.name]), *command],
                env=self.environment(service),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=writer,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        with ended(process):
            if port is not None:
                wait_for_port(port, process, log)
            yield process

    def _placed(self, value: str) -> str:
        for name, port in self.ports.items():
            value = value.replace(name, f"127.0.0.1:{port}")
        return value.replace("/var/lib/moments", str(self.folder))


def start(fleet: Fleet, number: int, path: Path) -> str:
    """Uploads the video through one API process and starts its run through the other; its identifier."""
    with fleet.client(number) as client, path.open("rb") as reader:
        answer = client.post("/api/videos/upload", files={"file": (path.name, reader, "video/mp4")})
    assert answer.status_code == 201, answer.text
    video = str(answer.json()["identifier"])
    with fleet.client(number + 1) as client:
        answer = client.post(f"/api/pipeline/{video}/start", json={"min_duration": 5, "max_moments": 2})
    assert answer.status_code == 202, answer.text
    return video


def statuses(fleet: Fleet, videos: list[str]) -> dict[str, str]:
    found = {}
    for number, video in enumerate(videos):
        with fleet.client(number) as client:
            answer = client.get(f"/api/pipeline/{video}/status")
        assert answer.status_code == 200, answer.text
        found[video] = answer.json()["status"]
    return found


def failures(fleet: Fleet, videos: list[str]) -> list[str]:
    """What went wrong, for whoever reads the failed test."""
    with fleet.client(0) as client:
        found = [client.get(f"/api/pipeline/{video}/status").json() for video in videos]
    return [f"{status['status']}: {status['error']}" for status in found if status["status"] != "completed"]


def wait_until_healthy(fleet: Fleet) -> None:
    """Until both workers are known, and the health check of compose says so too."""
    deadline = time.monotonic() + 120
    while True:
        with fleet.client(0) as client:
            ready = client.get("/ready")
        if ready.json()["workers"] == len(fleet.workers):
            break
        assert time.monotonic() < deadline, ready.text
        time.sleep(0.5)
    assert ready.status_code == 200
    environment = dict(fleet.environment)
    assert subprocess.run(python_program("videomoments.worker.alive"), env=environment, cwd=fleet.folder, check=False).returncode == 0


def kill_as_docker_does(process: subprocess.Popen[bytes]) -> None:
    """`docker kill`: a container goes with all that runs in it."""
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    for one in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()


@pytest.mark.timeout(_DONE_SECONDS + 600)
def test_the_fleet_ends_every_run_with_one_worker_killed(fleet: Fleet, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    began, cpu = time.monotonic(), psutil.cpu_times()
    with httpx.Client(base_url=fleet.apis[0]) as anonymous:
        assert anonymous.get("/api/videos").status_code == 401
    videos = [
        start(fleet, number, path) for number, path in enumerate(stretches(tmp_path, VIDEOS, seconds=(_VIDEO_SECONDS, _VIDEO_SECONDS)))
    ]
    assert len(set(videos)) == VIDEOS
    wait_until_healthy(fleet)

    killed = None
    deadline = time.monotonic() + _DONE_SECONDS
    while True:
        now = Counter(statuses(fleet, videos).values())
        if killed is None and now["completed"] >= min(5, VIDEOS // 4) and now["processing"] > 1:
            killed = fleet.workers[0]
            kill_as_docker_does(killed)
        if not now["queued"] and not now["processing"]:
            break
        assert time.monotonic() < deadline, now
        time.sleep(0.5)

    assert now == {"completed": VIDEOS}, failures(fleet, videos)
    assert killed is not None
    moments = clips = taken_over = 0
    for number, video in enumerate(videos):
        with fleet.client(number) as client:
            history = client.get(f"/api/pipeline/{video}/history").json()["items"]
            found = client.get(f"/api/videos/{video}/moments").json()["items"]
            assert len(history) == 1
            taken_over += history[0].get("attempt", 1) > 1
            moments += len(found)
            for moment in found:
                assert moment["clip"] is not None, moment
                assert moment["is_refined"], moment  # the model was handed the clip
                part = httpx.get(fleet.apis[number % 2] + moment["clip"]["url"].partition(fleet.environment["MOMENTS_PUBLIC_URL"])[2])
                assert (part.status_code, len(part.content)) == (200, moment["clip"]["size_bytes"])
                clips += 1
            assert client.get(f"/api/videos/{video}/export", params={"format": "zip" if found else "json"}).status_code == 200
    assert moments > 0
    used = psutil.cpu_times()
    seconds = used.user + used.system - cpu.user - cpu.system
    with capsys.disabled():
        print(f"\n{VIDEOS} of {VIDEOS} videos completed, {moments} moments, {clips} clips read back; one worker of two killed,")
        print(f"{taken_over} runs taken over; {time.monotonic() - began:.0f} s, {seconds:.0f} CPU seconds of the whole machine")
