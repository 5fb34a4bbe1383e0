"""PostgreSQL, Valkey and the model service that a fault strikes, and that the product's own supervision starts again."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from support.stack import embedded_settings
from videomoments.embedded import Stack
from videomoments.embedded.data_folder import Layout
from videomoments.embedded.ensure import revive
from videomoments.embedded.process_identity import Record


@dataclass
class Servers:
    """The servers of one data folder. `stack` came without models; `with_models` adds them."""

    home: Path
    stack: Stack
    _environment: Mapping[str, str] = field(default_factory=dict)

    def pid(self, name: str) -> int:
        record = Record.load(Layout.of(embedded_settings(self.home)), name)
        assert record is not None
        return record.pid

    async def with_models(self, environment: Mapping[str, str]) -> Stack:
        """The stack with its model service, which sees `environment` each time it is started."""
        self._environment = environment
        return await self.revive()

    async def revive(self) -> Stack:
        """As `moments serve` does every few seconds."""
        return await asyncio.to_thread(self._revive)

    def _revive(self) -> Stack:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self._environment.items():
                patch.setenv(name, value)
            return revive(embedded_settings(self.home), models=bool(self._environment))
