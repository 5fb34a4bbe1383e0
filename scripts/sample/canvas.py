"""Drawing in the coordinates of the finished picture (854x480), at twice its size, and the strip that carries the frame's number."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

WIDTH: Final = 854
HEIGHT: Final = 480
SCALE: Final = 2
FONTS: Final = "/usr/share/fonts/truetype/lato/Lato-{}.ttf"  # Debian's fonts-lato (OFL-1.1)

Point = tuple[float, float]
Frame = npt.NDArray[np.uint8]

# The strip: 24 blocks in a dark bar along the bottom edge. Light, dark | 16 bits Gray code of the frame's number, highest first |
# 4 bits exclusive-or of the code's nibbles | dark, light. In Gray code two blocks change from frame to frame, which costs few bits.
STRIP: Final = {"blocks": 24, "left": 19, "pitch": 34, "width": 26, "top": 471, "height": 6, "bar_top": 468}
STRIP_ON: Final = (244, 236, 216)
STRIP_OFF: Final = (44, 51, 60)
STRIP_BAR: Final = (18, 22, 27)


def strip_bits(number: int) -> list[int]:
    """The 24 blocks of frame `number` (0 to 65535), left to right."""
    gray = number ^ (number >> 1)
    check = (gray ^ gray >> 4 ^ gray >> 8 ^ gray >> 12) & 15
    return [1, 0, *(gray >> bit & 1 for bit in range(15, -1, -1)), *(check >> bit & 1 for bit in range(3, -1, -1)), 0, 1]


def paint_strip(frame: Frame, number: int) -> None:
    """Paints the strip of `number` into a picture of 854x480 RGB."""
    frame[STRIP["bar_top"] :] = STRIP_BAR
    top, bottom = STRIP["top"], STRIP["top"] + STRIP["height"]
    for index, bit in enumerate(strip_bits(number)):
        left = STRIP["left"] + index * STRIP["pitch"]
        frame[top:bottom, left : left + STRIP["width"]] = STRIP_ON if bit else STRIP_OFF


@cache
def font(weight: str, size: float) -> ImageFont.FreeTypeFont:
    """Lato in one of its weights, `size` in pixels of the finished picture."""
    return ImageFont.truetype(FONTS.format(weight), round(size * SCALE))


class Canvas:
    """A picture under work; every coordinate is in pixels of the finished one."""

    def __init__(self, background: str, below: str | None = None) -> None:
        self.image = Image.new("RGB", (WIDTH * SCALE, HEIGHT * SCALE), background)
        self.draw = ImageDraw.Draw(self.image, "RGBA")
        if below:
            self.gradient(0, HEIGHT, background, below)

    def gradient(self, top: int, bottom: int, first: str, last: str) -> None:
        """A vertical blend between two colours; in few, wide steps, which an encoder keeps clean."""
        a, b = (np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)], dtype=float) for colour in (first, last))
        steps = 24
        for step in range(steps):
            red, green, blue = (round(v) for v in a + (b - a) * step / (steps - 1))
            y = top + (bottom - top) * step / steps
            self.rectangle((0, y), (WIDTH, y + (bottom - top) / steps + 1), f"#{red:02x}{green:02x}{blue:02x}")

    def finished(self) -> Frame:
        return np.array(self.image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS))

    def circle(self, centre: Point, radius: float, fill: str | None = None, line: str | None = None, width: float = 3) -> None:
        self.ellipse(centre, radius, radius, fill, line, width)

    def ellipse(self, centre: Point, rx: float, ry: float, fill: str | None = None, line: str | None = None, width: float = 3) -> None:
        x, y = centre
        box = [v * SCALE for v in (x - rx, y - ry, x + rx, y + ry)]
        self.draw.ellipse(box, fill=fill, outline=line, width=round(width * SCALE) if line else 0)

    def rectangle(self, first: Point, last: Point, fill: str, radius: float = 0) -> None:
        box = [first[0] * SCALE, first[1] * SCALE, last[0] * SCALE, last[1] * SCALE]
        if radius:
            self.draw.rounded_rectangle(box, radius * SCALE, fill=fill)
        else:
            self.draw.rectangle(box, fill=fill)

    def polygon(self, points: Sequence[Point], fill: str) -> None:
        self.draw.polygon([(x * SCALE, y * SCALE) for x, y in points], fill=fill)

    def line(self, points: Sequence[Point], colour: str, width: float) -> None:
        """A line with round joints and ends."""
        scaled = [(x * SCALE, y * SCALE) for x, y in points]
        self.draw.line(scaled, fill=colour, width=round(width * SCALE), joint="curve")
        for point in (points[0], points[-1]):
            self.circle(point, width / 2, colour)

    def arc(self, centre: Point, radius: float, start: float, end: float, colour: str, width: float) -> None:
        """Part of a circle; degrees run clockwise from three o'clock."""
        x, y = centre
        box = [v * SCALE for v in (x - radius, y - radius, x + radius, y + radius)]
        self.draw.arc(box, start, end, fill=colour, width=round(width * SCALE))

    def text(self, at: Point, content: str, colour: str, size: float, weight: str = "Heavy", anchor: str = "ls") -> None:
        self.draw.text((at[0] * SCALE, at[1] * SCALE), content, fill=colour, font=font(weight, size), anchor=anchor)

    def spaced(self, at: Point, content: str, colour: str, size: float, spacing: float) -> None:
        """Small capitals with letter spacing, as labels have them."""
        x = at[0]
        for letter in content:
            self.text((x, at[1]), letter, colour, size, "Bold")
            x += font("Bold", size).getlength(letter) / SCALE + spacing

    def headline(self, at: Point, label: str, heading: str, ink: str, accent: str, columns: int = 15, size: float = 40) -> None:
        """The label, a short rule, and the heading wrapped to `columns` letters."""
        x, y = at
        self.spaced((x, y), label, accent, 14, 3)
        self.rectangle((x, y + 14), (x + 44, y + 18), accent, 2)
        lines: list[str] = []
        for word in heading.split():
            if lines and len(lines[-1]) + 1 + len(word) <= columns:
                lines[-1] += " " + word
            else:
                lines.append(word)
        for index, line in enumerate(lines):
            self.text((x, y + 34 + size * (1 + index * 1.15)), line, ink, size)


def around(centre: Point, radius: float, degrees: float) -> Point:
    """The point at `degrees` clockwise from three o'clock."""
    return centre[0] + radius * math.cos(math.radians(degrees)), centre[1] + radius * math.sin(math.radians(degrees))


def swing(t: float, period: float, low: float, high: float) -> float:
    """A value that goes smoothly from `low` to `high` and back in `period` seconds."""
    return low + (high - low) * (1 - math.cos(2 * math.pi * t / period)) / 2
