"""Turns yt-dlp's errors into one line with a stable code. Runs only in the child.

Codes, all permanent except `site_bot_check` and `source_unavailable`: `not_a_media_url` (no video on the page), `site_private`,
`site_login`, `site_geo_blocked`, `site_removed`, `site_drm`, `site_live`, `site_bot_check`, `site_failed` (its extractor does not know the
page any more); `source_not_found`, `source_refused` and `source_unavailable` as for any download.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from videomoments.core.errors import InvalidInput, MomentsError, NotFound, OutOfSpace, SourceUnavailable, TooLarge

# The order counts: "sign in to confirm you're not a bot" is no private video, and a private one may ask to sign in.
_SAID = (
    ("site_bot_check", r"not a bot|captcha|unusual traffic", "The site takes us for a robot.", "Try again later, or from another network."),
    ("site_drm", r"\bdrm\b", "The video is protected against copying (DRM).", "Use another copy of it."),
    ("site_geo_blocked", r"geo.?restrict|your (country|location|region)|not available in|geo.?block", "", ""),
    ("site_private", r"\bprivate\b|permission to view", "The video is private.", "Ask its owner to publish it, or upload the file."),
    ("site_live", r"not currently live|live event|premieres? in|upcoming|is offline", "", ""),
    (
        "site_removed",
        r"removed|deleted|terminated|no longer available|does(n.t| not) exist|copyright|video (is )?(un|not )available|not found",
        "The site says that the video is gone.",
        "Check the URL in a browser.",
    ),
    (
        "site_login",
        r"log.?in|sign.?in|members?.only|subscri|purchase|premium|registered|account|cookies|confirm your age|age.restricted|password",
        "The site shows the video to members only.",
        "Upload the file, or let an operator name a cookie file in MOMENTS_YTDLP_COOKIES.",
    ),
    (
        "not_a_media_url",
        r"unsupported url|requested format|no video|no media|no (video )?formats|unable to extract.*(video|player) url",
        "",
        "",
    ),
)
_STATUS = re.compile(r"HTTP Error \d{3}: [A-Za-z -]*|<HTTPError[^>]*>")
_LIVE = ("That is a live stream, or one that has not begun.", "Come back when it has ended and can be watched again.")
_GEO = ("The site does not show the video in this country.", "Use a server elsewhere, or upload the file.")
_NONE = ("No video was found at that URL.", "Give the page of one video, or the address of the file itself.")
_CHANGED = "The site may have changed: update yt-dlp (docs/sources.md), or give the address of the file itself."


_KINDS = {"GeoRestrictedError": "site_geo_blocked", "UserNotLive": "site_live", "UnsupportedError": "not_a_media_url"}
_BROKEN = frozenset(["TransportError", "IncompleteRead", "SSLError", "CertificateVerifyError", "TimeoutError", "ContentTooShortError"])


def explain(error: BaseException) -> MomentsError:
    """Returns our own error for any error of yt-dlp."""
    chain = list(_chain(error))
    for one in chain:
        if isinstance(one, MomentsError):
            return one
    return _of_the_disk(chain) or _of_the_site(chain) or _of_the_line(chain)


def _of_the_disk(chain: Sequence[BaseException]) -> MomentsError | None:
    for one in chain:
        number = getattr(one, "errno", None)
        if number in (errno.ENOSPC, errno.EDQUOT):
            return OutOfSpace("The disk filled up during the download.")
        if number == errno.EFBIG:
            return TooLarge("The video is larger than the limit.", advice="Raise MOMENTS_MAX_SOURCE_BYTES.")
    return None


def _of_the_site(chain: Sequence[BaseException]) -> MomentsError | None:
    """Returns the error for the kind of exception that an extractor raised, else for its message. None when neither is known."""
    for one in chain:
        if code := _KINDS.get(type(one).__name__):
            return _refusal(code, "", "")
    # The reason phrase of a status ("Not Found", "Gone") says nothing about the video.
    said = [str(one.orig_msg) for one in chain if hasattr(one, "orig_msg")] or [str(chain[0])]
    text = _STATUS.sub("", " ".join(said))
    for code, pattern, message, advice in _SAID:
        if re.search(pattern, text, re.IGNORECASE):
            return _refusal(code, message, advice)
    return None


def _of_the_line(chain: Sequence[BaseException]) -> MomentsError:
    for one in chain:
        if isinstance(status := getattr(one, "status", None), int):
            return _by_status(status)
    names = {type(one).__name__ for one in chain}
    if names & _BROKEN:
        lasting = "CertificateVerifyError" in names
        return SourceUnavailable("The site broke the connection off, or does not answer.", advice="Try again later.", retryable=not lasting)
    return SourceUnavailable("yt-dlp can't read that page.", code="site_failed", advice=_CHANGED, retryable=False)


def no_video(url: str) -> InvalidInput:
    return InvalidInput(f"No video was found on that page of {urlsplit(url).hostname}.", code="not_a_media_url", advice=_NONE[1])


def _refusal(code: str, message: str, advice: str) -> MomentsError:
    if code == "not_a_media_url":
        return InvalidInput(_NONE[0], code=code, advice=_NONE[1])
    known = {"site_live": _LIVE, "site_geo_blocked": _GEO}.get(code, (message, advice))
    return SourceUnavailable(known[0], code=code, advice=known[1], retryable=code == "site_bot_check")


def _by_status(status: int) -> MomentsError:
    if status in (404, 410):
        return NotFound(f"The site has nothing at that URL ({status}).", code="source_not_found", advice="Check the URL.")
    if status in (401, 402, 403, 407, 451):
        return SourceUnavailable(
            f"The site refuses access ({status}).",
            code="source_refused",
            advice="Use a URL that works without signing in, or upload the file.",
            retryable=False,
        )
    passing = status in (408, 425, 429) or status >= 500
    return SourceUnavailable(f"The site answered with status {status}.", advice="Try again later.", retryable=passing)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yields the error and all its causes, by Python's links and by yt-dlp's own."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop(0)
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        info = getattr(one, "exc_info", None)
        cause = getattr(one, "cause", None)
        waiting += [info[1] if info else None, cause if isinstance(cause, BaseException) else None, one.__cause__, one.__context__]
