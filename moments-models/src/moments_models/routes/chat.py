"""POST /v1/chat/completions, for language models and for engines that read task blocks."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel, ConfigDict, Field

from moments_models.engine_contract import ChatEngine, ChatPrompt, ChatRequest, Completion, EngineKind, LanguageModel
from moments_models.errors import InvalidRequest
from moments_models.host import Host, HostedEngine
from moments_models.request_jobs import Job, Jobs
from moments_models.routes.work import run_for
from moments_models.task_blocks import find_block

router = APIRouter()

MAX_BODY = 256 * 1024 * 1024
"""Bytes; clips may come as data URLs."""


class Message(BaseModel):
    model_config = ConfigDict(extra="ignore")

    role: str
    content: str | list[dict[str, Any]] | None = None


class ChatBody(BaseModel):
    """The part of OpenAI's body that matters here; settings of the answer change nothing for engines that read task blocks."""

    model_config = ConfigDict(extra="ignore")

    model: str
    messages: list[Message]
    stream: bool | None = None
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, gt=0, le=1)
    top_k: int | None = Field(None, ge=0)
    max_tokens: int | None = Field(None, ge=1)
    seed: int | None = None
    stop: str | list[str] | None = None
    response_format: dict[str, Any] | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """Returns the settings of the answer that the request names."""
        return self.model_dump(include=_SETTINGS, exclude_none=True)


_SETTINGS = {"temperature", "top_p", "top_k", "max_tokens", "seed", "stop", "response_format"}


@router.post("/v1/chat/completions")
async def complete(request: Request, body: ChatBody, x_request_id: Annotated[str | None, Header(max_length=200)] = None) -> dict[str, Any]:
    """An OpenAI-shaped completion; of an engine that reads task blocks its content is bare JSON."""
    host: Host = request.app.state.host
    jobs: Jobs = request.app.state.jobs
    hosted = host.engine(body.model, EngineKind.CHAT)
    if body.stream:
        raise InvalidRequest("answers are not streamed here", code="stream_not_supported")
    job = jobs.start(x_request_id)
    ask = _prompted(hosted, body, job) if hosted.spec.reads_prompts else _tasked(hosted, body, job)
    return _response(body.model, await run_for(request, hosted, job, ask))


def _prompted(hosted: HostedEngine, body: ChatBody, job: Job) -> Callable[[], Completion]:
    if any(_video_url(message) for message in body.messages):
        raise InvalidRequest(f"{body.model} does not watch video", code="video_not_supported")
    prompt = ChatPrompt(tuple({"role": message.role, "content": "\n".join(_texts([message]))} for message in body.messages), body.settings)

    def work() -> Completion:
        engine: LanguageModel = hosted.get()
        return engine.complete(prompt, job)

    return work


def _tasked(hosted: HostedEngine, body: ChatBody, job: Job) -> Callable[[], Completion]:
    text, video_url = _last_user_message(body.messages)
    chat = ChatRequest(block=find_block(text), video_url=video_url)
    # These engines have no tokens: `usage` counts words.
    asked = sum(len(part.split()) for part in _texts(body.messages))

    def work() -> Completion:
        engine: ChatEngine = hosted.get()
        content = json.dumps(engine.answer(chat, job), ensure_ascii=False)
        return Completion(content, "stop", asked, len(content.split()))

    return work


def _last_user_message(messages: list[Message]) -> tuple[str, str | None]:
    """Returns text and video URL of the last message whose role is `user`. Raises `InvalidRequest` when there is none."""
    for message in reversed(messages):
        if message.role == "user":
            return "\n".join(_texts([message])), _video_url(message)
    raise InvalidRequest("there is no user message", code="no_task_block")


def _texts(messages: list[Message]) -> Iterator[str]:
    for message in messages:
        if isinstance(message.content, str):
            yield message.content
        elif message.content:
            yield from (part["text"] for part in message.content if part.get("type") == "text" and isinstance(part.get("text"), str))


def _video_url(message: Message) -> str | None:
    for part in message.content if isinstance(message.content, list) else ():
        if part.get("type") == "video_url":
            video = part.get("video_url")
            url = video.get("url") if isinstance(video, dict) else video
            if isinstance(url, str):
                return url
            raise InvalidRequest("video_url has no url", code="invalid_video_url")
    return None


def _response(model: str, answer: Completion) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": answer.text}, "finish_reason": answer.finish_reason}],
        "usage": {
            "prompt_tokens": answer.prompt_tokens,
            "completion_tokens": answer.completion_tokens,
            "total_tokens": answer.prompt_tokens + answer.completion_tokens,
        },
    }
