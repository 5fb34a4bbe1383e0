"""The OpenAPI document, and /docs: the same as a page for readers. The page has no script and loads nothing from another host."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse

from videomoments.api.declarations import PUBLIC_PAGE, READ, declare
from videomoments.api.reference import page_of

router = APIRouter(include_in_schema=False)

# The page has no script, and its only style is inline.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


@router.api_route("/api/openapi.json", methods=["GET", "HEAD"])
@declare(READ)
async def get_document(request: Request) -> JSONResponse:
    """Returns the OpenAPI document."""
    return JSONResponse(request.app.openapi())


@router.get("/docs", response_class=HTMLResponse)
@declare(PUBLIC_PAGE)
async def get_docs(request: Request) -> HTMLResponse:
    """Returns the OpenAPI document as a page. It is rendered for the first reader only, because it takes tens of milliseconds."""
    state = request.app.state
    if not hasattr(state, "docs_page"):
        state.docs_page = page_of(request.app.openapi())
    return HTMLResponse(state.docs_page, headers={"Content-Security-Policy": _POLICY, "Cache-Control": "no-cache"})
