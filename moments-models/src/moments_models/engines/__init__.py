"""The engines. A new one is a new file here and a line in the tuple."""

from __future__ import annotations

from moments_models.base import EngineSpec
from moments_models.engines import extractive, signal, whisper

#: Every engine by name; of each kind, the first is the default.
ENGINES: dict[str, EngineSpec] = {spec.name: spec for spec in (whisper.BASE, whisper.TINY_EN, extractive.SPEC, signal.SPEC)}
