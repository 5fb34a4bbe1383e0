"""Prompts and generation configs, each stored once: the hash is the identity, and two writers at once get the same row (F54)."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from videomoments.db.tables import GenerationConfig, Prompt


def sha256_of(*parts: Any) -> str:
    """SHA-256 of the parts' canonical JSON, hex."""
    canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


async def prompt_id(session: AsyncSession, *, system_prompt: str, user_prompt: str) -> int:
    """The row of this pair of texts, made if absent."""
    digest = sha256_of(system_prompt, user_prompt)
    values = {"system_prompt": system_prompt, "user_prompt": user_prompt, "prompt_hash": digest}
    made: int | None = await session.scalar(
        insert(Prompt).values(values).on_conflict_do_nothing(index_elements=["prompt_hash"]).returning(Prompt.id)
    )
    if made is not None:
        return made
    return (await session.execute(select(Prompt.id).where(Prompt.prompt_hash == digest))).scalar_one()


async def generation_config_id(
    session: AsyncSession,
    *,
    prompt: int,
    transcript: int | None,
    model: str,
    temperature: float | None,
    top_p: float | None,
    top_k: int | None,
    options: dict[str, Any],
) -> int:
    """The row of this combination, made if absent."""
    sampling = {"temperature": temperature, "top_p": top_p, "top_k": top_k}
    digest = sha256_of(prompt, transcript, model, sampling, options)
    values = {"prompt_id": prompt, "transcript_id": transcript, "model": model, "options": options, "config_hash": digest, **sampling}
    statement = (
        insert(GenerationConfig).values(values).on_conflict_do_nothing(index_elements=["config_hash"]).returning(GenerationConfig.id)
    )
    made = await session.scalar(statement)
    if made is not None:
        return made
    return (await session.execute(select(GenerationConfig.id).where(GenerationConfig.config_hash == digest))).scalar_one()
