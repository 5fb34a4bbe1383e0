"""Videos for the stories, cut from the sample that ships with the project: real speech, known topics."""

from __future__ import annotations

from pathlib import Path

import av

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
