"""Adds advice to the error of a chat call: what a user can set, and where."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

from videomoments.core.errors import ModelError
from videomoments.inference.failures import Answered, truncated_advice
from videomoments.inference.refusals import said_by, speaks_of_context, speaks_of_streams

_VIDEO = re.compile(r"video|multi-?modal|image|vision|content.{0,20}must be a string|content (?:type|part)", re.IGNORECASE)
_OPTIONS = {
    "temperature": "--temperature T, or --unset temperature",
    "top_p": "--top-p P, or --unset top_p",
    "top_k": "--top-k K, or --unset top_k",
    "max_tokens": "--max-tokens N, and --tokens-field",
    "max_completion_tokens": "--max-tokens N, and --tokens-field",
    "response_format": "--answer-format",
    "stream": "--stream or --no-stream",
}


def slow_advice(key: str) -> str:
    return (
        f"If it needs longer: `moments models edit {key} --answer-seconds N`, or MOMENTS_MODEL_ANSWER_SECONDS for all. "
        f"`moments models test {key}` finds out whether it streams; then only silence ends its answers."
    )


def advised(error: ModelError, key: str, sent: dict[str, Any]) -> ModelError:
    """Returns the error, with advice where it has none."""
    if error.advice:
        return error
    if error.code == "model_timeout":
        error.advice = slow_advice(key)
    elif error.code == "model_truncated":
        error.advice = truncated_advice(key)
    elif isinstance(error, Answered) and not error.retryable and sent:
        error.advice = _about(error, key, sent)
    elif error.code == "model_bad_answer" and error.retryable:
        error.advice = f"`moments runs calls` shows what it was asked and answered; `moments models test {key}` tries it."
    return error


def _about(error: Answered, key: str, sent: dict[str, Any]) -> str:
    said = said_by(error)
    edit = f"moments models edit {key}"
    if speaks_of_context(error) or error.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return f"Set how much it reads, question and answer together: `{edit} --context-tokens N`."
    if isinstance(sent["messages"][-1]["content"], list) and _VIDEO.search(said.message):
        return f"If it reads text alone: `{edit} --no-video`."
    for name, option in _OPTIONS.items():
        if name in sent and (said.names(name) or (name == "stream" and speaks_of_streams(said))):
            return f"Set what is sent as {name}: `{edit}` with {option}; or choose another value for the run."
    return (
        f"`moments models test {key}` shows what its server takes; `{edit}`, or the settings on the page, say what is sent: "
        "--tokens-field, --system-role, --answer-format, --temperature, --stream."
    )
