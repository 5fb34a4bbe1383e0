"""The API as a process would run it: a socket, uvicorn, and a client that knows nothing of either."""

from __future__ import annotations

import asyncio
import socket

import httpx
import pytest
from finished import CLIP, finished

from videomoments.api.deps import ApiDeps, build_deps
from videomoments.api.server import bind, make_server
from videomoments.core.config import Settings
from videomoments.core.errors import Conflict


async def test_from_a_url_to_a_clip_over_a_real_socket(deps: ApiDeps, settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    settings = settings.model_copy(update={"port": 0})
    with bind(settings) as listener:
        server = make_server(settings, build_deps(settings))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=300) as client:
                accepted = await client.post("/api/generate_moments", json={"url": "https://example.com/other.mp4"})
                assert accepted.status_code == 202
                status = (await client.get(accepted.headers["Location"])).json()
                assert status["status"] == "queued"
                done = await finished(deps)
                assert (await client.get(f"/api/pipeline/{done.video_id}/status")).json()["status"] == "completed"
                moments = (await client.get(f"/api/videos/{done.video_id}/moments")).json()["items"]
                url = moments[0]["clip"]["url"]
                part = await client.get(url, headers={"Range": "bytes=4-7"})
                assert (part.status_code, part.content) == (206, b"clip")
                assert (await client.get(url)).content == CLIP
                head = await client.head(url)
                assert (head.headers["Content-Length"], head.headers.get("server")) == (str(len(CLIP)), None)
        finally:
            server.should_exit = True
            await asyncio.wait_for(serving, 300)
    assert "signature=" not in caplog.text


def test_answers_do_not_wait_for_acknowledgements(settings: Settings) -> None:
    with bind(settings.model_copy(update={"port": 0})) as listener:
        # What asyncio looks at before it turns Nagle's algorithm off; 40 ms an answer otherwise.
        assert listener.proto == socket.IPPROTO_TCP


def test_what_can_not_be_bound_is_said(settings: Settings) -> None:
    with bind(settings.model_copy(update={"port": 0})) as listener, pytest.raises(Conflict) as caught:
        bind(settings.model_copy(update={"port": listener.getsockname()[1]}))
    assert caught.value.code == "port_taken"
