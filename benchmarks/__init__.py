"""Measurements on real parts: `python -m benchmarks TASK`, the same as `make bench TASK=…`. Ratios, never absolute times, are compared."""

from videomoments.core.quiet import keep_quiet

keep_quiet()
