"""F73: hosts and pages are compared with their ports, in every spelling that browsers and operators use."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from videomoments.api.hosts import Authority, Hosts, authority, origin
from videomoments.core.config import Settings


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("localhost", Authority("localhost", None)),
        ("LocalHost.:7005", Authority("localhost", 7005)),
        ("example.com:443", Authority("example.com", None)),
        ("[::1]:7005", Authority("::1", 7005)),
        ("[0:0:0:0:0:0:0:1]", Authority("::1", None)),
        ("bücher.example:8080", Authority("xn--bcher-kva.example", 8080)),
        ("XN--BCHER-KVA.example", Authority("xn--bcher-kva.example", None)),
        *(
            (broken, None)
            for broken in ("", ".", "a b", "a:b", "a@localhost", "localhost/", "[::1", "[x]", "::1", "a:7005:7005", "localhost:")
        ),
    ],
)
def test_a_host_in_one_spelling(text: str, found: Authority | None) -> None:
    assert authority(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("http://localhost:7005", Authority("localhost", 7005)),
        ("https://Example.com.", Authority("example.com", None)),
        ("https://example.com:443", Authority("example.com", None)),
        ("http://example.com:443", Authority("example.com", 443)),
        ("http://[::1]:3005", Authority("::1", 3005)),
        *((broken, None) for broken in ("null", "", "localhost:7005", "file://", "chrome-extension://abc", "http://a@localhost:7005")),
    ],
)
def test_an_origin_in_one_spelling(text: str, found: Authority | None) -> None:
    assert origin(text) == found


def hosts(tmp_path: Path, **changed: str) -> Hosts:
    return Hosts.of(Settings(home=tmp_path, **({"public_url": None} | changed)))


@pytest.mark.parametrize(
    ("page", "host", "trusted"),
    [
        ("http://localhost:7005", "localhost:7005", True),
        ("http://localhost:9999", "localhost:7005", False),
        ("http://localhost", "localhost:7005", False),
        ("http://127.0.0.1:7005", "localhost:7005", False),
        ("http://LOCALHOST.:7005", "localhost:7005", True),
        ("http://[::1]:7005", "[0::1]:7005", True),
        ("http://[::1]:7006", "[::1]:7005", False),
        ("http://localhost:8000", "localhost:8000", True),  # a tunnel or a container on another port
        ("http://localhost:3005", "127.0.0.1:7005", True),  # the page while it is worked on
        ("https://moments.example", "moments.example", True),
        ("http://moments.example:80", "moments.example", True),
        ("https://moments.example:8443", "moments.example", False),
        ("null", "localhost:7005", False),
    ],
)
def test_f73_a_page_is_of_its_port(tmp_path: Path, page: str, host: str, trusted: bool) -> None:
    assert hosts(tmp_path).trusts(page, host) is trusted


def test_proxies_that_call_us_by_another_name(tmp_path: Path) -> None:
    """They pass on a Host of their own, or ours: then the page's origin has to be listed, or be the public URL's."""
    listed = hosts(
        tmp_path, allowed_hosts="moments.example, video.example:8443, bücher.example, 2001:db8::1", public_url="https://Public.example/x"
    )
    for host in (
        "moments.example",
        "moments.example:8080",
        "video.example:8443",
        "xn--bcher-kva.example",
        "[2001:db8::1]:7005",
        "public.example",
    ):
        assert listed.serves(host), host
    assert not listed.serves("video.example:8444")
    assert not listed.serves("video.example")
    for page in ("https://moments.example", "https://video.example:8443", "https://public.example", "https://xn--bcher-kva.example"):
        assert listed.trusts(page, "127.0.0.1:7005"), page
    for page in ("https://moments.example:8080", "https://video.example", "https://public.example:444"):
        assert not listed.trusts(page, "127.0.0.1:7005"), page


async def test_f73_another_port_of_this_machine_may_not_post(client: httpx.AsyncClient) -> None:
    body = {"url": "https://example.com/x.mp4"}
    for headers in ({"Origin": "http://localhost:9999"}, {"Origin": "http://127.0.0.1:7006"}, {"Sec-Fetch-Site": "same-site"}):
        answer = await client.post("/api/videos", json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "origin_not_allowed")
    ours = {"Origin": "http://127.0.0.1:7005", "Sec-Fetch-Site": "same-origin"}
    assert (await client.post("/api/videos", json=body, headers=ours)).status_code == 201
