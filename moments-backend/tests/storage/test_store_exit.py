"""How a process ends that has just used a cloud's store."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from support.fakes.object_server import Kept, serving
from support.fakes.s3_server import S3
from videomoments.core.times import now

PROGRAM = """
import asyncio
from videomoments.storage import open_store
store = open_store("s3://bucket", signing_key="k", public_url=None)
async def ask():
    for _ in range(20):
        await store.head("videos/v/source/a-1.mp4")
asyncio.run(ask())
"""


def test_a_program_that_ends_right_after_it_asked_its_store_ends_well() -> None:
    """obstore's threads were caught inside Python by its end: `Aborted`, exit status 134, in one of five."""
    server = S3()
    server.objects["bucket", "videos/v/source/a-1.mp4"] = Kept(b"film", "video/mp4", now())

    def ended(_: int) -> int:
        return subprocess.run([sys.executable, "-c", PROGRAM], env=os.environ | server.environment, check=False).returncode

    with serving(server), ThreadPoolExecutor(3) as pool:
        assert list(pool.map(ended, range(30))) == [0] * 30
