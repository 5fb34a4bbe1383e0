"""Downloads over HTTP that end whole or not at all: broken downloads are resumed, every redirect is checked, and no parts are left
behind."""

from __future__ import annotations

import asyncio
import dataclasses
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from yarl import URL

from videomoments.core.errors import InvalidInput, MomentsError, NotFound, SourceUnavailable, TooLarge, UnsupportedMedia
from videomoments.core.write_behind import WriteBehind
from videomoments.sources import response_headers
from videomoments.sources.address_guard import AddressGuard
from videomoments.sources.coding import Unpacker
from videomoments.sources.fetch_types import FetchedSource, FetchLimits, OnProgress
from videomoments.sources.heads import use_lenient_heads
from videomoments.sources.rate import TOO_SLOW, MinimumRate
from videomoments.sources.resolve import checked_url
from videomoments.sources.resolver import GuardedResolver
from videomoments.sources.sniff import HEAD_BYTES, check_answer
from videomoments.sources.whole import Unfinished, attempts, failed_writing, left_behind, whole_file

_CHUNK = 1024 * 1024
_SPACE_EVERY = 64 * _CHUNK
# Security policies and cookies fill heads of 16 kB and more; anything longer than this is no head.
_MAX_HEAD_LINE = 64 * 1024
_MAX_HEAD_LINES = 512
# A page or a feed has some megabytes: no user waits longer for one.
_DOCUMENT_SECONDS = 120.0
# Names us as a robot, which we are, in the form that filters expect.
_HEADERS = {"User-Agent": "Mozilla/5.0 (compatible; VideoMoments/0.1)", "Accept": "*/*", "Accept-Encoding": "identity"}
_REDIRECTS = (300, 301, 302, 303, 307, 308)
# A download ends after so many slow periods in a row, whatever else they brought.
_SLOW_TRIES = 2


async def fetch(
    url: str, target: Path, *, limits: FetchLimits, on_progress: OnProgress | None = None, resumes: bool = False
) -> FetchedSource:
    """Downloads `url` to `target`, whose folder exists. After an error or a cancellation no file is left. With `resumes`, a download that
    fails with an error that may pass leaves its bytes next to `target`, and continues from those of an earlier one.

    Raises `InvalidInput` (codes `invalid_url`, `url_has_credentials`, `not_a_media_url`, `site_live`), `AddressRefused`, `NotFound`
    (`source_not_found`), `SourceUnavailable` (see there; `source_unavailable` may pass), `TooLarge`, `OutOfSpace`, `UnsupportedMedia`
    (`empty_file`).
    """
    address = checked_url(url)
    download = _Download(address, target, limits, on_progress)
    if resumes and (before := left_behind(target, str(address))) is not None:
        download.go_on(before)
    async with whole_file(target, limits, download.left if resumes else lambda: None) as partial:
        download.partial = partial
        await download.run()
    return FetchedSource(target, download.done, download.etag, download.content_type, download.file_name)


async def look(url: str, *, limits: FetchLimits) -> None:
    """Reads the beginning of what `fetch` would download, and raises what `fetch` would raise for it. Tries once."""
    download = _Download(checked_url(url), Path(), limits, None, looks_only=True)
    async with _session(limits) as session:
        await download.attempt(session, AddressGuard(limits.allow_private))


async def read_text(url: str, *, limits: FetchLimits, max_bytes: int) -> tuple[bytes, str]:
    """Returns a document of any type with at most `max_bytes`, and the address that redirects ended at. Raises what `fetch` raises, and
    `source_timeout` after `_DOCUMENT_SECONDS`."""
    bound = dataclasses.replace(limits, max_bytes=max_bytes, total_timeout=min(_DOCUMENT_SECONDS, limits.total_timeout))
    with tempfile.TemporaryDirectory(prefix="document-") as folder:
        target = Path(folder) / "document"
        download = _Download(checked_url(url), target, bound, None, takes_any=True)
        try:
            async with whole_file(target, bound) as partial:
                download.partial = partial
                await download.run()
        except TooLarge as error:
            raise InvalidInput(f"The document at that URL is larger than {max_bytes // 1024**2} MB.", code="not_a_media_url") from error
        except SourceUnavailable as error:
            if error.code == "source_timeout":
                error.advice = "Try again later."  # a longer limit for downloads would not help
            raise
        return await asyncio.to_thread(target.read_bytes), str(download.found_at)


def _session(limits: FetchLimits) -> aiohttp.ClientSession:
    # No proxy from the environment: it would resolve names past the guard. Cookies live as long as one download, because some servers set
    # one with a redirect and ask for it at the target. A connection is used once: bytes after the length of a redirect's body are no
    # answer.
    connector = aiohttp.TCPConnector(
        resolver=GuardedResolver(AddressGuard(limits.allow_private)), use_dns_cache=False, limit=1, force_close=True
    )
    use_lenient_heads(connector)
    return aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=None, connect=limits.connect_timeout, sock_read=limits.read_timeout),
        headers=_HEADERS,
        trust_env=False,
        cookie_jar=aiohttp.CookieJar(unsafe=True, quote_cookie=False),
        auto_decompress=False,
        read_bufsize=_CHUNK,
        max_line_size=_MAX_HEAD_LINE,
        max_field_size=_MAX_HEAD_LINE,
        max_headers=_MAX_HEAD_LINES,
    )


@dataclass(slots=True)
class _Download:
    """The state of one source over all its attempts. `done` is the number of its bytes in the file, `most` the highest that `done` ever
    was."""

    url: URL
    partial: Path
    limits: FetchLimits
    on_progress: OnProgress | None
    looks_only: bool = False
    takes_any: bool = False
    done: int = 0
    total: int | None = None
    validator: str | None = None
    etag: str | None = None
    content_type: str | None = None
    file_name: str = ""
    found_at: URL | None = None
    fruitless: int = 0
    slow: int = 0
    most: int = 0
    asked_to_wait: float = 0.0
    _head: bytearray = field(default_factory=bytearray)
    _type_checked: bool = False
    _began: float = 0.0
    _checked_space_at: int = 0

    def go_on(self, before: Unfinished) -> None:
        """Continues from what an earlier download left; that one has checked the beginning."""
        self.done = self.most = before.done
        self.total, self.validator, self._type_checked = before.total, before.validator, True

    def left(self) -> Unfinished | None:
        """Returns the state from which another download can continue, or None."""
        if not self.done or self.validator is None or not self._type_checked:
            return None
        return Unfinished(str(self.url), self.done, self.total, self.validator)

    async def run(self) -> None:
        """Makes attempts until the file is whole. Raises what `fetch` raises."""
        guard = AddressGuard(self.limits.allow_private)
        self._began = self.limits.clock()
        async with _session(self.limits) as session:
            async for attempt in attempts(self.limits, lambda: self.fruitless, lambda: self.asked_to_wait):
                with attempt:
                    await self.attempt(session, guard)

    async def attempt(self, session: aiohttp.ClientSession, guard: AddressGuard) -> None:
        """Gets the missing bytes. Raises a retryable `SourceUnavailable` when the rest must be asked for again."""
        self.asked_to_wait = 0.0
        begun = self.done
        try:
            async with await self._open(session, guard) as response:
                if self._read_head(response):
                    await self._read_body(response)
                self._check_whole()
        except SourceUnavailable as error:
            self._count_slow(error, begun)
            raise
        except MomentsError:
            raise
        except aiohttp.InvalidURL as error:
            raise InvalidInput("The URL is malformed.", code="invalid_url") from error
        except aiohttp.ClientConnectorCertificateError as error:
            raise SourceUnavailable(f"The certificate of {self.url.host} is not valid.", retryable=False) from error
        except aiohttp.ClientResponseError as error:
            raise SourceUnavailable(
                f"{self.url.host} answers in a way that is no HTTP.", code="not_http", advice="Check the URL.", retryable=False
            ) from error
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            reason = "took too long to answer" if isinstance(error, TimeoutError) else "broke the connection off"
            if isinstance(error, aiohttp.ClientConnectorError):
                reason = "can't be reached"
            raise SourceUnavailable(f"{self.url.host} {reason}.", advice="Check the URL, or try again later.") from error
        except OSError as error:
            raise failed_writing(error) from error
        finally:
            # More than ever before: a server that can't resume and breaks off again and again makes no progress.
            self.fruitless = 0 if self.done > self.most else self.fruitless + 1
            self.most = max(self.most, self.done)

    def _count_slow(self, error: SourceUnavailable, begun: int) -> None:
        """Allows a second try after a stuck connection. A server that is slow again makes the error permanent."""
        if error.code != TOO_SLOW:
            return
        enough = self.limits.min_rate * self.limits.rate_seconds
        self.slow = 1 if self.done - begun > enough else self.slow + 1
        if self.slow >= _SLOW_TRIES:
            error.retryable = False

    async def _open(self, session: aiohttp.ClientSession, guard: AddressGuard) -> aiohttp.ClientResponse:
        """Returns the answer at the end of all redirects, each of which is checked like the first address."""
        headers = {}
        if self.done and self.validator:
            headers = {"Range": f"bytes={self.done}-", "If-Range": self.validator}
        else:
            self._begin_anew()
        # One deadline for all heads together: a slow trickle of bytes would restart the limit for silence each time.
        async with asyncio.timeout(self.limits.read_timeout):
            return await self._followed(session, guard, headers)

    async def _followed(self, session: aiohttp.ClientSession, guard: AddressGuard, headers: dict[str, str]) -> aiohttp.ClientResponse:
        url = self.url
        for _ in range(self.limits.max_redirects + 1):
            guard.check_literal(url.raw_host or "")
            response = await session.get(url, headers=headers, allow_redirects=False)
            if response.status not in _REDIRECTS or (response.status == 300 and "Location" not in response.headers):
                self.file_name, self.found_at = response_headers.file_name(response.headers, url), url
                return response
            response.close()
            url = self._redirected(url, response)
        raise SourceUnavailable(
            f"{self.url.host} redirects more than {self.limits.max_redirects} times.",
            code="too_many_redirects",
            advice="Use the address that the redirects end at.",
            retryable=False,
        )

    def _redirected(self, url: URL, response: aiohttp.ClientResponse) -> URL:
        try:
            found = response_headers.redirected(url, response.headers)
        except ValueError as error:
            raise SourceUnavailable(f"{self.url.host} redirects to a malformed address.", retryable=False) from error
        if found is None:
            raise SourceUnavailable(f"{self.url.host} redirects without saying where to.", retryable=False)
        return found

    def _begin_anew(self) -> None:
        self.done, self.total, self._type_checked = 0, None, self.takes_any
        self._head.clear()

    def _read_head(self, response: aiohttp.ClientResponse) -> bool:
        """Reads the answer's head, and resets `done` where the answer starts from the beginning. Returns False when the file is whole
        already."""
        headers = response.headers
        if response.status == 416 and self.done and response_headers.length_behind(headers) == self.done:
            return False  # the connection broke after the last byte
        self._check_status(response)
        if response_headers.is_live(headers):
            raise InvalidInput("That is a live stream.", code="site_live", advice="Give a recording of it.")
        part = response_headers.part_of(headers) if response.status == 206 else None
        validator = response_headers.validator_of(headers)
        if response.status == 206 and self.done and (part is None or not self._continues(part, validator)):
            self.done, self.validator = 0, None
            raise SourceUnavailable(f"{self.url.host} answered with another part than asked for.")
        if part is not None and part.begin != self.done:
            raise SourceUnavailable(f"{self.url.host} answered with a part, which was not asked for.", retryable=False)
        if response.status == 206 and self.done:
            self.total = part.total if part is not None and part.total is not None else self.total
            validator = validator or self.validator
        else:
            self._begin_anew()
            self.total = part.total if part is not None else response_headers.content_length(headers)
        self.content_type = response_headers.media_type(headers)
        self.validator = self.etag = validator
        if self.total is not None and not self.looks_only:
            self.limits.check_size(self.total)
            self.limits.check_space(self.partial.parent, self.total - self.done)
        self._checked_space_at = self.done
        return True

    def _continues(self, part: response_headers.Part, validator: str | None) -> bool:
        """Returns whether the part continues what is there, of the same file as far as the answer says: not every server obeys
        `If-Range`."""
        same = validator is None or self.validator is None or validator == self.validator or '"' not in validator + self.validator
        return part.begin == self.done and (None in (part.total, self.total) or part.total == self.total) and same

    def _check_status(self, response: aiohttp.ClientResponse) -> None:
        host, status = self.url.host, response.status
        if status in (200, 203, 206):
            return
        if status in (404, 410):
            raise NotFound(f"{host} has nothing at that URL ({status}).", code="source_not_found", advice="Check the URL.")
        if status in (401, 402, 403, 407, 451):
            raise SourceUnavailable(
                f"{host} refuses access ({status}).",
                code="source_refused",
                advice="Use a URL that works without signing in.",
                retryable=False,
            )
        if status == 416:
            self.done, self.validator = 0, None
        # 202: the server is still preparing it.
        passing = status in (202, 408, 416, 425, 429) or status >= 500
        error = SourceUnavailable(
            f"{host} answered with status {status}.", advice="Try again later." if passing else "Check the URL.", retryable=passing
        )
        if passing:
            error.retry_after = response_headers.wished_wait(response.headers)
            self.asked_to_wait = min(error.retry_after or 0.0, 3 * self.limits.longest_wait)
        raise error

    async def _read_body(self, response: aiohttp.ClientResponse) -> None:
        begin = self.done
        unpacker = Unpacker(response_headers.compressions(response.headers), str(self.url.host))
        rate = MinimumRate(self.limits.min_rate, self.limits.rate_seconds, self.limits.clock)
        if self.looks_only:
            await self._look_at(response, unpacker)
            return
        writer = WriteBehind(self.partial, at=begin)
        try:
            async with writer:
                # Pieces as they came from the socket: blocks of one size would have to be joined.
                async for piece in response.content.iter_any():
                    rate.came(len(piece), str(self.url.host))
                    for plain in unpacker.feed(piece):
                        await self._take(writer, plain, packed=unpacker.packed)
                for plain in unpacker.end():
                    await self._take(writer, plain, packed=unpacker.packed)
        finally:
            # The next request asks for what follows in the file, not for what follows the received bytes.
            self.done = begin + writer.written
            if unpacker.packed:
                # Ranges and lengths are those of the compressed bytes.
                self.validator, self.total = None, None

    def _check_whole(self) -> None:
        """Checks the file at the end of an answer. Raises what `fetch` raises for it."""
        if not self._type_checked:
            check_answer(bytes(self._head), whole=True, content_type=self.content_type)
        if self.looks_only:
            return
        if self.total is not None and self.done != self.total:
            raise SourceUnavailable(f"{self.url.host} sent {self.done} of {self.total} bytes.", advice="Try again later.")
        if self.done == 0:
            raise UnsupportedMedia("The URL leads to an empty file.", code="empty_file", advice="Check the URL.")

    async def _look_at(self, response: aiohttp.ClientResponse, unpacker: Unpacker) -> None:
        """Reads only as much of the beginning as is needed to recognise it."""
        async with asyncio.timeout(self.limits.read_timeout):
            async for piece in response.content.iter_any():
                for plain in unpacker.feed(piece):
                    self._sniff(plain)
                if self._type_checked:
                    return
            for plain in unpacker.end():
                self._sniff(plain)

    def _sniff(self, piece: bytes) -> None:
        """Raises what `check_answer` raises, once enough bytes are there."""
        if self._type_checked:
            return
        self._head += piece[: HEAD_BYTES - len(self._head)]
        self._type_checked = len(self._head) == HEAD_BYTES
        check_answer(bytes(self._head), whole=False, content_type=self.content_type)

    async def _take(self, writer: WriteBehind, piece: bytes, *, packed: bool) -> None:
        self._sniff(piece)
        self.limits.check_size(self.done + len(piece))
        if self.total is None or packed:
            if self.done - self._checked_space_at > _SPACE_EVERY:
                self.limits.check_space(self.partial.parent, len(piece))
                self._checked_space_at = self.done
            self._check_end()
        await writer.write(piece)
        self.done += len(piece)
        if self.on_progress is not None:
            self.on_progress(self.done, None if packed else self.total)

    def _check_end(self) -> None:
        if self.limits.clock() - self._began > self.limits.open_ended_timeout:
            raise SourceUnavailable(
                f"{self.url.host} has been sending for {self.limits.open_ended_timeout:.0f} seconds without saying how long the file is.",
                code="source_endless",
                advice="If it is a live stream, give a recording of it; else raise MOMENTS_DOWNLOAD_OPEN_ENDED_TIMEOUT.",
                retryable=False,
            )
