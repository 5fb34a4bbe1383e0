"""Downloads over HTTP that end whole or not at all: dropped bodies are resumed, every redirect is checked, nothing is left behind."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

import aiohttp
from yarl import URL

from videomoments.core.errors import InvalidInput, MomentsError, NotFound, SourceUnavailable, UnsupportedMedia
from videomoments.core.write_behind import WriteBehind
from videomoments.sources.address_guard import AddressGuard
from videomoments.sources.base import FetchedSource, FetchLimits, OnProgress
from videomoments.sources.resolve import checked_url, label, url_label
from videomoments.sources.resolver import GuardedResolver
from videomoments.sources.sniff import check_start, check_type
from videomoments.sources.whole import attempts, failed_writing, whole_file

_CHUNK = 1024 * 1024
_SPACE_EVERY = 64 * _CHUNK
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
_HEADERS = {"User-Agent": "VideoMoments/0.1", "Accept": "*/*", "Accept-Encoding": "identity"}


async def fetch(url: str, target: Path, *, limits: FetchLimits, on_progress: OnProgress | None = None) -> FetchedSource:
    """Downloads `url` to `target`, whose folder exists. A cancelled task, like any error, leaves no file.

    Raises `InvalidInput` (codes `invalid_url`, `url_has_credentials`, `not_a_media_url`), `AddressRefused`, `NotFound`
    (`source_not_found`), `SourceUnavailable` (`source_refused` and `too_many_redirects`: permanent; `source_unavailable`: may pass),
    `TooLarge`, `OutOfSpace`, `UnsupportedMedia` (`empty_file`).
    """
    address = checked_url(url)
    async with whole_file(target, limits) as partial:
        download = _Download(address, partial, limits, on_progress)
        guard = AddressGuard(limits.allow_private)
        async with _session(limits) as session:
            async for attempt in attempts(limits, lambda: download.fruitless, lambda: download.asked_to_wait):
                with attempt:
                    await download.attempt(session, guard)
    return FetchedSource(target, download.done, download.validator, download.content_type, download.file_name)


async def look(url: str, *, limits: FetchLimits) -> None:
    """Reads the beginning of what `fetch` would download, and raises what that would raise for it; tries once."""
    download = _Download(checked_url(url), Path(), limits, None, looks_only=True)
    async with _session(limits) as session:
        await download.attempt(session, AddressGuard(limits.allow_private))


def _session(limits: FetchLimits) -> aiohttp.ClientSession:
    # No environment: a proxy would resolve names behind the guard's back. No cookies: they belong to nobody here.
    connector = aiohttp.TCPConnector(resolver=GuardedResolver(AddressGuard(limits.allow_private)), use_dns_cache=False, limit=1)
    return aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=None, connect=limits.connect_timeout, sock_read=limits.read_timeout),
        headers=_HEADERS,
        trust_env=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        read_bufsize=_CHUNK,
    )


@dataclass(slots=True)
class _Download:
    """One source's state over all its attempts."""

    url: URL
    partial: Path
    limits: FetchLimits
    on_progress: OnProgress | None
    looks_only: bool = False
    done: int = 0
    total: int | None = None
    validator: str | None = None
    content_type: str | None = None
    file_name: str = ""
    fruitless: int = 0
    most: int = 0
    asked_to_wait: float = 0.0
    _checked_space_at: int = field(default=0)

    async def attempt(self, session: aiohttp.ClientSession, guard: AddressGuard) -> None:
        """Gets what is missing. Raises a retryable `SourceUnavailable` when the rest is to be asked for again."""
        self.asked_to_wait = 0.0
        try:
            async with await self._open(session, guard) as response:
                self._read_head(response)
                if self.looks_only:
                    check_start(await response.content.read(_CHUNK))
                else:
                    await self._read_body(response)
        except MomentsError:
            raise
        except aiohttp.InvalidURL as error:
            raise InvalidInput("The URL is malformed.", code="invalid_url") from error
        except aiohttp.ClientConnectorCertificateError as error:
            raise SourceUnavailable(f"The certificate of {self.url.host} is not valid.", retryable=False) from error
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            reason = "took too long to answer" if isinstance(error, TimeoutError) else "broke the connection off"
            if isinstance(error, aiohttp.ClientConnectorError):
                reason = "can't be reached"
            raise SourceUnavailable(f"{self.url.host} {reason}.", advice="Check the URL, or try again later.") from error
        except OSError as error:
            raise failed_writing(error) from error
        finally:
            # More than ever before: a server that can't resume and breaks off again and again makes no headway.
            self.fruitless = 0 if self.done > self.most else self.fruitless + 1
            self.most = max(self.most, self.done)

    async def _open(self, session: aiohttp.ClientSession, guard: AddressGuard) -> aiohttp.ClientResponse:
        """The answer at the end of all redirects, each of which is checked like the first address."""
        headers = {}
        if self.done and self.validator:
            headers = {"Range": f"bytes={self.done}-", "If-Range": self.validator}
        url = self.url
        for _ in range(self.limits.max_redirects + 1):
            guard.check_literal(url.raw_host or "")
            response = await session.get(url, headers=headers, allow_redirects=False)
            if response.status not in (301, 302, 303, 307, 308):
                self.file_name = _file_name(response, url)
                return response
            location = response.headers.get("Location", "")
            response.release()
            try:
                url = checked_url(str(url.join(URL(location))))
            except ValueError as error:
                raise SourceUnavailable(f"{self.url.host} redirects to a malformed address.", retryable=False) from error
        raise SourceUnavailable(
            f"{self.url.host} redirects more than {self.limits.max_redirects} times.",
            code="too_many_redirects",
            advice="Use the address that the redirects end at.",
            retryable=False,
        )

    def _read_head(self, response: aiohttp.ClientResponse) -> None:
        """Takes over what the answer says of itself; sets `done` back where it begins anew."""
        self._check_status(response)
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise SourceUnavailable(f"{self.url.host} sends the file compressed, which was not asked for.", retryable=False)
        check_type(response.content_type)
        length = int(response.headers["Content-Length"]) if response.headers.get("Content-Length", "").isdecimal() else None
        if response.status == 206:
            begin, total = _content_range(response)
            if begin != self.done or (self.total is not None and total != self.total):
                self.done, self.validator = 0, None
                raise SourceUnavailable(f"{self.url.host} answered with another part than asked for.")
            self.total = total
        else:
            self.done, self.total = 0, length
        self.content_type = response.content_type if "Content-Type" in response.headers else None
        etag = response.headers.get("ETag", "")
        # A weak validator promises the same meaning, not the same bytes.
        self.validator = etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified")
        if self.total is not None and not self.looks_only:
            self.limits.check_size(self.total)
            self.limits.check_space(self.partial.parent, self.total - self.done)
        self._checked_space_at = self.done

    def _check_status(self, response: aiohttp.ClientResponse) -> None:
        host, status = self.url.host, response.status
        if status in (200, 206):
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
        passing = status in (408, 416, 425, 429) or status >= 500
        if passing:
            after = response.headers.get("Retry-After", "")
            self.asked_to_wait = min(float(after), 3 * self.limits.longest_wait) if after.isdecimal() else 0.0
        raise SourceUnavailable(
            f"{host} answered with status {status}.", advice="Try again later." if passing else "Check the URL.", retryable=passing
        )

    async def _read_body(self, response: aiohttp.ClientResponse) -> None:
        begin = self.done
        writer = WriteBehind(self.partial, at=begin)
        try:
            async with writer:
                # Pieces as they came from the socket: for blocks of one size they would have to be joined.
                async for piece in response.content.iter_any():
                    if self.done == 0:
                        check_start(piece)
                    await self._take(writer, piece)
        finally:
            # What is asked for next is what follows in the file, not what was received.
            self.done = begin + writer.written
        if self.total is not None and self.done != self.total:
            raise SourceUnavailable(f"{self.url.host} sent {self.done} of {self.total} bytes.", advice="Try again later.")
        if self.done == 0:
            raise UnsupportedMedia("The URL leads to an empty file.", code="empty_file", advice="Check the URL.")

    async def _take(self, writer: WriteBehind, piece: bytes) -> None:
        self.limits.check_size(self.done + len(piece))
        if self.total is None and self.done - self._checked_space_at > _SPACE_EVERY:
            self.limits.check_space(self.partial.parent, len(piece))
            self._checked_space_at = self.done
        await writer.write(piece)
        self.done += len(piece)
        if self.on_progress is not None:
            self.on_progress(self.done, self.total)


def _content_range(response: aiohttp.ClientResponse) -> tuple[int, int]:
    found = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    return (int(found[1]), int(found[3])) if found else (-1, -1)


def _file_name(response: aiohttp.ClientResponse, url: URL) -> str:
    try:
        disposition = response.content_disposition
        given = disposition.filename if disposition else None
    except (ValueError, LookupError):
        given = None
    return label(unquote(given)) if given and label(unquote(given)) else url_label(url)
