"""Lists the engines. A new one is a new module here and an entry in the tuple."""

from __future__ import annotations

from collections.abc import Iterable

from moments_models.engine_contract import EngineSpec
from moments_models.engines import extractive, llama, parakeet, signal, whisper

_ALL = (whisper.BASE, whisper.TINY_EN, parakeet.SPEC, extractive.SPEC, signal.SPEC, llama.QWEN_CODER)
#: Every engine by name; of each kind, the first is the default.
ENGINES: dict[str, EngineSpec] = {spec.name: spec for spec in _ALL}


def needed_for(models: Iterable[str]) -> list[str]:
    """Returns the names of the weights that these models load, in order, each once. Raises `KeyError` for an unknown model."""
    names: dict[str, None] = {}
    for model in models:
        names.update(dict.fromkeys(ENGINES[model].weights))
    return list(names)
