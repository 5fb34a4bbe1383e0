"""Puts the pieces of a streamed answer together to the body that a whole answer would have had."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from videomoments.core.errors import ModelError
from videomoments.inference.sse import Event, EventReader, are_events

MAX_ANSWER_BYTES = 8 * 1024**2
# An event repeats some 200 bytes around each token.
MAX_STREAM_BYTES = 8 * MAX_ANSWER_BYTES


@dataclass
class StreamedAnswer:
    """Reads the bytes of a `text/event-stream` as they arrive. `begun` is set with the first piece of an answer, thinking included."""

    key: str
    begun: bool = False
    _events: EventReader = field(default_factory=EventReader)
    _size: int = 0
    _head: dict[str, Any] = field(default_factory=dict)
    _texts: dict[str, list[str]] = field(default_factory=dict)
    _calls: dict[int, list[str]] = field(default_factory=dict)
    _finish: Any = None
    _error: dict[str, Any] | None = None

    @property
    def done(self) -> bool:
        """Returns whether nothing more will come: the server said so, or sent an error."""
        return self._events.done or self._error is not None

    @property
    def finished(self) -> bool:
        """Returns whether the answer is complete. The server may still go on, for example with its usage."""
        # Some servers write an empty reason into every piece.
        return self.done or bool(self._finish)

    def feed(self, data: bytes) -> bool:
        """Reads a piece. Returns whether it held a part of the answer or its end: a comment that keeps the connection open does not count.
        Raises ModelError when the answer is too long."""
        self._size += len(data)
        if self._size > MAX_STREAM_BYTES:
            raise too_long(self.key, MAX_ANSWER_BYTES)
        was_done = self.done
        grown = self._read(self._events.feed(data))
        return grown or self.done > was_done

    def body(self) -> str:
        """Returns the body of a chat completion. Raises ModelError `model_unreachable` when the answer broke off."""
        self._read(self._events.end())
        if self._error is not None:
            return json.dumps(self._error, ensure_ascii=False)
        if not self.done and self._finish is None:
            raise ModelError(f"Model {self.key} broke off its answer.", code="model_unreachable")
        message: dict[str, Any] = {name: "".join(parts) for name, parts in self._texts.items()}
        message.setdefault("content", None)
        if self._calls:
            message["tool_calls"] = [{"function": {"arguments": "".join(parts)}} for _, parts in sorted(self._calls.items())]
        choice = {"index": 0, "message": message, "finish_reason": self._finish}
        return json.dumps(self._head | {"object": "chat.completion", "choices": [choice]}, ensure_ascii=False)

    def _read(self, events: list[Event]) -> bool:
        # Not any(): every event must be read.
        return sum([self._event(event) for event in events]) > 0

    def _event(self, event: Event) -> bool:
        if event.get("error"):
            self._error = event
            return True
        self._head |= {name: event[name] for name in ("id", "model", "usage") if event.get(name)}
        choices = event.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
        if choice.get("finish_reason") is not None:
            self._finish = choice["finish_reason"]
        delta = choice.get("delta", choice.get("message"))
        if not isinstance(delta, dict):
            delta = {"content": choice.get("text")}
        grown = self._add(delta)
        self.begun = self.begun or grown
        return grown or self._finish is not None

    def _add(self, delta: dict[str, Any]) -> bool:
        grown = False
        for name, value in delta.items():
            if name == "role":
                continue
            if isinstance(value, str) and value:
                self._texts.setdefault(name, []).append(value)
                grown = True
            elif name == "content" and isinstance(value, list):
                texts = [part["text"] for part in value if isinstance(part, dict) and isinstance(part.get("text"), str)]
                self._texts.setdefault(name, []).extend(texts)
                grown = grown or bool(value)
        calls = delta.get("tool_calls")
        called = [*(calls if isinstance(calls, list) else ()), {"function": delta.get("function_call")}]
        for call in called:
            if isinstance(call, dict) and isinstance(call.get("function"), dict):
                number = call["index"] if isinstance(call.get("index"), int) else 0
                arguments = call["function"].get("arguments")
                self._calls.setdefault(number, []).append(arguments if isinstance(arguments, str) else json.dumps(arguments or {}))
                grown = True
        return grown


def whole_answer(data: bytes, key: str) -> str:
    """Returns the body of an answer that was not asked for as a stream, even where the server sends events all the same."""
    if not are_events(data):
        return data.decode("utf-8", "replace")
    answer = StreamedAnswer(key)
    answer.feed(data)
    return answer.body()


def too_long(key: str, most: int) -> ModelError:
    """Returns the error for an answer of more than `most` bytes."""
    return ModelError(f"Model {key} answered more than {most // 1024**2} MB.", code="model_bad_answer", retryable=False)
