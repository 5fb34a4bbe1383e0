"""The table of the kill matrix: how a run ends when a fault meets it in a stage."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from videomoments.core.names import RunStatus, StageName

EIGHT = tuple(StageName)


class Fault(StrEnum):
    SIGKILL = "SIGKILL"
    SIGSTOP = "SIGSTOP beyond the lease, SIGCONT"
    SIGTERM = "SIGTERM"
    VALKEY_KILLED = "Valkey kill -9"
    FLUSHALL = "FLUSHALL"
    POSTGRES_RESTART = "PostgreSQL restart"
    NO_SPACE = "no space left"
    MODEL_HANGS = "model hangs"
    MODEL_GARBAGE = "model answers garbage"
    TUNNEL_DROPS = "tunnel drops"
    STORE_503 = "store answers 503"
    MODEL_KILLED = "embedded models kill -9"
    REMOTE_MODEL_KILLED = "models behind sshd kill -9"


@dataclass(frozen=True, slots=True)
class Expected:
    """How a run ends. `crashes` counts leases that lapsed; `executions` how often each stage was started."""

    status: RunStatus
    attempt: int
    crashes: int
    executions: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.status} in {self.attempt}"


def _completed(repeated: StageName | None = None, *, crashes: int = 0) -> Expected:
    executions = tuple(2 if name is repeated else 1 for name in EIGHT)
    return Expected(RunStatus.COMPLETED, 1 if repeated is None else 2, crashes, executions)


# A worker that dies or leaves: the stage that was open is done again, no other. A kill and a freeze count as a crash (nobody could know
# better before the run had ended elsewhere), a SIGTERM does not.
_TAKEN_OVER = {name: _completed(name, crashes=1) for name in EIGHT}
_HANDED_BACK = {name: _completed(name) for name in EIGHT}
# Parts that come back: the worker waits, and repeats nothing.
_UNDISTURBED = {name: _completed() for name in EIGHT}
# A hanging answer, or a service that is gone, meets the first stage that asks a model from the open one on. At a hanging answer that
# stage loses its lease at its own deadline; a service that is away is waited for, then the run is handed back, which is no crash.
_ASKS_NEXT = {
    StageName.VIDEO_DOWNLOAD: StageName.TRANSCRIPTION,
    StageName.AUDIO_EXTRACTION: StageName.TRANSCRIPTION,
    StageName.AUDIO_UPLOAD: StageName.TRANSCRIPTION,
    StageName.TRANSCRIPTION: StageName.TRANSCRIPTION,
    StageName.MOMENT_GENERATION: StageName.MOMENT_GENERATION,
    StageName.CLIP_EXTRACTION: StageName.MOMENT_REFINEMENT,
    StageName.CLIP_UPLOAD: StageName.MOMENT_REFINEMENT,
    StageName.MOMENT_REFINEMENT: StageName.MOMENT_REFINEMENT,
}

TABLE: dict[Fault, dict[StageName, Expected]] = {
    Fault.SIGKILL: _TAKEN_OVER,
    Fault.SIGSTOP: _TAKEN_OVER,
    Fault.SIGTERM: _HANDED_BACK,
    Fault.VALKEY_KILLED: _UNDISTURBED,
    Fault.FLUSHALL: _UNDISTURBED,
    Fault.POSTGRES_RESTART: _UNDISTURBED,
    Fault.NO_SPACE: _UNDISTURBED,
    Fault.MODEL_HANGS: {name: _completed(asks, crashes=1) for name, asks in _ASKS_NEXT.items()},
    Fault.MODEL_GARBAGE: _UNDISTURBED,
    Fault.TUNNEL_DROPS: _UNDISTURBED,
    Fault.STORE_503: _UNDISTURBED,
    Fault.MODEL_KILLED: _UNDISTURBED,
    Fault.REMOTE_MODEL_KILLED: {name: _completed(asks) for name, asks in _ASKS_NEXT.items()},
}

# Where a run is held open: at the model service, or before or after the stage's own work on store and media (`fakes.hold`).
AT_MODEL = (StageName.TRANSCRIPTION, StageName.MOMENT_GENERATION)
# One process answers all runs of the column.
SHARED_MODEL = (Fault.MODEL_KILLED, Fault.REMOTE_MODEL_KILLED)
MODEL_FAULTS = (Fault.MODEL_HANGS, Fault.MODEL_GARBAGE, Fault.TUNNEL_DROPS, *SHARED_MODEL)
STORE_FAULTS = (Fault.NO_SPACE, Fault.STORE_503)


def held_at_model(fault: Fault, stage: StageName) -> bool:
    return stage in AT_MODEL or (stage is StageName.MOMENT_REFINEMENT and fault in MODEL_FAULTS)
