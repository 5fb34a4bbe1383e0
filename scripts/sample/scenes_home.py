"""Pictures of the topics bread, vaccines and bicycle repair. Each function draws one moment `t` (seconds since the cut)."""

from __future__ import annotations

import math

from sample.canvas import Canvas, around, swing


def dough(label: str, heading: str, t: float) -> Canvas:
    c = Canvas("#fbe9cf", "#f6d9ae")
    c.headline((56, 110), label, heading, "#4a2c17", "#c4622d")
    rise = 1 - math.exp(-t / 7)
    top = 268 - 58 * rise
    c.ellipse((610, 300), 156, 300 - top + 26, "#e2ad67")
    c.ellipse((584, 292 - 30 * rise), 104, 56 + 26 * rise, "#efc588")
    for index, (x, y, r) in enumerate(((540, 262, 9), (655, 250, 12), (600, 232, 8), (690, 276, 7), (575, 272, 6), (632, 270, 6))):
        c.circle((x, y - 24 * rise + swing(t + index, 3, -2, 2)), r * (0.55 + 0.55 * rise), line="#c98d45", width=2.5)
    c.rectangle((0, 392), (854, 480), "#b9824f")
    c.rectangle((0, 392), (854, 400), "#a06d3e")
    c.polygon([(440, 292), (780, 292), (736, 392), (484, 392)], "#3f7c85")
    c.rectangle((428, 282), (792, 304), "#57a0a8", 11)
    c.polygon([(470, 322), (750, 322), (745, 334), (475, 334)], "#57a0a8")
    return c


def oven(label: str, heading: str, t: float) -> Canvas:
    c = Canvas("#5b2e22", "#36180f")
    c.headline((508, 110), label, heading, "#ffe9c9", "#ff9d4d")
    c.rectangle((62, 66), (450, 430), "#28343b", 22)
    c.rectangle((62, 66), (450, 128), "#1d272d", 22)
    for x in (110, 158, 354, 402):
        c.circle((x, 97), 13, "#d9dee0")
        c.line([(x, 97), (x, 88)], "#28343b", 3)
    c.rectangle((214, 84), (298, 110), "#0c1114", 5)
    c.text((256, 104), f"{22 - int(t) // 5:02d}:{59 - int(t * 3) % 60:02d}", "#ff9d4d", 18, "Bold", "ms")
    c.rectangle((92, 156), (420, 396), "#8a3b12", 14)
    glow = swing(t, 4, 0, 1)
    c.ellipse((256, 380), 150, 46 + 6 * glow, "#c65d18")
    for y in (352, 356):
        c.rectangle((104, y), (408, y + 2), "#d9dee0")
    c.ellipse((256, 300), 118, 58, "#b8712c")
    c.rectangle((138, 300), (374, 350), "#b8712c", 20)
    c.ellipse((238, 286), 84, 34, "#d08a3d")
    for x in (196, 246, 296):
        c.line([(x, 318), (x + 30, 268)], "#f0c98a", 7)
    for index in range(3):
        x, y = 190 + index * 66, 220 - swing(t + index * 0.9, 3.4, 0, 14)
        c.line([(x, y + 20), (x + 6, y + 12), (x - 4, y + 4), (x + 3, y - 4)], "#e9a25e", 3)
    return c


VIRUS_SPIKES = 12


def germ(c: Canvas, x: float, y: float, radius: float, turn: float, body: str, spike: str) -> None:
    for index in range(VIRUS_SPIKES):
        degrees = turn + index * 360 / VIRUS_SPIKES
        foot, tip = around((x, y), radius, degrees), around((x, y), radius * 1.32, degrees)
        c.line([foot, tip], spike, radius * 0.1)
        c.circle(tip, radius * 0.13, spike)
    c.circle((x, y), radius, body)
    c.circle((x - radius * 0.3, y - radius * 0.28), radius * 0.24, spike)
    c.circle((x + radius * 0.36, y + radius * 0.2), radius * 0.15, spike)


def virus(label: str, heading: str, t: float) -> Canvas:
    c = Canvas("#dff3ee", "#bfe3da")
    c.headline((56, 100), label, heading, "#123b3a", "#0b8a7a", 14)
    germ(c, 620, 216 + swing(t, 5, -6, 6), 96, t * 6, "#e4572e", "#b23a1a")
    germ(c, 782, 92, 34, -t * 9, "#f2a58f", "#e4785a")
    germ(c, 470, 376, 26, t * 9, "#f2a58f", "#e4785a")
    c.rectangle((560, 388), (770, 424), "#ffffff", 10)
    c.rectangle((560, 388), (560 + 190 * (1 - math.exp(-t / 5)), 424), "#8fd6c8", 10)
    c.rectangle((770, 382), (780, 430), "#31616b", 4)
    c.rectangle((780, 400), (812, 412), "#31616b", 4)
    c.line([(560, 406), (486, 406)], "#31616b", 3)
    for x in range(590, 770, 30):
        c.line([(x, 388), (x, 398)], "#31616b", 2)
    return c


def antibody(c: Canvas, x: float, y: float, turn: float, size: float, colour: str) -> None:
    """The Y of an antibody, its foot at (x, y), its arms towards `turn` degrees."""
    fork = around((x, y), size, turn)
    c.line([(x, y), fork], colour, size * 0.28)
    for side in (-42, 42):
        c.line([fork, around(fork, size * 0.8, turn + side)], colour, size * 0.28)


def antibodies(label: str, heading: str, t: float) -> Canvas:
    c = Canvas("#2a1e5c", "#171038")
    c.headline((480, 106), label, heading, "#f4efff", "#ffd166", 14)
    near = 168 + 46 * math.exp(-t / 4)
    germ(c, 240, 236, 74, 0, "#e4572e", "#ff8f6b")
    for index in range(VIRUS_SPIKES // 2):
        degrees = index * 60 + 30
        x, y = around((240, 236), near, degrees)
        antibody(c, x, y, degrees + 180, 34, "#ffd166" if index % 2 else "#7be0d6")
    for x, y, phase in ((520, 372, 0.0), (640, 350, 1.1), (764, 378, 2.3)):
        lift = swing(t + phase, 4.4, -5, 5)
        c.circle((x, y + lift), 46, "#cfc6f5")
        c.ellipse((x - 8, y + lift - 4), 22, 19, "#8573d1")
        c.ellipse((x + 12, y + lift + 10), 15, 13, "#8573d1")
    return c


def wheel(c: Canvas, x: float, y: float, radius: float, turn: float, rim: str, tire: str) -> None:
    for index in range(12):
        c.line([(x, y), around((x, y), radius, turn + index * 30)], rim, 1.6)
    c.circle((x, y), radius, line=tire, width=9)
    c.circle((x, y), radius - 8, line=rim, width=3)
    c.circle((x, y), 8, tire)


def bicycle(label: str, heading: str, t: float) -> Canvas:
    c = Canvas("#ffd94f", "#ffc928")
    c.headline((56, 104), label, heading, "#23303a", "#c0392b", 12)
    c.rectangle((0, 420), (854, 480), "#e0a815")
    # Upside down on saddle and handlebar, as the text asks for: wheels at the top.
    rear, front, crank, saddle, bars = (500, 190), (742, 190), (590, 214), (566, 330), (690, 332)
    wheel(c, *rear, 84, t * 40, "#5d6d78", "#23303a")
    wheel(c, *front, 84, 0, "#5d6d78", "#23303a")
    frame = "#c0392b"
    c.line([rear, crank, saddle, rear], frame, 8)
    c.line([crank, bars], frame, 8)
    c.line([saddle, (682, 312)], frame, 8)
    c.line([front, bars], frame, 7)
    c.line([saddle, (560, 392)], "#23303a", 6)
    c.rectangle((522, 392), (606, 410), "#23303a", 9)
    c.line([bars, (684, 392), (732, 404)], "#23303a", 7)
    c.circle(crank, 20, line="#23303a", width=5)
    pedal = around(crank, 34, t * 40)
    c.line([crank, pedal], "#23303a", 5)
    c.circle(pedal, 7, "#23303a")
    return c


def tube(label: str, heading: str, t: float) -> Canvas:
    c = Canvas("#1f6f8b", "#134b60")
    c.headline((520, 120), label, heading, "#f2fbff", "#ffb703")
    c.circle((258, 232), 150, line="#16242c", width=46)
    c.circle((258, 232), 146, line="#2d434f", width=10)
    c.rectangle((248, 334), (268, 366), "#d6dde1", 4)
    hole = around((258, 232), 128, -36)
    c.circle(hole, 6, "#ffb703")
    for index in range(3):
        reach = 22 + 16 * index + swing(t, 0.8, 0, 7)
        c.arc(hole, reach, -70, -4, "#bfe6f5", 4)
    c.line([(560, 400), (560, 296)], "#d6dde1", 12)
    handle = 262 + swing(t, 1.6, 0, 26)
    c.line([(560, 300), (560, handle)], "#f2fbff", 5)
    c.line([(526, handle), (594, handle)], "#ffb703", 10)
    c.rectangle((520, 400), (600, 414), "#d6dde1", 6)
    c.line([(560, 390), (470, 420), (350, 400), (262, 366)], "#16242c", 5)
    return c


def patch(label: str, heading: str, t: float) -> Canvas:
    c = Canvas("#f4f1ec", "#e5ded2")
    c.headline((56, 96), label, heading, "#2b2b2b", "#d1495b", 22)
    c.rectangle((0, 238), (854, 366), "#30363d")
    c.rectangle((0, 254), (854, 266), "#48515a")
    c.ellipse((430, 302), 108, 44, "#5a6570")
    down = min(1.0, t / 6)
    y = 202 + 100 * down
    c.ellipse((430, y), 74, 30, "#d1495b")
    c.ellipse((430, y), 56, 21, "#e06f7e")
    for side in (-1, 1):
        c.line([(430 + side * 128, y - 18), (430 + side * 96, y - 4)], "#d1495b", 4)
    c.rectangle((640, 178), (812, 226), "#edae49", 10)
    c.polygon([(640, 184), (606, 196), (606, 208), (640, 220)], "#c98a2b")
    c.text((726, 212), "GLUE", "#2b2b2b", 24, "Black", "ms")
    for index in range(5):
        c.rectangle((80 + index * 18, 396), (90 + index * 18, 430), "#00798c" if index % 2 else "#30a6b5", 4)
    c.text((190, 420), "roughen  /  glue  /  wait  /  press", "#7a7368", 19, "Semibold")
    return c
