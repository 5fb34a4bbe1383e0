"""POST /v1/chat/completions, for engines that read task blocks."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel, ConfigDict

from moments_models.base import ChatEngine, ChatRequest, EngineKind
from moments_models.errors import InvalidRequest
from moments_models.host import Host
from moments_models.jobs import Jobs
from moments_models.routes.work import run_for
from moments_models.tasks import find_block

router = APIRouter()

MAX_BODY = 256 * 1024 * 1024
"""Bytes; clips may come as data URLs."""


class Message(BaseModel):
    model_config = ConfigDict(extra="ignore")

    role: str
    content: str | list[dict[str, Any]] | None = None


class Completion(BaseModel):
    """The part of OpenAI's body that matters here; sampling settings and `response_format` are accepted and change nothing."""

    model_config = ConfigDict(extra="ignore")

    model: str
    messages: list[Message]
    stream: bool | None = None


@router.post("/v1/chat/completions")
async def complete(
    request: Request, body: Completion, x_request_id: Annotated[str | None, Header(max_length=200)] = None
) -> dict[str, Any]:
    """An OpenAI-shaped completion whose content is bare JSON."""
    host: Host = request.app.state.host
    jobs: Jobs = request.app.state.jobs
    hosted = host.engine(body.model, EngineKind.CHAT)
    if body.stream:
        raise InvalidRequest("answers are not streamed here", code="stream_not_supported")
    text, video_url = _last_user_message(body.messages)
    chat = ChatRequest(block=find_block(text), video_url=video_url)
    job = jobs.start(x_request_id)

    def work() -> str:
        engine: ChatEngine = hosted.get()
        return json.dumps(engine.answer(chat, job), ensure_ascii=False)

    content = await run_for(request, hosted, job, work)
    return _completion(body.model, content, prompt_words=sum(len(part.split()) for part in _texts(body.messages)))


def _last_user_message(messages: list[Message]) -> tuple[str, str | None]:
    """Text and video URL of the last message whose role is `user`."""
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


def _completion(model: str, content: str, *, prompt_words: int) -> dict[str, Any]:
    """`usage` counts words: these engines have no tokens that anyone pays for."""
    answered = len(content.split())
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": prompt_words, "completion_tokens": answered, "total_tokens": prompt_words + answered},
    }
