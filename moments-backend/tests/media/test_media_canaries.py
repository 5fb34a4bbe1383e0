"""The canaries sing: a careless opening of the decoys opens the files and calls the addresses that ours must not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from media.canaries import listener, opened_files
from media.makers import draw
from sources.decoys import decoys

# What a player does that trusts its input.
_CARELESS = """
import sys, av
options = {"protocol_whitelist": "file,http,tcp,crypto", "allowed_extensions": "ALL", "extension_picky": "0", "safe": "0"}
try:
    with av.open(sys.argv[1], format=sys.argv[2], options=options, timeout=5) as container:
        for _, packet in zip(range(50), container.demux()):
            pass
except av.error.FFmpegError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("name", "demuxer", "opens", "calls"),
    [
        ("hls", "hls", {"canary.ts"}, False),
        ("hls_file", "hls", {"canary.ts"}, False),
        ("hls_key", "hls", set(), True),
        ("hls_master", "hls", set(), True),
        ("concat", "concat", {"canary.ts"}, True),
    ],
)
def test_a_careless_opening_follows_the_lures(name: str, demuxer: str, opens: set[str], calls: bool, tmp_path: Path) -> None:
    for canary in ("canary.ts", "canary.mp4"):
        draw(tmp_path / canary, seconds=0.2, size=(32, 32), audio=None)
    with listener() as (port, hits):
        lure = tmp_path / "lure"
        lure.write_bytes(decoys(tmp_path, port)[name])
        with opened_files(tmp_path) as opened:
            subprocess.run([sys.executable, "-c", _CARELESS, str(lure), demuxer], check=True, timeout=60)
    assert opens <= opened
    assert hits or not calls
