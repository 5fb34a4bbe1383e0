"""Reads packets and their times, and decodes them to frames. Runs only in the child."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, overload

import av.error
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.container import InputContainer
from av.packet import Packet
from av.stream import Discard, Stream
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame


def only(container: InputContainer, stream: Stream) -> None:
    """Makes the demuxer skip the data of every other stream."""
    for other in container.streams:
        other.discard = Discard.default if other.index == stream.index else Discard.all


def time_base(stream: Stream) -> Fraction:
    """Returns the seconds per tick."""
    return stream.time_base or Fraction(1, 1000)


def stamp(packet: Packet[Stream]) -> int | None:
    """Returns the presentation time in ticks. AVI and raw streams have only the decoding time."""
    return packet.pts if packet.pts is not None else packet.dts


def packets_of(container: InputContainer, *streams: Stream) -> Iterator[Packet[Stream]]:
    """Yields packets until the end, or until the demuxer fails: a truncated file must not lose what it has."""
    try:
        for packet in container.demux(*streams):
            if packet.pts is None:
                # AVI has only decoding times. Without one, the decoder would give a picture a later packet's time.
                if packet.dts is None:
                    continue
                packet.pts = packet.dts
            if packet.size:
                yield packet
    except (av.error.EOFError, av.error.InvalidDataError, av.error.PatchWelcomeError, av.error.PermissionError, av.error.ArgumentError):
        # FFmpeg's -1, "no permission", and "invalid argument" are what careless demuxers return for nonsense.
        return
    except IndexError:
        # At the end PyAV asks for a stream that was discovered on the way, for which it has no entry.
        return


@overload
def decode(context: AudioCodecContext, packet: Packet[Stream] | None) -> list[AudioFrame] | None: ...
@overload
def decode(context: VideoCodecContext, packet: Packet[Stream] | None) -> list[VideoFrame] | None: ...
def decode(context: Any, packet: Packet[Stream] | None) -> Any:
    """Returns the packet's frames (without a packet: those still held back), or None where it does not decode: damaged bytes raise many
    kinds of errors."""
    try:
        return context.decode(packet)
    except av.error.EOFError:
        return []
    except av.error.MemoryError:
        raise
    except av.error.FFmpegError:
        return None


def decoder_of(packet: Packet[Stream]) -> Any:
    """Returns the decoder for a packet: each piece of a track has its own."""
    stream: Any = packet.stream
    return stream.codec_context
