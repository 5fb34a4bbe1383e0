"""Converts the audio of any media file to a 16 kHz mono 16-bit WAV file on disk, and reads samples from it.

Recognition reads the file twice (voice activity, then speech). One copy on disk keeps the memory small.
"""

from __future__ import annotations

import wave
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from moments_models.engine_contract import Task
from moments_models.errors import UnreadableMedia

if TYPE_CHECKING:
    from numpy.typing import NDArray

RATE = 16_000
"""Samples per second of everything in this program."""

FORMATS = "mov,mp4,m4a,matroska,webm,mpegts,avi,flv,mp3,wav,flac,ogg,aac"
"""Demuxers that may open a foreign file; a playlist, for one, may not."""

_GAP = 0.1
"""A hole of more seconds between two frames' times is filled with silence."""
_MAX_GAP = 24 * 3600.0


def open_options() -> dict[str, str]:
    """Returns FFmpeg options that keep a foreign file from opening any other file."""
    return {"protocol_whitelist": "file", "format_whitelist": FORMATS}


def to_wav(sent: Path, target: Path, task: Task) -> Path:
    """Returns `sent` itself when it is already 16 kHz mono 16-bit WAV, else `target`, decoded. Raises `UnreadableMedia`."""
    if _is_ready(sent):
        return sent
    _decode(sent, target, task)
    return target


def wav_duration(wav: Path) -> float:
    """Returns the duration in seconds."""
    with wave.open(str(wav), "rb") as reader:
        return _frames(reader, wav) / RATE


def samples(wav: Path, start: int, count: int) -> NDArray[np.float32]:
    """Returns `count` samples from `start` on (fewer at the end), -1 to 1."""
    with wave.open(str(wav), "rb") as reader:
        total = _frames(reader, wav)
        if start >= total:
            return np.zeros(0, np.float32)
        reader.setpos(start)
        return _floats(reader.readframes(min(count, total - start)))


def _frames(reader: wave.Wave_read, wav: Path) -> int:
    """Returns the number of frames: a cut-off file has fewer than its header says."""
    return min(reader.getnframes(), wav.stat().st_size // 2)


def _floats(data: bytes) -> NDArray[np.float32]:
    whole = data[: len(data) - len(data) % 2]
    return np.frombuffer(whole, np.dtype("<i2")).astype(np.float32) / np.float32(32768)


def _is_ready(path: Path) -> bool:
    try:
        with wave.open(str(path), "rb") as reader:
            return reader.getframerate() == RATE and reader.getnchannels() == 1 and reader.getsampwidth() == 2
    except (wave.Error, EOFError):
        return False


def _decode(sent: Path, target: Path, task: Task) -> None:
    import av

    try:
        with av.open(str(sent), "r", options=open_options(), metadata_errors="replace") as container:
            if not container.streams.audio:
                raise UnreadableMedia("the file has no sound")
            with wave.open(str(target), "wb") as writer:
                writer.setnchannels(1)
                writer.setsampwidth(2)
                writer.setframerate(RATE)
                _resample(container, writer, task)
    except (av.FFmpegError, ValueError) as error:
        raise UnreadableMedia("the file can't be read as audio or video") from error


def _resample(container: Any, writer: wave.Wave_write, task: Task) -> None:
    """Writes the resampled audio. Frames are placed by their times, counted from the first: gaps become silence, so that later words keep
    their times."""
    import av

    stream = container.streams.audio[0]
    stream.thread_type = "AUTO"
    total = float(container.duration / av.time_base) if container.duration else 0.0
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    first: float | None = None
    written = 0
    for frame in _frames_of(container, stream):
        if frame.pts is not None and frame.time_base is not None:
            at = float(frame.pts * Fraction(frame.time_base))
            first = at if first is None else first
            hole = at - first - written / RATE
            if _GAP < hole < _MAX_GAP:
                written += _silence(writer, int(hole * RATE))
        frame.pts = None  # the resampler would otherwise complain about the holes
        for piece in resampler.resample(frame):
            written += _write(writer, piece)
        if total:
            task.report(0.0, max(total, written / RATE))
        task.check()
    for piece in resampler.resample(None):
        written += _write(writer, piece)


def _frames_of(container: Any, stream: Any) -> Iterator[Any]:
    """Yields decoded frames. A broken packet loses only its own audio."""
    import av

    for packet in container.demux(stream):
        try:
            yield from packet.decode()
        except av.error.InvalidDataError:
            continue


def _write(writer: wave.Wave_write, piece: Any) -> int:
    data: NDArray[np.int16] = piece.to_ndarray().reshape(-1)
    writer.writeframesraw(data.tobytes())
    return len(data)


def _silence(writer: wave.Wave_write, count: int) -> int:
    left = count
    while left > 0:
        size = min(left, RATE * 60)
        writer.writeframesraw(bytes(2 * size))
        left -= size
    return count
