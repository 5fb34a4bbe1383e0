"""Job queues that ours is measured beside: each file is a worker and a producer of one of them, run by the peers' own interpreter.

`python -m benchmarks.peers.NAME worker` works until SIGTERM; `python -m benchmarks.peers.NAME produce FIRST COUNT PAUSE` adds jobs. The
environment names the servers: `BENCH_POSTGRES` (a libpq URL), `BENCH_REDIS` (a socket's path), `BENCH_STAMPS` (a folder).
"""
