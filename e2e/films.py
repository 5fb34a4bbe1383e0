"""Videos for the stories, cut from the sample that ships with the project: real speech, known topics."""

from __future__ import annotations

import random
import wave
from pathlib import Path

import av
import numpy as np

SAMPLE = Path(__file__).parent.parent / "moments-backend/src/videomoments/demo/sample.mp4"


def short_film(target: Path, *, seconds: float = 76.0) -> Path:
    """The sample's first two topics as a file of its own: packets as they are."""
    with av.open(str(SAMPLE)) as source, av.open(str(target), "w", options={"movflags": "faststart"}) as out:
        streams = {stream.index: out.add_stream_from_template(stream) for stream in (*source.streams.video, *source.streams.audio)}
        for packet in source.demux(*source.streams.video, *source.streams.audio):
            if packet.dts is None or packet.time_base is None or packet.dts * packet.time_base > seconds:
                continue
            packet.stream = streams[packet.stream.index]
            out.mux(packet)
    return target


def dense_film(target: Path, *, seconds: int = 40) -> Path:
    """Noise with a keyframe every second: a megabyte for each, so that a browser can't have fetched all of it ahead."""
    noise = random.Random(4)
    with av.open(str(target), "w", options={"movflags": "faststart"}) as out:
        stream = out.add_stream("libx264", rate=10, options={"preset": "ultrafast", "crf": "4", "g": "10", "bf": "0"})
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for _ in range(seconds * 10):
            frame = av.VideoFrame(320, 240, "yuv420p")
            for plane in frame.planes:
                plane.update(noise.randbytes(plane.buffer_size))
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return target


def tone(target: Path, *, seconds: int) -> Path:
    """A low tone that swells every second, without any picture."""
    rate = 8000
    times = np.arange(seconds * rate) / rate
    samples = (np.sin(2 * np.pi * 220 * times) * np.sin(np.pi * times) * 9000).astype(np.int16)
    with wave.open(str(target), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(samples.tobytes())
    return target
