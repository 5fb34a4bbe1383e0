"""Makes the sample video of `moments demo` and its truth.

    python -m venv .sample && .sample/bin/pip install -r scripts/sample/requirements.txt
    apt-get install fonts-lato              # the pictures' typeface
    npm pack kokoro-js@1.2.1 && tar xf kokoro-js-1.2.1.tgz    # package/voices/af_heart.bin: the narrator's voice
    .sample/bin/python scripts/make_sample.py --voice package/voices/af_heart.bin --output moments-backend/src/videomoments/demo

The same versions of the tools give the same video; nothing of this is needed to use VideoMoments, which ships the result.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import wave
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import imageio_ffmpeg
import numpy as np
from sample import scenes_home, scenes_outside
from sample.canvas import HEIGHT, STRIP, WIDTH, Frame, paint_strip
from sample.text import TOPICS, Scene, Topic
from sample.voice import SAMPLE_RATE, Audio, Narrator

FPS: Final = 25
GOP: Final = 125  # frames from keyframe to keyframe, wherever the cuts are: exact cutting has work to do
CLEAR: Final = 8  # frames that every cut keeps away from a keyframe
SPEED: Final = 0.97
PAUSES: Final = (0.42, 0.5, 0.36, 0.55, 0.46)  # seconds between sentences, in turn
END: Final = 1.4  # seconds of picture after the last word
LOUDNESS: Final = 0.62  # peak of the narration
MARGIN: Final = 0.04  # what voice.trimmed() leaves on both sides of a sentence


@dataclass
class Timeline:
    """The narration: its samples, and where everything is, in seconds."""

    samples: list[Audio] = field(default_factory=list)
    now: float = 0.0
    lines: list[dict[str, Any]] = field(default_factory=list)
    topics: list[dict[str, Any]] = field(default_factory=list)
    shots: list[tuple[int, Topic, Scene]] = field(default_factory=list)  # first frame, and what it shows

    def silence(self, seconds: float) -> None:
        self.add(np.zeros(round(seconds * SAMPLE_RATE), dtype=np.float32))

    def add(self, audio: Audio) -> None:
        self.samples.append(audio)
        self.now += len(audio) / SAMPLE_RATE


def lay_out(narrator: Narrator) -> Timeline:
    """Speaks every sentence. Pictures change within the pauses, and never next to a keyframe."""
    line = Timeline()
    spoken = 0
    for topic in TOPICS:
        for index, scene in enumerate(topic.scenes):
            for position, sentence in enumerate(scene.sentences):
                before, pause = line.now, PAUSES[spoken % len(PAUSES)] if index or position else topic.pause
                if position == 0:
                    pause, cut = cut_in_pause(before, pause)
                    line.shots.append((cut, topic, scene))
                line.silence(pause)
                audio = narrator.say(sentence, SPEED)
                start, end = line.now + MARGIN, line.now + len(audio) / SAMPLE_RATE - MARGIN
                line.lines.append({"start": round(start, 3), "end": round(end, 3), "text": sentence})
                if not index and not position:
                    line.topics.append({"start": round(start, 3), "end": 0.0, "title": topic.title})
                line.topics[-1]["end"] = round(end, 3)
                line.add(audio)
                spoken += 1
    line.silence(END)
    return line


def cut_in_pause(start: float, pause: float) -> tuple[float, int]:
    """Returns the pause from `start`, lengthened where needed, and the frame in it where the picture changes, away from keyframes."""
    if start == 0:
        return pause, 0
    while True:
        wish = start + pause - min(0.5, pause / 2)
        frames = [f for f in range(round(start * FPS) + 2, round((start + pause) * FPS) - 1) if CLEAR <= f % GOP <= GOP - CLEAR]
        if frames:
            return pause, min(frames, key=lambda f: abs(f / FPS - wish))
        pause += 0.04


def mixed(line: Timeline) -> tuple[Audio, int]:
    """Returns the whole audio with faint room noise, padded to whole frames, and the number of frames."""
    speech = np.concatenate(line.samples)
    frames = -(-len(speech) * FPS // SAMPLE_RATE)
    sound = np.zeros(frames * SAMPLE_RATE // FPS, dtype=np.float32)
    sound[: len(speech)] = speech * (LOUDNESS / np.abs(speech).max())
    room = np.random.default_rng(7).normal(0.0, 10 ** (-72 / 20), len(sound))
    return (sound + room).astype(np.float32), frames


def pictures(line: Timeline, frames: int) -> Iterator[Frame]:
    """Yields every frame in order. What moves, moves at half the frame rate: only the strip changes in each frame."""
    bounds = [first for first, _, _ in line.shots] + [frames]
    for (first, topic, scene), end in zip(line.shots, bounds[1:], strict=True):
        draw = getattr(scenes_home, scene.picture, None) or getattr(scenes_outside, scene.picture)
        for number in range(first, end):
            if (number - first) % 2 == 0:
                picture = draw(topic.label, scene.heading, (number - first) / FPS).finished()
            paint_strip(picture, number)
            yield picture


def encode(line: Timeline, folder: Path, crf: int) -> int:
    """Writes sample.mp4. Returns the number of frames."""
    sound, frames = mixed(line)
    speech = folder / "sample.wav"
    with wave.open(str(speech), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes((sound * 32767).astype("<i2").tobytes())
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-v", "error"]
    command += ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(FPS), "-i", "-", "-i", str(speech)]
    command += ["-vf", "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p", "-colorspace", "bt709", "-color_primaries", "bt709"]
    command += ["-color_trc", "bt709", "-color_range", "tv"]
    command += ["-c:v", "libx264", "-preset", "veryslow", "-tune", "animation", "-crf", str(crf)]
    command += ["-g", str(GOP), "-keyint_min", str(GOP), "-sc_threshold", "0", "-threads", "1"]
    command += ["-c:a", "aac", "-b:a", "56k", "-ar", "48000", "-ac", "1"]
    command += ["-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact"]
    command += ["-movflags", "+faststart", str(folder / "sample.mp4")]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as ffmpeg:
        assert ffmpeg.stdin is not None
        for picture in pictures(line, frames):
            ffmpeg.stdin.write(picture.tobytes())
        ffmpeg.stdin.close()
    if ffmpeg.returncode:
        raise SystemExit("ffmpeg failed")
    speech.unlink()
    return frames


def truth(line: Timeline, frames: int) -> dict[str, Any]:
    """Returns the content of sample.json. Times are seconds from the first frame."""
    return {
        "duration": round(frames / FPS, 3),
        "fps": FPS,
        "frames": frames,
        "width": WIDTH,
        "height": HEIGHT,
        "keyframe_interval": GOP,
        "language": "en",
        "topics": line.topics,
        "cuts": [round(first / FPS, 3) for first, _, _ in line.shots[1:]],
        "lines": line.lines,
        "strip": STRIP,
        "made_with": {
            "synthesiser": "Kokoro-82M v1.0 (int8 ONNX), Apache-2.0, by hexgrad",
            "voice": "af_heart of Kokoro-82M, Apache-2.0",
            "phonemes": "eSpeak NG en-us (GPL-3.0-or-later; a tool, nothing of it is in the result)",
            "typeface": "Lato, OFL-1.1",
            "text_and_pictures": "written and drawn for VideoMoments",
            "script": "scripts/make_sample.py",
        },
        "license": "CC0-1.0",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Makes the sample video and its truth.")
    parser.add_argument("--voice", type=Path, required=True, help="af_heart.bin of the npm package kokoro-js 1.2.1")
    parser.add_argument("--output", type=Path, required=True, help="folder for sample.mp4 and sample.json")
    parser.add_argument("--crf", type=int, default=27)
    options = parser.parse_args()
    line = lay_out(Narrator(options.voice))
    frames = encode(line, options.output, options.crf)
    (options.output / "sample.json").write_text(json.dumps(truth(line, frames), indent=1, ensure_ascii=False) + "\n")
    size = (options.output / "sample.mp4").stat().st_size
    print(f"{frames / FPS:.2f} s, {size / 1e6:.2f} MB, {len(line.shots)} pictures")


if __name__ == "__main__":
    main()
