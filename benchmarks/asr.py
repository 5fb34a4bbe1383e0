"""Recognition through our service against plain faster-whisper: same weights, beam, int8, threads, VAD and word times."""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import psutil  # type: ignore[import-untyped]

from benchmarks.memory import MIB
from moments_models import weights
from moments_models.audio import RATE, to_wav
from moments_models.cores import cores
from moments_models.guards import MAX_COMPRESSION, MAX_NO_SPEECH, MIN_LOG_PROBABILITY
from moments_models.request_jobs import Job
from videomoments.demo import sample_path

TARGET_SPEED = 1.0
TARGET_GROWTH = 1.1
MODEL = "whisper_base"


@dataclass(frozen=True, slots=True)
class Heard:
    """One recognition: seconds of wall clock and of CPU, number of words, and the process's peak resident size in bytes."""

    wall: float
    cpu: float
    words: int
    peak: int


def main(arguments: list[str]) -> int:
    """Prints what was measured. Returns 0, or 1 where `--check` was given and a target was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks asr", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60, help="length of the speech")
    parser.add_argument("--rounds", type=int, default=1, help="alternating rounds; medians are compared")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--check", action="store_true", help="exit 1 when a target is missed")
    parser.add_argument("--plain", type=Path, help=argparse.SUPPRESS)  # the peer's own process
    options = parser.parse_args(arguments)
    if options.plain:
        print(json.dumps(plain(options.plain)))
        return 0
    weights.pull(MODEL)
    with tempfile.TemporaryDirectory(prefix="bench") as name:
        figures, reached = measure(Path(name), options.minutes, options.rounds)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 1 if options.check and not reached else 0


def measure(folder: Path, minutes: float, rounds: int) -> tuple[dict[str, Any], bool]:
    """Measures plain and served recognition in turn. Returns the figures, and whether speed and growth are within their targets."""
    short, long = speech(folder / "short.wav", minutes / 6), speech(folder / "long.wav", minutes)
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {minutes:g} minutes of speech, {rounds} rounds")
    plains, served = [], []
    with service() as (url, pid):
        recognise(url, pid, speech(folder / "warm.wav", 0.5))
        first = recognise(url, pid, short)
        for number in range(1, rounds + 1):
            plains.append(in_own_process(long))
            served.append(recognise(url, pid, long))
            print(f"  round {number}: {_line('plain', plains[-1], minutes)}; {_line('service', served[-1], minutes)}")
    figures: dict[str, Any] = {
        "minutes": minutes,
        "plain": _figures(plains, minutes),
        "service": _figures(served, minutes),
        "speed": median(run.wall for run in plains) / median(run.wall for run in served),
        "speed_by_cpu": median(run.cpu for run in plains) / median(run.cpu for run in served),
        "growth": max(run.peak for run in served) / first.peak,
    }
    print(f"\nspeed of the service {figures['speed']:.3f} of plain by the clock, {figures['speed_by_cpu']:.3f} by CPU time; ", end="")
    print(f"target at least {TARGET_SPEED:.1f}")
    print(
        f"memory of the service {first.peak / MIB:.0f} MiB at {minutes / 6:g} minutes, growth {figures['growth']:.2f} "
        f"to {minutes:g} (target at most {TARGET_GROWTH}); of plain {max(run.peak for run in plains) / MIB:.0f} MiB"
    )
    return figures, figures["speed"] >= TARGET_SPEED and figures["growth"] <= TARGET_GROWTH


def _line(name: str, run: Heard, minutes: float) -> str:
    return f"{name} {60 * minutes / run.wall:.1f}x real time, {run.cpu:.0f} CPU-s, {run.words} words, {run.peak / MIB:.0f} MiB"


def _figures(runs: list[Heard], minutes: float) -> dict[str, float]:
    return {
        "times_real_time": 60 * minutes / median(run.wall for run in runs),
        "wall_seconds": median(run.wall for run in runs),
        "cpu_seconds": median(run.cpu for run in runs),
        "words": runs[0].words,
        "peak_mib": round(max(run.peak for run in runs) / MIB, 1),
    }


def speech(target: Path, minutes: float) -> Path:
    """Writes the sample's audio repeatedly as 16 kHz mono WAV."""
    once = to_wav(sample_path(), target.with_suffix(".once.wav"), Job())
    with wave.open(str(once), "rb") as reader:
        data = reader.readframes(reader.getnframes())
    left = int(minutes * 60 * RATE) * 2
    with wave.open(str(target), "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(RATE)
        while left > 0:
            writer.writeframes(data[:left])
            left -= len(data)
    return target


def plain(wav: Path) -> dict[str, float]:
    """Measures faster-whisper by itself, with the engine's settings. Loading the model is not counted."""
    from faster_whisper import WhisperModel  # type: ignore[import-untyped]

    model = WhisperModel(str(weights.location(MODEL)), device="cpu", compute_type="int8", cpu_threads=cores(), local_files_only=True)
    began, spent = time.perf_counter(), time.process_time()
    segments, _ = model.transcribe(
        str(wav),
        beam_size=1,
        best_of=1,
        temperature=[0.0, 0.4, 0.8],
        condition_on_previous_text=False,
        word_timestamps=True,
        compression_ratio_threshold=MAX_COMPRESSION,
        log_prob_threshold=MIN_LOG_PROBABILITY,
        no_speech_threshold=MAX_NO_SPEECH,
        vad_filter=True,
    )
    words = sum(len(segment.words or ()) for segment in segments)
    return {"wall": time.perf_counter() - began, "cpu": time.process_time() - spent, "words": words}


def in_own_process(wav: Path) -> Heard:
    """Measures the peer in its own process. Loading its model is not counted in its time."""
    command = [sys.executable, "-m", "benchmarks", "asr", "--plain", str(wav)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        peak = _watched(process)
        assert process.stdout is not None
        found = json.loads(process.stdout.read())
    return Heard(found["wall"], found["cpu"], int(found["words"]), peak)


def _watched(process: subprocess.Popen[str]) -> int:
    peak = 0
    while process.poll() is None:
        peak = max(peak, _resident(process.pid))
        time.sleep(0.2)
    return peak


def _resident(pid: int) -> int:
    with contextlib.suppress(psutil.Error):
        return int(psutil.Process(pid).memory_info().rss)
    return 0


@contextlib.contextmanager
def service() -> Iterator[tuple[str, int]]:
    """Yields the address and process of `moments-models serve whisper_base` on a free port."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        bound.listen()
        port = bound.getsockname()[1]
        command = [sys.executable, "-m", "moments_models", "serve", MODEL, "--fd", str(bound.fileno())]
        process = subprocess.Popen(command, pass_fds=(bound.fileno(),), stdin=subprocess.DEVNULL)
    try:
        _until_healthy(port, process)
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.terminate()
        process.wait()


def _until_healthy(port: int, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        with contextlib.suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/health")
            if connection.getresponse().status == http.client.OK:
                return
        time.sleep(0.1)
    raise RuntimeError("the model service ended")


def recognise(url: str, pid: int, wav: Path) -> Heard:
    """Sends one file through the service, as stage 4 does. The whole request over HTTP is counted."""
    process = psutil.Process(pid)
    before = process.cpu_times()
    began = time.perf_counter()
    with wav.open("rb") as file, _Peak(pid) as peak:
        response = httpx.post(f"{url}/transcribe", files={"file": (wav.name, file, "audio/wav")}, data={"model": MODEL}, timeout=None)
    wall = time.perf_counter() - began
    after = process.cpu_times()
    words = len(response.raise_for_status().json()["word_timestamps"])
    return Heard(wall, after.user + after.system - before.user - before.system, words, peak.bytes)


class _Peak(contextlib.AbstractContextManager["_Peak"]):
    """Measures the largest resident size of a process while its context runs."""

    def __init__(self, pid: int) -> None:
        self.bytes = 0
        self._pid = pid
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> _Peak:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.2):
            self.bytes = max(self.bytes, _resident(self._pid))
