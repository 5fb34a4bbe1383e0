"""/api/videos/upload: uploads, in one multipart body or in pieces by the tus protocol 1.0.0 (creation, expiration, termination)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import AsyncIterator
from email.utils import format_datetime
from typing import Annotated

from fastapi import APIRouter, Header, Path, Request, Response
from starlette.requests import ClientDisconnect

from videomoments.api.declarations import READ, WRITE, declare
from videomoments.api.deps import IDENTIFIER, ApiDeps, Deps
from videomoments.api.errors import responses
from videomoments.api.presenting import present_video
from videomoments.api.schemas.common import as_title
from videomoments.api.schemas.videos import UploadOut, VideoOut
from videomoments.api.slow_bodies import BodyTooSlow
from videomoments.api.uploading import UploadForm
from videomoments.core.errors import InvalidInput, MomentsError, UnsupportedMedia
from videomoments.services.resumable_uploads import ResumableUploads, Upload, refuse_length
from videomoments.sources import label, title_of

router = APIRouter(prefix="/api/videos/upload", tags=["videos"])

TUS_VERSION = "1.0.0"
_PIECE_TYPE = "application/offset+octet-stream"
_METADATA = re.compile(r"[^ ,]+( [A-Za-z0-9+/=_-]*)?")
_MAX_METADATA = 8192
_FORM_BODY = {
    "type": "object",
    "required": ["file"],
    "properties": {
        "title": {"type": "string", "maxLength": 300, "description": "This part must come before the file."},
        "file": {"type": "string", "format": "binary"},
    },
}
_UPLOAD_BODY = {"requestBody": {"required": False, "content": {"multipart/form-data": {"schema": _FORM_BODY}}}}
_PIECE_BODY = {"requestBody": {"required": True, "content": {_PIECE_TYPE: {"schema": {"type": "string", "format": "binary"}}}}}
_KNOWN = {200: {"model": VideoOut, "description": "The video exists already"}}
_TOLD = {
    204: {
        "description": "`Upload-Offset`: bytes received; `Upload-Expires`: when they are deleted; `Video-Identifier`: the upload's video."
    }
}

UploadId = Annotated[str, Path(pattern=IDENTIFIER, description="The upload's identifier.")]
TusHeader = Annotated[str | None, Header(alias="Tus-Resumable", description="Version of the tus protocol: `1.0.0`.")]


class WrongTusVersion(MomentsError):
    code = "tus_version"
    status_code = 412


@router.post(
    "", operation_id="upload_video", status_code=201, openapi_extra=_UPLOAD_BODY, responses=responses(412, 413, 422, 503, 507, also=_KNOWN)
)
@declare(WRITE, long_body=True)
async def upload_video(
    deps: Deps,
    request: Request,
    response: Response,
    tus: TusHeader = None,
    length: Annotated[str | None, Header(alias="Upload-Length", description="tus: size of the file in bytes.")] = None,
    metadata: Annotated[str | None, Header(alias="Upload-Metadata", description="tus: `filename` and `title`, in base64.")] = None,
) -> VideoOut | None:
    """Stores a file that is sent as a form, and makes a video of it. For the same bytes again, returns 200 with the same video. With
    `Tus-Resumable` and no body, creates an upload in pieces instead; `Location` is its address."""
    if tus is not None:
        upload = await _create(deps, tus, length, metadata)
        response.headers["Location"] = f"{request.url.path}/{upload.identifier}"
        _set_upload_headers(response, upload)
        return None
    video_id, fresh = await _from_form(deps, request)
    response.status_code = 201 if fresh else 200
    return await present_video(deps, await deps.videos.get(video_id))


@router.options("", operation_id="upload_options", status_code=204)
@declare(READ)
async def upload_options(deps: Deps, response: Response) -> None:
    """Returns in headers which parts of the tus protocol are supported."""
    response.headers.update(
        {
            "Tus-Resumable": TUS_VERSION,
            "Tus-Version": TUS_VERSION,
            "Tus-Extension": "creation,expiration,termination",
            "Tus-Max-Size": str(deps.settings.max_source_bytes),
        }
    )


@router.head("/{upload_id}", operation_id="head_upload", status_code=204, responses=responses(404, 422, 503, also=_TOLD))
@declare(READ)
async def head_upload(deps: Deps, upload_id: UploadId, response: Response) -> None:
    """Returns how many bytes of the file were received (`Upload-Offset`)."""
    _set_upload_headers(response, await _resumable(deps).get(upload_id))
    response.headers["Cache-Control"] = "no-store"


@router.get("/{upload_id}", operation_id="get_upload", responses=responses(404, 422, 503))
@declare(READ)
async def get_upload(deps: Deps, upload_id: UploadId) -> UploadOut:
    """Returns the progress of the upload; once it is complete, also the video that was made of it."""
    uploads = _resumable(deps)
    upload = await uploads.get(upload_id)
    video = await uploads.finish(upload) if upload.complete else None
    return UploadOut(
        identifier=upload.identifier, length=upload.length, received=upload.received, expires_at=upload.expires_at, video_id=video
    )


@router.patch(
    "/{upload_id}",
    operation_id="append_to_upload",
    status_code=204,
    openapi_extra=_PIECE_BODY,
    responses=responses(404, 409, 412, 413, 415, 422, 503, 507, also=_TOLD),
)
@declare(WRITE, long_body=True)
async def append_to_upload(
    deps: Deps,
    request: Request,
    response: Response,
    upload_id: UploadId,
    offset: Annotated[int, Header(alias="Upload-Offset", ge=0, le=2**62, description="Position of this piece in the file, in bytes.")],
    tus: TusHeader = None,
) -> None:
    """Appends a piece. Bytes that arrived before a connection broke are stored. The last piece completes the upload and makes the video."""
    _check_version(tus or "")
    if request.headers.get("content-type", "").partition(";")[0].strip() != _PIECE_TYPE:
        raise _WrongPieceType(f"A piece is sent as {_PIECE_TYPE}.")
    uploads = _resumable(deps)
    arriving = _Arriving(request)
    upload = await uploads.append(upload_id, offset, arriving.chunks())
    if arriving.cut is not None:  # after the bytes that arrived are stored
        raise arriving.cut
    if upload.complete:
        response.headers["Video-Identifier"] = await uploads.finish(upload)
    _set_upload_headers(response, upload)


@router.delete("/{upload_id}", operation_id="end_upload", status_code=204, responses=responses(404, 422, 503))
@declare(WRITE)
async def end_upload(deps: Deps, upload_id: UploadId, response: Response) -> None:
    """Deletes an upload and the bytes received. A video that was made of it stays."""
    await _resumable(deps).end(upload_id)
    response.headers["Tus-Resumable"] = TUS_VERSION


class _WrongPieceType(MomentsError):
    code = "unsupported_media_type"
    status_code = 415


def _resumable(deps: ApiDeps) -> ResumableUploads:
    return ResumableUploads(deps.services.database, deps.store)


def _check_version(version: str) -> None:
    if version != TUS_VERSION:
        raise WrongTusVersion(f"This is tus {TUS_VERSION}.", advice=f"Send Tus-Resumable: {TUS_VERSION}.")


def _set_upload_headers(response: Response, upload: Upload) -> None:
    response.headers["Tus-Resumable"] = TUS_VERSION
    response.headers["Upload-Offset"] = str(upload.received)
    response.headers["Upload-Length"] = str(upload.length)
    response.headers["Upload-Expires"] = format_datetime(upload.expires_at, usegmt=True)


async def _create(deps: ApiDeps, tus: str, length: str | None, metadata: str | None) -> Upload:
    _check_version(tus)
    if length is None or not length.isascii() or not length.isdigit() or len(length) > 18:
        raise InvalidInput("Upload-Length says how many bytes the file has.", code="bad_length", advice="Send the size of the file.")
    size = int(length)
    refuse_length(size, deps.settings.max_source_bytes)
    if size == 0:
        raise UnsupportedMedia("The file is empty.", code="empty_file", advice="Choose the file again.")
    given = _decoded_metadata(metadata or "")
    file_name, title = _names(given.get("filename", ""), given.get("title", ""))
    return await _resumable(deps).create(size, file_name=file_name, title=title)


def _decoded_metadata(metadata: str) -> dict[str, str]:
    """Returns the values of `Upload-Metadata`, which holds pairs of a name and a value in base64. Raises InvalidInput (`bad_metadata`)."""
    pairs = [pair.strip() for pair in metadata.split(",") if pair.strip()]
    try:
        if len(metadata) > _MAX_METADATA or not all(_METADATA.fullmatch(pair) for pair in pairs):
            raise ValueError(metadata)
        split = [pair.partition(" ") for pair in pairs]
        return {name: base64.b64decode(value, validate=True).decode("utf-8") for name, _, value in split}
    except (ValueError, binascii.Error) as error:
        raise InvalidInput("Upload-Metadata can't be read.", code="bad_metadata", advice="Send names with base64 values.") from error


def _names(file_name: str, title: str) -> tuple[str, str]:
    """Returns the file's label and the title, from the names that a user gave. Without a title, the file's name becomes the title. Raises
    InvalidInput for a title that can't be stored."""
    name = label(file_name) or "video"
    if not title.strip():
        return name, title_of(name)
    try:
        return name, as_title(title)
    except ValueError as error:
        raise InvalidInput(f"title: {error}.") from error


class _Arriving:
    """Reads the body as far as it arrives. `cut` is the error that ended the reading, if it was too slow."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self.cut: BodyTooSlow | None = None

    async def chunks(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._request.stream():
                if chunk:
                    yield chunk
        except ClientDisconnect:
            return
        except BodyTooSlow as error:
            self.cut = error


async def _from_form(deps: ApiDeps, request: Request) -> tuple[str, bool]:
    """Stores the form's file. Returns the video's identifier, and whether the video is new."""
    announced, limit = request.headers.get("content-length", ""), deps.settings.max_source_bytes
    if announced.isdecimal():
        refuse_length(int(announced) - 100_000, limit)  # room for the form around the file
    form = UploadForm(request)
    await form.open()
    file_name, title = _names(form.file_name or "", form.fields.get("title", ""))
    video, fresh = await deps.uploads.keep(deps.store, form.chunks(), file_name=file_name, title=title, max_bytes=limit)
    return video.identifier, fresh
