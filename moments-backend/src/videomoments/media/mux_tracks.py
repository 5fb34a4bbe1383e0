"""Joins the video of one file and the audio of another, without decoding. Runs only in the child."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge
from itertools import count
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream

from videomoments.core.errors import UnsupportedMedia
from videomoments.media.cutting.writer import put
from videomoments.media.probing.choosing import choose_audio, choose_video
from videomoments.media.progress import Progress
from videomoments.media.reading.opening import known_codec, open_source, url_of
from videomoments.media.reading.packets import only, stamp, time_base

# Codecs that MP4 holds and browsers play from it; anything else goes into Matroska, which takes all.
_MP4_VIDEO = frozenset(["h264", "hevc", "av1", "libdav1d", "vp9", "libvpx-vp9"])
_MP4_AUDIO = frozenset(["aac", "mp3", "mp3float", "opus", "libopus", "flac", "ac3", "eac3", "alac"])
_TELL_EVERY = 500
# A packet with the second at which it is due, and a number that orders packets of the same time.
_Due = tuple[float, int, "Packet[Stream]"]


def mux_tracks(picture: Path, sound: Path, target: Path, progress: Progress) -> str:
    """Writes `target` and returns the file extension of its container. Both clocks begin where the files' own do, as their maker meant it.

    Raises `UnsupportedMedia` when one of the files lacks its part.
    """
    with open_source(picture) as first, open_source(sound) as second:
        video, audio = choose_video(first), choose_audio(second)
        if video is None or audio is None or known_codec(video) is None or known_codec(audio) is None:
            raise UnsupportedMedia("The site's files do not hold a picture and a sound.", advice="Give the address of one file with both.")
        as_mp4 = known_codec(video) in _MP4_VIDEO and known_codec(audio) in _MP4_AUDIO
        options = {"movflags": "+faststart"} if as_mp4 else {}
        with av.open(url_of(target), "w", format="mp4" if as_mp4 else "matroska", options=options) as out:
            number = count()
            read = (_read(first, video, out, number), _read(second, audio, out, number))
            for done, (_, _, packet) in enumerate(merge(*read)):
                put(out, packet)
                if done % _TELL_EVERY == 0:
                    progress()
    return ".mp4" if as_mp4 else ".mkv"


def _read(container: InputContainer, stream: Any, out: OutputContainer, number: Iterator[int]) -> Iterator[_Due]:
    """Yields the stream's packets as packets of the new file."""
    target: Any = out.add_stream_from_template(stream)
    only(container, stream)
    return _packets(container, stream, target, number)


def _packets(container: InputContainer, stream: Stream, target: Stream, number: Iterator[int]) -> Iterator[_Due]:
    due = 0.0
    for packet in container.demux(stream):
        if packet.size == 0:
            continue  # the demuxer's mark of the end
        at = packet.dts if packet.dts is not None else stamp(packet)
        due = float(at * time_base(stream)) if at is not None else due
        packet.stream = target
        yield due, next(number), packet
