"""The main job, with warm models, against its own models run bare and one plain ffmpeg pass."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.bare import Bare, BareRun
from benchmarks.memory import MIB, PssSampler
from benchmarks.moments_command import GenerateRun, Warm, warm_stack
from benchmarks.spoken import spoken_video, unseen_copy

TARGET_RATIO = 1.10
TARGET_MIB = 600
TARGET_GROWTH = 1.2


def main(arguments: list[str]) -> int:
    """Prints what was measured. Returns 0, or 1 where `--check` was given and a target was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks pipeline", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="length of the spoken video")
    parser.add_argument("--rounds", type=int, default=3, help="alternating rounds; medians are compared")
    parser.add_argument(
        "--memory",
        action="store_true",
        help="measure memory at 10 and 60 minutes instead of time",
    )
    parser.add_argument("--port", type=int, default=7995, help="port of the warm `moments api`")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--check", action="store_true", help="exit 1 when a target is missed")
    options = parser.parse_args(arguments)
    with (
        tempfile.TemporaryDirectory(prefix="bench") as name,
        warm_stack(options.port) as warm,
    ):
        folder = Path(name)
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; warming up")
        warm.generate(spoken_video(folder / "warm.mp4", 0.5))
        figures, reached = measure_memory(warm, folder) if options.memory else measure_time(warm, folder, options.minutes, options.rounds)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 1 if options.check and not reached else 0


def measure_time(warm: Warm, folder: Path, minutes: float, rounds: int) -> tuple[dict[str, Any], bool]:
    """Measures bare and whole runs in turn on one video. Returns the figures, and whether the ratio is within its target."""
    video = spoken_video(folder / "spoken.mp4", minutes)
    bare = Bare()
    bare.run(folder / "warm.mp4", [], folder)
    # A run determines the stretches to encode; this first one is not counted.
    clips = warm.generate(unseen_copy(video, folder / "round.mp4", 0)).clips
    print(f"{minutes:g} minutes of speech, {len(clips)} clips, {sum(end - start for start, end in clips):.0f} s of them; {rounds} rounds")
    bares: list[BareRun] = []
    runs: list[GenerateRun] = []
    for number in range(1, rounds + 1):
        bares.append(bare.run(video, clips, folder))
        runs.append(warm.generate(unseen_copy(video, folder / "round.mp4", number)))
        clips = runs[-1].clips
        print(f"  round {number}: bare {bares[-1].total:.1f} s, moments {runs[-1].wall:.1f} s, ratio {runs[-1].wall / bares[-1].total:.3f}")
    return time_report(bares, runs)


def time_report(bares: list[BareRun], runs: list[GenerateRun]) -> tuple[dict[str, Any], bool]:
    """Prints the medians and the ratio. Returns them, and whether the ratio is within its target."""
    figures: dict[str, Any] = {
        "bare": {
            "ffmpeg": median(run.ffmpeg for run in bares),
            "recognition": median(run.recognition for run in bares),
            "embeddings": median(run.embeddings for run in bares),
            "total": median(run.total for run in bares),
        },
        "moments": {
            "command": median(run.wall for run in runs),
            "run": median(run.run_seconds for run in runs),
            "stages": {name: median(run.stages.get(name, 0.0) for run in runs) for name in runs[0].stages},
        },
    }
    bare, whole = figures["bare"], figures["moments"]
    figures["ratio"] = whole["command"] / bare["total"]
    figures["ratio_of_run"] = whole["run"] / bare["total"]
    print("\nmedian seconds")
    print(
        f"  bare      {bare['total']:8.2f}   one ffmpeg pass {bare['ffmpeg']:.2f}, VAD and recognition {bare['recognition']:.2f}, ",
        end="",
    )
    print(f"embeddings {bare['embeddings']:.2f}")
    print(f"  command   {whole['command']:8.2f}   of it the run {whole['run']:.2f}")
    for name, seconds in whole["stages"].items():
        print(f"    {name:<18} {seconds:8.2f}")
    print(f"\nratio {figures['ratio']:.3f} (run alone {figures['ratio_of_run']:.3f}); target at most {TARGET_RATIO:.2f}")
    return figures, figures["ratio"] <= TARGET_RATIO


def measure_memory(warm: Warm, folder: Path) -> tuple[dict[str, Any], bool]:
    """Measures the peak PSS of VideoMoments' processes at 10 and 60 minutes. Returns it, and whether size and growth are within their
    targets."""
    figures: dict[str, Any] = {}
    for minutes in (10, 60):
        video = spoken_video(folder / f"spoken-{minutes}.mp4", minutes)
        with PssSampler(warm.pid) as sampler:
            run = warm.generate(video, watch=sampler.watch)
        peaks = {role: round(size / MIB, 1) for role, size in sorted(sampler.peaks.items())}
        figures[f"{minutes} min"] = {
            "peak_mib": round(sampler.peak / MIB, 1),
            "peaks_mib": peaks,
            "seconds": run.wall,
        }
        print(f"{minutes:3} min: peak {sampler.peak / MIB:.0f} MiB in {sampler.samples} samples, {run.wall:.0f} s; of each: {peaks}")
        video.unlink()
    sizes = [entry["peak_mib"] for entry in figures.values()]
    figures["growth"] = sizes[1] / sizes[0]
    print(f"growth {figures['growth']:.2f} (target at most {TARGET_GROWTH}); target size under {TARGET_MIB} MiB")
    return figures, max(sizes) < TARGET_MIB and figures["growth"] <= TARGET_GROWTH
