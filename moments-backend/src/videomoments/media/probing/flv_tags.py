"""Reads the tags of a Flash video from its bytes (Adobe's FLV specification 10.1, annex E). Runs only in the child.

FFmpeg's demuxer takes a second file's header for a tag of five megabytes, and a part that begins among the tags is no file without its own
header.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from videomoments.media.probing.seams import PICTURES, SOUND, Stamped
from videomoments.media.reading.view import Bytes

_TICKS_EVERY = 1 << 14
_AUDIO, _VIDEO, _SCRIPT = 8, 9, 18
_HEADER = b"FLV\1"
# A header, and the size field of the tag before the first one, which does not exist.
_HEADER_BYTES = 13
# Codecs whose decoders need their own tag before the first frame: AVC and HEVC, AAC (E.4.3.1, E.4.2.1).
_CONFIGURED_VIDEO, _CONFIGURED_AUDIO = (7, 12), 10


@dataclass(slots=True)
class Tags:
    """The packets in order, the positions of other files' headers, and the configuration tags as [first, end) by stream."""

    packets: list[Stamped] = field(default_factory=list)
    headers: list[int] = field(default_factory=list)
    configurations: list[tuple[int, tuple[int, int]]] = field(default_factory=list)
    first_header: tuple[int, int] = (0, _HEADER_BYTES)

    def ranges(self, begin: int, end: int) -> tuple[tuple[int, int], ...]:
        """Returns the bytes [begin, end) as a file that can be opened: with a header and the configurations that apply there."""
        if begin == 0 or begin in self.headers:
            return ((begin, end),)
        latest = {lane: where for lane, where in self.configurations if where[1] <= begin}
        return (self.first_header, *sorted(latest.values()), (begin, end))


def read_tags(path: Path, tick: Callable[[], None]) -> Tags | None:
    """Reads every tag of the file. Returns None where they do not follow each other to its end."""
    with Bytes(path) as data:
        if data[:4] != _HEADER:
            return None
        tags = Tags()
        for number, (at, kind, size) in enumerate(_tags(data, tags)):
            if kind in (_AUDIO, _VIDEO):
                _add(tags, data, at, kind, size)
            if number % _TICKS_EVERY == 0:
                tick()
        return tags


def _tags(data: Bytes, tags: Tags) -> Iterator[tuple[int, int, int]]:
    """Yields each tag's position, its kind and the size of its body. Ends at a truncated tag, and at bytes that are no tag."""
    at, end = _HEADER_BYTES, len(data)
    while at + 11 <= end:
        if data[at : at + 4] == _HEADER:
            tags.headers.append(at)
            at += _HEADER_BYTES
            continue
        kind = data[at] & 31
        size = int.from_bytes(data[at + 1 : at + 4])
        if kind not in (_AUDIO, _VIDEO, _SCRIPT) or at + 11 + size > end:
            return
        yield at, kind, size
        at += 11 + size + 4


def _add(tags: Tags, data: Bytes, at: int, kind: int, size: int) -> None:
    lane = PICTURES if kind == _VIDEO else SOUND
    body = at + 11
    if size == 0:
        return
    codec = data[body] & 15 if lane == PICTURES else data[body] >> 4
    configured = codec in _CONFIGURED_VIDEO if lane == PICTURES else codec == _CONFIGURED_AUDIO
    later = 0
    if configured and size > 1:
        if data[body + 1] == 0:
            tags.configurations.append((lane, (at, at + 11 + size + 4)))
            return
        if data[body + 1] != 1:
            return
        if lane == PICTURES and size > 4:
            later = int.from_bytes(data[body + 2 : body + 5], signed=True)
    decoded = int.from_bytes(data[at + 4 : at + 7]) | data[at + 7] << 24
    if decoded >= 1 << 31:
        decoded -= 1 << 32
    tags.packets.append(Stamped(lane, at, decoded / 1000, 0.0, (decoded + later) / 1000))
