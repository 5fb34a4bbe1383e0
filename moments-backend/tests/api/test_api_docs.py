"""/docs shows every operation and every body, and brings nothing from anywhere."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from videomoments.api.openapi import document
from videomoments.api.reference import page_of
from videomoments.api.routes import docs


class _Page(HTMLParser):
    """What a page refers to, and the ids that it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: set[str] = set()
        self.tags: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.add(value or "")
            elif name in ("href", "src", "action", "srcset"):
                self.links.add(value or "")


async def test_it_shows_the_whole_contract(client: httpx.AsyncClient) -> None:
    answer = await client.get("/docs")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    page, contract = _Page(answer.text), document()
    operations = [operation for entry in contract["paths"].values() for operation in entry.values()]
    assert {operation["operationId"] for operation in operations} <= page.ids
    assert {f"schema-{name}" for name in contract["components"]["schemas"]} <= page.ids
    assert "curl -X POST localhost:7005/api/generate_moments -H &#x27;Content-Type: application/json&#x27;" in answer.text


async def test_it_loads_nothing_and_runs_nothing(client: httpx.AsyncClient) -> None:
    answer = await client.get("/docs")
    page = _Page(answer.text)
    assert not page.tags & {"script", "link", "img", "iframe", "object", "form", "base"}
    assert {link for link in page.links if not link.startswith("#")} == {"/api/openapi.json"}
    assert {link.removeprefix("#") for link in page.links if link.startswith("#")} <= page.ids
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'unsafe-inline';")


async def test_it_is_rendered_once_and_compressed(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    rendered: list[dict[str, Any]] = []

    def counted(contract: dict[str, Any]) -> str:
        rendered.append(contract)
        return page_of(contract)

    monkeypatch.setattr(docs, "page_of", counted)
    first, second = await client.get("/docs"), await client.get("/docs")
    assert (len(rendered), first.text) == (1, second.text)
    assert first.headers["content-encoding"] == "gzip"
    plain = await client.get("/docs", headers={"Accept-Encoding": "identity"})
    assert ("content-encoding" in plain.headers, plain.text) == (False, first.text)


def test_no_text_of_the_contract_is_markup() -> None:
    contract = {
        "info": {"title": "<script>", "summary": "<b>"},
        "components": {"schemas": {"A<": {"type": "object", "description": "<i>", "properties": {"<u>": {"enum": ["<s>"]}}}}},
        "paths": {
            "/<a>": {"get": {"operationId": "<x>", "summary": "<y>", "description": "`<z>`", "responses": {"200": {"description": "<w>"}}}}
        },
    }
    assert not _Page(page_of(contract)).tags & {"script", "i", "u", "s", "a>", "x", "y", "z", "w"}
