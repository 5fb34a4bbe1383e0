"""Finds language models that already run on this machine: Ollama, llama.cpp, vLLM and LM Studio on their usual loopback ports."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx2
from pydantic import ValidationError

from videomoments.inference.model_registry import ModelConfig, ModelKind

_SECONDS = 3.0
_MOST = 50
_CHAT = "/v1/chat/completions"


@dataclass(frozen=True, slots=True)
class Program:
    """A program that serves models. `signs` is the `owned_by` of its list of models, `key_variable` the environment variable of its key."""

    name: str
    port: int
    signs: str
    key_variable: str


PROGRAMS = (
    Program("Ollama", 11434, "library", "OLLAMA_API_KEY"),
    Program("llama.cpp", 8080, "llamacpp", "LLAMA_API_KEY"),
    Program("vLLM", 8000, "vllm", "VLLM_API_KEY"),
    Program("LM Studio", 1234, "organization_owner", "LM_API_TOKEN"),
)
# Where a program does not report its context, a size that it is known to give by default.
_CAREFUL_TOKENS = 4096


@dataclass(frozen=True, slots=True)
class Discovered:
    """A model that answers here, with the entry that would register it. `locked` says why there is none."""

    program: str
    port: int
    model: ModelConfig | None
    locked: str = ""


async def discover(places: Sequence[tuple[Program, int]] | None = None) -> list[Discovered]:
    """Returns the models that answer on the loopback, by port. `places` are programs and ports to ask (default: the usual ones).

    All ports are asked at the same time, with at most 3 s for a question. Only GET requests are sent, and a key only to a server that asks
    for one.
    """
    asked = places if places is not None else [(program, program.port) for program in PROGRAMS]
    async with httpx2.AsyncClient(timeout=_SECONDS, trust_env=False, follow_redirects=False) as client:
        found = await asyncio.gather(*(_at(client, program, port) for program, port in asked))
    return [one for models in found for one in models]


async def _at(client: httpx2.AsyncClient, usual: Program, port: int) -> list[Discovered]:
    url = f"http://127.0.0.1:{port}"
    variable = None
    answer = await _get(client, f"{url}/v1/models")
    if answer is not None and answer.status_code in (401, 403):
        variable = usual.key_variable
        key = os.environ.get(variable, "").strip()
        if not key:
            return [Discovered(usual.name, port, None, f"It asks for a key: set {variable}.")]
        answer = await _get(client, f"{url}/v1/models", {"Authorization": f"Bearer {key}"})
        if answer is not None and answer.status_code in (401, 403):
            return [Discovered(usual.name, port, None, f"It refuses the key in {variable}.")]
    rows = _rows(answer)
    if not rows:
        return []
    program = next((one for one in PROGRAMS if one.signs == rows[0].get("owned_by")), usual)
    loaded = await _loaded_context(client, url) if program.name == "llama.cpp" else None
    found = []
    for row in rows[:_MOST]:
        name = row["id"]
        if "embed" in name.lower():
            continue
        if (model := _entry(program, url, name, _context(row) or loaded or _CAREFUL_TOKENS, variable)) is not None:
            found.append(Discovered(program.name, port, model))
    return found


async def _get(client: httpx2.AsyncClient, url: str, headers: Mapping[str, str] | None = None) -> httpx2.Response | None:
    try:
        return await client.get(url, headers=headers)
    except httpx2.HTTPError:
        return None


def _rows(answer: httpx2.Response | None) -> list[dict[str, Any]]:
    try:
        content = answer.json() if answer is not None and answer.is_success else None
    except ValueError:
        return []
    rows = content.get("data") if isinstance(content, dict) else None
    return [row for row in rows if isinstance(row, dict) and isinstance(row.get("id"), str)] if isinstance(rows, list) else []


def _context(row: Mapping[str, Any]) -> int | None:
    """Returns the context in tokens as vLLM lists it, or None."""
    length = row.get("max_model_len")
    return length if isinstance(length, int) and not isinstance(length, bool) else None


async def _loaded_context(client: httpx2.AsyncClient, url: str) -> int | None:
    """Returns the context in tokens with which llama.cpp was started, per slot (under /props), or None."""
    answer = await _get(client, f"{url}/props")
    try:
        length = answer.json()["default_generation_settings"]["n_ctx"] if answer is not None and answer.is_success else None
    except (ValueError, KeyError, TypeError):
        return None
    return length if isinstance(length, int) and not isinstance(length, bool) else None


def _entry(program: Program, url: str, name: str, context: int, variable: str | None) -> ModelConfig | None:
    """Returns an entry for the model, or None for a name or a size that no entry can have."""
    slug = re.sub(r"[^a-z0-9_.\-]+", "-", f"{program.name}-{name.rpartition('/')[2]}".lower()).strip("-.")[:64]
    context = min(max(context, 1024), 10_000_000)
    try:
        return ModelConfig(
            key=slug,
            kind=ModelKind.CHAT,
            base_url=url,
            endpoint=_CHAT,
            model_name=name,
            context_tokens=context,
            max_tokens=min(4096, context // 2),
            max_concurrency=1,
            api_key_env=variable,
        )
    except ValidationError:
        return None
