"""Sentence embeddings: all-MiniLM-L6-v2, int8, on onnxruntime."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from moments_models import weights
from moments_models.cores import cores
from moments_models.engine_contract import Task

if TYPE_CHECKING:
    from numpy.typing import NDArray

WIDTH = 384
_MAX_TOKENS = 128
_BATCH = 8
"""Measured: larger batches cost more, in padding and in cache."""


class MiniLM:
    """Maps texts to unit vectors: mean of the token states, as sentence-transformers does it."""

    def __init__(self) -> None:
        import onnxruntime  # type: ignore[import-untyped]
        from tokenizers import Tokenizer

        folder = weights.location("minilm")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = max(1, cores() - 1)
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session: Any = onnxruntime.InferenceSession(
            str(folder / "model.onnx"), sess_options=options, providers=["CPUExecutionProvider"]
        )
        self._inputs = {given.name for given in self._session.get_inputs()}
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(_MAX_TOKENS)
        self._tokenizer.enable_padding()

    def encode(self, texts: Sequence[str], task: Task | None = None) -> NDArray[np.float32]:
        """Returns unit vectors, one row of 384 per text."""
        vectors = np.zeros((len(texts), WIDTH), np.float32)
        # Texts of similar length share a batch: padding could cost more than the text.
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        for at in range(0, len(order), _BATCH):
            if task is not None:
                task.check()
            batch = order[at : at + _BATCH]
            vectors[batch] = self._encode([texts[index] for index in batch])
        return vectors

    def _encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        encoded = self._tokenizer.encode_batch(list(texts))
        ids = np.array([one.ids for one in encoded], np.int64)
        mask = np.array([one.attention_mask for one in encoded], np.int64)
        feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        states = np.asarray(self._session.run(None, {name: feed[name] for name in self._inputs})[0], np.float32)
        if states.ndim == 3:
            weight = mask[..., None].astype(np.float32)
            states = (states * weight).sum(1) / np.maximum(weight.sum(1), 1.0)
        unit: NDArray[np.float32] = states / np.maximum(np.linalg.norm(states, axis=1, keepdims=True), 1e-9)
        return unit
