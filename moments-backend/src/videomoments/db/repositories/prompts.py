"""Stores prompts and generation configs, each once. The hash is the identity, so two concurrent writers get the same row (F54)."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sqlalchemy import Select, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.dml import ReturningInsert

from videomoments.db.session import Session
from videomoments.db.tables import GenerationConfig, Prompt, Run


def sha256_of(*parts: Any) -> str:
    """Returns the SHA-256 of the parts' canonical JSON, hex."""
    canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


async def prompt_id(session: Session, *, system_prompt: str, user_prompt: str) -> int:
    """Returns the id of this pair of texts' row, which is made if absent."""
    digest = sha256_of(system_prompt, user_prompt)
    values = {"system_prompt": system_prompt, "user_prompt": user_prompt, "prompt_hash": digest}
    statement = insert(Prompt).values(values).on_conflict_do_nothing(index_elements=["prompt_hash"]).returning(Prompt.id)
    return await _found_or_made(session, select(Prompt.id).where(Prompt.prompt_hash == digest), statement)


async def _found_or_made(session: Session, find: Select[int], make: ReturningInsert[int]) -> int:
    """Selects before it inserts: an insert of what another transaction has just inserted waits for that transaction's end."""
    for statement in (find, make):
        if (found := await session.scalar(statement)) is not None:
            return found
    return (await session.execute(find)).scalar_one()


async def generation_config_id(
    session: Session,
    *,
    prompt: int,
    transcript: int | None,
    model: str,
    temperature: float | None,
    top_p: float | None,
    top_k: int | None,
    options: dict[str, Any],
) -> int:
    """Returns the id of this combination's row, which is made if absent."""
    sampling = {"temperature": temperature, "top_p": top_p, "top_k": top_k}
    digest = sha256_of(prompt, transcript, model, sampling, options)
    values = {"prompt_id": prompt, "transcript_id": transcript, "model": model, "options": options, "config_hash": digest, **sampling}
    statement = (
        insert(GenerationConfig).values(values).on_conflict_do_nothing(index_elements=["config_hash"]).returning(GenerationConfig.id)
    )
    return await _found_or_made(session, select(GenerationConfig.id).where(GenerationConfig.config_hash == digest), statement)


async def note_config(session: Session, run_id: int, config_id: int) -> None:
    """Stores which config generated the run's moments."""
    await session.execute(update(Run).where(Run.id == run_id).values(gen_config_id=config_id))
