"""How much nearer `signal` brings boundaries to where an editor would cut, on a made set whose edges are known."""

from __future__ import annotations

import random
import statistics
from pathlib import Path

from made_clip import make_clip
from moments_models.clip_measurement import measure
from moments_models.engines.signal import refine
from moments_models.request_jobs import Job
from moments_models.task_blocks import RefinementTask

CLIPS = 6
SEED = 11


def made_words(generator: random.Random) -> list[list[tuple[float, float]]]:
    """Three sentences of words; pauses of 0.5 to 1.2 s between sentences, gaps of 0.05 to 0.15 s between words."""
    sentences, at = [], 1.0
    for _ in range(3):
        words = []
        for _ in range(generator.randint(3, 5)):
            length = generator.uniform(0.18, 0.45)
            words.append((at, at + length))
            at += length + generator.uniform(0.05, 0.15)
        sentences.append(words)
        at += generator.uniform(0.5, 1.2)
    return sentences


def errors(folder: Path, seed: int = SEED) -> tuple[list[float], list[float]]:
    """Seconds that boundaries miss the spoken edge before and after refinement.

    A recogniser's words are off by up to 0.2 s, the chosen moment by up to 1.5 s more, as a model chooses it that reads a transcript.
    """
    generator = random.Random(seed)
    before, after = [], []
    for number in range(CLIPS):
        sentences = made_words(generator)
        words = [word for sentence in sentences for word in sentence]
        seconds = words[-1][1] + 1.0
        clip = make_clip(folder / f"{number}.mp4", seconds=seconds, words=words)
        first, last = sentences[1][0][0], sentences[1][-1][1]
        heard = [[max(0.0, edge + generator.gauss(0.0, 0.08)) for edge in word] for word in words]
        texts = [f"w{index}." if word == sentence[-1] else f"w{index}" for sentence in sentences for index, word in enumerate(sentence)]
        start, end = first + generator.uniform(-1.2, 0.8), last + generator.uniform(-0.8, 1.2)
        task = RefinementTask.model_validate(
            {
                "task": "refine_moment",
                "duration": 100.0,
                "time_base": "clip",
                "clip": {"start": 20.0, "duration": seconds},
                "moment": {"start_time": max(0.0, start), "end_time": end},
                "limits": {"min_duration": 0.5, "max_duration": 60.0},
                "words": [(low, max(high, low + 0.02), text) for (low, high), text in zip(heard, texts, strict=True)],
            }
        )
        answer = refine(task, measure(clip, [(first - 2, first + 2), (last - 2, last + 2)], Job()))
        before += [abs(task.moment.start_time - first), abs(end - last)]
        after += [abs(answer["start_time"] - first), abs(answer["end_time"] - last)]
    return before, after


def test_boundaries_come_within_150_ms_and_three_times_nearer(tmp_path: Path) -> None:
    before, after = errors(tmp_path)
    was, now = statistics.median(before), statistics.median(after)
    print(f"seed {SEED}: median boundary error {was * 1000:.0f} ms before, {now * 1000:.0f} ms after refinement")
    assert now <= 0.15
    assert now * 3 <= was
