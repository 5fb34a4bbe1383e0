"""Opening foreign files, in the child only: what may be opened, by which demuxers and decoders, and which stream is used."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import av
import av.error
from av.audio.stream import AudioStream as AvAudio
from av.container import InputContainer
from av.packet import Packet
from av.stream import Discard, Disposition, Stream
from av.video.stream import VideoStream as AvVideo

from videomoments.core.errors import NotFound, UnsupportedMedia

# `protocol_whitelist` alone lets a playlist open other local media: the demuxers are listed as well.
DEMUXERS = "mov,matroska,mpegts,avi,flv,mp3,wav,flac,ogg,aac"
VIDEO_DECODERS = frozenset(
    [
        "h264",
        "hevc",
        "vp8",
        "vp9",
        "libdav1d",
        "av1",
        "mpeg4",
        "mpeg2video",
        "mpeg1video",
        "h263",
        "mjpeg",
        "prores",
        "dnxhd",
        "theora",
        "flv1",
        "flv",
        "msmpeg4v3",
        "wmv2",
        "vc1",
        "png",
        "libvpx",
        "libvpx-vp9",
        "ffv1",
        "rawvideo",
        "qtrle",
    ]
)
AUDIO_DECODERS = frozenset(
    [
        "aac",
        "mp3",
        "mp3float",
        "mp2",
        "mp2float",
        "opus",
        "libopus",
        "vorbis",
        "flac",
        "ac3",
        "eac3",
        "alac",
        "amrnb",
        "amrwb",
        "wmav2",
        "dca",
        "truehd",
    ]
)
MAX_PIXELS = 4096 * 2176
# For files of our own: opening one decodes nothing. Else the first picture is decoded to learn its format, which costs more than all
# else that is done with a copied clip.
UNDECODED = {"protocol_whitelist": "file", "format_whitelist": "mov", "codec_whitelist": "none"}
_MOST_AUTOMATIC = 8
_UNUSABLE = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image | Disposition.dependent

av.logging.set_level(None)


def codec_threads() -> int:
    """Threads for one decoder or encoder; 0 leaves it to the library. Each holds pictures: 64 of them would break the memory limit."""
    return 0 if (os.cpu_count() or 1) <= _MOST_AUTOMATIC else _MOST_AUTOMATIC


def url_of(path: Path) -> str:
    """`path` as a URL that FFmpeg takes literally: whatever the name holds, it is no protocol, option or pattern."""
    return f"file:{path.absolute()}"


def open_source(path: Path) -> InputContainer:
    """Opens a regular file for reading. Raises `UnsupportedMedia` (`empty_file`, `truncated`, `not_media`) or `NotFound`."""
    try:
        status = path.stat()
    except FileNotFoundError:
        raise NotFound("The media file is gone.") from None
    if not stat.S_ISREG(status.st_mode):
        raise UnsupportedMedia("The source is not a regular file.", advice="Give a video or audio file.")
    if status.st_size == 0:
        raise UnsupportedMedia("The file is empty.", code="empty_file", advice="Upload it again: nothing arrived.")
    try:
        return av.open(
            url_of(path),
            "r",
            options={"protocol_whitelist": "file", "format_whitelist": DEMUXERS, "enable_drefs": "0"},
            metadata_errors="replace",
        )
    except MemoryError:
        raise
    except (av.error.FFmpegError, ValueError) as error:
        if getattr(error, "errno", None) == 12:
            raise
        if _lacks_index(path, status.st_size):
            raise UnsupportedMedia(
                "The file is cut off: its index is missing.", code="truncated", advice="Upload it again, or finish the recording."
            ) from None
        raise UnsupportedMedia(
            "The file is not a video or audio file that can be read.", advice="Convert it to MP4 (H.264, AAC)."
        ) from None


def _boxes(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int]]:
    """Kind and end offset of each top-level ISO BMFF box (ISO/IEC 14496-12, 4.2)."""
    at = 0
    while at + 8 <= size:
        file.seek(at)
        head = file.read(16)
        length, kind = int.from_bytes(head[:4]), head[4:8]
        if length == 1:
            length = int.from_bytes(head[8:16])
        elif length == 0:
            length = size - at
        if length < 8:
            return
        at += length
        yield kind, at


def _lacks_index(path: Path, size: int) -> bool:
    """Whether this is an MP4 or MOV whose `moov` box never came, or was cut."""
    with path.open("rb") as file:
        boxes = dict(_boxes(file, size))
    if not boxes.keys() & {b"ftyp", b"mdat", b"wide"}:
        return False
    return b"moov" not in boxes or boxes[b"moov"] > size


def matroska_present(path: Path, size: int) -> float:
    """Share of a Matroska file that is there, by the size its segment announces (RFC 8794, 5.1); 1 where it announces none."""
    with path.open("rb") as file:
        head = file.read(4096)
    at = head.find(b"\x18\x53\x80\x67")
    if at < 0 or at + 12 > len(head):
        return 1.0
    first = head[at + 4]
    length = 9 - first.bit_length()
    value = int.from_bytes(head[at + 4 : at + 4 + length]) & ((1 << 7 * length) - 1)
    if length > 8 or value == (1 << 7 * length) - 1:
        return 1.0
    announced = at + 4 + length + value
    return min(1.0, size / announced)


def choose_video(container: InputContainer) -> AvVideo | None:
    """The picture stream to use: never a cover or a thumbnail track; FFmpeg's own order among the rest."""
    usable = [stream for stream in container.streams.video if not stream.disposition & _UNUSABLE]
    best = container.streams.best("video")
    if isinstance(best, AvVideo) and any(stream.index == best.index for stream in usable):
        return best
    return usable[0] if usable else None


def choose_audio(container: InputContainer) -> AvAudio | None:
    """The sound stream to use: the container's default or FFmpeg's best, else the first."""
    best = container.streams.best("audio")
    if isinstance(best, AvAudio):
        return best
    return container.streams.audio[0] if container.streams.audio else None


def only(container: InputContainer, stream: Stream) -> None:
    """Makes the demuxer skip every other stream's data."""
    for other in container.streams:
        other.discard = Discard.default if other.index == stream.index else Discard.all


def known_codec(stream: AvVideo | AvAudio) -> str | None:
    """The decoder's name when it is one that we let near foreign bytes, else None."""
    # Typed as always there, but a stream that FFmpeg knows no codec for has none.
    name = str(getattr(stream.codec_context, "name", ""))
    if stream.type == "video":
        return name if name in VIDEO_DECODERS else None
    return name if name in AUDIO_DECODERS or name.startswith("pcm_") else None


def time_base(stream: Stream) -> Fraction:
    """Seconds per tick."""
    return stream.time_base or Fraction(1, 1000)


def stamp(packet: Packet[Stream]) -> int | None:
    """Presentation time in ticks; AVI and raw streams have the decoding time only."""
    return packet.pts if packet.pts is not None else packet.dts


def check_pixels(width: int, height: int) -> None:
    """Raises `too_many_pixels` above 4K."""
    if width * height > MAX_PIXELS:
        raise UnsupportedMedia(
            f"The picture is {width} x {height}, more than 4K.",
            code="too_many_pixels",
            advice="Scale it down to 3840 x 2160 or less.",
        )
