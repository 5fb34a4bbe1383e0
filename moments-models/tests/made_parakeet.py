"""A model of a few numbers with Parakeet's inputs and outputs: what onnx-asr loads, batches and decodes is real, what it hears is simple.

The encoder answers the loudness of every eighth frame. The decoder writes the next token of the vocabulary, in order and round again,
where it is loud, and goes on by `STEP` frames; where it is quiet it writes nothing and goes on by one.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

# More words than a chunk holds tokens, for what repeats itself is refused; every third word has two tokens.
WORDS = tuple(f"{first}{vowel}{last}" for first in "bdfgk" for vowel in "aeiou" for last in "lmnprst")[::2]
VOCABULARY = (*(token for n, word in enumerate(WORDS) for token in ((f"▁{word}",) if n % 3 else (f"▁{word[:2]}", word[2:]))), "<blk>")
STEP = 4
FRAME = 0.08
"""Seconds of one step of the encoder."""
_FEATURES, _STRIDE, _STATE = 128, 8, 2
_DURATIONS = 5  # 0 to 4 frames


def write(folder: Path) -> Path:
    """`encoder-model.onnx`, `decoder_joint-model.onnx`, `vocab.txt` and `config.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("".join(f"{token} {number}\n" for number, token in enumerate(VOCABULARY)), encoding="utf-8")
    (folder / "config.json").write_text('{"model_type": "nemo-conformer-tdt", "features_size": 128, "subsampling_factor": 8}')
    onnx.save(_encoder(), folder / "encoder-model.onnx")
    onnx.save(_decoder(), folder / "decoder_joint-model.onnx")
    return folder


def _model(
    nodes: list[onnx.NodeProto], inputs: list[onnx.ValueInfoProto], outputs: list[onnx.ValueInfoProto], **constants: object
) -> onnx.ModelProto:
    initializers = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "made", inputs, outputs, initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def _encoder() -> onnx.ModelProto:
    nodes = [
        helper.make_node("ReduceMean", ["audio_signal"], ["loudness"], axes=[1], keepdims=1),
        helper.make_node("Slice", ["loudness", "first", "last", "axis", "stride"], ["outputs"]),
        # The length of every eighth: (length - 1) // 8 + 1.
        helper.make_node("Sub", ["length", "one"], ["before"]),
        helper.make_node("Div", ["before", "stride"], ["whole"]),
        helper.make_node("Add", ["whole", "one"], ["encoded_lengths"]),
    ]
    inputs = [
        helper.make_tensor_value_info("audio_signal", TensorProto.FLOAT, ["batch", _FEATURES, "time"]),
        helper.make_tensor_value_info("length", TensorProto.INT64, ["batch"]),
    ]
    outputs = [
        helper.make_tensor_value_info("outputs", TensorProto.FLOAT, ["batch", 1, "steps"]),
        helper.make_tensor_value_info("encoded_lengths", TensorProto.INT64, ["batch"]),
    ]
    return _model(
        nodes,
        inputs,
        outputs,
        first=np.array([0]),
        last=np.array([2**40]),
        axis=np.array([2]),
        stride=np.array([_STRIDE]),
        one=np.array([1]),
    )


def _decoder() -> onnx.ModelProto:
    blank = len(VOCABULARY) - 1
    following = np.full((len(VOCABULARY), len(VOCABULARY) + _DURATIONS), -8.0, np.float32)
    for token in range(len(VOCABULARY)):
        following[token, (token + 1) % blank if token < blank else 0] = 8.0
        following[token, len(VOCABULARY) + STEP] = 8.0
    quiet = np.full((1, len(VOCABULARY) + _DURATIONS), -8.0, np.float32)
    quiet[0, blank] = quiet[0, len(VOCABULARY) + 1] = 8.0
    nodes = [
        helper.make_node("Gather", ["following", "targets"], ["row"], axis=0),  # 1 x 1 x width
        helper.make_node("Greater", ["encoder_outputs", "threshold"], ["loud"]),  # 1 x 1 x 1
        helper.make_node("Where", ["loud", "row", "quiet"], ["three"]),
        helper.make_node("Unsqueeze", ["three", "second"], ["outputs"]),
        helper.make_node("Identity", ["input_states_1"], ["output_states_1"]),
        helper.make_node("Identity", ["input_states_2"], ["output_states_2"]),
        helper.make_node("Identity", ["target_length"], ["prednet_lengths"]),
    ]
    state = [1, "batch", _STATE]
    inputs = [
        helper.make_tensor_value_info("encoder_outputs", TensorProto.FLOAT, ["batch", 1, "steps"]),
        helper.make_tensor_value_info("targets", TensorProto.INT32, ["batch", "tokens"]),
        helper.make_tensor_value_info("target_length", TensorProto.INT32, ["batch"]),
        *(helper.make_tensor_value_info(f"input_states_{number}", TensorProto.FLOAT, state) for number in (1, 2)),
    ]
    outputs = [
        helper.make_tensor_value_info("outputs", TensorProto.FLOAT, None),
        helper.make_tensor_value_info("prednet_lengths", TensorProto.INT32, ["batch"]),
        *(helper.make_tensor_value_info(f"output_states_{number}", TensorProto.FLOAT, state) for number in (1, 2)),
    ]
    constants = {"following": following, "quiet": quiet, "threshold": np.array(0.0, np.float32), "second": np.array([1])}
    return _model(nodes, inputs, outputs, **constants)
