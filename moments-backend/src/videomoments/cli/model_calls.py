"""Shows the requests of a run to its chat models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

    from videomoments.services.model_calls import KeptCall


def table_of(calls: Sequence[KeptCall]) -> Table:
    """Returns a table with a line per request, in the order of the answers."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("Stage", "Model", "Attempt", "Asked", "Seconds", "Answer"):
        table.add_column(heading, no_wrap=heading != "Answer")
    for call in calls:
        outcome = Text(f"{'not used' if call.answer else 'none'}: {call.problem}" if call.problem else "used")
        table.add_row(call.stage, Text(call.model), str(call.attempt), _nth(call.asked), f"{call.seconds:.1f}", outcome)
    return table


def _nth(asked: int) -> str:
    return "once" if asked == 1 else f"again ({asked})"
