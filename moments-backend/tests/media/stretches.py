"""Stretches of the sample, with real speech: sources for trials that run many videos at once."""

from __future__ import annotations

import subprocess
from pathlib import Path

import imageio_ffmpeg

from videomoments.demo import sample_path

_SAMPLE_SECONDS = 180.0


def stretches(folder: Path, count: int, *, seconds: tuple[float, float]) -> list[Path]:
    """`count` files, spread over the sample, each with a title of its own, so that none is known already. Their lengths go from the
    first of `seconds` to the second."""
    made = []
    for number in range(count):
        share = number / max(count - 1, 1)
        length = seconds[0] + (seconds[1] - seconds[0]) * share
        path = folder / f"talk-{number:02d}.mp4"
        cut = ["-ss", f"{(_SAMPLE_SECONDS - length) * share:.2f}", "-i", str(sample_path()), "-t", f"{length:.2f}", "-c", "copy"]
        told = ["-metadata", f"title=Talk {number}", str(path)]
        subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", *cut, *told], check=True)
        made.append(path)
    return made
