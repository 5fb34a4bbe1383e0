"""What real chat servers refuse, in their own words, and how they put their answers: for `ModelServer.refusals` and `reshape`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from support.fakes.model_server import Refusal

Body = dict[str, Any]


_EVERYTHING = "'max_tokens', 'temperature', response_format, top_k and the system role are unsupported"


def openai(message: str, param: str | None = None, code: str | None = None, status: int = 400) -> tuple[int, Body]:
    return status, {"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}}


def plain(message: str, status: int = 400) -> tuple[int, Body]:
    """As older vLLM and others: no `error` around it."""
    return status, {"object": "error", "message": message, "type": "BadRequestError", "param": None, "code": status}


def forbidden(name: str) -> tuple[int, Body]:
    """As FastAPI does it, with the whole request repeated: it names everything."""
    rest = {
        "model": "m",
        "temperature": 0.3,
        "max_tokens": 4096,
        "messages": [{"role": "system", "content": _EVERYTHING}],
        "response_format": {},
    }
    detail = [{"type": "extra_forbidden", "loc": ["body", name], "msg": "Extra inputs are not permitted", "input": rest}]
    return 422, {"detail": detail}


def gateway(inner: Body, status: int) -> tuple[int, Body]:
    """What stands behind a gateway says no, and the gateway hands it on as text."""
    return status, {
        "error": {"message": "Provider returned error", "code": 400, "metadata": {"raw": json.dumps(inner), "provider_name": "P"}}
    }


def when(applies: Callable[[Body], bool], answer: tuple[int, Body]) -> Refusal:
    return lambda body: answer if applies(body) else None


def has(name: str) -> Callable[[Body], bool]:
    return lambda body: name in body


def speaks_as(role: str) -> Callable[[Body], bool]:
    return lambda body: any(message["role"] == role for message in body["messages"])


def asks_for_array(body: Body) -> bool:
    return "response_format" in body and body["response_format"]["json_schema"]["schema"]["type"] == "array"


def too_long(most: int, words: str) -> Refusal:
    """A limit for the length of answers, told in `words` that may name `{sent}` and `{most}`."""

    def refuse(body: Body) -> tuple[int, Body] | None:
        sent = body.get("max_tokens", body.get("max_completion_tokens", 0))
        return openai(words.format(sent=sent, most=most)) if sent > most else None

    return refuse


_NEWER = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
_DEFAULT = "Unsupported value: 'temperature' does not support 0.3 with this model. Only the default (1) value is supported."
_ROOT = "Invalid schema for response_format 'answer': schema must be a JSON Schema of 'type: \"object\"', got 'type: \"array\"'."
_ALTERNATE = "Conversation roles must alternate user/assistant/user/assistant/..."
_OTHER_STREAM = "parameter.enable_thinking must be set to false for non-streaming calls"

REFUSALS: dict[str, Refusal] = {
    "max_tokens": when(has("max_tokens"), openai(_NEWER, "max_tokens", "unsupported_parameter")),
    "max_tokens_unnamed": when(has("max_tokens"), openai(_NEWER)),
    "max_tokens_forbidden": when(has("max_tokens"), forbidden("max_tokens")),
    "no_length_at_all": when(
        lambda body: "max_tokens" in body or "max_completion_tokens" in body, openai("max_tokens and max_completion_tokens are unsupported")
    ),
    "temperature_fixed": when(lambda body: body.get("temperature", 1) != 1, openai(_DEFAULT, "temperature", "unsupported_value")),
    "temperature_only_one": when(has("temperature"), openai("invalid temperature: only 1 is allowed for this model")),
    "temperature_deprecated": when(has("temperature"), openai("`temperature` is deprecated for this model.")),
    "temperature_forbidden": when(has("temperature"), forbidden("temperature")),
    "temperature_by_gateway": when(has("temperature"), gateway({"error": {"message": _DEFAULT, "param": "temperature"}}, 400)),
    "temperature_under_200": when(
        has("temperature"), (200, {"error": {"message": _DEFAULT, "type": "invalid_request_error", "code": 400}})
    ),
    "system": when(speaks_as("system"), plain("System role not supported")),
    "system_value": when(
        speaks_as("system"), openai("Unsupported value: 'messages[0].role' does not support 'system' with this model.", "messages[0].role")
    ),
    "system_alternate": when(speaks_as("system"), plain(_ALTERNATE)),
    "system_template_500": when(speaks_as("system"), plain("Jinja Exception: System role not supported", 500)),
    "system_only_user": when(speaks_as("system"), plain("Only user and assistant roles are supported!")),
    "system_developer": when(
        speaks_as("system"), gateway({"error": {"message": "Developer instruction is not enabled for models/g"}}, 400)
    ),
    "format": when(has("response_format"), openai("This response_format type is unavailable now")),
    "format_500": when(has("response_format"), openai("json_schema of type array is not supported", status=500)),
    "format_root": when(asks_for_array, openai(_ROOT, "response_format")),
    "format_forbidden": when(has("response_format"), forbidden("response_format")),
    "not_in_one_body": when(lambda body: not body.get("stream"), openai(_OTHER_STREAM)),
    "short_answers": too_long(
        1000, "max_tokens is too large: {sent}. This model supports at most {most} completion tokens, whereas you provided {sent}."
    ),
    "short_answers_range": too_long(1024, "<400> InternalError.Algo.InvalidParameter: Range of max_tokens should be [1, {most}]"),
}
"""Each by itself keeps the overview's form from being answered."""


def _moved(**message: Any) -> Callable[[Body], Body]:
    """An answer whose message has other fields; a callable makes its value from the text that would have been the content."""

    def reshape(body: Body) -> Body:
        [choice] = body["choices"]
        text = choice["message"]["content"]
        made = {name: value(text) if callable(value) else value for name, value in message.items()}
        return {**body, "choices": [{**choice, "message": {"role": "assistant", **made}}]}

    return reshape


def _call(arguments: Any) -> list[Body]:
    return [{"id": "c1", "type": "function", "function": {"name": "answer", "arguments": arguments}}]


def _in_object(text: str) -> str:
    found = json.loads(text)
    return json.dumps({"moments": found} if isinstance(found, list) else found)


SHAPES: dict[str, Callable[[Body], Body]] = {
    "reasoning_content": _moved(content="", reasoning_content=lambda text: text),
    "reasoning": _moved(content=None, reasoning=lambda text: f"Let me see. The answer is:\n```json\n{text}\n```\n"),
    "reasoning_details": _moved(content=None, reasoning_details=lambda text: [{"type": "reasoning.text", "text": text}]),
    "tool_call": _moved(content=None, tool_calls=lambda text: _call(_in_object(text))),
    "tool_call_with_words": _moved(content="I call the tool now.", tool_calls=lambda text: _call(text)),
    "tool_call_decoded": _moved(content="", tool_calls=lambda text: _call(json.loads(_in_object(text)))),
    "function_call": _moved(content=None, function_call=lambda text: {"name": "answer", "arguments": text}),
    "parts": _moved(content=lambda text: [{"type": "text", "text": text[:7]}, {"type": "text", "text": text[7:]}]),
    "parts_with_thinking": _moved(
        content=lambda text: [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm [1]."}]}, {"type": "text", "text": text}]
    ),
    "decoded": _moved(content=json.loads),
    "thinking_beside": _moved(content=lambda text: text, reasoning_content='A draft: [{"start_time": 1, "end_time": 2, "title": "DRAFT"}]'),
    "odd_usage": lambda body: {**body, "usage": {"prompt_tokens": "many", "completion_tokens": 1.5}, "model": None, "created": "now"},
}
"""Each holds the same answer, elsewhere."""


def all_at_once() -> list[Refusal]:
    """A server that refuses everything, in the order in which it looks at a question."""
    return [
        REFUSALS[name]
        for name in ("max_tokens", "temperature_fixed", "system_alternate", "format_root", "format", "short_answers", "not_in_one_body")
    ]
