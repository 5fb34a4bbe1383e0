"""Reads server-sent events as chat servers send them: JSON objects, then `[DONE]`.

Lines and events follow the HTML standard (9.2.6, "Interpreting an event stream"), except for two blank lines that servers leave out: the
one after a complete object, and the one at the end of the stream. Neither can lead to a wrong answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Event = dict[str, Any]

_DONE = b"[DONE]"
_BOM = b"\xef\xbb\xbf"
_FIELDS = (b"data:", b"event:", b"id:", b"retry:", b":")


def are_events(body: bytes) -> bool:
    """Returns whether a body holds events, whatever its content type is."""
    return body.removeprefix(_BOM).lstrip().startswith(_FIELDS)


@dataclass
class EventReader:
    """Reads the objects in a stream whose bytes arrive in pieces. `done` is set after `[DONE]`; nothing after it is read.

    Comments, other fields and data that is no object are left out. The reader stores one event at most: the caller limits its size.
    """

    done: bool = False
    _begun: bool = False
    _after_cr: bool = False
    # The line that has not ended, and the lines of data of the event that has not.
    _line: bytearray = field(default_factory=bytearray)
    _data: list[bytes] = field(default_factory=list)

    def feed(self, data: bytes) -> list[Event]:
        """Returns the events that end in `data`, which may be cut anywhere, even within a character."""
        if self._after_cr:
            # The second half of a line ending that was cut in two.
            self._after_cr, data = not data, data.removeprefix(b"\n")
        if not data:
            return []
        self._after_cr = data.endswith(b"\r")
        first, *others = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        self._line += first
        events: list[Event] = []
        for rest in others:
            events += self._ended(bytes(self._line))
            self._line = bytearray(rest)
        return events

    def end(self) -> list[Event]:
        """Returns the events at the end of the stream that no blank line has ended."""
        line, self._line = bytes(self._line), bytearray()
        return [*self._ended(line), *self._ended(b"")]

    def _ended(self, line: bytes) -> Iterator[Event]:
        if self.done:
            return
        if not self._begun:
            self._begun, line = True, line.removeprefix(_BOM)
        if not line:
            yield from self._event()
            return
        name, _, value = line.partition(b":")
        if name != b"data":
            return
        self._data.append(value)
        # No JSON goes on after a whole object: what follows belongs to another event.
        if len(self._data) == 1 and (value.strip() == _DONE or _object(value) is not None):
            yield from self._event()

    def _event(self) -> Iterator[Event]:
        """Yields the object that the lines of data make together, or else those that single lines make."""
        lines, self._data = self._data, []
        if lines and (together := _object(b"\n".join(lines))) is not None:
            yield together
            return
        for line in lines:
            if line.strip() == _DONE:
                self.done = True
                return
            if (alone := _object(line)) is not None:
                yield alone


def _object(text: bytes) -> Event | None:
    try:
        value = json.loads(text.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
