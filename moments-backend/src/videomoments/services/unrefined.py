"""Says how many moments a completed run could not refine, of how many, and why. It is stored in the checkpoint of the refinement stage and
reads the same on every surface."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from videomoments.core.errors import MomentsError


@dataclass(frozen=True, slots=True)
class KeptBecause:
    """One reason, by its stable code, with the number of moments that were not refined for it. Message and advice are those of the
    first."""

    code: str
    message: str
    advice: str | None
    moments: int


@dataclass(frozen=True, slots=True)
class Unrefined:
    """`moments` of `total` keep their first boundaries. `left` counts those that are still unrefined and that no user edited: a retry would
    refine these."""

    moments: int
    total: int
    reasons: tuple[KeptBecause, ...]
    left: int = 0

    @classmethod
    def of(cls, errors: Sequence[MomentsError], total: int) -> Unrefined | None:
        """Groups the errors of a refinement by code, the most frequent first. Returns None when there are none."""
        if not errors:
            return None
        first: dict[str, MomentsError] = {}
        for error in errors:
            first.setdefault(error.code, error)
        counted = Counter(error.code for error in errors).most_common()
        reasons = (KeptBecause(code, first[code].message, first[code].advice or None, count) for code, count in counted)
        return cls(len(errors), total, tuple(reasons))

    @classmethod
    def from_json(cls, stored: Mapping[str, Any], left: int) -> Unrefined:
        """Reads what `to_json` wrote, with `left` from the rows."""
        return cls(stored["moments"], stored["total"], tuple(KeptBecause(**reason) for reason in stored["reasons"]), left)

    def to_json(self) -> dict[str, Any]:
        return {"moments": self.moments, "total": self.total, "reasons": [asdict(reason) for reason in self.reasons]}

    @property
    def message(self) -> str:
        """Returns the outcome as one sentence for users."""
        keep = "moment keeps its" if self.moments == 1 and self.total == 1 else "moments keep their"
        why = " ".join(reason.message if reason.message.endswith((".", "!", "?")) else f"{reason.message}." for reason in self.reasons)
        return f"{self.moments} of {self.total} {keep} first boundaries: {why}"
