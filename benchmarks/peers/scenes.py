"""Run by the peers' interpreter: `python -m benchmarks.peers.scenes FILE` prints scenedetect's cuts (s) and CPU seconds as JSON."""

from __future__ import annotations

import json
import resource
import sys

from scenedetect import ContentDetector, detect  # type: ignore[import-not-found]


def main(path: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF)
    scenes = detect(path, ContentDetector())
    after = resource.getrusage(resource.RUSAGE_SELF)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps({"cuts": [scene[0].seconds for scene in scenes[1:]], "seconds": spent}))


if __name__ == "__main__":
    main(sys.argv[1])
