"""Stores the requests of a run to its chat models and their answers for as long as the run, to explain its choices later."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from videomoments.core.names import StageName
from videomoments.db.repositories import model_calls as repository
from videomoments.db.session import Database
from videomoments.db.tables import ModelCall
from videomoments.inference.failures import without_secrets
from videomoments.inference.openai_chat import Exchange
from videomoments.services.runs import Claim, Runs

_LONGEST = 4_000_000
"""Characters of a question or an answer that are kept: an honest one is far below."""


@dataclass(frozen=True, slots=True)
class KeptCall:
    """One request and its answer, without secrets. `problem` says why the answer was not used, or why there was none (then `answer` is
    empty)."""

    stage: str
    model: str
    attempt: int
    asked: int
    messages: list[dict[str, Any]]
    answer: str
    problem: str | None
    seconds: float


class ModelCalls:
    """The stored calls of runs."""

    def __init__(self, database: Database, runs: Runs) -> None:
        self._database = database
        self._runs = runs

    async def keep(self, claim: Claim, stage: StageName, model: str, exchange: Exchange) -> None:
        """Stores one exchange. Raises StaleAttempt."""
        row = ModelCall(
            run_id=claim.run_id,
            attempt=claim.attempt,
            stage=stage.value,
            model=model,
            asked=exchange.asked,
            request=_packed(json.dumps(_clean(list(exchange.messages)), ensure_ascii=False)),
            answer=_packed(without_secrets(exchange.answer.raw) if exchange.answer is not None else ""),
            problem=exchange.problem,
            seconds=round(exchange.seconds, 3),
        )
        async with self._runs.fenced(claim) as session:
            session.add(row)

    async def of_run(self, run_id: int) -> Sequence[KeptCall]:
        """Returns the calls of a run in the order in which the answers came."""
        async with self._database.transaction() as session:
            rows = await repository.of_run(session, run_id)
            return [
                KeptCall(
                    row.stage, row.model, row.attempt, row.asked, _messages(row.request), _unpacked(row.answer), row.problem, row.seconds
                )
                for row in rows
            ]


def _clean(value: Any) -> Any:
    """Removes secrets from each text by itself: in serialised JSON, the pattern of a secret would also match the quotes behind it."""
    if isinstance(value, str):
        return without_secrets(value)
    if isinstance(value, list):
        return [_clean(item) for item in value]
    return {name: _clean(item) for name, item in value.items()} if isinstance(value, dict) else value


def _packed(text: str) -> bytes:
    return gzip.compress(text[:_LONGEST].encode("utf-8", "replace"), compresslevel=5)


def _unpacked(data: bytes) -> str:
    return gzip.decompress(data).decode("utf-8")


def _messages(data: bytes) -> list[dict[str, Any]]:
    """Returns the messages. A request that was cut off at the stored length is one message of text."""
    text = _unpacked(data)
    try:
        found: list[dict[str, Any]] = json.loads(text)
    except ValueError:
        return [{"role": "user", "content": text}]
    return found
