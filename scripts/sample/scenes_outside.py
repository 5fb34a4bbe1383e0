"""Pictures of the topics lighthouses and marathon. Each function draws one moment `t` (seconds since the cut)."""

from __future__ import annotations

import math

from sample.canvas import Canvas, Point


def tower(c: Canvas, x: float, foot: float, height: float, first: str, second: str, pattern: str, lamp: str) -> None:
    """A lighthouse whose foot stands at (x, foot); `pattern` is bands, spiral, halves or plain."""
    wide, slim = height * 0.17, height * 0.1
    top = foot - height

    def edge(y: float) -> float:
        return slim + (wide - slim) * (y - top) / height

    c.polygon([(x - slim, top), (x + slim, top), (x + wide, foot), (x - wide, foot)], first)
    if pattern in ("bands", "spiral"):
        lift = height * 0.09 if pattern == "spiral" else 0
        for index in range(3):
            upper = top + height * (0.13 + index * 0.3)
            lower = upper + height * 0.14
            points: list[Point] = [(x - edge(upper + lift), upper + lift), (x + edge(upper - lift), upper - lift)]
            points += [(x + edge(lower - lift), lower - lift), (x - edge(lower + lift), lower + lift)]
            c.polygon(points, second)
    if pattern == "halves":
        c.polygon([(x, top), (x + slim, top), (x + wide, foot), (x, foot)], second)
    c.rectangle((x - slim * 1.5, top - height * 0.035), (x + slim * 1.5, top), "#263238", 2)
    c.rectangle((x - slim * 0.8, top - height * 0.15), (x + slim * 0.8, top - height * 0.035), lamp)
    c.polygon([(x - slim * 1.1, top - height * 0.15), (x + slim * 1.1, top - height * 0.15), (x, top - height * 0.25)], "#b71c1c")


def waves(c: Canvas, top: float, colour: str, t: float, length: float, shift: float) -> None:
    points: list[Point] = [(0, 480)]
    for x in range(0, 860, 14):
        points.append((x, top + 6 * math.sin((x + shift) / length + t * 0.9)))
    c.polygon([*points, (854, 480)], colour)


def lighthouse_day(label: str, heading: str, t: float) -> Canvas:
    c = Canvas("#8fd0f5", "#d8f0fb")
    c.headline((56, 96), label, heading, "#0d3b5c", "#d62828", 14)
    c.circle((770, 78), 34, "#fff3b0")
    for x, y, size in ((420 + t * 4, 74, 20), (700 + t * 3, 168, 15)):
        for step, factor in enumerate((0.8, 1.15, 0.75)):
            c.circle((x + step * size * 1.1, y), size * factor, "#ffffff")
        c.rectangle((x - size * 0.8, y), (x + size * 2.95, y + size * 0.8), "#ffffff", size * 0.4)
    tower(c, 590, 372, 230, "#f8f9fa", "#d62828", "bands", "#ffe066")
    c.polygon([(470, 480), (500, 392), (560, 366), (640, 368), (700, 404), (750, 480)], "#5f6b73")
    c.polygon([(500, 392), (560, 366), (640, 368), (610, 396), (540, 404)], "#78868f")
    waves(c, 428, "#2a83b8", t, 34, 0)
    waves(c, 446, "#1b6797", t * 1.3, 26, 60)
    return c


def towers(label: str, heading: str, t: float) -> Canvas:
    c = Canvas("#fdf3dc", "#f7e3b5")
    c.headline((56, 56), label, heading, "#5a3e1b", "#0a7f6f", 30, 34)
    kinds = (
        ("#ffffff", "#c1121f", "bands"),
        ("#ffffff", "#1d1d1f", "spiral"),
        ("#ffffff", "#1d4e89", "halves"),
        ("#c1121f", "#ffffff", "plain"),
    )
    names = ("bands", "spiral", "halves", "plain")
    for index, (first, second, pattern) in enumerate(kinds):
        x = 130 + index * 198
        chosen = int(t / 2.5) % 4 == index
        c.rectangle((x - 78, 150), (x + 78, 424), "#0a7f6f" if chosen else "#ead2a0", 14)
        c.rectangle((x - 74, 154), (x + 74, 420), "#cfe8ef", 11)
        c.rectangle((x - 74, 362), (x + 74, 408), "#e6cf9a")
        c.rectangle((x - 74, 396), (x + 74, 420), "#e6cf9a", 11)
        tower(c, x, 376, 146, first, second, pattern, "#ffe066")
        c.text((x, 410), names[index], "#5a3e1b", 18, "Bold", "ms")
    return c


def lighthouse_night(label: str, heading: str, t: float) -> Canvas:
    c = Canvas("#0b1030", "#1c2556")
    for index in range(26):
        c.circle(((index * 137) % 840 + 8, (index * 71) % 230 + 14), 1.4 + index % 3 * 0.5, "#c9d3ff")
    flashing = (t % 5) < 0.5 or 1.0 < (t % 5) < 1.5
    if flashing:
        c.polygon([(214, 182), (854, 70), (854, 262)], "#6f6a4a")
        c.polygon([(214, 182), (854, 130), (854, 210)], "#b3a75f")
    c.headline((392, 300), label, heading, "#f6f3dc", "#ffd60a", 16, 36)
    tower(c, 214, 396, 204, "#aab0c4", "#7d1f2b", "bands", "#fff6b0" if flashing else "#6b6a52")
    c.polygon([(120, 480), (140, 412), (190, 392), (250, 394), (300, 420), (330, 480)], "#070a1c")
    waves(c, 446, "#101a44", t, 34, 0)
    return c


def runner(c: Canvas, x: float, y: float, stride: float, shirt: str, skin: str = "#8d5a3b", ink: str = "#23233a") -> None:
    """A running figure whose hip is at (x, y)."""
    swing_a, swing_b = math.sin(stride), math.sin(stride + math.pi)
    for phase in (swing_b, swing_a):
        knee = (x + 22 * phase + 5, y + 24)
        foot = (knee[0] - 18 + 12 * max(0.0, phase), knee[1] + 22 - 10 * max(0.0, -phase))
        c.line([(x, y), knee, foot], ink, 8)
        c.line([foot, (foot[0] + 10, foot[1] + 2)], "#ffffff", 6)
    shoulder = (x + 10, y - 44)
    c.line([(x, y), shoulder], shirt, 19)
    for phase in (swing_a, swing_b):
        elbow = (shoulder[0] - 18 * phase, shoulder[1] + 20)
        c.line([shoulder, elbow, (elbow[0] + 16, elbow[1] - 6)], skin, 6)
    c.circle((x + 16, y - 68), 13, skin)


def road(label: str, heading: str, t: float) -> Canvas:
    c = Canvas("#ffb88a", "#ffe3c2")
    c.circle((640, 250), 86, "#fff1b8")
    c.polygon([(0, 330), (150, 236), (300, 318), (470, 226), (640, 322), (760, 262), (854, 316), (854, 400), (0, 400)], "#7d8c5c")
    c.polygon([(0, 362), (220, 306), (430, 360), (640, 314), (854, 366), (854, 410), (0, 410)], "#5f7245")
    c.headline((56, 92), label, heading, "#3b1f2b", "#b5335a")
    c.rectangle((0, 386), (854, 480), "#4a4a58")
    for index in range(9):
        x = (index * 120 - t * 90) % 1080 - 120
        c.rectangle((x, 438), (x + 60, 445), "#f4ecd8")
    runner(c, 560, 348, t * 7, "#b5335a")
    runner(c, 668, 344, t * 7 + 1.6, "#2a6fb0", "#d9a066")
    return c


def weeks(label: str, heading: str, t: float) -> Canvas:
    c = Canvas("#16324f", "#0e2238")
    c.headline((56, 80), label, heading, "#eef6ff", "#64dfdf", 40, 36)
    miles = (6, 7, 8, 6, 9, 10, 11, 8, 13, 14, 15, 11, 17, 20, 12, 7)
    shown = t * 1.1
    for index, value in enumerate(miles):
        x, grown = 62 + index * 46.5, max(0.0, min(1.0, shown - index * 0.55))
        colour = "#64dfdf" if index < 14 and index % 4 != 3 else "#ffb703"
        c.rectangle((x, 410 - value * 11.5 * grown - 2), (x + 32, 412), colour, 5)
        c.text((x + 16, 436), str(index + 1), "#9fb7d0", 15, "Semibold", "ms")
    c.rectangle((56, 412), (800, 415), "#9fb7d0")
    c.rectangle((634, 112), (648, 126), "#ffb703", 3)
    c.text((658, 125), "easy weeks and taper", "#eef6ff", 15, "Semibold")
    return c


def finish(label: str, heading: str, t: float) -> Canvas:
    c = Canvas("#e63962", "#c81d4e")
    c.headline((56, 108), label, heading, "#ffffff", "#ffe066", 10, 54)
    c.rectangle((0, 400), (854, 480), "#8f1239")
    for x in (430, 790):
        c.rectangle((x, 120), (x + 14, 404), "#ffffff", 4)
    c.rectangle((430, 120), (804, 176), "#ffffff", 6)
    for column in range(20):
        for row in range(2):
            if (column + row) % 2:
                c.rectangle((440 + column * 17.8, 128 + row * 20), (457.8 + column * 17.8, 148 + row * 20), "#1b1b1e")
    for index in range(18):
        x, y = 446 + (index * 0.618 % 1) * 336, 186 + ((index * index * 37) % 200 + t * 40) % 200
        c.rectangle((x, y), (x + 7, y + 7), ("#ffe066", "#7be0d6", "#ffffff")[index % 3], 2)
    place = min(1.0, t / 9)
    runner(c, 470 + 190 * place, 354, t * 7, "#ffe066", "#6b3f2a")
    return c
