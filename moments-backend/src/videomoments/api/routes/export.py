"""/api/videos/{id}/export: a video's moments as files for other programs."""

from __future__ import annotations

import json
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from videomoments.api.attachment import attachment
from videomoments.api.declarations import READ, declare
from videomoments.api.deps import IDENTIFIER, Deps, OtherRun, VideoId
from videomoments.api.errors import responses
from videomoments.core.errors import InvalidInput
from videomoments.exports import FORMATS
from videomoments.exports.naming import slug
from videomoments.services.exporting import ZIP, ZIP_TYPE, clips_archive, exportable

router = APIRouter(prefix="/api/videos/{video_id}/export", tags=["export"])

ExportFormat = Literal["json", "csv", "srt", "vtt", "chapters", "edl", "fcpxml", "otio", "zip"]
ExportRate = Literal["23.976", "24", "25", "29.97", "29.97df", "30", "47.952", "48", "50", "59.94", "59.94df", "60"]
_MEDIA_TYPES = [ZIP_TYPE, *(form.media_type.partition(";")[0] for form in FORMATS.values())]
_NOTES = "Export-Notes"
_FILE = {
    "description": "The file",
    "headers": {
        _NOTES: {
            "description": "A JSON array of sentences that say what was replaced or left out. Absent where nothing was.",
            "schema": {"type": "string"},
        }
    },
    "content": {media_type: {"schema": {"type": "object" if media_type.endswith("json") else "string"}} for media_type in _MEDIA_TYPES},
}


@router.get("", operation_id="export_video", response_class=Response, responses=responses(404, 422, 503, also={200: _FILE}))
@declare(READ, compressed=False)
async def export_video(
    deps: Deps,
    video_id: VideoId,
    kind: Annotated[ExportFormat, Query(alias="format", description="The format of the file. `zip` holds the clips with their captions.")],
    run: OtherRun = None,
    moment: Annotated[
        str | None,
        Query(pattern=IDENTIFIER, description="Export only this moment: the subtitles (srt, vtt) of its clip."),
    ] = None,
    rate: Annotated[
        ExportRate | None, Query(description="Frame rate of timelines and timecodes; by default the source's. `df` means drop-frame.")
    ] = None,
) -> Response:
    """Returns the final moments as a file. Subtitles cover the whole video; edl, fcpxml and otio contain the moments that nobody
    rejected, one after another. The header `Export-Notes` (in the zip: `notes.txt`) says what the format could not hold and what
    was written instead."""
    found = await exportable(deps.services, video_id, request_id=run, rate=rate)
    name = slug(found.recording.title)
    if kind == ZIP:
        if moment is not None:
            raise InvalidInput("zip is not made for a single moment.", advice="A clip has an address of its own: see /clips.")
        return StreamingResponse(await clips_archive(found, deps.store), headers=_saved_as(f"{name}.zip"), media_type=ZIP_TYPE)
    form = FORMATS[kind]
    written = found.write(form.name, moment_id=moment)
    headers = _saved_as(name + form.extension)
    if written.notes:
        headers[_NOTES] = json.dumps(written.notes)  # escaped, because a header holds only ASCII
    return Response(written.text, headers=headers, media_type=form.media_type)


def _saved_as(name: str) -> dict[str, str]:
    return {"Content-Disposition": attachment(name), "Cache-Control": "no-cache"}
