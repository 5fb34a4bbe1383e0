"""`python -m benchmarks`: the table of tasks, and the way into each."""

from __future__ import annotations

import importlib
import sys

TASKS = {
    "api": "the status route as pollers ask it beside an empty FastAPI route; a page of 10,000 videos; memory (--requests, --rounds)",
    "asr": "recognition of an hour through the service against plain faster-whisper: speed and memory (--minutes, --rounds)",
    "choose": "moments from a transcript of three hours by the built-in model: CPU seconds and memory (--hours)",
    "cuts": "twenty clips out of an hour of 1080p beside one ffmpeg per clip, their memory and quality; four hours (--encoded)",
    "media": "sound, stills, waveform, silences and shots of 1080p beside decoding, ffmpeg and scenedetect (--minutes, --rounds)",
    "page": "the web page with 10,000 videos and three spoken hours: work per frame, size, time until it can be used (--rounds)",
    "pipeline": "the main job on ten spoken minutes against its models run bare and one plain ffmpeg pass; --memory: its memory",
    "promptness": "cancellations in a child, a call and an upload, SIGTERM, runs that change hands: seconds until all is ended (--rounds)",
    "queue": "runs without stages through the real consumer beside procrastinate, arq, taskiq-redis and Celery (--jobs, --rounds)",
    "scale": "1, 2 and 4 workers that wait for a model; memory and pages with 10,000 queued runs (--queued)",
    "transfer": "500 MB down and up beside curl, boto3 and google-cloud-storage: speed, processor time, memory (--megabytes, --rounds)",
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
