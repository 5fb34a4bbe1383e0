"""`python -m benchmarks`: the table of tasks, and the way into each."""

from __future__ import annotations

import importlib
import sys

TASKS = {
    "asr": "recognition of an hour through the service against plain faster-whisper: speed and memory (--minutes, --rounds)",
    "cuts": "twenty clips out of an hour of 1080p beside one ffmpeg per clip, their memory and quality; four hours (--encoded)",
    "pipeline": "the main job on ten spoken minutes against its models run bare and one plain ffmpeg pass; --memory: its memory",
    "tunnels": "a request through a warm tunnel against ssh -L and sshtunnel for each; 32 calls at once; what is left (--requests)",
}


def main(arguments: list[str]) -> int:
    """Runs the task that `arguments` name; 2 for a task that there isn't."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print("usage: python -m benchmarks TASK [OPTIONS]   (TASK --help shows its options)\n")
        for name, meaning in TASKS.items():
            print(f"  {name:<12} {meaning}")
        return 0 if arguments else 2
    if arguments[0] not in TASKS:
        print(
            f"benchmarks: there is no task {arguments[0]!r}; there are {', '.join(TASKS)}",
            file=sys.stderr,
        )
        return 2
    return int(importlib.import_module(f"benchmarks.{arguments[0]}").main(arguments[1:]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
