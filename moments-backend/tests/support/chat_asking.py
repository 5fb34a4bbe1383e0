"""One question put to a chat server in many dialects, and what must come of it."""

from __future__ import annotations

from typing import Any

import pytest

from support.fakes.model_server import ModelServer
from videomoments.core.errors import ModelError
from videomoments.inference.model_registry import Endpoint, ModelConfig, ModelKind
from videomoments.inference.openai_chat import ChatAnswer, ChatClient
from videomoments.inference.retry import Deadlines, RetryPolicy
from videomoments.moments.lines import Line
from videomoments.moments.moment_limits import MomentLimits
from videomoments.moments.parsing import Generation, parse_generation
from videomoments.moments.prompt_texts import GENERATION_SCHEMA, generation_messages

CONFIG = ModelConfig(key="fake", kind=ModelKind.CHAT, endpoint="/v1/chat/completions", model_name="fake-chat", temperature=0.3)
FAST = RetryPolicy(first_wait=0.01, longest_wait=0.05)
DEADLINES = Deadlines(connect=30.0, read=60.0, total=120.0, first=60.0)
LINES = [Line(n, (n - 1) * 10.0, n * 10.0 - 1, f"This is sentence {n}.") for n in range(1, 9)]
MESSAGES = generation_messages(LINES, duration=80.0, limits=MomentLimits())


def parse(answer: ChatAnswer) -> Generation:
    return parse_generation(answer.text, duration=80.0, finish_reason=answer.finish_reason)


async def asked(client: ChatClient, server: ModelServer, config: ModelConfig = CONFIG, **options: Any) -> Generation:
    result = await client.ask(Endpoint(server.url), config, MESSAGES, parse, schema=GENERATION_SCHEMA, **options)
    assert result.asked == 1, "a refusal of the form is no bad answer"
    return result.value


async def failing(client: ChatClient, server: ModelServer, config: ModelConfig = CONFIG, **options: Any) -> ModelError:
    with pytest.raises(ModelError) as caught:
        await client.ask(Endpoint(server.url), config, MESSAGES, parse, schema=GENERATION_SCHEMA, **options)
    return caught.value
