"""Reads media with the `ffmpeg` program (`imageio-ffmpeg`): a decoder that is not the one under test."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import numpy.typing as npt

from media.makers import number_in

RATE = 48_000


def _ffmpeg(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-nostdin", "-v", "error", *arguments], capture_output=True, check=False
    )


def size_of(path: Path) -> tuple[int, int]:
    """Width and height as presented: a quarter turn of the header swaps them."""
    done = subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-i", str(path)], capture_output=True, check=False)
    found = re.search(rb"Video:.*? (\d{2,5})x(\d{2,5})[ ,]", done.stderr)
    assert found, done.stderr.decode()
    turned = re.search(rb"rotation of -?(90|270)\.", done.stderr)
    return (int(found[2]), int(found[1])) if turned else (int(found[1]), int(found[2]))


def lumas(path: Path) -> list[npt.NDArray[np.uint8]]:
    """Every picture's luma, as the file presents them, edit lists and rotation applied; fails on a decode error."""
    # The times of a rate that varies don't fit the container's average.
    exact = ("-fps_mode", "passthrough", "-enc_time_base", "1:90000")
    done = _ffmpeg("-xerror", "-i", str(path), "-map", "0:v", *exact, "-f", "rawvideo", "-pix_fmt", "gray", "-")
    assert done.returncode == 0, done.stderr.decode()
    assert not done.stderr, done.stderr.decode()
    width, height = size_of(path)
    frames = np.frombuffer(done.stdout, np.uint8)
    return list(frames.reshape(-1, height, width))


def numbers(path: Path) -> list[int]:
    """The strip's number in every picture."""
    return [number_in(luma) for luma in lumas(path)]


def times(path: Path, *, ignore_edits: bool = False) -> list[float]:
    """Presentation times of every picture, in seconds; with `ignore_edits` as a player shows them that knows no edit lists."""
    edits = ("-ignore_editlist", "1") if ignore_edits else ()
    done = _ffmpeg(*edits, "-i", str(path), "-map", "0:v", "-fps_mode", "passthrough", "-enc_time_base", "1:90000", "-f", "framecrc", "-")
    rows = [line.split(",") for line in done.stdout.decode().splitlines() if line and not line.startswith("#")]
    return [int(row[2]) / 90_000 for row in rows]


def sound(path: Path) -> npt.NDArray[np.float32]:
    """The first sound track, mono at 48 kHz, from time 0 on: what begins late begins with silence."""
    done = _ffmpeg("-i", str(path), "-map", "0:a", "-af", "aresample=async=1:first_pts=0", "-ac", "1", "-ar", str(RATE), "-f", "f32le", "-")
    assert done.returncode == 0, done.stderr.decode()
    return np.frombuffer(done.stdout, np.float32)


def beeps(samples: npt.NDArray[np.float32], rate: int = RATE) -> list[float]:
    """When the makers' beeps begin, in seconds: where the level first passes half its peak after at least 0.3 s of quiet."""
    loud = np.flatnonzero(np.abs(samples) > 0.5 * max(float(np.abs(samples).max()), 0.1))
    if not loud.size:
        return []
    begins = [int(at) for at, before in zip(loud, np.concatenate(([-rate], loud[:-1])), strict=True) if at - before > 0.3 * rate]
    return [at / rate for at in begins]
