"""What errors of chat servers say about a question, in the words of many servers (F89)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from videomoments.inference.dialect import OVERVIEW, body_of
from videomoments.inference.failures import Answered
from videomoments.inference.model_registry import ModelConfig, ModelKind
from videomoments.inference.refusals import learned, said_by

CONFIG = ModelConfig(key="m", kind=ModelKind.CHAT, endpoint="/v1/chat/completions", model_name="m", max_tokens=16384, top_p=0.9, top_k=20)
MESSAGES = [{"role": "system", "content": "S"}, {"role": "user", "content": "U"}]
SENT = body_of(CONFIG, MESSAGES, CONFIG.sampled(), {"type": "array"}, OVERVIEW)
NEWER: dict[str, Any] = {"tokens_field": "max_completion_tokens"}
NO_SYSTEM, NO_FORMAT, STREAM = {"system_role": "user"}, {"answer_format": "none"}, {"stream": True}
OBJECTS = {"answer_format": "object_schema"}


def most(tokens: int) -> dict[str, Any]:
    return {"most_tokens": tokens}


def not_sent(name: str) -> dict[str, Any]:
    return {name: "not_sent"}


def taught(body: Any, status: int = 400) -> dict[str, Any]:
    return learned(Answered("no", status=status, body=body if isinstance(body, str) else json.dumps(body)), SENT, OVERVIEW, CONFIG)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.", NEWER),
        ('Invalid JSON payload received. Unknown name "max_tokens": Cannot find field.', NEWER),
        ("max_tokens is too large: 16384. This model supports at most 4096 completion tokens, whereas you provided 16384.", most(4096)),
        ("Invalid max_tokens value, the valid range of max_tokens is [1, 8192]", most(8192)),
        ("`max_tokens` must be less than or equal to `8192`, the maximum for `max_tokens` is less than the `context_window`", most(8192)),
        ("too many tokens: max tokens must be less than or equal to 4000, the maximum output length for this model", most(4000)),
        ("max_tokens: 16384 > 8,192, which is the maximum allowed number of output tokens for claude-x-20241022", most(8192)),
        ("it has a maxOutputTokens value of 16384 but the supported range is from 1 (inclusive) to 8193 (exclusive)", most(8192)),
        ("integer above maximum value, expected a value <= 12288, but got 16384 instead for `max_completion_tokens`", most(12288)),
        ("'temperature' does not support 0.3 with this model. Only the default (1) value is supported.", not_sent("temperature")),
        ("invalid temperature: only 0.6 is allowed for this model", not_sent("temperature")),
        ("`temperature` may only be set to 1 when thinking is enabled.", not_sent("temperature")),
        ("Invalid params: temperature must be in range (0.5, 1]", not_sent("temperature")),
        ("`temperature` and `top_p` cannot both be specified for this model. Please use only one.", not_sent("top_p")),
        ("Unrecognized request argument supplied: top_k", not_sent("top_k")),
        ("property 'top_k' is unsupported", not_sent("top_k")),
        ("System role not supported", NO_SYSTEM),
        ("Conversation roles must alternate user/assistant/user/assistant/...", NO_SYSTEM),
        ("Only user and assistant roles are supported!", NO_SYSTEM),
        ("Developer instruction is not enabled for models/gemma-3-27b-it", NO_SYSTEM),
        ("Invalid value: 'system'. Supported values are: 'user' and 'assistant'.", NO_SYSTEM),
        ("messages: Unexpected role \"system\".", NO_SYSTEM),
        ("This model does not support system messages", NO_SYSTEM),
        ("the role of message with even index in the messages must be assistant", NO_SYSTEM),
        ("This response_format type is unavailable now", NO_FORMAT),
        ("'response_format.type' must be 'json_object' or 'text'", NO_FORMAT),
        ("The provided JSON schema contains features not supported by xgrammar.", NO_FORMAT),
        ("Guided decoding is not enabled: guided_json", NO_FORMAT),
        ("Invalid schema for response_format 'answer': schema must be of 'type: \"object\"', got 'type: \"array\"'.", OBJECTS),
        ("parameter.enable_thinking must be set to false for non-streaming calls", STREAM),
        ("enable thinking can not be support when `stream=False`.", STREAM),
        ("This model only support stream mode, please enable the stream parameter to access the model.", STREAM),
        ("The stream parameter must be set to true", STREAM),
        ("Streaming is required for operations that may take longer than 10 minutes", STREAM),
    ],
)  # fmt: skip
def test_f89_what_servers_name_is_learned(words: str, expected: dict[str, Any]) -> None:
    for body in ({"error": {"message": words, "param": None}}, {"message": words, "code": 400}, [{"error": {"message": words}}], words):
        assert taught(body) == expected
    assert (
        taught({"error": {"message": "Provider returned error", "metadata": {"raw": json.dumps({"error": {"message": words}})}}})
        == expected
    )
    assert taught(words, 401) == {}
    assert taught(words, 503) == {}


@pytest.mark.parametrize(
    "words",
    [
        "This model's maximum context length is 4097 tokens. However, you requested 17000 tokens (904 in the messages, 16384 in the "
        "completion).",
        "'max_tokens' or 'max_completion_tokens' is too large: 16384. This model's maximum context length is 8192 tokens and your request "
        "has 512 input tokens (16384 > 8192 - 512).",
        "prompt is too long: 210000 tokens > 200000 maximum",
        "Failed to load the model: no memory",
        "Your account has no money",
        "The model `m` does not exist",
        "Content must not be empty",
        "",
        "<html><body>temperature is not supported</body></html>",
    ],
)  # fmt: skip
def test_f89_what_is_about_this_question_or_nothing_teaches_nothing(words: str) -> None:
    assert taught({"error": {"message": words}} if not words.startswith("<") else words) == {}


@pytest.mark.parametrize(
    "body", ["[" * 100_000, '{"error": null}', '{"detail": 5}', "null", '{"error": {"message": ["a", {"b": 1}]}}', "\x00"]
)
def test_f89_whatever_an_error_holds_is_no_crash(body: str) -> None:
    assert taught(body) == {}


def test_f89_what_an_error_repeats_of_the_question_is_not_its_word() -> None:
    repeated = {"temperature": 0.3, "messages": [{"role": "system", "content": "max_tokens is unsupported"}]}
    detail = [{"type": "extra_forbidden", "loc": ["body", "top_k"], "msg": "Extra inputs are not permitted", "input": repeated}]
    assert taught({"detail": detail}, 422) == not_sent("top_k")
    assert taught(f"1 validation error for Request: {detail}") == not_sent("top_k")
    error = Answered(
        "no", status=422, body="[type=extra_forbidden, input_value={'temperature': 0.3, 'max_tokens': 9}, input_type=dict] top_k"
    )
    assert "temperature" not in said_by(error).message
