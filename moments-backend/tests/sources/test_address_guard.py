from __future__ import annotations

import asyncio
import socket
from ipaddress import ip_address

import pytest

from videomoments.core.errors import AddressRefused, InvalidInput, SourceUnavailable
from videomoments.sources.address_guard import AddressGuard, is_public

NOT_PUBLIC = (
    "0.0.0.0 10.1.2.3 100.64.0.1 127.0.0.1 127.9.9.9 168.63.129.16 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.192 192.168.1.1 "
    "198.18.0.1 198.51.100.7 203.0.113.9 224.0.0.1 240.0.0.1 255.255.255.255 192.88.99.1 100.100.100.200 "
    ":: ::1 ::127.0.0.1 fe80::1 fc00::1 fd00:ec2::254 ff02::1 fec0::1 2001:db8::1 3fff::1 2001::1 2001:2::1 100::1 "
    "::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 64:ff9b:1::808:808 "
    "2002:7f00:1:: 2002:a00:1::1 2001:0:4136:e378:8000:63bf:f5ff:fffe 2606:4700::5efe:7f00:1 2606:4700::200:5efe:a00:1"
)
PUBLIC = "8.8.8.8 1.1.1.1 93.184.216.34 172.32.0.1 2606:4700:4700::1111 ::ffff:8.8.8.8 64:ff9b::808:808 2002:808:808::1 2a00:1450::1"


@pytest.mark.parametrize("text", NOT_PUBLIC.split())
def test_addresses_that_not_everyone_reaches(text: str) -> None:
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("text", PUBLIC.split())
def test_public_addresses(text: str) -> None:
    assert is_public(ip_address(text))


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "127.1", "0177.0.0.1", "2130706433", "0x7f000001", "①②⑦.⓪.⓪.①"])
async def test_every_spelling_of_loopback_is_refused(host: str) -> None:
    with pytest.raises(AddressRefused) as caught:
        await AddressGuard().addresses(host, 80)
    assert "127.0.0.1" not in str(caught.value) or host == "127.0.0.1"


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "::ffff:127.0.0.1", "127.1", "0x7f.1", "2130706433", "2130706433."])
def test_literals_are_checked_before_connecting(host: str) -> None:
    with pytest.raises(AddressRefused):
        AddressGuard().check_literal(host)


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST", "localhost.", "a.localhost", "localhost.localdomain", "localhost6", "ip6-localhost", "ip6-loopback"]
)
def test_names_of_this_machine_are_refused_before_they_are_resolved(host: str) -> None:
    with pytest.raises(AddressRefused):
        AddressGuard().check_literal(host)
    with pytest.raises(AddressRefused):
        AddressGuard("10.0.0.0/8").check_literal(host)
    AddressGuard("127.0.0.1").check_literal(host)
    AddressGuard("::1").check_literal(host)
    AddressGuard(host).check_literal(host)


def test_other_names_are_left_to_their_resolution() -> None:
    for host in ("localhost.example", "mylocalhost", "media.example", "v1.example"):
        AddressGuard().check_literal(host)


def test_a_resolvers_answers_are_all_checked_and_each_is_kept_once() -> None:
    answers = ["8.8.8.8", "2606:4700:4700::1111%eth0", "8.8.8.8"]
    assert AddressGuard().checked("media.example", answers) == [ip_address("8.8.8.8"), ip_address("2606:4700:4700::1111")]
    with pytest.raises(AddressRefused) as caught:
        AddressGuard().checked("media.example", ["8.8.8.8", "fe80::1%eth0"])
    assert "fe80" not in str(caught.value), "what our resolver knows stays with us"
    assert AddressGuard("MEDIA.example.").checked("media.EXAMPLE.", ["10.0.0.1"]) == [ip_address("10.0.0.1")]


@pytest.mark.parametrize(("number", "retryable"), [(socket.EAI_AGAIN, True), (socket.EAI_NONAME, False)])
async def test_a_name_server_that_does_not_answer_is_asked_again(monkeypatch: pytest.MonkeyPatch, number: int, retryable: bool) -> None:
    async def none(*_: object, **__: object) -> list[object]:
        raise socket.gaierror(number, "no answer")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", none)
    with pytest.raises(SourceUnavailable) as caught:
        await AddressGuard().addresses("media.example", 80)
    assert caught.value.retryable is retryable


async def test_listed_hosts_and_networks_may_be_reached() -> None:
    AddressGuard("127.0.0.1").check_literal("127.0.0.1")
    AddressGuard("10.0.0.0/8, 192.168.1.7").check_literal("10.9.9.9")
    AddressGuard("10.0.0.0/8").check_literal("::ffff:10.9.9.9")
    assert await AddressGuard("LocalHost.").addresses("localhost", 80)
    for guard, host in (
        (AddressGuard("127.0.0.1"), "127.0.0.2"),
        (AddressGuard("media.local"), "10.0.0.1"),
        (AddressGuard(" , "), "10.0.0.1"),
    ):
        with pytest.raises(AddressRefused):
            guard.check_literal(host)
    with pytest.raises(InvalidInput):
        AddressGuard("10.0.0.0/99")


async def test_a_name_that_is_none() -> None:
    with pytest.raises(SourceUnavailable):
        await AddressGuard().addresses("no-such-name.invalid", 80)
    with pytest.raises(InvalidInput):
        await AddressGuard().addresses("x" * 70 + ".example", 80)
