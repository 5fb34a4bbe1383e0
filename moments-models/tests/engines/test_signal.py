"""`signal` on clips whose cuts, words and silences are known exactly."""

from __future__ import annotations

import base64
import functools
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from made_clip import make_clip

WORDS = [(1.0, 1.4), (1.5, 1.9), (3.0, 3.4), (3.5, 3.9), (4.0, 4.6), (6.0, 6.5), (6.6, 7.2), (8.2, 8.6), (8.7, 9.4)]
TEXTS = ["One", "two.", "Here", "we", "go.", "That", "ends.", "After", "that."]
LINES = [(1.0, 1.9, "One two."), (3.0, 4.6, "Here we go."), (6.0, 7.2, "That ends."), (8.2, 9.4, "After that.")]
WITHIN = 0.15


def block(start: float, end: float, *, heard_late: float = 0.0, clip: bool = True, **more: Any) -> dict[str, Any]:
    return {
        "task": "refine_moment",
        "duration": 100.0,
        "time_base": "clip" if clip else "absolute",
        "clip": {"start": 20.0, "duration": 10.0, "padding_left": 3.0, "padding_right": 3.0} if clip else None,
        "moment": {"title": "A moment", "start_time": start, "end_time": end},
        "limits": {"max_moments": 12, "min_duration": 1.0, "max_duration": 60.0},
        "lines": [{"n": n, "start": a + heard_late, "end": b + heard_late, "text": t} for n, (a, b, t) in enumerate(LINES, 1)],
        "words": [[a + heard_late, b + heard_late, t] for (a, b), t in zip(WORDS, TEXTS, strict=True)],
        **more,
    }


async def ask(client: httpx.AsyncClient, task: dict[str, Any], url: str | None = None) -> httpx.Response:
    content: list[dict[str, Any]] = [{"type": "text", "text": "Set the boundaries.\n\n" + json.dumps(task)}]
    if url is not None:
        content.append({"type": "video_url", "video_url": {"url": url}})
    return await client.post("/v1/chat/completions", json={"model": "signal", "messages": [{"role": "user", "content": content}]})


async def refined(client: httpx.AsyncClient, task: dict[str, Any], clip: Path | None = None) -> dict[str, Any]:
    url = f"data:video/mp4;base64,{base64.b64encode(clip.read_bytes()).decode()}" if clip else None
    response = await ask(client, task, url)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = json.loads(response.json()["choices"][0]["message"]["content"])
    return answer


async def test_it_snaps_to_silence_beside_the_first_and_last_word(client: httpx.AsyncClient, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", seconds=10, words=WORDS)
    answer = await refined(client, block(3.2, 7.0), clip)
    assert answer["start_time"] == pytest.approx(2.88, abs=0.05)
    assert answer["end_time"] == pytest.approx(7.32, abs=0.05)
    assert "measured: silence 0.08 s before" in answer["reason"]
    assert "no understanding of content" in answer["reason"]


@pytest.mark.parametrize("late", [-0.2, -0.1, 0.1, 0.2])
async def test_the_sound_corrects_word_times(client: httpx.AsyncClient, tmp_path: Path, late: float) -> None:
    clip = make_clip(tmp_path / "clip.mp4", seconds=10, words=WORDS)
    answer = await refined(client, block(3.2, 7.0, heard_late=late), clip)
    assert answer["start_time"] == pytest.approx(3.0, abs=WITHIN)
    assert answer["start_time"] <= 3.0
    assert answer["end_time"] == pytest.approx(7.2, abs=WITHIN)
    assert answer["end_time"] >= 7.2


async def test_the_stop_before_a_final_consonant_is_not_the_end(client: httpx.AsyncClient, tmp_path: Path) -> None:
    heard = [*WORDS[:6], (6.6, 7.0), (7.09, 7.2), *WORDS[7:]]
    clip = make_clip(tmp_path / "clip.mp4", seconds=10, words=heard)
    task = block(3.2, 7.0)
    task["words"][6][1] = 7.02  # recognised up to the stop
    answer = await refined(client, task, clip)
    assert answer["end_time"] == pytest.approx(7.32, abs=0.05)


async def test_a_cut_close_to_the_word_is_preferred(client: httpx.AsyncClient, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", seconds=10, words=WORDS, cuts=[2.72, 7.4])
    answer = await refined(client, block(3.1, 7.1), clip)
    assert answer["start_time"] == pytest.approx(2.72, abs=0.021)
    assert answer["end_time"] == pytest.approx(7.4, abs=0.021)
    assert "shot cut" in answer["reason"]


async def test_a_cut_farther_away_is_not(client: httpx.AsyncClient, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", seconds=10, words=WORDS, cuts=[2.4, 7.8])
    answer = await refined(client, block(3.1, 7.1), clip)
    assert answer["start_time"] == pytest.approx(2.88, abs=0.05)
    assert answer["end_time"] == pytest.approx(7.32, abs=0.05)


async def test_f48_times_count_from_the_first_frame(client: httpx.AsyncClient, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", seconds=10, words=WORDS, cuts=[2.72], offset=1.4)
    answer = await refined(client, block(3.1, 7.1), clip)
    assert answer["start_time"] == pytest.approx(2.72, abs=0.021)
    assert answer["end_time"] == pytest.approx(7.32, abs=0.08)


async def test_without_a_clip_words_decide(client: httpx.AsyncClient) -> None:
    answer = await refined(client, block(3.2, 7.0, clip=False))
    assert answer["start_time"] == pytest.approx(2.9, abs=0.03)
    assert answer["end_time"] == pytest.approx(7.3, abs=0.03)
    assert "without the clip" in answer["reason"]


async def test_without_words_a_near_cut_or_silence_decides(client: httpx.AsyncClient, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", seconds=10, words=WORDS, cuts=[2.72])
    answer = await refined(client, block(2.9, 7.0, words=[], lines=[]), clip)
    assert answer["start_time"] == pytest.approx(2.72, abs=0.021)
    assert answer["end_time"] == pytest.approx(7.32, abs=0.05)


async def test_nothing_near_leaves_the_moment_and_says_so(client: httpx.AsyncClient) -> None:
    answer = await refined(client, block(40.0, 60.0, clip=False))
    assert (answer["start_time"], answer["end_time"]) == (40.0, 60.0)
    assert "unchanged" in answer["reason"]


async def test_limits_win(client: httpx.AsyncClient) -> None:
    task = block(3.0, 7.2, clip=False, limits={"max_moments": 1, "min_duration": 1.0, "max_duration": 4.25})
    answer = await refined(client, task)
    assert answer["end_time"] - answer["start_time"] <= 4.25


async def test_loud_music_under_the_voice_leaves_word_times(client: httpx.AsyncClient, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", seconds=10, words=WORDS, noise=0.1)
    answer = await refined(client, block(3.2, 7.0), clip)
    assert answer["start_time"] == pytest.approx(2.9, abs=0.05)
    assert answer["end_time"] == pytest.approx(7.3, abs=0.05)


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    handler = functools.partial(_Quiet, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/expired.mp4":
            self.send_error(403)
        elif self.path == "/elsewhere.mp4":
            self.send_response(302)
            self.send_header("Location", "file:///etc/hostname")
            self.end_headers()
        else:
            super().do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


async def test_a_clip_comes_over_http(client: httpx.AsyncClient, tmp_path: Path, web: str) -> None:
    make_clip(tmp_path / "clip.mp4", seconds=10, words=WORDS, cuts=[2.72])
    response = await ask(client, block(3.1, 7.1), f"{web}/clip.mp4")
    assert json.loads(response.json()["choices"][0]["message"]["content"])["start_time"] == pytest.approx(2.72, abs=0.021)


@pytest.mark.parametrize(
    ("url", "status", "code"),
    [
        ("{web}/expired.mp4", 424, "video_unavailable"),
        ("{web}/missing.mp4", 424, "video_unavailable"),
        ("{web}/elsewhere.mp4", 424, "video_unavailable"),
        ("http://127.0.0.1:9/x.mp4", 424, "video_unavailable"),
        ("file:///etc/hostname", 400, "invalid_video_url"),
        ("ftp://localhost/x", 400, "invalid_video_url"),
        ("data:video/mp4;base64,%%%", 400, "invalid_video_url"),
        ("data:video/mp4;base64,AAAA", 422, "unreadable_media"),
    ],
)
async def test_f55_a_clip_that_cannot_be_had_is_an_error_with_a_code(
    client: httpx.AsyncClient, web: str, url: str, status: int, code: str
) -> None:
    response = await ask(client, block(3.1, 7.1), url.format(web=web))
    assert response.status_code == status, response.text
    assert response.json()["error"]["code"] == code


async def test_a_playlist_opens_nothing(client: httpx.AsyncClient, tmp_path: Path) -> None:
    secret = make_clip(tmp_path / "secret.mp4", seconds=2, words=[])
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile://{secret}\n#EXT-X-ENDLIST\n"
    response = await ask(client, block(3.1, 7.1), f"data:video/mp4;base64,{base64.b64encode(playlist.encode()).decode()}")
    assert response.status_code == 422
