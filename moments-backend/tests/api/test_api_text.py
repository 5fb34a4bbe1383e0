"""Text at every way in of the API: one form, unwanted signs named, lone halves of a pair never an error of ours."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from finished import finished

from videomoments.api.deps import ApiDeps
from videomoments.api.openapi import document

HALF, TURNED = "half \ud800", "user\u202etxt.exe"
_JSON = {"Content-Type": "application/json"}


def bodies() -> Iterator[tuple[str, str, dict[str, Any], dict[str, Any]]]:
    """Method, path, example and properties of every operation that takes JSON."""
    described = document()
    schemas = described["components"]["schemas"]
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
            if schema is not None:
                [name] = [one["$ref"].rpartition("/")[2] for one in schema.get("anyOf", [schema]) if "$ref" in one]
                yield method, path, schemas[name]["examples"][0], schemas[name]["properties"]


async def test_f95_half_a_character_is_no_error_of_ours_anywhere(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    done = await finished(deps)
    moment = (await client.get(f"/api/videos/{done.video_id}/moments")).json()["items"][0]["identifier"]
    known = {"video_id": done.video_id, "request_id": done.request_id, "moment_id": moment, "key": "whisper_base"}
    asked = 0
    for method, path, example, properties in bodies():
        url = path.format_map(known | {"upload_id": "none", "key_id": "none"})
        for field in (*properties, "odd \ud800"):
            for value in (
                HALF,
                [HALF],
                [{"index": 0, "was": HALF, "word": "x"}],
                [{"index": 0, "was": "Hello", "word": HALF}],
                {HALF: HALF},
            ):
                content = json.dumps(example | {field: value}).encode()  # escaped, as a program may send it
                answer = await client.request(method, url, content=content, headers=_JSON)
                assert 400 <= answer.status_code < 500, (method, path, field, value, answer.status_code, answer.text)
                answer.json()
                asked += 1
    assert asked > 200


async def test_f95_a_typed_title_is_refused_alike_at_every_way_in(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    done = await finished(deps)
    moments = f"/api/videos/{done.video_id}/moments"
    one = f"{moments}/{(await client.get(moments)).json()['items'][0]['identifier']}"
    ways: tuple[tuple[str, str, dict[str, Any], str], ...] = (
        ("POST", moments, {"start_time": 1, "end_time": 5}, "title"),
        ("PATCH", one, {}, "title"),
        ("PATCH", f"/api/videos/{done.video_id}", {}, "title"),
        ("POST", "/api/videos", {"url": "https://example.com/other.mp4"}, "title"),
        ("POST", "/api/generate_moments", {"url": "https://example.com/other.mp4"}, "title"),
        ("POST", "/api/admin/keys", {"scope": "read"}, "name"),
    )
    for method, url, rest, field in ways:
        for text, said in (("   ", "nothing to read"), ("\u3164", "nothing to read"), (TURNED, "U+202E"), (HALF, ""), ("a\x07b", "U+0007")):
            answer = await client.request(method, url, content=json.dumps(rest | {field: text}).encode(), headers=_JSON)
            assert answer.status_code == 422, (url, text)
            assert said in answer.json()["detail"], (url, text, answer.text)
        kept = await client.request(method, url, json=rest | {field: "  Cafe\u0301\t au  lait 👩\u200d🔬 "})
        assert kept.status_code in (200, 201, 202), kept.text
        if field in kept.json():
            assert kept.json()[field] == "Café au lait 👩\u200d🔬"
    titles = [video["title"] for video in (await client.get("/api/videos", params={"q": "cafe\u0301"})).json()["items"]]
    assert titles == ["Café au lait 👩\u200d🔬"] * 2  # found in either form


async def test_f95_prompts_and_words_are_text_too(client: httpx.AsyncClient, deps: ApiDeps) -> None:
    done = await finished(deps)
    start, words = f"/api/pipeline/{done.video_id}/start", f"/api/videos/{done.video_id}/transcript"
    for text in (TURNED, HALF, "a\x00b"):
        asked = await client.post(start, content=json.dumps({"prompt": text}).encode(), headers=_JSON)
        assert (asked.status_code, asked.json()["code"]) == (422, "invalid_input")
        corrected = {"words": [{"index": 0, "was": "Hello", "word": text}]}
        answer = await client.patch(words, content=json.dumps(corrected).encode(), headers=_JSON)
        assert answer.status_code == 422
    answer = await client.patch(words, json={"words": [{"index": 0, "was": "Hello", "word": "Ha\u0308llo"}]})
    assert answer.json()["word_timestamps"][0]["word"] == "Hällo"
    again = await client.patch(words, json={"words": [{"index": 0, "was": "Ha\u0308llo", "word": "Hello"}]})
    assert again.status_code == 200  # what stood there, in either form
    assert (await client.post(start, json={"prompt": "two\r\nlines"})).status_code == 202
    (run,) = [run for run in (await client.get("/api/pipeline")).json()["items"] if run["status"] == "queued"]
    assert run["options"]["prompt"] == "two\nlines"


@pytest.mark.parametrize("sent", ["<a> \u0939\u093f\u0928\u094d\u0926\u0940", "plain"])
async def test_f95_what_an_export_replaces_is_said(client: httpx.AsyncClient, deps: ApiDeps, sent: str) -> None:
    done = await finished(deps)
    moments = (await client.get(f"/api/videos/{done.video_id}/moments")).json()["items"]
    await client.patch(f"/api/videos/{done.video_id}/moments/{moments[0]['identifier']}", json={"title": sent})
    answer = await client.get(f"/api/videos/{done.video_id}/export", params={"format": "chapters"})
    notes = json.loads(answer.headers.get("Export-Notes", "[]"))
    assert ("Signs that the format can't hold are replaced: “<” by “‹”, “>” by “›”." in notes) == ("<" in sent)
    assert "Export-Notes" not in (await client.get(f"/api/videos/{done.video_id}/export", params={"format": "otio"})).headers


async def test_f95_an_upload_takes_the_titles_that_others_take(client: httpx.AsyncClient) -> None:
    for text, said in (("\u3164", "nothing to read"), (TURNED, "U+202E"), ("a\x07b", "U+0007")):
        answer = await client.post("/api/videos/upload", data={"title": text}, files={"file": ("x.mp4", b"video" * 1000)})
        assert (answer.status_code, said in answer.json()["detail"]) == (422, True), answer.text
        told = f"title {base64.b64encode(text.encode()).decode()}"
        headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "5000", "Upload-Metadata": told}
        assert (await client.post("/api/videos/upload", headers=headers)).status_code == 422
