"""/docs: the API on a page, for people. No script, and nothing from another host."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from videomoments.api.reference import page_of

router = APIRouter(include_in_schema=False)

# The page has no script to forbid; its one style stands in it.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


@router.get("/docs", response_class=HTMLResponse)
async def get_docs(request: Request) -> HTMLResponse:
    """The OpenAPI document, readable."""
    return HTMLResponse(page_of(request.app.openapi()), headers={"Content-Security-Policy": _POLICY, "Cache-Control": "no-cache"})
