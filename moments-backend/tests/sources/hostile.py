"""Addresses that must lead nowhere, and who notices when one does.

PORT stands for the canary's. A host that ends in `.test` is resolved by the script `NAMES`: each look-up takes the next answer, later ones
the last. `away.test` is a server of the test's, allowed by its name alone, whose paths `REDIRECTS` send on.
"""

from __future__ import annotations

import errno
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Any

import pytest

from videomoments.sources.address_guard import is_public

_HOSTS_4 = (
    # loopback: plain, decimal, octal, hex, short, mixed, with dots and spaces of other scripts
    "127.0.0.1 127.0.0.2 127.255.255.254 127.1 127.0.1 2130706433 2130706434 0x7f000001 0X7F000001 0x7f.1 0x7f.0.0.1 0x7f.0x0.0x0.0x1 "
    "0177.0.0.1 0177.1 017700000001 00000177.0.0.1 127.0.0.01 127.000.000.001 127.0x0.0.1 127.0.0.1. 2130706433. 127.1. 0x7f000001. "
    "①②⑦.⓪.⓪.① １２７.０.０.１ 127。0。0。1 127．0．0．1 127｡0｡0｡1 ⓵②⑦.0.0.1 𝟏𝟐𝟕.𝟎.𝟎.𝟏 "
    "127.0.0.1%2e 127%2e0%2e0%2e1 %31%32%37.0.0.1 ２１３０７０６４３３ "
    # this host, private networks, carriers, links
    "0.0.0.0 0 00 0x0 0.1 10.0.0.1 10.255.255.255 167772161 0xa000001 012.0.0.1 10.1 172.16.0.1 172.31.255.254 2886729729 0xac100001 "
    "192.168.0.1 192.168.1 3232235521 0xc0a80001 0300.0250.0.1 100.64.0.1 100.127.255.254 169.254.0.1 169.254.10.10 "
    # where clouds keep their secrets
    "169.254.169.254 2852039166 0xa9fea9fe 0251.0376.0251.0376 169.254.43518 169.16689662 0xa9.0xfe.0xa9.0xfe 169.254.169.254. "
    "①⑥⑨.②⑤④.①⑥⑨.②⑤④ 100.100.100.200 168.63.129.16 192.0.0.192 169.254.170.2 169.254.169.253 "
    # tests, documents, benchmarks, many, all, later
    "192.0.2.1 198.51.100.1 203.0.113.1 198.18.0.1 192.88.99.1 224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255 4294967295 0xffffffff"
)
_HOSTS_6 = (
    "::1 :: 0:0:0:0:0:0:0:1 0000:0000:0000:0000:0000:0000:0000:0001 ::0001 0::1 fe80::1 fe80::1%25lo fc00::1 fd00::1 fd00:ec2::254 ff02::1 "
    "ff05::2 fec0::1 2001:db8::1 3fff::1 100::1 2001::1 2001:10::1 5f00::1 "
    # with an IPv4 address inside: mapped, compatible, translated, NAT64, 6to4, Teredo, ISATAP
    "::ffff:127.0.0.1 ::ffff:7f00:1 ::FFFF:127.0.0.1 0:0:0:0:0:ffff:127.0.0.1 ::ffff:0:127.0.0.1 ::127.0.0.1 ::7f00:1 ::ffff:10.0.0.1 "
    "::ffff:169.254.169.254 ::ffff:a9fe:a9fe ::ffff:192.168.0.1 ::ffff:0.0.0.0 64:ff9b::127.0.0.1 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe "
    "64:ff9b::10.0.0.1 64:ff9b:1::7f00:1 64:ff9b:1::1 2002:7f00:1:: 2002:7f00:0001::1 2002:a9fe:a9fe::1 2002:a00:1::1 2002:c0a8:1::1 "
    "2001:0:4136:e378:8000:63bf:80ff:fffe 2001:0:0:0:0:0:80ff:fffe 2606:4700::5efe:7f00:1 2606:4700::200:5efe:a9fe:a9fe"
)
_WHOLE = (
    # credentials before and behind, ports, fragments, queries, backslashes, slashes, controls, other schemes
    "http://user@127.0.0.1:PORT/a.mp4",
    "http://user:secret@127.0.0.1:PORT/a.mp4",
    "http://example.com@127.0.0.1:PORT/a.mp4",
    "http://example.com:80@127.0.0.1:PORT/a.mp4",
    "http://example.com%40127.0.0.1:PORT/a.mp4",
    "http://127.0.0.1:PORT@public.test/a.mp4",
    "http://127.0.0.1:PORT#@public.test/a.mp4",
    "http://127.0.0.1:PORT?@public.test/a.mp4",
    "http://127.0.0.1:PORT\\@public.test/a.mp4",
    "http://public.test\\@127.0.0.1:PORT/a.mp4",
    "http://public.test#@127.0.0.1:PORT/\r\n",
    "http:\\\\127.0.0.1:PORT\\a.mp4",
    "http:127.0.0.1:PORT/a.mp4",
    "http:/127.0.0.1:PORT/a.mp4",
    "http:///127.0.0.1:PORT/a.mp4",
    "http:////127.0.0.1:PORT/a.mp4",
    "//127.0.0.1:PORT/a.mp4",
    "http://127.0.0.1:PORT:80/a.mp4",
    "http://127.0.0.1 :PORT/a.mp4",
    "http://127.0.0.1\t:PORT/a.mp4",
    "http://127.0.0.1\n:PORT/a.mp4",
    "http://127.0.0.1\x00.public.test:PORT/a.mp4",
    "http://127.0.0.1%00.public.test:PORT/a.mp4",
    "http://[::1:PORT/a.mp4",
    "http://[::1]x:PORT/a.mp4",
    "http://[127.0.0.1]:PORT/a.mp4",
    "http://[v1.127.0.0.1]:PORT/a.mp4",
    "http://127.0.0.1:PORT/a.mp4#http://public.test/a.mp4",
    "  http://127.0.0.1:PORT/a.mp4  ",
    "HTTP://127.0.0.1:PORT/a.mp4",
    "https://127.0.0.1:PORT/a.mp4",
    "hTTp://LOCALHOST:PORT/a.mp4",
    "http://localhost:PORT/a.mp4",
    "http://localhost.:PORT/a.mp4",
    "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:PORT/a.mp4",
    "http://\u202e127.0.0.1:PORT/a.mp4",
    "http://127.0.0.1\u200b:PORT/a.mp4",
    "http://127.0.0.1:99999/a.mp4",
    "http://127.0.0.1:-1/a.mp4",
    "http://127.0.0.1:PORT０/a.mp4",
    "file:///etc/passwd",
    "file://127.0.0.1:PORT/etc/passwd",
    "ftp://127.0.0.1:PORT/a.mp4",
    "gopher://127.0.0.1:PORT/_GET%20/",
    "dict://127.0.0.1:PORT/info",
    "ldap://127.0.0.1:PORT/",
    "rtmp://127.0.0.1:PORT/live",
    "rtsp://127.0.0.1:PORT/live",
    "concat:http://127.0.0.1:PORT/a|b",
    "data:video/mp4;base64,AAAA",
    "jar:http://127.0.0.1:PORT/a!/b",
    "javascript:fetch('http://127.0.0.1:PORT')",
    "unix:///var/run/docker.sock",
    "gs://127.0.0.1:PORT/a.mp4",
    "gs://user@bucket/a.mp4",
    "gs://bucket/../../a.mp4",
    "s3://127.0.0.1:PORT/a.mp4",
    "s3://169.254.169.254/latest/meta-data",
    "s3://somebodys-bucket/a.mp4",
    # names: what they are found to be at the time of connecting counts
    "http://private.test:PORT/a.mp4",
    "http://metadata.google.internal.test:PORT/computeMetadata/v1/",
    "http://half.test:PORT/a.mp4",
    "http://mapped.test:PORT/a.mp4",
    "http://nat64.test:PORT/a.mp4",
    "http://sixtofour.test:PORT/a.mp4",
    "http://six.test:PORT/a.mp4",
    "http://zero.test:PORT/a.mp4",
    "http://rebind.test:PORT/a.mp4",
    "http://rebind6.test:PORT/a.mp4",
    "http://none.test:PORT/a.mp4",
)
NAMES = {
    "private.test": [["127.0.0.1"]],
    "metadata.google.internal.test": [["169.254.169.254"]],
    "half.test": [["8.8.8.8", "127.0.0.1"]],
    "mapped.test": [["::ffff:127.0.0.1"]],
    "nat64.test": [["64:ff9b::7f00:1"]],
    "sixtofour.test": [["2002:7f00:1::"]],
    "six.test": [["::1"]],
    "zero.test": [["0.0.0.0"]],
    # A public address at the look, which can't be reached here; ours at every further one.
    "rebind.test": [["8.8.8.8"], ["127.0.0.1"]],
    "rebind6.test": [["2606:4700:4700::1111"], ["::1"]],
    "none.test": [[]],
    "public.test": [["8.8.8.8"]],
    "away.test": [["127.0.0.1"]],
}
REDIRECTS = {
    "ours": "http://127.0.0.1:PORT/a.mp4",
    "number": "http://2130706433:PORT/a.mp4",
    "six": "http://[::1]:PORT/a.mp4",
    "mapped": "http://[::ffff:127.0.0.1]:PORT/a.mp4",
    "name": "http://localhost:PORT/a.mp4",
    "private": "http://private.test:PORT/a.mp4",
    "metadata": "http://169.254.169.254/latest/meta-data",
    "credentials": "http://user:secret@127.0.0.1:PORT/a.mp4",
    "relative": "//127.0.0.1:PORT/a.mp4",
    "digits": "http://①②⑦.⓪.⓪.①:PORT/a.mp4",
    "file": "file:///etc/passwd",
    "ftp": "ftp://127.0.0.1:PORT/a.mp4",
    "data": "data:video/mp4;base64,AAAA",
    "bad": "http://[::1",
    "chain": "/ours",
    "loop": "/loop",
}
HOSTILE = (
    *(f"http://{host}:PORT/a.mp4" for host in _HOSTS_4.split()),
    *(f"http://[{host}]:PORT/a.mp4" for host in _HOSTS_6.split()),
    *_WHOLE,
)


@contextmanager
def everybody() -> Iterator[tuple[int, list[Any]]]:
    """A port that answers on every address of this machine, IPv4 and IPv6, and who connected to it."""
    hits: list[Any] = []
    with socket.create_server(("0.0.0.0", 0), backlog=64) as four:
        port = four.getsockname()[1]
        servers = [four]
        if socket.has_ipv6:
            six = socket.socket(socket.AF_INET6)
            six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            try:
                six.bind(("::", port))
                six.listen(64)
                servers.append(six)
            except OSError:
                six.close()
        try:
            yield port, hits
        finally:
            for server in servers:
                server.setblocking(False)
                try:
                    while True:
                        connection, address = server.accept()
                        hits.append(address)
                        connection.close()
                except BlockingIOError:
                    pass
                server.close()


class Connections:
    """What this process tries to connect to over the internet's protocols, but to ports that are `known`. Public addresses are refused on
    the way: a test reaches nobody. An audit hook can't be taken off, so there is one, which listens while `watching`."""

    def __init__(self) -> None:
        self.watching = False
        self.known: set[int] = set()
        self.private: list[Any] = []
        self.public: list[Any] = []
        sys.addaudithook(self._audit)

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.watching or event not in ("socket.connect", "socket.sendto") or not isinstance(arguments[1], tuple):
            return
        place = arguments[1]
        try:
            public = is_public(ip_address(str(place[0]).partition("%")[0]))
        except ValueError:
            public = False
        if public:
            self.public.append(place)
            raise ConnectionRefusedError(errno.ECONNREFUSED, "refused by the test")
        if place[1] not in self.known:
            self.private.append(place)


CONNECTIONS = Connections()


@contextmanager
def watched(known: set[int]) -> Iterator[Connections]:
    CONNECTIONS.known, CONNECTIONS.private, CONNECTIONS.public = known, [], []
    CONNECTIONS.watching = True
    try:
        yield CONNECTIONS
    finally:
        CONNECTIONS.watching = False


@pytest.fixture
def scripted_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """The resolver of this process answers for `.test` as the script says, and knows no other name but localhost."""
    real = socket.getaddrinfo
    asked: dict[str, int] = {}

    def getaddrinfo(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else str(host)
        if name.rstrip(".") not in NAMES:
            if any(letter.isalpha() for letter in name) and ":" not in name and not name.startswith(("localhost", "0x", "0X")):
                raise socket.gaierror(socket.EAI_NONAME, "unknown to the script")
            return real(host, port, *args, **kwargs)
        answers = NAMES[name.rstrip(".")]
        turn = asked[name] = asked.get(name, -1) + 1
        found = [real(address, port, type=socket.SOCK_STREAM)[0] for address in answers[min(turn, len(answers) - 1)]]
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return found

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
