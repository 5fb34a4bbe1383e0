"""Decides which network addresses a download may reach: public ones, and those that an operator has listed.

A name is resolved once, every resolved address is checked, and the connection goes to exactly those addresses, so a name can't change its
address in between. Spellings that only look like names (`2130706433`, `127.1`) are checked by what they resolve to.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from videomoments.core.errors import AddressRefused, InvalidInput, SourceUnavailable

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# The IANA special-purpose registry, spelled out, because what `ipaddress` knows of it differs between Python's releases.
_NOT_PUBLIC_4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's host services
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_GLOBAL_6 = IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "3fff::/20"))
_NAT64 = IPv6Network("64:ff9b::/96")
# As in the WHATWG URL standard: a host that ends in a number is an IPv4 address or nothing.
_ENDS_IN_NUMBER = re.compile(r"(^|\.)(\d+|0x[0-9a-f]*)\.?$", re.IGNORECASE)
_ISATAP = (0x5EFE, 0x0200_5EFE)
# Names that mean this machine on every machine (RFC 6761, 6.3, and the names in hosts files): they need no lookup.
_OURSELVES = re.compile(r"((.+\.)?localhost|localhost6?\.localdomain6?|localhost6|ip6-(localhost|loopback))\.?", re.IGNORECASE)
_LOOPBACK = (IPv4Address("127.0.0.1"), IPv6Address("::1"))


def is_public(address: Address) -> bool:
    """Returns whether the address, and each address embedded in it, can be reached from anywhere on the internet."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_4)
    inner = embedded(address)
    if inner is not None and not is_public(inner):
        return False
    if address.ipv4_mapped is not None or address in _NAT64:
        return True
    return address in _GLOBAL_6 and not any(address in network for network in _NOT_PUBLIC_6)


def embedded(address: IPv6Address) -> IPv4Address | None:
    """Returns the IPv4 address that a packet to `address` ends up at (mapped, NAT64, 6to4, Teredo, ISATAP), or None."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    value = int(address)
    if address in _NAT64 or (value >> 32) & 0xFFFF_FFFF in _ISATAP:
        return IPv4Address(value & 0xFFFF_FFFF)
    return None


@dataclass(frozen=True, slots=True)
class _AllowList:
    networks: tuple[Network, ...]
    hosts: frozenset[str]

    @classmethod
    def parse(cls, text: str) -> _AllowList:
        networks: list[Network] = []
        hosts: set[str] = set()
        for entry in filter(None, (part.strip().lower().rstrip(".") for part in text.split(","))):
            try:
                networks.append(ip_network(entry, strict=False))
            except ValueError:
                if "/" in entry:
                    raise InvalidInput(
                        "MOMENTS_ALLOW_PRIVATE has an entry that is neither a network nor a host.", code="invalid_setting"
                    ) from None
                hosts.add(entry)
        return cls(tuple(networks), frozenset(hosts))

    def has(self, host: str, address: Address) -> bool:
        candidates: list[Address] = [address]
        if isinstance(address, IPv6Address) and (inner := embedded(address)) is not None:
            candidates.append(inner)
        return host in self.hosts or any(candidate in network for network in self.networks for candidate in candidates)


class AddressGuard:
    """Checks addresses. `allow_private` lists hosts, addresses and networks that may be reached although they are not public, separated by
    commas. Raises `InvalidInput` (`invalid_setting`) for a malformed list."""

    def __init__(self, allow_private: str = "") -> None:
        self._allowed = _AllowList.parse(allow_private)

    async def addresses(self, host: str, port: int, family: socket.AddressFamily = socket.AF_UNSPEC) -> list[Address]:
        """Returns all addresses of the host.

        Raises `AddressRefused` if a single one of them may not be reached, `SourceUnavailable` where there is none, and `InvalidInput`
        (`invalid_url`) for an invalid name.
        """
        try:
            answers = await asyncio.get_running_loop().getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            # EAI_AGAIN is a name server that did not answer; the other errors say that there is no such name.
            raise SourceUnavailable(
                f"The name {host[:100]} can't be resolved.",
                advice="Check the spelling of the URL and the network.",
                retryable=error.errno == socket.EAI_AGAIN,
            ) from error
        except (UnicodeError, ValueError) as error:
            raise InvalidInput("The URL's host is no valid name.", code="invalid_url") from error
        return self.checked(host, [str(place[0]) for *_, place in answers])

    def checked(self, host: str, answers: Iterable[str]) -> list[Address]:
        """Returns a resolver's addresses for `host`, each once. Raises `AddressRefused` if a single one of them may not be reached."""
        found: list[Address] = []
        for answer in answers:
            address = ip_address(answer.partition("%")[0])
            self.check(host, address)
            if address not in found:
                found.append(address)
        return found

    def check(self, host: str, address: Address) -> None:
        """Raises `AddressRefused` unless the address is public or listed. The message does not reveal what our resolver found."""
        if is_public(address) or self._allowed.has(host.lower().rstrip("."), address):
            return
        raise AddressRefused(
            f"{host[:100]} leads to an address that is not public.",
            advice="Use a public URL, upload the file, or let an operator list the host in MOMENTS_ALLOW_PRIVATE.",
        )

    def check_literal(self, host: str) -> None:
        """Checks a host that is written as an address, or that names this machine everywhere. `addresses` checks other names, when a
        download connects. Raises `AddressRefused`.

        Old spellings of IPv4 (`2130706433`, `0177.0.0.1`, `127.1`) are refused whatever they mean: nobody writes them by accident.
        """
        if _OURSELVES.fullmatch(host):
            if not any(self._allowed.has(host.lower().rstrip("."), address) for address in _LOOPBACK):
                self.check(host, _LOOPBACK[0])
            return
        try:
            address = ip_address(host.strip("[]").partition("%")[0])
        except ValueError:
            if _ENDS_IN_NUMBER.search(host):
                raise AddressRefused("The URL's host is a number, not a name.", advice="Write the host's name.") from None
            return
        self.check(host, address)
