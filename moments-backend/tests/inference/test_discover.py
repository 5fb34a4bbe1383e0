"""What is made of the lists that Ollama, llama.cpp, vLLM and LM Studio give."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from videomoments.inference.discover import PROGRAMS, Discovered, Program, discover

OLLAMA, LLAMA, VLLM, STUDIO = PROGRAMS


def _saying(content: Any) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response(content)

    return answer


@asynccontextmanager
async def serving(models: Any, **pages: Any) -> AsyncIterator[int]:
    """A server that lists `models`, and answers `/{name}` with each of the pages; its port."""
    app = web.Application()
    for path, content in {"v1/models": models, **pages}.items():
        app.router.add_get(f"/{path}", _saying(content))
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def rows(*names: str, **fields: Any) -> dict[str, Any]:
    return {"object": "list", "data": [{"id": name, "object": "model"} | fields for name in names]}


async def found_at(port: int, usual: Program = OLLAMA) -> list[Discovered]:
    return await discover([(usual, port)])


async def test_vllm_says_how_much_it_reads() -> None:
    async with serving(rows("Qwen/Qwen3-8B", owned_by="vllm", max_model_len=40_960)) as port:
        (one,) = await found_at(port, LLAMA)
    assert one.model is not None
    assert (one.program, one.model.key, one.model.model_name) == ("vLLM", "vllm-qwen3-8b", "Qwen/Qwen3-8B")
    assert one.model.context_tokens == 40_960
    assert (one.model.base_url, one.model.api_key_env, one.model.supports_video) == (f"http://127.0.0.1:{port}", None, False)


async def test_llama_cpp_is_asked_what_it_was_started_with() -> None:
    props = {"default_generation_settings": {"n_ctx": 8192}}
    async with serving(rows("model.gguf", owned_by="llamacpp", meta={"n_ctx_train": 131_072}), props=props) as port:
        (one,) = await found_at(port, LLAMA)
    assert one.model is not None
    assert (one.program, one.model.context_tokens) == ("llama.cpp", 8192)


async def test_where_nothing_is_said_little_is_assumed() -> None:
    async with serving(rows("llama3.2:3b", "nomic-embed-text", owned_by="library")) as port:
        (one,) = await found_at(port, STUDIO)
    assert one.model is not None
    assert (one.program, one.model.key, one.model.context_tokens, one.model.max_tokens) == ("Ollama", "ollama-llama3.2-3b", 4096, 2048)


@pytest.mark.parametrize(
    "listing",
    [[], {}, {"data": None}, {"data": [None, 1, {"id": 7}]}, "text", rows("a\nb"), rows(""), rows("x" * 500)],
)
async def test_nonsense_is_nothing(listing: Any) -> None:
    async with serving(listing) as port:
        assert await found_at(port) == []


async def test_a_size_that_makes_no_sense_is_bounded() -> None:
    async with serving(rows("a", max_model_len=-5), props=[]) as low, serving(rows("a", max_model_len=10**12)) as high:
        sizes = [one.model.context_tokens for port in (low, high) for one in await found_at(port, VLLM) if one.model]
    assert sizes == [1024, 10_000_000]
