"""Opens untrusted files, with the accepted demuxers and decoders only. Runs only in the child."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import av
import av.error
from av.audio.stream import AudioStream as AvAudio
from av.container import InputContainer
from av.video.stream import VideoStream as AvVideo

from videomoments.core.errors import NotFound, UnsupportedMedia
from videomoments.media.reading.formats import DEMUXERS, pair_refusal, taken_decoder
from videomoments.media.reading.view import BUFFER, View

# `protocol_whitelist` alone lets a playlist open other local media, so the demuxers are listed as well.
_FORMATS = ",".join(DEMUXERS)
# A 5K screen, or twice a 4K picture. A job's memory limit is the same for all.
MAX_PIXELS = 5120 * 3200
# The limit of H.264's encoder.
MAX_SIDE = 16_384
# For our own files: opening one decodes nothing. Otherwise the first picture is decoded to learn its format, which costs more than
# everything else that is done with a copied clip.
UNDECODED = {"protocol_whitelist": "file", "format_whitelist": "mov", "codec_whitelist": "none"}
_MOST_AUTOMATIC, _MOST_BEYOND = 8, 4
_FOUR_K = 4096 * 2176

av.logging.set_level(None)


def codec_threads(pixels: int) -> int:
    """Returns the number of threads for one decoder or encoder of pictures of that size; 0 leaves it to the library. Each thread holds
    pictures: those of 64 threads, or of eight beyond 4K, would exceed the memory limit."""
    most = _MOST_AUTOMATIC if pixels <= _FOUR_K else _MOST_BEYOND
    return 0 if (os.cpu_count() or 1) <= most else most


def url_of(path: Path) -> str:
    """Returns `path` as a URL that FFmpeg takes literally: nothing in the name acts as a protocol, option or pattern."""
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
            options={"protocol_whitelist": "file", "format_whitelist": _FORMATS, "enable_drefs": "0"},
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


def open_ranges(path: Path, ranges: Sequence[tuple[int, int]]) -> InputContainer:
    """Opens some of a file's bytes that form a file by themselves. Raises `UnsupportedMedia` (`damaged`)."""
    view = View(path, ranges)
    try:
        return av.open(
            view,
            "r",
            options={"protocol_whitelist": "file", "format_whitelist": _FORMATS, "enable_drefs": "0"},
            metadata_errors="replace",
            buffer_size=BUFFER,
        )
    except (av.error.FFmpegError, ValueError) as error:
        if getattr(error, "errno", None) == 12:
            raise
        raise UnsupportedMedia(
            "The file's clock begins anew inside it, and what follows can't be read.", code="damaged", advice="Export the file again."
        ) from None


def _boxes(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int]]:
    """Yields kind and end offset of each top-level ISO BMFF box (ISO/IEC 14496-12, 4.2)."""
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
    """Returns whether this is an MP4 or MOV whose `moov` box is missing or truncated."""
    with path.open("rb") as file:
        boxes = dict(_boxes(file, size))
    if not boxes.keys() & {b"ftyp", b"mdat", b"wide"}:
        return False
    return b"moov" not in boxes or boxes[b"moov"] > size


def known_codec(stream: AvVideo | AvAudio) -> str | None:
    """Returns the decoder's name when it may decode untrusted bytes, else None."""
    # The type says that it is always there, but a stream whose codec FFmpeg doesn't know has none.
    name = str(getattr(stream.codec_context, "name", ""))
    return name if taken_decoder(name) and pair_refusal(stream.container.format.name, name) is None else None


def check_pixels(width: int, height: int) -> None:
    """Raises `UnsupportedMedia` (`too_many_pixels`) above 5K, and for a strip that no clip could hold."""
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise UnsupportedMedia(
            f"The picture is {width} x {height}, more than 5K.",
            code="too_many_pixels",
            advice="Scale it down to 5120 x 2880 or less.",
        )
