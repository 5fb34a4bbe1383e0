"""Where the levels of `inference/certainty.py` come from: how often words of a confidence are right, as noise drowns the speech.

The demo's first three topics under white, pink and babbling noise and the band of a telephone, through `whisper_base`. Prints for each
step of confidence the share of right words, and for stretches of 25 words by their mean. The last two topics are left for tests.

    python moments-models/training/hearing_levels.py
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
import wave
from pathlib import Path

import jiwer
import numpy as np
from numpy.typing import NDArray

from moments_models import weights
from moments_models.audio import RATE, to_wav
from moments_models.engines.whisper import Whisper
from moments_models.request_jobs import Job

_DEMO = Path(__file__).parents[2] / "moments-backend/src/videomoments/demo"
_UNTIL = 111.0
_STRETCH = 25
Sound = NDArray[np.float64]


def main() -> None:
    weights.pull("whisper_base")
    engine = Whisper("whisper_base", "whisper-base-int8")
    lines = [line for line in json.loads((_DEMO / "sample.json").read_text())["lines"] if line["end"] < _UNTIL]
    truth = _plain(" ".join(line["text"] for line in lines))
    rows: list[tuple[float, bool]] = []
    stretches: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        clean = _read(to_wav(_DEMO / "sample.mp4", Path(folder) / "clean.wav", Job()))[: int(_UNTIL * RATE)]
        for name, sound in _spoilt(clean):
            path = Path(folder) / "noisy.wav"
            _write(path, sound)
            words = engine.transcribe(path, language="en", task=Job()).words
            pairs = [(plain, word.confidence) for word in words for plain in _plain(word.word)]
            right = _right(truth, [plain for plain, _ in pairs])
            found = [(confidence, hit) for (_, confidence), hit in zip(pairs, right, strict=True)]
            rows += found
            for at in range(0, len(found) - _STRETCH + 1, _STRETCH):
                part = found[at : at + _STRETCH]
                stretches.append((float(np.mean([each for each, _ in part])), float(np.mean([hit for _, hit in part]))))
            mean = np.mean([each for each, _ in found]) if found else float("nan")
            print(f"{name:16} {len(found):4} words, mean {mean:.2f}, right {np.mean(right) if right else float('nan'):.2f}", flush=True)
    _table("word", rows)
    _table(f"stretch of {_STRETCH} words", stretches)


def _spoilt(clean: Sound) -> list[tuple[str, Sound]]:
    rng = np.random.default_rng(16)
    white = rng.normal(0, 1, len(clean))
    spectrum = np.fft.rfft(white)
    pink = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 1)), len(clean))
    babble = sum(np.roll(clean[::-1], shift) for shift in range(0, len(clean), len(clean) // 6))
    phone = _telephone(clean)
    found = [("clean", clean), ("telephone", phone)]
    for noise, sound in (("white", white), ("pink", pink), ("babble", np.asarray(babble))):
        for snr in (10, 5, 0, -5):
            base = phone if noise == "white" else clean
            scale = np.sqrt(np.mean(base**2) / np.mean(sound**2) / 10 ** (snr / 10))
            mixed = base + sound * scale
            found.append((f"{noise} {snr} dB", mixed / max(1.0, np.abs(mixed).max())))
    return found


def _telephone(sound: Sound) -> Sound:
    spectrum = np.fft.rfft(sound)
    frequencies = np.fft.rfftfreq(len(sound), 1 / RATE)
    spectrum[(frequencies < 300) | (frequencies > 3400)] = 0
    return np.fft.irfft(spectrum, len(sound))


def _right(truth: list[str], heard: list[str]) -> list[bool]:
    """Of each heard word whether it stands in the truth at its place."""
    found = [False] * len(heard)
    if heard:
        for chunk in jiwer.process_words(" ".join(truth), " ".join(heard)).alignments[0]:
            if chunk.type == "equal":
                found[chunk.hyp_start_idx : chunk.hyp_end_idx] = [True] * (chunk.hyp_end_idx - chunk.hyp_start_idx)
    return found


def _plain(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower().replace("'", ""))


def _table(what: str, rows: list[tuple[float, float]] | list[tuple[float, bool]]) -> None:
    print(f"\nconfidence of a {what}: share that is right, of how many")
    for low in np.arange(0.0, 1.0, 0.1):
        inside = [hit for value, hit in rows if low <= value < low + 0.1 or (low > 0.85 and value == 1.0)]
        if inside:
            print(f"{low:.1f} to {low + 0.1:.1f}: {np.mean(inside):.2f} of {len(inside)}")


def _read(path: Path) -> Sound:
    with wave.open(str(path), "rb") as reader:
        return np.frombuffer(reader.readframes(reader.getnframes()), "<i2") / 32768.0


def _write(path: Path, sound: Sound) -> None:
    with wave.open(str(path), "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(RATE)
        writer.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())


if __name__ == "__main__":
    sys.exit(main())
