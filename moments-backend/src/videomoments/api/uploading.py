"""Streams uploads: a multipart body is read part by part, and the file's bytes go straight into the store."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from videomoments.core.errors import InvalidInput

_MAX_FIELD_BYTES = 4096


@dataclass(slots=True)
class _Part:
    """The part that is being read."""

    headers: dict[str, str] = field(default_factory=dict)
    header_name: bytearray = field(default_factory=bytearray)
    header_value: bytearray = field(default_factory=bytearray)
    name: str = ""
    is_file: bool = False
    value: bytearray = field(default_factory=bytearray)


class UploadForm:
    """A form with one file in the field `file` and short text fields before it.

    `open()` reads up to the file, and sets `file_name` and `fields`; `chunks()` then yields its bytes. Both raise `InvalidInput`
    (`no_file`, `bad_form`).
    """

    def __init__(self, request: Request) -> None:
        kind, options = parse_options_header(request.headers.get("content-type"))
        if kind != b"multipart/form-data" or not options.get(b"boundary"):
            raise InvalidInput(
                "The body is no multipart form.", code="bad_form", advice="Send the file as the field `file` of a multipart/form-data body."
            )
        self.file_name: str | None = None
        self.fields: dict[str, str] = {}
        self._body = request.stream()
        self._part = _Part()
        self._pieces: deque[bytes] = deque()
        self._complete = False
        try:
            self._parser = MultipartParser(
                options[b"boundary"],
                {
                    "on_part_begin": self._begin,
                    "on_header_field": lambda data, start, end: self._part.header_name.extend(data[start:end]),
                    "on_header_value": lambda data, start, end: self._part.header_value.extend(data[start:end]),
                    "on_header_end": self._header_end,
                    "on_headers_finished": self._headers_finished,
                    "on_part_data": self._data,
                    "on_part_end": self._part_end,
                },
            )
        except FormParserError as error:
            raise _bad_form() from error

    async def open(self) -> None:
        """Reads up to the file's first bytes."""
        while self.file_name is None:
            if not await self._feed():
                raise InvalidInput("The form has no file.", code="no_file", advice="Send it as the field `file`.")

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yields the file's bytes. Raises `InvalidInput` when the body ends in the middle of them."""
        while True:
            while self._pieces:
                yield self._pieces.popleft()
            if self._complete or not await self._feed():
                break
        if not self._complete:
            raise InvalidInput("The upload ended early.", code="bad_form", advice="Send the file again.")

    async def _feed(self) -> bool:
        """Parses one more piece of the body. Returns False at its end."""
        try:
            data = await anext(self._body)
        except StopAsyncIteration:
            return False
        if data:
            try:
                self._parser.write(data)
            except FormParserError as error:
                raise _bad_form() from error
        return bool(data)

    def _begin(self) -> None:
        self._part = _Part()

    def _header_end(self) -> None:
        part = self._part
        part.headers[part.header_name.decode("latin-1").lower()] = part.header_value.decode("utf-8", "replace")
        part.header_name.clear()
        part.header_value.clear()

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._part.headers.get("content-disposition", "").encode())
        self._part.name = options.get(b"name", b"").decode("utf-8", "replace")
        if self._part.name == "file" and self.file_name is None:
            self._part.is_file = True
            self.file_name = options.get(b"filename", b"").decode("utf-8", "replace")

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._part.is_file:
            self._pieces.append(bytes(data[start:end]))
        elif len(self._part.value) + end - start <= _MAX_FIELD_BYTES:
            self._part.value += data[start:end]
        else:
            raise InvalidInput("A field of the form is too long.", code="bad_form")

    def _part_end(self) -> None:
        if self._part.is_file:
            self._complete = True
        elif self._part.name:
            self.fields[self._part.name] = self._part.value.decode("utf-8", "replace")


def _bad_form() -> InvalidInput:
    return InvalidInput(
        "The form is malformed.", code="bad_form", advice="Send the file as the field `file` of a multipart/form-data body."
    )
