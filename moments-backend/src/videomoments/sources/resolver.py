"""Connects aiohttp's name resolution to the address guard."""

from __future__ import annotations

import socket

from aiohttp.abc import AbstractResolver, ResolveResult

from videomoments.sources.address_guard import AddressGuard


class GuardedResolver(AbstractResolver):
    """Resolves names for aiohttp. aiohttp gets only checked addresses, and connects to nothing else."""

    def __init__(self, guard: AddressGuard) -> None:
        self._guard = guard

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=socket.AF_INET if address.version == 4 else socket.AF_INET6,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in await self._guard.addresses(host, port, family)
        ]

    async def close(self) -> None:
        """Does nothing, since the resolver holds no resources."""
