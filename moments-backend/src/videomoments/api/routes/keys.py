"""/api/admin/keys: the API keys."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from videomoments.api.declarations import ADMIN, declare
from videomoments.api.deps import IDENTIFIER, Deps
from videomoments.api.errors import responses
from videomoments.api.schemas.common import Page
from videomoments.api.schemas.keys import CreateKey, KeyOut, NewKeyOut

router = APIRouter(prefix="/api/admin/keys", tags=["admin"])

KeyId = Annotated[str, Path(pattern=IDENTIFIER, description="The key's identifier, not the key itself.")]


@router.get("", operation_id="list_keys", responses=responses(422, 503))
@declare(ADMIN)
async def list_keys(deps: Deps, revoked: Annotated[bool, Query(description="Include revoked keys.")] = False) -> Page[KeyOut]:
    """Returns all keys, oldest first."""
    return Page(items=[KeyOut.of(key) for key in await deps.services.api_keys.list(revoked=revoked)])


@router.post("", operation_id="create_key", status_code=201, responses=responses(422, 503))
@declare(ADMIN)
async def create_key(deps: Deps, body: CreateKey) -> NewKeyOut:
    """Creates a key. Only this response contains the key itself."""
    key, secret = await deps.services.api_keys.create(
        body.name,
        body.scope,
        requests_per_minute=body.requests_per_minute,
        runs_per_day=body.runs_per_day,
        expires_at=body.expires_at,
    )
    return NewKeyOut(**KeyOut.of(key).model_dump(), key=secret)


@router.delete("/{key_id}", operation_id="revoke_key", responses=responses(404, 422, 503))
@declare(ADMIN)
async def revoke_key(deps: Deps, key_id: KeyId) -> KeyOut:
    """Revokes a key for good. Every API process refuses it after at most five seconds."""
    return KeyOut.of(await deps.services.api_keys.revoke(key_id))
