"""The sample that `moments demo` runs on: three minutes of speech on five topics.

The narration is synthetic, the pictures are drawn; README.md beside this file says with what, and under which licences. What is known
of the sample stands in `sample.json`.
"""

from __future__ import annotations

from pathlib import Path


def sample_path() -> Path:
    """The sample video: H.264 and AAC in an MP4 of less than 3 MB."""
    return Path(__file__).with_name("sample.mp4")
