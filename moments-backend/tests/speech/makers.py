"""Test media with real speech, made out of the shipped sample by ffmpeg, without a synthesiser.

Every maker writes `target` and returns a `Spoken`: the file and the truth about it, in seconds from its first frame. In what has a
picture, the strip still shows the frame's number in the *sample*; `Spoken.sample_frame(seconds)` says which one to expect. Import as
`speech.makers`; the fixture `speech` (in `speech.fixtures`) makes each file once in a test session.
"""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import imageio_ffmpeg

from sample_facts import SpokenSentence, Topic, sample_truth
from videomoments.demo import sample_path

FPS = sample_truth().fps
FRAMES = sample_truth().frames
SAMPLE_RATE = 48_000
SAMPLES_PER_FRAME = SAMPLE_RATE // FPS

Rotation = Literal[0, 90, 180, 270]

H264 = (
    "-c:v",
    "libx264",
    "-preset",
    "superfast",
    "-crf",
    "23",
    "-g",
    "125",
    "-keyint_min",
    "125",
    "-sc_threshold",
    "0",
    "-pix_fmt",
    "yuv420p",
)
VP9 = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-row-mt", "1", "-b:v", "300k", "-g", "125", "-pix_fmt", "yuv420p")
AAC = ("-c:a", "aac", "-b:a", "64k")
VIDEO_CODECS = {".mp4": H264, ".mov": H264, ".mkv": H264, ".webm": VP9}
AUDIO_CODECS = {
    ".mp4": AAC,
    ".mov": ("-c:a", "pcm_s16le"),
    ".mkv": ("-c:a", "flac"),
    ".webm": ("-c:a", "libopus", "-b:a", "48k"),
    ".mp3": ("-c:a", "libmp3lame", "-b:a", "64k"),
    ".m4a": AAC,
    ".flac": ("-c:a", "flac"),
    ".wav": ("-c:a", "pcm_s16le"),
    ".ogg": ("-c:a", "libvorbis", "-q:a", "2"),
}
# Speech stands in the centre of 5.1, louder left than right in stereo: a decoder that takes the first channel alone is found out.
LAYOUTS = {
    1: "pan=mono|c0=c0",
    2: "pan=stereo|c0=c0|c1=0.5*c0",
    6: "pan=5.1|FL=0*c0|FR=0*c0|FC=c0|LFE=0*c0|BL=0*c0|BR=0*c0",
}


@dataclass(frozen=True, slots=True)
class Piece:
    """Frames of the sample, one after the other: `frames` of them from `first`."""

    first: int
    frames: int


@dataclass(frozen=True, slots=True)
class Spoken:
    """A made file and its truth."""

    path: Path
    duration: float
    topics: tuple[Topic, ...]
    cuts: tuple[float, ...]
    lines: tuple[SpokenSentence, ...]
    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        """Everything that is said."""
        return " ".join(line.text for line in self.lines)

    def sample_frame(self, seconds: float) -> int:
        """The number that the strip shows at `seconds`, a time within the file."""
        frame = int(seconds * FPS + 1e-6)
        for piece in self.pieces:
            if frame < piece.frames:
                return piece.first + frame
            frame -= piece.frames
        raise ValueError(f"{seconds} s is beyond the end of {self.path.name}")


def ffmpeg(*arguments: str | Path) -> None:
    """Runs imageio-ffmpeg's ffmpeg; raises RuntimeError with its last lines."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-y", "-v", "error", *map(str, arguments)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"ffmpeg: {done.stderr[-800:]}")


def topic_pieces() -> tuple[Piece, ...]:
    """Each topic of the sample with the pictures that belong to it: from the cut in the pause before it to the next topic's."""
    truth = sample_truth()
    bounds = [0]
    for topic in truth.topics[1:]:
        bounds.append(round(max(cut for cut in truth.cuts if cut <= topic.start) * FPS))
    bounds.append(FRAMES)
    return tuple(Piece(first, last - first) for first, last in itertools.pairwise(bounds))


def spoken(path: Path, pieces: Sequence[Piece]) -> Spoken:
    """The truth of `pieces` played one after the other. What a piece cuts in two is clipped to it."""
    truth = sample_truth()
    topics: list[Topic] = []
    lines: list[SpokenSentence] = []
    cuts: list[float] = []
    at = 0
    for piece in pieces:
        first, last, shift = piece.first / FPS, (piece.first + piece.frames) / FPS, (at - piece.first) / FPS

        def placed(start: float, end: float, first: float = first, last: float = last, shift: float = shift) -> tuple[float, float] | None:
            inside = max(start, first), min(end, last)
            return (round(inside[0] + shift, 3), round(inside[1] + shift, 3)) if inside[0] < inside[1] else None

        topics += [Topic(*interval, topic.title) for topic in truth.topics if (interval := placed(topic.start, topic.end))]
        lines += [SpokenSentence(*interval, line.text) for line in truth.lines if (interval := placed(line.start, line.end))]
        cuts += [] if at == 0 else [round(at / FPS, 3)]
        cuts += [round(cut + shift, 3) for cut in truth.cuts if first < cut < last]
        at += piece.frames
    return Spoken(path, at / FPS, tuple(topics), tuple(cuts), tuple(lines), tuple(pieces))


def reordered(target: Path, order: Sequence[int]) -> Spoken:
    """The sample's topics in another order (indices; some may be left out or come twice), with the pauses that stand around each.

    One clean encoding: H.264 and AAC, keyframes every 5 s, none of them at a cut but the first.
    """
    everything = topic_pieces()
    return joined(target, [everything[index] for index in order])


def part(target: Path, start: float, seconds: float) -> Spoken:
    """`seconds` of the sample from `start` on, encoded anew in what the suffix of `target` asks for."""
    return joined(target, [Piece(round(start * FPS), round(seconds * FPS))])


def joined(target: Path, pieces: Sequence[Piece]) -> Spoken:
    """`pieces` of the sample in one file, encoded as one."""
    inputs: list[str | Path] = []
    graph: list[str] = []
    labels = ""
    for index, piece in enumerate(pieces):
        # Half a frame early: the frame itself is then the first one that an exact seek keeps.
        start = max(0.0, (piece.first - 0.5) / FPS)
        inputs += ["-ss", f"{start:.4f}", "-i", sample_path()]
        skip = round((piece.first / FPS - start) * SAMPLE_RATE)
        graph.append(f"[{index}:v]trim=end_frame={piece.frames},setpts=PTS-STARTPTS[v{index}]")
        samples = piece.frames * SAMPLES_PER_FRAME
        graph.append(f"[{index}:a]atrim=start_sample={skip}:end_sample={skip + samples},asetpts=N[a{index}]")
        labels += f"[v{index}][a{index}]"
    graph.append(f"{labels}concat=n={len(pieces)}:v=1:a=1[v][a]")
    codecs = (*VIDEO_CODECS[target.suffix], *AUDIO_CODECS[target.suffix])
    ffmpeg(*inputs, "-filter_complex", ";".join(graph), "-map", "[v]", "-map", "[a]", *codecs, target)
    return spoken(target, pieces)


def looped(target: Path, seconds: float) -> Spoken:
    """The sample again and again up to `seconds` (MP4): the picture is copied, so that an hour takes seconds to make."""
    repeats = -(-round(seconds * FPS) // FRAMES)
    sound, picture, playlist = (target.with_suffix(f".loop{suffix}") for suffix in (".wav", ".mp4", ".txt"))
    try:
        ffmpeg("-i", sample_path(), "-vn", "-af", f"atrim=end_sample={FRAMES * SAMPLES_PER_FRAME}", sound)
        # Alone, so that the concat demuxer does not take the AAC encoder's priming for the start of each repetition.
        ffmpeg("-i", sample_path(), "-an", "-c", "copy", picture)
        playlist.write_text(f"file '{picture}'\n" * repeats)
        sources = ("-f", "concat", "-safe", "0", "-i", playlist, "-stream_loop", str(repeats - 1), "-i", sound)
        ffmpeg(*sources, "-map", "0:v", "-map", "1:a", "-c:v", "copy", *AAC, "-t", f"{seconds:.3f}", target)
    finally:
        for file in (sound, picture, playlist):
            file.unlink(missing_ok=True)
    left = round(seconds * FPS)
    return spoken(target, [Piece(0, min(FRAMES, left - done)) for done in range(0, left, FRAMES)])


def converted(
    target: Path, *, seconds: float | None = None, channels: Literal[1, 2, 6] = 1, sample_rate: int = SAMPLE_RATE, rotation: Rotation = 0
) -> Spoken:
    """The sample (or its first `seconds`) as the suffix of `target` says: .mp4 .mov .mkv .webm, or sound alone: .mp3 .m4a .flac .wav .ogg.

    With a `rotation` the stored picture lies on its side (or head) and a display matrix sets it right, as telephones do it: .mp4 and .mov.
    """
    frames = FRAMES if seconds is None else round(seconds * FPS)
    sound = ("-af", f"{LAYOUTS[channels]},aresample={sample_rate}", *AUDIO_CODECS[target.suffix])
    length = ("-t", f"{frames / FPS:.3f}")
    result = spoken(target, [Piece(0, frames)])
    if target.suffix not in VIDEO_CODECS:
        ffmpeg("-i", sample_path(), "-vn", *sound, *length, target)
        return replace(result, cuts=(), pieces=())
    if not rotation:
        ffmpeg("-i", sample_path(), *VIDEO_CODECS[target.suffix], *sound, *length, target)
        return result
    lying = target.with_suffix(f".lying{target.suffix}")
    turns = {90: "transpose=clock", 180: "hflip,vflip", 270: "transpose=cclock"}[rotation]
    try:
        ffmpeg("-i", sample_path(), "-vf", turns, *VIDEO_CODECS[target.suffix], *sound, *length, lying)
        ffmpeg("-display_rotation:v:0", str(rotation), "-i", lying, "-map", "0", "-c", "copy", target)
    finally:
        lying.unlink(missing_ok=True)
    return result


def without_audio(target: Path, seconds: float) -> Spoken:
    """The picture alone: no audio stream."""
    ffmpeg("-i", sample_path(), "-an", *VIDEO_CODECS[target.suffix], "-t", f"{seconds:.3f}", target)
    return replace(spoken(target, [Piece(0, round(seconds * FPS))]), lines=(), topics=())


def silent(target: Path, seconds: float) -> Spoken:
    """The picture with an audio stream in which nothing sounds."""
    nothing = ("-f", "lavfi", "-i", f"anullsrc=r={SAMPLE_RATE}:cl=mono")
    codecs = (*VIDEO_CODECS[target.suffix], *AUDIO_CODECS[target.suffix])
    ffmpeg("-i", sample_path(), *nothing, "-map", "0:v", "-map", "1:a", *codecs, "-t", f"{seconds:.3f}", target)
    return replace(spoken(target, [Piece(0, round(seconds * FPS))]), lines=(), topics=())
