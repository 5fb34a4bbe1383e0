"""Writes the OpenAPI document as a file: `python -m videomoments.api.openapi > docs/api/openapi.json`. Connects to nothing."""

from __future__ import annotations

import json
import sys
from typing import Any

from pydantic import SecretStr

from videomoments.api.app import create_app
from videomoments.api.deps import build_deps
from videomoments.core.config import Settings


def document() -> dict[str, Any]:
    """Returns the OpenAPI 3.1 document, with every error as a problem."""
    settings = Settings(
        database_url="postgresql://localhost/none", redis_url="redis://localhost", storage_url="memory://", signing_key=SecretStr("none")
    )
    return create_app(build_deps(settings)).openapi()


def text() -> str:
    """Returns the document in the form of the repository's file."""
    return json.dumps(document(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
