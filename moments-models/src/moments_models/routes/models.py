"""GET /health, GET /v1/models, GET /v1/jobs/{request_id}."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from moments_models import __version__
from moments_models.errors import ServiceError
from moments_models.host import Host
from moments_models.request_jobs import Jobs

router = APIRouter()


class UnknownJob(ServiceError):
    status = 404
    code = "job_not_found"
    type = "invalid_request_error"


@router.get("/health")
async def health(request: Request) -> dict[str, Any]:
    """Whether the program runs, and which of its models could answer now."""
    host: Host = request.app.state.host
    served = [
        {
            "id": name,
            "kind": hosted.spec.kind.value,
            "supports_video": hosted.spec.supports_video,
            "loaded": hosted.loaded,
            "weights_present": hosted.weights_present,
        }
        for name, hosted in host.engines.items()
    ]
    return {"status": "ok", "version": __version__, "models": served}


@router.get("/v1/models")
async def list_models(request: Request) -> dict[str, Any]:
    """The served models, as OpenAI lists them."""
    host: Host = request.app.state.host
    return {
        "object": "list",
        "data": [{"id": name, "object": "model", "created": 0, "owned_by": "moments-models"} for name in host.engines],
    }


@router.get("/v1/jobs/{request_id}")
async def job(request: Request, request_id: str) -> dict[str, float]:
    """Seconds of audio done and in total, for the request that carried this `X-Request-Id`. 404 when there is none."""
    jobs: Jobs = request.app.state.jobs
    found = jobs.find(request_id)
    if found is None:
        raise UnknownJob(f"no request with the id {request_id!r}")
    return {"done": round(found.done, 3), "total": round(found.total, 3)}
