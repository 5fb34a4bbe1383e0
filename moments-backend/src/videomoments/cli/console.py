"""Writes for the command line: results to stdout, everything else to stderr. A closed terminal stops no work.

All text for users passes through here, without control characters that a terminal would obey: titles, names and errors come from strangers.
"""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import stat
import sys
from typing import TYPE_CHECKING, Any, TextIO, TypeVar, cast

from videomoments.core.terminal import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.segment import Segment

_T = TypeVar("_T")

# A pipe has no width. At this width, tables that a script or a log reads are not folded at 80 columns.
_PIPE_WIDTH = 200


def debugging() -> bool:
    """Returns whether MOMENTS_DEBUG asks for tracebacks and logs."""
    return os.environ.get("MOMENTS_DEBUG", "") not in ("", "0")


def results() -> Console:
    """Returns a console on stdout, for results. Raises BrokenPipeError when its reader has gone."""
    return _console(sys.stdout)


def messages() -> Console:
    """Returns a console on stderr, for progress and remarks. Raises BrokenPipeError when its reader has gone."""
    return _console(sys.stderr)


def tell(text: str) -> None:
    """Prints lines on stdout without markup and colours. Raises BrokenPipeError when its reader has gone."""
    print(visible(text), flush=True)


def say(text: str) -> None:
    """Prints lines on stderr without markup and colours. Ignores a reader that has gone."""
    try:
        print(visible(text), file=sys.stderr, flush=True)
    except OSError:
        let_go(sys.stderr)


def let_go(stream: TextIO) -> None:
    """Redirects `stream` to nowhere, with what it still buffers. Otherwise the interpreter's last flush fails."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def let_go_of_terminal() -> None:
    """Redirects to nowhere those of our streams whose terminal was closed."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            mode = os.fstat(stream.fileno()).st_mode
            # A closed terminal no longer reports that it is one, but it is still a character device.
            if stat.S_ISCHR(mode):
                let_go(stream)


def _console(stream: TextIO) -> Console:
    from rich.console import Console
    from rich.segment import Segment

    class Ours(Console):
        def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
            # The library's own codes are control segments or come with the styles; a text may hold somebody else's.
            for segment in super().render(renderable, options):
                yield segment if segment.control else Segment(visible(segment.text), segment.style)

        def on_broken_pipe(self) -> None:
            # Called where the error is handled. The library's own method would end the process here, with status 1.
            raise  # noqa: PLE0704

    return Ours(file=cast("TextIO", _Lasting(stream)), highlight=False, width=None if stream.isatty() else _PIPE_WIDTH)


class _Lasting:
    """A stream whose terminal may vanish without notice (a detached job); later output goes nowhere. A pipe whose reader has gone still
    raises BrokenPipeError, because that reader has seen enough."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        return self._attempt(lambda: self._stream.write(text), len(text))

    def flush(self) -> None:
        self._attempt(self._stream.flush, None)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _attempt(self, do: Callable[[], _T], otherwise: _T) -> _T:
        try:
            return do()
        except BrokenPipeError:
            raise
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            let_go(self._stream)
            return otherwise


def write_any_text() -> None:
    """Replaces characters that an output can't encode (a POSIX locale, PYTHONIOENCODING=ascii) by question marks, so that no command fails
    at its end. Titles and names are in every script."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="replace")


def json_text(what: object, *, indent: int | None = 2) -> str:
    """Returns `what` as JSON that stdout can encode. Escapes non-ASCII characters where stdout takes only ASCII, and always those that a
    terminal would obey."""
    text = _escaped_in_json(json.dumps(what, ensure_ascii=False, indent=indent))
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return json.dumps(what, indent=indent)
    return text


def _escaped_in_json(text: str) -> str:
    """Escapes in JSON's own way the characters that `visible` leaves out, so that readers get them back. They occur only inside strings."""
    if visible(text) == text:
        return text
    return "".join(sign if sign == "\n" or visible(sign) == sign else f"\\u{ord(sign):04x}" for sign in text)


def quiet_logs() -> None:
    """Keeps library logs out of a command's output; with MOMENTS_DEBUG they go to stderr."""
    import logging

    from videomoments.core.logging import configure_logging

    if debugging():
        configure_logging("DEBUG")
    else:
        logging.getLogger().handlers[:] = [logging.NullHandler()]


def megabytes(size: float) -> str:
    """Returns a size in decimal units: `133 MB`."""
    if size >= 1e9:
        return f"{size / 1e9:.1f} GB"
    return f"{size / 1e6:.0f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"
