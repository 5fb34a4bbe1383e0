"""The page `docs/formats.md`: every pair of a demuxer and a decoder of FFmpeg's libraries as taken, refused or not buildable.

`scripts/formats.py --write` tries which pairs can be built; the page then keeps them, and tests hold it to the code and to the libraries.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import av
from av.codec import Codec
from av.format import ContainerFormat

from media.format_files import buildable
from media.format_refusals import decoder_refusal, demuxer_refusal, taken_demuxer
from media.format_unwritten import UNWRITTEN
from videomoments.media.reading.formats import DEMUXERS, pair_refusal, taken_decoder

PAGE = Path(__file__).parents[3] / "docs" / "formats.md"
Tested = dict[str, list[str]]
# Which of them a wheel has depends on the machine that it is for.
_HARDWARE = re.compile(r"_(cuvid|qsv|amf|v4l2m2m|videotoolbox|at|mediacodec)$")
# The devices of another system; and names for writing that reading knows too, as one with several.
_DEVICES = frozenset(["alsa", "oss", "fbdev", "kmsgrab", "video4linux2,v4l2", "x11grab", "avfoundation"])
_INTRO = """# Formats

Every pair of a container and a codec that the FFmpeg libraries of our wheel can read. Made by `scripts/formats.py --write`; held to the
code and to the libraries by `moments-backend/tests/media/test_media_formats.py`, which takes each pair in the second and third column
through all that is done with a recording: measured, heard, its shots found, a thumbnail drawn, clips cut, the pictures' numbers compared.

- **Taken**: in the second and third column. The libraries, or a builder of ours (marked *), write such a file, and it was tried.
- **Not buildable**: in the fourth. Taken where it is met, but nothing here writes it, so no test has seen it.
- **Refused**: any codec that is in none of these columns, for the reason further below; any container that is not in the table.

A recording of which one track is refused goes on with the other, and says so. Pictures may have up to 5120 x 3200 pixels.
"""


def decoders() -> list[str]:
    """All for pictures and sound, without those of hardware."""
    found = []
    for name in sorted(av.codecs_available):
        with suppress(ValueError):
            codec = Codec(name, "r")
            if codec.type in ("video", "audio") and not _HARDWARE.search(name):
                found.append(name)
    return found


def demuxers() -> list[str]:
    found = []
    several = {part for name in av.formats_available if "," in name for part in name.split(",")}
    for name in sorted(av.formats_available):
        with suppress(ValueError):
            if ContainerFormat(name, "r").is_input and name not in several and name not in _DEVICES:
                found.append(name)
    return found


def is_video(decoder: str) -> bool:
    return Codec(decoder, "r").type == "video"


def tried(folder: Path, wanted: Iterable[str] = DEMUXERS) -> Tested:
    """Which pairs can be built, by trying all."""
    taken = [name for name in decoders() if taken_decoder(name)]
    return {
        demuxer: [
            name
            for name in taken
            if pair_refusal(demuxer, name) is None and ((demuxer, name) in UNWRITTEN or buildable(demuxer, name, folder) is not None)
        ]
        for demuxer in wanted
    }


def page(tested: Tested) -> str:
    """The page with these pairs as tried ones."""
    taken = [name for name in decoders() if taken_decoder(name)]
    lines = [_INTRO, "## Containers", "", "| container | pictures | sound | not buildable |", "|---|---|---|---|"]
    for demuxer, known_as in DEMUXERS.items():
        there = tested.get(demuxer, [])
        rest = [name for name in taken if name not in there and pair_refusal(demuxer, name) is None]
        cells = [[_marked(demuxer, name) for name in there if is_video(name) is video] for video in (True, False)]
        lines.append(f"| {known_as}: `{demuxer}` | {' '.join(cells[0]) or '–'} | {' '.join(cells[1]) or '–'} | {' '.join(rest) or '–'} |")
    lines += ["", "## Codecs that are taken, but not in that container", "", "| container | codec | why |", "|---|---|---|"]
    pairs = [(demuxer, name, why) for demuxer in DEMUXERS for name in taken if (why := pair_refusal(demuxer, name)) is not None]
    lines += [f"| `{demuxer}` | {name} | {why.replace('|', '')} |" for demuxer, name, why in pairs]
    lines += ["", "## Codecs that are refused", "", "| why | decoders |", "|---|---|"]
    lines += _by_reason((name, decoder_refusal(name)) for name in decoders() if not taken_decoder(name))
    lines += ["", "Those that work on hardware (`…_cuvid`, `…_qsv`, `…_amf` and the like) are never chosen.", ""]
    lines += ["## Containers that are refused", "", "| why | demuxers |", "|---|---|"]
    lines += _by_reason((name, demuxer_refusal(name)) for name in demuxers() if not taken_demuxer(name))
    lines += ["", "Devices (`alsa`, `x11grab` and the like) are none.", ""]
    lines += ["## What nothing writes: inputs by our own builder", "", "| file | SHA-256 |", "|---|---|"]
    lines += [f"| `{one.demuxer}` with {one.decoder} | `{one.sha256}` |" for one in UNWRITTEN.values()]
    return "\n".join(lines) + "\n"


def _marked(demuxer: str, name: str) -> str:
    return f"{name}\\*" if (demuxer, name) in UNWRITTEN else name


def _by_reason(named: Iterable[tuple[str, str]]) -> list[str]:
    groups: dict[str, list[str]] = defaultdict(list)
    for name, why in named:
        groups[why].append(name)
    return [f"| {why} | {' '.join(names)} |" for why, names in sorted(groups.items(), key=lambda group: len(group[1]))]


def pairs_in(text: str) -> Tested:
    """The tried pairs that a page lists."""
    found: Tested = {}
    for line in text.splitlines():
        row = re.fullmatch(r"\| .*: `(\w+)` \| (.*?) \| (.*?) \| (.*?) \|", line)
        if row is not None:
            names = f"{row[2]} {row[3]}".replace("\\*", "").replace("–", "").split()
            found[row[1]] = sorted(names)
    return found
