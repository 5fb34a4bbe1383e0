"""Runs small language models on llama.cpp: any prompt, with the JSON schema that the request names."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from moments_models import weights
from moments_models.cores import cores
from moments_models.engine_contract import ChatPrompt, Completion, EngineKind, EngineSpec, Library, Task
from moments_models.errors import InvalidRequest, ServiceError

_LONGEST_ANSWER = 2048
"""Tokens, where the request names no limit: a small model that loops would go on to the end of its context."""


class Llama:
    """A `LanguageModel`."""

    def __init__(self, gguf: Path, *, name: str, context_tokens: int) -> None:
        import xllamacpp  # type: ignore[import-not-found, import-untyped, unused-ignore]

        settings = xllamacpp.CommonParams()
        settings.model.path = str(gguf)
        settings.model_alias = {name}
        settings.n_ctx = context_tokens
        settings.n_parallel = 1
        settings.warmup = False
        settings.verbosity = -1
        # With as many threads as cores, throughput collapses as soon as anything else runs.
        settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = max(1, cores() - 1)
        # The library always starts its own HTTP server. Nobody knows the key, and no web page may send requests.
        settings.port = 0
        settings.api_keys = [secrets.token_urlsafe(32)]
        settings.cors_origins = "null"
        settings.ui = settings.endpoint_props = settings.endpoint_slots = False
        self._server = xllamacpp.Server(settings)

    def complete(self, prompt: ChatPrompt, task: Task) -> Completion:
        """Returns the model's answer. Raises `InvalidRequest` when the prompt does not fit the context or its schema can't be used."""
        body = {
            "max_tokens": _LONGEST_ANSWER,
            **prompt.settings,
            "messages": [dict(message) for message in prompt.messages],
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        answer = _Stream(task)
        try:
            self._server.handle_chat_completions(body, answer.take)
        except ValueError as error:
            raise InvalidRequest(f"llama.cpp refused the request: {str(error)[:300]}") from error
        return answer.completion()


@dataclass
class _Stream:
    """Gathers the pieces of an answer. The library ignores what a callback raises, so a failure is stored and raised afterwards."""

    task: Task
    text: list[str] = field(default_factory=list)
    finish_reason: str = "stop"
    usage: Mapping[str, int] = field(default_factory=dict)
    failure: Exception | None = None

    def take(self, piece: Mapping[str, Any]) -> bool:
        """Adds a piece. Returns whether to stop."""
        try:
            self.task.check()
            self._add(piece)
        except Exception as error:  # `completion` raises it again, where it has an effect
            self.failure = error
        return self.failure is not None

    def _add(self, piece: Mapping[str, Any]) -> None:
        if error := piece.get("error"):
            kind = InvalidRequest if error.get("code") == 400 else ServiceError
            raise kind(f"llama.cpp: {error.get('message', 'failed')}"[:300])
        for choice in piece.get("choices", ()):
            self.text.append(choice["delta"].get("content") or "")
            self.finish_reason = choice.get("finish_reason") or self.finish_reason
        self.usage = piece.get("usage") or self.usage

    def completion(self) -> Completion:
        if self.failure is not None:
            raise self.failure
        if not self.usage:
            raise ServiceError("llama.cpp broke off its answer")
        return Completion("".join(self.text), self.finish_reason, self.usage["prompt_tokens"], self.usage["completion_tokens"])


def _loader(name: str, file: str, context_tokens: int) -> Callable[[], Llama]:
    return lambda: Llama(weights.location(name) / file, name=name, context_tokens=context_tokens)


QWEN_CODER = EngineSpec(
    "qwen2.5-coder-0.5b",
    EngineKind.CHAT,
    _loader("qwen2.5-coder-0.5b", "model.gguf", 8192),
    weights=("qwen2.5-coder-0.5b",),
    reads_prompts=True,
    library=Library("xllamacpp", "llama"),
)
