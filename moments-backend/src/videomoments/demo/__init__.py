"""The sample that `moments demo` runs on: three minutes of speech on five topics.

The narration is synthetic, the pictures are drawn; README.md beside this file says with what, and under which licences. What is known
of the sample stands in `sample.json`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

SAMPLE_TITLE = "Sample: five short talks"
_PIECE_BYTES = 1024 * 1024


def sample_path() -> Path:
    """The sample video: H.264 and AAC in an MP4 of less than 3 MB."""
    return Path(__file__).with_name("sample.mp4")


async def sample_pieces() -> AsyncIterator[bytes]:
    """Yields the bytes of the sample video in pieces, for a store."""
    with sample_path().open("rb") as file:
        while piece := await asyncio.to_thread(file.read, _PIECE_BYTES):
            yield piece
