"""What `extractive` costs on a transcript of three hours: CPU seconds and peak memory of a process that does nothing else.

The transcript is made of the sample's sentences in shuffled order: lengths and words of real speech, no topics.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
from pathlib import Path

SECONDS_LIMIT, MEGABYTES_LIMIT = 20.0, 600.0
WORDS_PER_SECOND = 2.5


def main(arguments: list[str]) -> int:
    """Prints the figures. Returns 0 within both limits, 1 beyond."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks choose", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--hours", type=float, default=3.0)
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.measure:
        print(json.dumps(_measured(options.hours)))
        return 0
    # In its own process the peak is the engine's alone.
    command = [sys.executable, "-m", "benchmarks", "choose", "--measure", "--hours", str(options.hours)]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    print(f"{options.hours:g} h, {found['lines']} lines, {found['words']} words: {found['moments']} moments")
    print(f"  {found['cpu_seconds']:6.1f} CPU-s   (limit {SECONDS_LIMIT:g})   of which loading {found['loading']:.1f}")
    print(f"  {found['megabytes']:6.0f} MB      (limit {MEGABYTES_LIMIT:g})")
    return int(found["cpu_seconds"] > SECONDS_LIMIT or found["megabytes"] > MEGABYTES_LIMIT)


def made_lines(hours: float) -> list[dict[str, object]]:
    """Returns timed lines that fill so many hours."""
    import videomoments.demo

    truth = json.loads((Path(videomoments.demo.__file__).parent / "sample.json").read_text(encoding="utf-8"))
    texts = [line["text"] for line in truth["lines"]]
    generator = random.Random(7)
    lines: list[dict[str, object]] = []
    at = 0.0
    while at < hours * 3600:
        words = generator.choice(texts).split()
        generator.shuffle(words)  # or a cache would see the same sentence again and again
        length = len(words) / WORDS_PER_SECOND
        lines.append({"n": len(lines) + 1, "start": round(at, 2), "end": round(at + length, 2), "text": " ".join(words)})
        at += length
    return lines


def _measured(hours: float) -> dict[str, float]:
    import resource
    import time

    from moments_models.engines.extractive import Extractive
    from moments_models.request_jobs import Job
    from moments_models.task_blocks import GenerationTask

    lines = made_lines(hours)
    started = time.process_time()
    engine = Extractive()
    loaded = time.process_time()
    limits = {"max_moments": 12, "min_duration": 10, "max_duration": 120}
    task = {"task": "generate_moments", "duration": hours * 3600, "limits": limits, "language": "en", "lines": lines}
    moments = engine.moments(GenerationTask.model_validate(task), Job())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return {
        "lines": len(lines),
        "words": sum(len(str(line["text"]).split()) for line in lines),
        "moments": len(moments),
        "cpu_seconds": time.process_time() - started,
        "loading": loaded - started,
        "megabytes": peak / 1e6,
    }
