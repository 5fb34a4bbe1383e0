"""/api/objects: serves objects at our own signed addresses, with the byte ranges that players request."""

from __future__ import annotations

import re
import time
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from videomoments.api.attachment import attachment
from videomoments.api.conditional import matches
from videomoments.api.declarations import OPEN, declare
from videomoments.api.deps import Deps
from videomoments.api.errors import Forbidden, problem, responses
from videomoments.storage import Verdict

router = APIRouter(prefix="/api/objects", tags=["objects"])

_QUOTE = '"'
_RANGE = re.compile(r"bytes=\s*(\d*)-(\d*)\s*")


@declare(OPEN, compressed=False)
async def get_object(
    deps: Deps,
    request: Request,
    key: str,
    expires: Annotated[int, Query(ge=0, le=2**40)],
    signature: Annotated[str, Query(max_length=100)],
    download: Annotated[str | None, Query(max_length=300)] = None,
) -> Response:
    """Returns an object or a byte range of it. The signed address is the permission."""
    verdict = deps.store.downloads.verify(key, expires=expires, signature=signature, download_name=download)
    if verdict is Verdict.EXPIRED:
        raise Forbidden("This address has expired.", code="url_expired", advice="Ask for a fresh one.")
    if verdict is not Verdict.VALID:
        raise Forbidden("This address is not valid.", code="url_invalid", advice="Ask for a fresh one.")
    found = await deps.store.head(key)
    etag = f'"{found.etag.strip(_QUOTE)}"'  # cloud stores send the quotes along
    headers = _headers(etag, expires, download)
    if matches(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    wanted = request.headers.get("range") if request.headers.get("if-range", etag) == etag else None
    span = _span(wanted, found.size)
    if span is None:
        content_range = {"Content-Range": f"bytes */{found.size}"}
        return problem(
            416, "range_not_satisfiable", f"The object has {found.size} bytes.", instance=request.url.path, headers=content_range
        )
    start, end, partial = span
    headers["Content-Length"] = str(end - start)
    if partial:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{found.size}"
    status = 206 if partial else 200
    if request.method == "HEAD" or start == end:
        return Response(status_code=status, headers=headers, media_type=found.content_type)
    return StreamingResponse(deps.store.stream(key, start, end), status, headers, media_type=found.content_type)


for _method in ("GET", "HEAD"):
    router.add_api_route(
        "/{key:path}",
        get_object,
        methods=[_method],
        operation_id=f"{_method.lower()}_object",
        response_class=StreamingResponse,
        responses=responses(403, 404, 416, 422, also={206: {"description": "The requested range"}}),
    )


def _headers(etag: str, expires: int, download: str | None) -> dict[str, str]:
    seconds = max(0, int(expires - time.time()))
    headers = {"Accept-Ranges": "bytes", "ETag": etag, "Cache-Control": f"private, max-age={seconds}"}
    if download:
        headers["Content-Disposition"] = attachment(download)
    return headers


def _span(wanted: str | None, size: int) -> tuple[int, int, bool] | None:
    """Returns the bytes to send as (start, end, whether it is a part), half-open, or None when the range lies outside the object.

    Ignores a header that it can't parse or that lists several ranges, as RFC 9110 allows: the response is then the whole object.
    """
    found = _RANGE.fullmatch(wanted or "")
    if found is None or not (found[1] or found[2]) or len(found[1]) > 18 or len(found[2]) > 18:
        return 0, size, False
    if not found[1]:
        length = int(found[2])
        return (max(0, size - length), size, True) if length and size else None
    start, end = int(found[1]), int(found[2]) + 1 if found[2] else size
    if found[2] and end <= start:
        return 0, size, False
    return (start, min(end, size), True) if start < size else None
