"""Where the command line writes: results to stdout, everything else to stderr. A terminal that is gone stops nobody's work.

All that a user reads goes through here, and loses on the way what a terminal would obey: titles, names and errors are strangers' words.
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

# A pipe has no width: tables that a script or a log reads are not folded at 80 columns.
_PIPE_WIDTH = 200


def debugging() -> bool:
    """Whether MOMENTS_DEBUG asks for tracebacks and logs."""
    return os.environ.get("MOMENTS_DEBUG", "") not in ("", "0")


def results() -> Console:
    """stdout, for what was asked for. Raises BrokenPipeError when its reader has gone."""
    return _console(sys.stdout)


def messages() -> Console:
    """stderr, for progress and remarks. Raises BrokenPipeError when its reader has gone."""
    return _console(sys.stderr)


def tell(text: str) -> None:
    """Lines on stdout: no markup, no colours. Raises BrokenPipeError when its reader has gone."""
    print(visible(text), flush=True)


def say(text: str) -> None:
    """Lines on stderr: no markup, no colours. Nobody may be there to read them."""
    try:
        print(visible(text), file=sys.stderr, flush=True)
    except OSError:
        let_go(sys.stderr)


def let_go(stream: TextIO) -> None:
    """What is written to `stream` from now on, and what it still holds, goes nowhere: else the interpreter's last flush fails."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def let_go_of_terminal() -> None:
    """Lets go of those of our streams that were a terminal, which has been closed."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            mode = os.fstat(stream.fileno()).st_mode
            # A closed terminal no longer says that it is one; it is still a character device.
            if stat.S_ISCHR(mode):
                let_go(stream)


def _console(stream: TextIO) -> Console:
    from rich.console import Console
    from rich.segment import Segment

    class Ours(Console):
        def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
            # The library's own codes are controls, or come with the styles; what is in a text is somebody's.
            for segment in super().render(renderable, options):
                yield segment if segment.control else Segment(visible(segment.text), segment.style)

        def on_broken_pipe(self) -> None:
            # Called where the error is handled; the library's own would end the process here, with status 1.
            raise  # noqa: PLE0704

    return Ours(file=cast("TextIO", _Lasting(stream)), highlight=False, width=None if stream.isatty() else _PIPE_WIDTH)


class _Lasting:
    """A stream whose terminal may vanish without a word to us (a detached job): what is written then goes nowhere. A pipe whose reader has
    gone still raises BrokenPipeError: that reader has seen enough."""

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
    """Titles and names are in every script. An output that has no signs for one (a POSIX locale, PYTHONIOENCODING=ascii) shows question
    marks there; no command fails at its end for it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="replace")


def json_text(what: object, *, indent: int | None = 2) -> str:
    """`what` as JSON that stdout can hold: where it takes no other signs than ASCII's, the others are escaped; always what a terminal
    would obey."""
    text = _escaped_in_json(json.dumps(what, ensure_ascii=False, indent=indent))
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return json.dumps(what, indent=indent)
    return text


def _escaped_in_json(text: str) -> str:
    """JSON's own way for the signs that `visible` leaves out: its readers get what was there. They stand in strings alone."""
    if visible(text) == text:
        return text
    return "".join(sign if sign == "\n" or visible(sign) == sign else f"\\u{ord(sign):04x}" for sign in text)


def quiet_logs() -> None:
    """Library logs stay out of a command's output; with MOMENTS_DEBUG they go to stderr."""
    import logging

    from videomoments.core.logging import configure_logging

    if debugging():
        configure_logging("DEBUG")
    else:
        logging.getLogger().handlers[:] = [logging.NullHandler()]


def megabytes(size: float) -> str:
    """A size in decimal units: `133 MB`."""
    if size >= 1e9:
        return f"{size / 1e9:.1f} GB"
    return f"{size / 1e6:.0f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"
