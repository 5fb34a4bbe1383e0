"""Downloads the clip of a request from an http(s) or data URL to a file in a temporary folder."""

from __future__ import annotations

import base64
import binascii
import errno
import http.client
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit

from moments_models.engine_contract import Task
from moments_models.errors import InvalidRequest, ServiceError, TooLarge

MAX_BYTES = 512 * 1024 * 1024
_SILENT_AFTER = 15.0
"""Seconds without a byte after which a server is given up."""
_LONGEST = 180.0
_BLOCK = 1 << 18
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""Errors of the temporary folder, not of the clip's server."""


class VideoUnavailable(ServiceError):
    """The clip's URL does not give a clip; a freshly signed one may."""

    status = 424
    code = "video_unavailable"
    type = "invalid_request_error"


def fetch(url: str, target: Path, task: Task) -> Path:
    """Writes the clip to `target` and returns it. Raises `InvalidRequest`, `TooLarge` or `VideoUnavailable`, or `ServiceError` where this
    machine has no room for it."""
    scheme = urlsplit(url).scheme.lower()
    if scheme == "data":
        target.write_bytes(_from_data_url(url))
    elif scheme in {"http", "https"}:
        _download(url, target, task)
    else:
        raise InvalidRequest("video_url must be an http, https or data URL", code="invalid_video_url")
    return target


def _from_data_url(url: str) -> bytes:
    head, comma, body = url.partition(",")
    if not comma:
        raise InvalidRequest("the data URL has no data", code="invalid_video_url")
    if len(body) > MAX_BYTES * 4 // 3 + 4:
        raise TooLarge("the clip is too large")
    try:
        return base64.b64decode(body, validate=True) if head.lower().endswith(";base64") else unquote_to_bytes(body)
    except (binascii.Error, ValueError) as error:
        raise InvalidRequest("the data URL is not base64", code="invalid_video_url") from error


def _opener() -> urllib.request.OpenerDirector:
    """Returns an opener for http and https only: the default one would follow a redirect to ftp and read files."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPRedirectHandler,
        urllib.request.HTTPErrorProcessor,
        urllib.request.UnknownHandler,
    ):
        opener.add_handler(handler())
    return opener


def _download(url: str, target: Path, task: Task) -> None:
    deadline = time.monotonic() + _LONGEST
    request = urllib.request.Request(url, headers={"User-Agent": "moments-models", "Accept": "video/*, */*"})  # noqa: S310 (scheme checked)
    done = 0
    try:
        with _opener().open(request, timeout=_SILENT_AFTER) as response, target.open("wb") as sink:
            announced = int(response.headers.get("Content-Length") or 0)
            if announced > MAX_BYTES:
                raise TooLarge("the clip is too large")
            while block := response.read1(_BLOCK):
                task.check()
                done += len(block)
                if done > MAX_BYTES:
                    raise TooLarge("the clip is too large")
                if time.monotonic() > deadline:
                    raise VideoUnavailable("the clip did not arrive in time")
                sink.write(block)
    except urllib.error.HTTPError as error:
        raise VideoUnavailable(f"the clip's URL answered {error.code}") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            raise ServiceError("the clip can't be stored: the disk of the temporary folder is full or read-only") from error
        raise VideoUnavailable("the clip's URL can't be reached") from error
    if announced and done < announced:
        raise VideoUnavailable("the clip broke off")
