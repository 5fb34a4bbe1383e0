"""Local model services for VideoMoments: speech recognition, moment generation and boundary refinement on plain CPUs.

It is a program of its own with the HTTP contracts of larger services (`POST /transcribe`, `POST /v1/chat/completions`). It shares no code
with the backend, so that it also runs alone on a GPU host.
"""

from moments_models.quiet import keep_quiet

__version__ = "0.1.0"

keep_quiet()
