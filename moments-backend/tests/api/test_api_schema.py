"""What the OpenAPI document says, asked of a running API in ways that people do not think of: no answer breaks the document."""

from __future__ import annotations

import os
from typing import Any

import pytest
import schemathesis
from finished import finished
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as budget
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from support.api_processes import api_process
from videomoments.api.deps import ApiDeps
from videomoments.api.openapi import document
from videomoments.core.config import Settings
from videomoments.services.api_keys import KeyScope

# Requests per operation and way of asking; SCHEMA_EXAMPLES=200 for a long look.
EXAMPLES = int(os.environ.get("SCHEMA_EXAMPLES", "6"))
CHECKS: list[Any] = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
# Says with 503 that there is no worker, which is so here.
TELLS_BY_5XX = "ready"

# What tus sends parts of a file as.
schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")


def broken(base_url: str, headers: dict[str, str], known: dict[str, str], examples: int) -> list[str]:
    """What the answers of all operations have against the document; deletions come last."""
    schema = schemathesis.openapi.from_dict(document())
    operations = [found.ok() for found in schema.get_all_operations()]
    found: list[str] = []
    for operation in sorted(operations, key=lambda operation: operation.method.lower() == "delete"):
        named = {name: known[name] for name in known if f"{{{name}}}" in operation.path}
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            try:
                strategy = operation.as_strategy(mode, path_parameters=named or None)
                _ask(strategy, base_url, headers, examples, found)
            except Exception as error:
                # What takes nothing can't be asked in a wrong way.
                if mode is GenerationMode.POSITIVE or ("Unsatisfiable" not in type(error).__name__ and "Skip" not in type(error).__name__):
                    raise
    return found


def _ask(strategy: Any, base_url: str, headers: dict[str, str], examples: int, found: list[str]) -> None:
    limits = budget(max_examples=examples, derandomize=True, database=None, deadline=None, phases=[Phase.generate])

    @budget(limits, suppress_health_check=list(HealthCheck))
    @given(case=strategy)
    def ask(case: Any) -> None:
        answer = case.call(base_url=base_url, headers=headers, timeout=60)
        checks = CHECKS[1:] if case.operation.path == f"/{TELLS_BY_5XX}" else CHECKS
        try:
            case.validate_response(answer, checks=checks)
        except FailureGroup as failures:
            why = "; ".join(str(failure) for failure in failures.exceptions)
            sent = f"{case.method} {answer.request.url}\n  {answer.request.body!r:.300}"
            found.append(f"{sent}\n  {answer.status_code} {why:.500} {answer.text[:300]}")

    ask()


@pytest.mark.parametrize("caller", ["loopback", "admin", "nobody"])
async def test_f79_every_answer_is_as_the_document_says(caller: str, deps: ApiDeps, settings: Settings) -> None:
    done = await finished(deps)
    # Any but what a person edits first may be refined; the second has no refined form.
    moment = (await deps.services.moments.of_video(done.video_id))[1].moment.identifier
    headers = {}
    if caller == "admin":
        headers = {"Authorization": f"Bearer {(await deps.services.api_keys.create('admin', KeyScope.ADMIN))[1]}"}
    keys = {} if caller == "loopback" else {"MOMENTS_REQUIRE_KEYS": "true"}
    with api_process(settings, **keys) as api:
        known = {"video_id": done.video_id, "request_id": done.request_id, "moment_id": moment}
        found = broken(api.url, headers, known, 2 if caller == "nobody" else EXAMPLES)
        assert not found, f"{len(found)} answers:\n" + "\n".join(found[:40])
