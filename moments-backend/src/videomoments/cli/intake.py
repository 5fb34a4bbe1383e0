"""Turns command-line arguments into sources. Each is checked before anything is started, so that a typing error makes no video and no
run."""

from __future__ import annotations

import glob
import os
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast
from urllib.parse import unquote, urlsplit

from videomoments.cli.output import DEFAULT_ROOT
from videomoments.cli.source import Source, label_of
from videomoments.core.config import Settings
from videomoments.core.errors import InvalidInput, MomentsError, UnsupportedMedia
from videomoments.sources import HEAD_BYTES, MEDIA_ENDINGS, FetchLimits, admitted, inspect, refuse_not_media, shown

STDIN = "-"
_STDIN_LABEL = "stdin"
_PIECE = 1024 * 1024
_SPACE_EVERY = 64 * _PIECE
_LONGEST_SHOWN = 300
_PATTERN = re.compile(r"[*?\[]")
# `example.org/talk.mp4` and `https:/example.org/talk.mp4` were probably meant as URLs, when there is no such file.
_LIKE_A_URL = re.compile(r"(https?|ftp|rtmp|s3|gs):|www\.|[a-z0-9-]+(\.[a-z0-9-]+)+(:\d+)?/.", re.IGNORECASE)
_NUMBERS = re.compile(r"(\d+)")


@dataclass(frozen=True)
class Refusal:
    """A refused source, and why. `typed` is for messages, `name` is what the document says, as in `Source`."""

    typed: str
    name: str
    error: MomentsError

    @property
    def line(self) -> str:
        """Returns source, reason and advice; messages about files name the source already."""
        return str(self.error) if self.typed in self.error.message else f"{self.typed}: {self.error}"


@dataclass(frozen=True)
class Taken:
    """The sources that the command line names, in its order. Each of `remarks` says in one line what a folder or a pattern stands for, or
    what was left out of it. With `refusals`, nothing may be started."""

    entries: list[Source | Refusal] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    @property
    def sources(self) -> list[Source]:
        return [entry for entry in self.entries if isinstance(entry, Source)]

    @property
    def refusals(self) -> list[Refusal]:
        return [entry for entry in self.entries if isinstance(entry, Refusal)]


def take(typed: Sequence[str], settings: Settings, *, recursive: bool = False, output: Path | None = None) -> Taken:
    """Checks every source: opens files, replaces folders and patterns by the media files in them, reads standard input.

    `recursive` includes folders in folders, except those that this program writes (`output`, and its default).
    """
    taken, once = Taken(), _Once()
    for text in typed:
        try:
            if text.strip() == STDIN:
                if any(source.content is not None for source in taken.sources):
                    raise InvalidInput("Standard input can be read once.", advice="Give - once.")
                found = [_standard_input(settings)]
            elif (path := _local(text)) is None:
                found = [_remote(text.strip(), settings)]
            elif os.path.isdir(path):  # noqa: PTH112 (Path's own raises for a name that is too long)
                found = once.found(_folder(text, path, taken.remarks, recursive=recursive, left_out=_written(output)))
            elif os.path.lexists(path) or not _PATTERN.search(str(path)):
                found = once.typed(_file(path, called=as_typed(text)))
            else:
                found = once.found(_pattern(text, path, taken.remarks))
        except MomentsError as error:
            taken.entries.append(_refusal(text, error))
        else:
            taken.entries.extend(found)
    return taken


class _Once:
    """Leaves out files that are taken already: whatever folders and patterns name again, and a file that is also typed. A file that is
    typed twice is taken twice, because somebody chose that."""

    def __init__(self) -> None:
        self._taken: set[Path] = set()
        self._not_typed: set[Path] = set()

    def typed(self, source: Source) -> list[Source]:
        place = _place(source)
        if place in self._not_typed:
            self._not_typed.remove(place)
            return []
        self._taken.add(place)
        return [source]

    def found(self, sources: Sequence[Source]) -> list[Source]:
        new = {_place(source): source for source in sources if _place(source) not in self._taken}
        self._taken |= new.keys()
        self._not_typed |= new.keys()
        return list(new.values())


def _place(source: Source) -> Path:
    """Returns the file's path, the same by whatever way its folder was named."""
    assert source.path is not None
    return source.path.parent.resolve() / source.path.name


def as_typed(text: str) -> str:
    """Returns what was typed, on one line that a terminal can show."""
    return shown(text, _LONGEST_SHOWN)


def _remote(url: str, settings: Settings) -> Source:
    """Returns the source at a URL. Raises InvalidInput for one that no run may download (see `sources.admitted`)."""
    admitted(url, settings)
    return Source(url, label_of(url))


def _local(text: str) -> Path | None:
    """Returns the path that was typed; None for a URL. Raises InvalidInput."""
    given = text.strip()
    if not given or "\0" in given:
        raise InvalidInput("A source is the path of a file or folder, a URL, or - for standard input.")
    if not given.lower().startswith("file://"):
        return None if "://" in given else Path(os.path.expanduser(text))  # noqa: PTH111 (Path's own raises for an unknown user)
    parts = urlsplit(given)
    path = unquote(parts.path)
    if parts.netloc.lower() not in ("", "localhost") or "\0" in path or not path:
        raise InvalidInput("That names no file of this machine.", advice="Write file:///folder/file, or the path alone.")
    return Path(path)


def _file(path: Path, *, called: str) -> Source:
    """Returns the source of a file. Raises what `inspect` raises."""
    inspect(path, called=called)
    absolute = path.absolute()
    name = os.fsencode(absolute).decode("utf-8", "replace")
    return Source(name, shown(absolute.name, _LONGEST_SHOWN) or name, absolute)


def _folder(text: str, path: Path, remarks: list[str], *, recursive: bool, left_out: set[Path]) -> list[Source]:
    """Returns the media files in a folder, numbers in numeric order. Raises InvalidInput (`no_media`, `file_unreadable`)."""
    called = as_typed(text)
    try:
        files = sorted((file for file in _files_in(path, recursive, left_out) if _named_like_media(file)), key=_natural)
        folders = any(entry.is_dir() and not entry.name.startswith(".") for entry in os.scandir(path))
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise InvalidInput(f"{called} can't be read: {reason}.", code="file_unreadable", advice="Check its permissions.") from error
    advice = "Give the files, or --recursive for the folders in it." if folders and not recursive else "Give a video or audio file."
    return _usable(files, called, "is a folder without video or audio files", advice, remarks)


def _files_in(path: Path, recursive: bool, left_out: set[Path]) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        if Path(error.filename or "") == path:
            raise error

    for folder, folders, names in os.walk(path, onerror=refuse):
        visible_folders = [name for name in folders if not name.startswith(".") and name != DEFAULT_ROOT]
        folders[:] = [name for name in visible_folders if (Path(folder) / name).absolute() not in left_out] if recursive else []
        yield from (Path(folder) / name for name in names if not name.startswith("."))


def _pattern(text: str, path: Path, remarks: list[str]) -> list[Source]:
    """Returns the files that match a pattern which the shell did not expand. Raises InvalidInput (`file_missing`, `no_media`)."""
    called = as_typed(text)
    matches = sorted((Path(match) for match in glob.glob(str(path), recursive=True) if Path(match).is_file()), key=_natural)  # noqa: PTH207 (a pattern may be absolute)
    if not matches:
        raise InvalidInput(f"There is no file {called}, and none that it matches.", code="file_missing", advice="Check the path.")
    asked_for = path.suffix.lower() and not _PATTERN.search(path.suffix)
    files = [file for file in matches if asked_for or _named_like_media(file)]
    many = f"{len(matches)} files" if len(matches) > 1 else "1 file"
    return _usable(files, called, f"matches {many}, none of them video or audio", "Give a video or audio file.", remarks)


def _usable(files: Iterable[Path], called: str, nothing: str, advice: str, remarks: list[str]) -> list[Source]:
    """Returns those of `files` that can be taken, and adds a remark for each of the others. Raises InvalidInput (`no_media`) when none is
    left."""
    sources: list[Source] = []
    passed_over: list[str] = []
    for file in files:
        try:
            sources.append(_file(file, called=as_typed(str(file))))
        except InvalidInput as error:
            passed_over.append(f"Passed over: {error.message}")
    if not sources:
        reason = f": {passed_over[0].removeprefix('Passed over: ')}" if len(passed_over) == 1 else "."
        raise InvalidInput(f"{called} {nothing}{reason}", code="no_media", advice=advice)
    many = f"{len(sources)} video or audio files" if len(sources) > 1 else "1 video or audio file"
    remarks += [f"{called}: {many}.", *passed_over]
    return sources


def _standard_input(settings: Settings) -> Source:
    """Reads standard input to its end into a file without a name, which vanishes when this process ends for any reason.

    Raises InvalidInput (`nothing_piped`), UnsupportedMedia (`empty_file`, `not_media`), TooLarge, OutOfSpace.
    """
    if sys.stdin is None or sys.stdin.isatty():
        raise InvalidInput(
            "- reads a file from standard input, which is a terminal.",
            code="nothing_piped",
            advice="Pipe one in (… | moments generate -), or give its path.",
        )
    limits = FetchLimits.of(settings)
    settings.home.mkdir(parents=True, exist_ok=True)
    content = cast("BinaryIO", tempfile.TemporaryFile(dir=settings.home))  # noqa: SIM115 (it lives as long as the command)
    try:
        _copy(sys.stdin.buffer, content, settings.home, limits)
    except BaseException:
        content.close()
        raise
    return Source(STDIN, _STDIN_LABEL, content=content)


def _copy(reader: BinaryIO, content: BinaryIO, folder: Path, limits: FetchLimits) -> None:
    done, checked_at = 0, 0
    limits.check_space(folder, 0)
    while piece := reader.read(HEAD_BYTES if done == 0 else _PIECE):
        if done == 0:
            refuse_not_media(piece, whole=len(piece) < HEAD_BYTES, name="What came on standard input")
        done += len(piece)
        limits.check_size(done)
        if done - checked_at > _SPACE_EVERY:
            limits.check_space(folder, len(piece))
            checked_at = done
        content.write(piece)
    if done == 0:
        raise UnsupportedMedia("Nothing came on standard input.", code="empty_file", advice="Look at the command before the pipe.")


def _refusal(text: str, error: MomentsError) -> Refusal:
    """Returns the refusal, with advice that fits what was probably meant."""
    given = text.strip()
    if error.code == "file_missing" and _LIKE_A_URL.match(given):
        error = InvalidInput(error.message, code=error.code, advice="If that is a web address, begin it with https://.")
    if "://" in given:
        # The address is printed without a password or token.
        address = as_typed(re.sub(r"://.*@", "://", given).partition("?")[0])
        return Refusal(address, address, error)
    path = Path(os.path.expanduser(text)).absolute() if given and given != STDIN else Path(given)  # noqa: PTH111
    return Refusal(as_typed(given) or repr(text), os.fsencode(path).decode("utf-8", "replace") if given else text, error)


def _written(output: Path | None) -> set[Path]:
    return {output.expanduser().absolute()} if output is not None else set()


def _named_like_media(path: Path) -> bool:
    return path.suffix.lower() in MEDIA_ENDINGS


def _natural(path: Path) -> list[tuple[int, int, str]]:
    """Returns a sort key that puts `part 2` before `part 10`."""
    parts = enumerate(_NUMBERS.split(str(path)))
    return [(0, int(part), "") if place % 2 else (1, 0, part.casefold()) for place, part in parts]
