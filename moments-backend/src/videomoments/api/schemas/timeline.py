"""Bodies about what a timeline draws: the waveform and the changes of scene."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from videomoments.core.times import Interval
from videomoments.services.waveforms import WaveformView


class WaveformOut(BaseModel):
    """A waveform: the lowest and the highest sample (-1 to 1) of each of equal steps from `start` to `end` seconds."""

    start: float
    end: float
    duration: float = Field(description="Duration of the whole track, in seconds.")
    loudness: float | None = Field(
        description="Integrated loudness of the whole mono track (ITU-R BS.1770) in LUFS; null where it is silent."
    )
    lows: list[float]
    highs: list[float]

    @classmethod
    def of(cls, view: WaveformView) -> WaveformOut:
        return cls(start=view.start, end=view.end, duration=view.duration, loudness=view.loudness, lows=view.lows, highs=view.highs)


class ShotOut(BaseModel):
    """A change of scene. It lies between `earliest` and `latest`, in seconds; `exact` says that they are the same."""

    earliest: float
    latest: float
    exact: bool


class ShotsOut(BaseModel):
    """The changes of scene, in order."""

    items: list[ShotOut]

    @classmethod
    def of(cls, media_info: dict[str, Any] | None) -> ShotsOut:
        found = (media_info or {}).get("shots", [])
        return cls(items=[ShotOut(**shot, exact=shot["earliest"] == shot["latest"]) for shot in found])


class SilenceOut(BaseModel):
    """A quiet stretch, in seconds."""

    start: float
    end: float


class SilencesOut(BaseModel):
    """The quiet stretches, in order."""

    items: list[SilenceOut]

    @classmethod
    def of(cls, found: list[Interval]) -> SilencesOut:
        return cls(items=[SilenceOut(start=one.start, end=one.end) for one in found])
