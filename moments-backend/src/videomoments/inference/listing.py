"""Reads what a service lists under `/v1/models`, and chooses the model of an entry without a name."""

from __future__ import annotations

import json
from typing import Any

from videomoments.core.errors import ModelError
from videomoments.inference.failures import scrubbed


def listed_models(body: str) -> list[str]:
    """Returns the names in the service's answer. Raises ModelError `model_bad_answer` when it is not JSON."""
    try:
        content: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise ModelError("Its list of models is not JSON.", code="model_bad_answer") from None
    rows = content.get("data") if isinstance(content, dict) else None
    return [row["id"] for row in rows if isinstance(row, dict) and isinstance(row.get("id"), str)] if isinstance(rows, list) else []


def chosen_model(model_key: str, wanted: str | None, names: list[str]) -> str:
    """Returns `wanted` if it is listed, or without a wish the only listed model. Raises ModelError `model_unknown`."""
    served = scrubbed(", ".join(names[:20])) or "none"
    if wanted is None and len(names) == 1:
        return names[0]
    if wanted is None:
        raise ModelError(
            f"Model {model_key} has no model_name, and its service lists {len(names)} models: {served}.",
            code="model_unknown",
            advice="Set model_name to one that it serves.",
            retryable=False,
        )
    if wanted in names:
        return wanted
    raise ModelError(f"It does not serve {wanted}.", code="model_unknown", advice=f"It lists: {served}.", retryable=False)
