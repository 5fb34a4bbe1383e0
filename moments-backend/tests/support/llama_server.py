"""llama.cpp's own HTTP server with the real weights, in a process of its own: `python llama_server.py KEY` prints its address."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

NAME = "qwen2.5-coder-0.5b"
CONTEXT = 8192


@contextmanager
def llama_server(key: str) -> Iterator[str]:
    """The address of a running server that asks for this key; the weights are pulled where they are missing."""
    command = [sys.executable, __file__, key]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            address = process.stdout.readline().strip()
            assert address.startswith("http://127.0.0.1:"), "llama.cpp's server did not start"
            yield address
        finally:
            process.kill()


def main(key: str) -> None:
    import xllamacpp  # type: ignore[import-untyped, import-not-found, unused-ignore]

    from moments_models import weights
    from moments_models.cores import cores

    settings = xllamacpp.CommonParams()
    settings.model.path = str(weights.pull(NAME) / "model.gguf")
    settings.model_alias = {NAME}
    settings.n_ctx = CONTEXT
    settings.n_parallel = 1
    settings.warmup = False
    settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = max(1, cores() - 1)
    settings.port = 0
    settings.verbosity = -1
    settings.api_keys = [key]
    settings.cors_origins = "null"
    server = xllamacpp.Server(settings)
    print(server.listening_address, flush=True)
    # Ends with the process that started it.
    ended = threading.Thread(target=sys.stdin.read)
    ended.start()
    ended.join()


if __name__ == "__main__":
    main(sys.argv[1])
