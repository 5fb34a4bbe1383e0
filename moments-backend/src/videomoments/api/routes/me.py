"""/api/me: the caller."""

from __future__ import annotations

from fastapi import APIRouter, Request

from videomoments.api.declarations import READ, declare
from videomoments.api.errors import responses
from videomoments.api.schemas.keys import CallerOut
from videomoments.services.api_keys import ApiKey

router = APIRouter(prefix="/api/me", tags=["caller"])


@router.get("", operation_id="get_caller", responses=responses(503))
@declare(READ)
async def get_caller(request: Request) -> CallerOut:
    """Returns the key of this request and what it may do. Where no key is required, the caller is this machine, which may do everything."""
    key: ApiKey | None = getattr(request.state, "api_key", None)
    return CallerOut.of(key)
