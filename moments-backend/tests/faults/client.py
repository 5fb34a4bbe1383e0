"""A client of the API that gives nothing up: it starts runs and follows them to their ends, however often the API is away."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from faults.served import Served

_ASK_SECONDS = 1.0


@dataclass
class Asked:
    """One run as its client knows it."""

    name: str
    source: Path
    request_id: str = ""
    video_id: str = ""
    last: dict[str, Any] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        return self.last.get("status") in ("completed", "failed", "cancelled")

    @property
    def completed(self) -> bool:
        return bool(self.last.get("status") == "completed")


class Client:
    """Starts runs through the API and follows them to their ends, however often the API is away."""

    def __init__(self, served: Served, address: str, options: dict[str, Any]) -> None:
        self._served = served
        self._options = options
        self._address = address
        self.runs: list[Asked] = []
        self.unanswered = 0

    @property
    def active(self) -> int:
        return sum(not run.ended for run in self.runs)

    async def run(self, name: str, source: Path) -> Asked:
        asked = Asked(name, source)
        self.runs.append(asked)
        body = {"url": f"{self._address}/{name}/{source.name}", **self._options}
        answer = await self._answered("POST", "/api/generate_moments", json=body, headers={"Idempotency-Key": name})
        assert answer.status_code == 202, answer.text
        asked.request_id, asked.video_id = answer.json()["request_id"], answer.json()["video_id"]
        while not asked.ended:
            await asyncio.sleep(_ASK_SECONDS)
            answer = await self._answered("GET", f"/api/generate_moments/{asked.request_id}")
            assert answer.status_code == 200, answer.text
            asked.last = answer.json()
        return asked

    async def _answered(self, method: str, path: str, **more: Any) -> Any:
        while (answer := await self._served.ask(method, path, **more)) is None:
            self.unanswered += 1
            await asyncio.sleep(_ASK_SECONDS)
        return answer
