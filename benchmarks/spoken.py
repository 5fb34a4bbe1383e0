"""Makes long spoken videos of the shipped sample."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import imageio_ffmpeg  # type: ignore[import-untyped]

TESTS = Path(__file__).resolve().parent.parent / "moments-backend" / "tests"


def spoken_video(target: Path, minutes: float) -> Path:
    """Writes the sample repeatedly, `minutes` long, with the tests' own maker."""
    if str(TESTS) not in sys.path:
        sys.path.insert(0, str(TESTS))
    from speech.makers import looped  # type: ignore[import-not-found]

    looped(target, minutes * 60)
    return target


def unseen_copy(video: Path, target: Path, number: int) -> Path:
    """Writes the same streams to a file of other bytes, so that no run can reuse the results of an earlier one."""
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-nostdin",
        "-y",
        "-v",
        "error",
        "-i",
        str(video),
        "-c",
        "copy",
    ]
    subprocess.run([*command, "-metadata", f"comment=round {number}", str(target)], check=True)
    return target
