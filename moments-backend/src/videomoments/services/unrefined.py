"""What a completed run says of the moments that it could not refine: how many, of how many, and why. It is kept in the checkpoint of the
refinement, and reads the same on every surface."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from videomoments.core.errors import MomentsError


@dataclass(frozen=True, slots=True)
class KeptBecause:
    """One reason, by its stable code, and how many moments it kept from being refined; message and advice are those of the first."""

    code: str
    message: str
    advice: str | None
    moments: int


@dataclass(frozen=True, slots=True)
class Unrefined:
    """`moments` of `total` keep their first boundaries. `left` is how many of the run's moments are so now, and by no person's hand:
    what a retry would refine."""

    moments: int
    total: int
    reasons: tuple[KeptBecause, ...]
    left: int = 0

    @classmethod
    def of(cls, errors: Sequence[MomentsError], total: int) -> Unrefined | None:
        """None where nothing went wrong."""
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
        """What `to_json` wrote."""
        return cls(stored["moments"], stored["total"], tuple(KeptBecause(**reason) for reason in stored["reasons"]), left)

    def to_json(self) -> dict[str, Any]:
        return {"moments": self.moments, "total": self.total, "reasons": [asdict(reason) for reason in self.reasons]}

    @property
    def message(self) -> str:
        """One sentence for people."""
        keep = "moment keeps its" if self.moments == 1 and self.total == 1 else "moments keep their"
        why = " ".join(reason.message if reason.message.endswith((".", "!", "?")) else f"{reason.message}." for reason in self.reasons)
        return f"{self.moments} of {self.total} {keep} first boundaries: {why}"
