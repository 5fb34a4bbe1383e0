"""Reads a chat completion: finds the text that the model meant as its answer, wherever the server put it.

Servers differ: text or parts of text in `content`, JSON that is already decoded, the arguments of a tool call, an answer that a parser took
for thinking, a refusal in a field of its own, an error under status 200.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from videomoments.core.errors import ModelError
from videomoments.inference.failures import Answered, failure, scrubbed, server_words, truncated_advice

_REASONING = ("reasoning_content", "reasoning", "thinking", "reasoning_text")
# Other names of servers for `length` and `content_filter`, and for an answer that was not finished.
_LENGTH = frozenset({"length", "max_tokens", "max_output_tokens", "max_length", "token_limit"})
_FILTERED = frozenset(
    {
        "content_filter",
        "content-filter",
        "contentfilter",
        "safety",
        "sensitive",
        "prohibited_content",
        "recitation",
        "blocklist",
        "spii",
        "guardrail",
    }
)
_BROKEN = frozenset({"error", "abort", "aborted", "network_error", "insufficient_system_resource"})
_THOUGHT_PARTS = frozenset({"thinking", "reasoning", "redacted_thinking"})


class TextSource(StrEnum):
    """Where in the answer the text stood."""

    CONTENT = "content"
    TOOL_CALLS = "tool_calls"
    REASONING = "reasoning_content"


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens, as the server counts them, or None where it does not."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class ChatAnswer:
    """A model's answer. `text` is what it answered, from `source`; `raw` is the body as received. `finish_reason` is `length` or
    `content_filter` under whatever name the server uses. `refusal` is the server's refusal in place of an answer; `thought` says that the
    answer is nothing but thinking. `unsent` are the sampling values that were wanted and not sent, because the server refuses them."""

    text: str
    finish_reason: str | None
    model: str
    usage: Usage
    raw: str
    source: TextSource = TextSource.CONTENT
    refusal: str = ""
    thought: bool = False
    unsent: Mapping[str, float] = field(default_factory=dict)


def read_completion(text: str, key: str, model_name: str | None) -> ChatAnswer:
    """Returns the answer in the body of a chat completion of model `key`. Raises ModelError for anything else, with the server's words
    where it is an error."""
    body = _parsed(text)
    choice = _first_choice(body)
    message = _message_of(choice) if choice is not None else None
    if choice is None or message is None:
        if (said := _error_in(body)) is not None:
            raise _said_error(key, said, text)
        # A broken body is the fault of the server (or of a proxy) and may pass; its text is no refusal to learn from.
        raise ModelError(f"Model {key} answered something other than a chat completion: {scrubbed(text[:200])}")
    finish = _finish(choice.get("finish_reason"))
    if finish in _BROKEN:
        raise ModelError(f"Model {key} broke off its answer: the server ended it with {finish!r}.")
    found, source, thought = _answer_of(message, finish)
    named = body.get("model") if isinstance(body, dict) else None
    return ChatAnswer(
        text=found,
        finish_reason=finish,
        model=named if isinstance(named, str) and named else model_name or "",
        usage=_usage(body),
        raw=text,
        source=source,
        refusal=_refusal_of(message),
        thought=thought,
    )


def unusable(answer: ChatAnswer, key: str) -> ModelError | None:
    """Returns why the answer has no text to read, or None where it has one. Asking again helps only where the error is `retryable`."""
    if answer.finish_reason == "content_filter":
        return ModelError(
            f"A content filter of model {key} stopped its answer.",
            code="model_filtered",
            advice="Use another model for this recording, or set its server's filter.",
            retryable=False,
        )
    if answer.text.strip():
        return None
    if answer.refusal:
        return ModelError(
            f"Model {key} declined to answer: {scrubbed(answer.refusal)}",
            code="model_declined",
            advice="Use another model for this recording, or another prompt.",
            retryable=False,
        )
    if answer.finish_reason == "length":
        where = " in its thinking" if answer.thought else ""
        return ModelError(
            f"The answer was cut off{where} at its length limit. Answer with less text.",
            code="model_truncated",
            advice=truncated_advice(key),
        )
    if answer.thought:
        return ModelError(
            "There was thinking and no answer. After thinking, answer with JSON.",
            code="model_bad_answer",
            advice="The server put all that the model wrote into reasoning_content: check its reasoning parser, or turn thinking off.",
        )
    return None


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _first_choice(body: Any) -> dict[str, Any] | None:
    choices = body.get("choices") if isinstance(body, dict) else None
    first = choices[0] if isinstance(choices, list) and choices else None
    return first if isinstance(first, dict) else None


def _message_of(choice: Mapping[str, Any]) -> dict[str, Any] | None:
    message = choice.get("message", choice.get("delta"))
    if isinstance(message, dict):
        return message
    return {"content": choice["text"]} if isinstance(choice.get("text"), str) else None


def _error_in(body: Any) -> Any:
    """Returns the error that an answer without choices holds, in the form of OpenAI or of others, or None where it is something else."""
    if isinstance(body, list) and body:
        body = body[0]
    if not isinstance(body, dict):
        return None
    if body.get("error") or body.get("base_resp"):
        return body.get("error") or body["base_resp"]
    return body if any(isinstance(body.get(name), str) for name in ("message", "detail", "error_msg")) else None


def _said_error(key: str, said: Any, text: str) -> ModelError:
    """Returns an error under status 200 as a ModelError. The server behind a gateway may be away for a moment, while the gateway is
    there."""
    code = said.get("code", said.get("status")) if isinstance(said, dict) else None
    status = int(code) if str(code).isdecimal() and 400 <= int(code) < 600 else None  # type: ignore[arg-type]
    if status is None:
        kind = f"{said.get('type')} {code} {said.get('status_msg')} {said.get('error_msg')}" if isinstance(said, dict) else ""
        status = HTTPStatus.BAD_REQUEST if "invalid" in kind or "unsupported" in kind else HTTPStatus.INTERNAL_SERVER_ERROR
    if status <= HTTPStatus.INTERNAL_SERVER_ERROR:
        return failure(key, status, text[:20_000])
    words = server_words(text)
    return Answered(f"Model {key} answered with an error ({status}){f': {words}' if words else '.'}", status=status, body=text[:20_000])


def _finish(reason: Any) -> str | None:
    if not isinstance(reason, str):
        return None
    plain = reason.lower()
    if plain in _LENGTH:
        return "length"
    return "content_filter" if plain in _FILTERED else plain if plain in _BROKEN else reason


def _answer_of(message: Mapping[str, Any], finish: str | None) -> tuple[str, TextSource, bool]:
    """Returns the text, where it was, and whether there was thinking alone."""
    content = _content(message.get("content"))
    calls = _arguments(message)
    if calls and (not content.strip() or not _may_hold_json(content)):
        return calls, TextSource.TOOL_CALLS, False
    if content.strip():
        return content, TextSource.CONTENT, False
    thinking = _thinking(message)
    if not thinking.strip():
        return "", TextSource.CONTENT, False
    # An answer that a parser took for thinking ends in JSON. Thinking that was cut off, or ends in words, holds drafts at most.
    if finish != "length" and _ends_in_json(thinking):
        return thinking, TextSource.REASONING, False
    return "", TextSource.REASONING, True


def _content(content: Any) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list) and _are_parts(content):
        return "".join(_part(part) for part in content)
    # The server has already decoded the JSON.
    return json.dumps(content, ensure_ascii=False) if isinstance(content, dict | list) and content else ""


def _are_parts(content: Sequence[Any]) -> bool:
    return all(
        isinstance(part, str) or (isinstance(part, dict) and (isinstance(part.get("type"), str) or set(part) == {"text"}))
        for part in content
    )


def _part(part: Any) -> str:
    if isinstance(part, str):
        return part
    if part.get("type") in _THOUGHT_PARTS:
        return ""
    text = part.get("text")
    if isinstance(text, dict):  # {"text": {"value": …}}
        text = text.get("value")
    if isinstance(text, str):
        return text
    return json.dumps(part["json"], ensure_ascii=False) if isinstance(part.get("json"), dict | list) else ""


def _arguments(message: Mapping[str, Any]) -> str:
    """Returns the arguments of a tool call as text; those of several calls become the items of one list."""
    calls = message.get("tool_calls")
    functions = [call.get("function", call) for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
    functions += [message.get("function_call")]
    given = [one.get("arguments", one.get("input")) for one in functions if isinstance(one, dict)]
    texts = [one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in given if one]
    texts = [text for text in texts if text.strip() not in ("", "{}")]
    return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]" if texts else ""


def _thinking(message: Mapping[str, Any]) -> str:
    for name in _REASONING:
        if isinstance(text := message.get(name), str) and text.strip():
            return text
    details = message.get("reasoning_details")
    parts = details if isinstance(details, list) else message.get("content")
    if not isinstance(parts, list):
        return ""
    texts = [part.get("text", part.get("thinking")) for part in parts if isinstance(part, dict)]
    return "".join(text for text in texts if isinstance(text, str))


def _refusal_of(message: Mapping[str, Any]) -> str:
    if isinstance(said := message.get("refusal"), str) and said.strip():
        return said
    content = message.get("content")
    parts = content if isinstance(content, list) else []
    return " ".join(part["refusal"] for part in parts if isinstance(part, dict) and isinstance(part.get("refusal"), str))


def _may_hold_json(text: str) -> bool:
    return "[" in text or "{" in text


def _ends_in_json(text: str) -> bool:
    end = text.rstrip().removesuffix("```").rstrip()
    return _may_hold_json(end) and end[-1] in "]}"


def _usage(body: Any) -> Usage:
    counts = body.get("usage") if isinstance(body, dict) else None
    if not isinstance(counts, dict):
        return Usage()
    return Usage(_count(counts.get("prompt_tokens")), _count(counts.get("completion_tokens")))


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
