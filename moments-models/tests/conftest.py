"""Real engines on real weights, pulled once into the place where the program itself keeps them."""

from __future__ import annotations

from pytest_machine import pytest_configure, pytest_terminal_summary

# isort: split
import wave
from collections.abc import Callable
from pathlib import Path

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray

from moments_models import weights
from moments_models.app import create_app
from moments_models.engines import ENGINES

__all__ = ["pytest_configure", "pytest_terminal_summary"]

RATE = 16_000
SAMPLE = Path(__file__).parents[2] / "moments-backend/src/videomoments/demo/sample.mp4"


@pytest.fixture(scope="session")
def minilm() -> Path:
    return weights.pull("minilm")


@pytest.fixture(scope="session")
def whisper_base() -> Path:
    return weights.pull("whisper_base")


@pytest.fixture(scope="session")
def whisper_tiny_en() -> Path:
    return weights.pull("whisper_tiny_en")


@pytest.fixture
def serve() -> Callable[..., httpx.AsyncClient]:
    """A client of an app with the named models; keyword arguments go to `create_app`."""

    def make(*names: str, key: str | None = None, headers: dict[str, str] | None = None, **options: object) -> httpx.AsyncClient:
        specs = [ENGINES[name] for name in names] if names else None
        app = create_app(specs, api_key=key, **options)  # type: ignore[arg-type]
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers, timeout=120)

    return make


@pytest.fixture(scope="session")
def everything() -> httpx.AsyncClient:
    """One app for all tests that only ask, so that each engine loads once."""
    transport = httpx.ASGITransport(app=create_app(), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=120)


@pytest.fixture
def client(everything: httpx.AsyncClient) -> httpx.AsyncClient:
    return everything


def write_wav(path: Path, sound: NDArray[np.floating], rate: int = RATE, channels: int = 1) -> Path:
    """16-bit WAV of samples from -1 to 1."""
    with wave.open(str(path), "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
    return path


@pytest.fixture(scope="session")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's sound as 16 kHz mono WAV."""
    if not SAMPLE.exists():
        pytest.skip("the demo's recording is not here")
    from moments_models.audio import to_wav
    from moments_models.request_jobs import Job

    return to_wav(SAMPLE, tmp_path_factory.mktemp("speech") / "speech.wav", Job())
