"""Reads the frame number that the sample's pictures carry along their bottom edge."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sample_facts import sample_truth

LIGHT = 140  # luma between the dark blocks (about 50) and the light ones (about 235)


def frame_number(image: npt.NDArray[np.uint8]) -> int:
    """The number of the sample's frame that `image` shows.

    `image` is height x width x 3 (RGB) or height x width (luma), upright, of any size in which the strip survives (from 240 lines).
    Raises ValueError where there is no whole strip.
    """
    truth, strip = sample_truth(), sample_truth().strip
    height, width = image.shape[:2]
    row = min(height - 1, int((strip.top + strip.height / 2) * height / truth.height))
    columns = [int((strip.left + strip.width / 2 + block * strip.pitch) * width / truth.width) for block in range(strip.blocks)]
    bits = [int(np.mean(image[row, column - 1 : column + 2]) > LIGHT) for column in columns]
    gray = int("".join(map(str, bits[2:18])), 2)
    check = int("".join(map(str, bits[18:22])), 2)
    if bits[:2] != [1, 0] or bits[-2:] != [0, 1] or check != (gray ^ gray >> 4 ^ gray >> 8 ^ gray >> 12) & 15:
        raise ValueError(f"no strip of the sample: {''.join(map(str, bits))}")
    number = 0
    while gray:
        number ^= gray
        gray >>= 1
    return number
