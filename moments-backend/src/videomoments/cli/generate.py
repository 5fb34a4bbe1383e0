"""`moments generate` and `moments demo` find the moments of recordings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from videomoments.cli.export import FORMATS_HELP
from videomoments.cli.json_form import V2_FLAG, JsonForm

if TYPE_CHECKING:
    from videomoments.cli.source import Source

_SOURCE = "What to read"
_LOOK_FOR = "What to find"
_MODELS = "Models"
_RESULT = "Result"

Prompt = Annotated[
    str, typer.Option("--prompt", "-p", metavar="TEXT", help="What to look for, in your own words.", rich_help_panel=_LOOK_FOR)
]
MaxMoments = Annotated[
    int, typer.Option("--max-moments", "-n", metavar="N", min=1, max=200, help="At most so many.", rich_help_panel=_LOOK_FOR)
]
MinDuration = Annotated[
    float, typer.Option("--min-duration", metavar="SECONDS", min=1, help="Shortest moment, seconds.", rich_help_panel=_LOOK_FOR)
]
MaxDuration = Annotated[
    float, typer.Option("--max-duration", metavar="SECONDS", min=1, help="Longest moment, seconds.", rich_help_panel=_LOOK_FOR)
]
GenerationModel = Annotated[
    str | None, typer.Option("--generation-model", metavar="MODEL", help="Finds the moments.", rich_help_panel=_MODELS)
]
RefinementModel = Annotated[
    str | None, typer.Option("--refinement-model", metavar="MODEL", help="Refines their boundaries.", rich_help_panel=_MODELS)
]
TranscriptionModel = Annotated[
    str | None, typer.Option("--transcription-model", metavar="MODEL", help="Recognises the speech.", rich_help_panel=_MODELS)
]
Language = Annotated[
    str | None,
    typer.Option("--language", metavar="CODE", help="Language of the speech (en, de, …); else detected.", rich_help_panel=_MODELS),
]
AudioTrack = Annotated[
    int | None,
    typer.Option(
        "--audio-track",
        metavar="N",
        min=1,
        max=256,
        help="Which of the file's audio tracks to use, counted from 1; else the one with speech, or the default.",
        rich_help_panel=_SOURCE,
    ),
]
NoClips = Annotated[bool, typer.Option("--no-clips", metavar="", help="Cut no clips.", rich_help_panel=_RESULT)]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="DIR", help="Folder for clips and report (else ./moments-output/TITLE-ID).", rich_help_panel=_RESULT
    ),
]
AsJson = Annotated[
    bool,
    typer.Option(
        "--json",
        metavar="[=v2]",
        help="One JSON document on stdout, of several sources an array; --json=v2: always an object with results. Progress goes to stderr.",
        rich_help_panel=_RESULT,
    ),
]
JsonV2 = Annotated[bool, typer.Option(V2_FLAG, hidden=True)]
Recursive = Annotated[
    bool, typer.Option("--recursive", "-r", metavar="", help="Of a folder, the folders in it too.", rich_help_panel=_SOURCE)
]
Exports = Annotated[
    str,
    typer.Option(
        # moments.json is written in any case.
        "--export",
        metavar="FORMAT,…",
        help=f"Further files: {FORMATS_HELP.removeprefix('json, ')}.",
        rich_help_panel=_RESULT,
    ),
]
Refresh = Annotated[bool, typer.Option("--refresh", metavar="", help="Download again what is in the store.", rich_help_panel=_SOURCE)]
MaxVideos = Annotated[
    int,
    typer.Option("--max-videos", metavar="N", min=1, max=500, help="Of a playlist at most so many.", rich_help_panel=_SOURCE),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", metavar="", help="Take a playlist's videos without asking.", rich_help_panel=_SOURCE)]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", metavar="", help="No progress, only the result.", rich_help_panel=_RESULT)]


def generate(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE", help="Video or audio files, folders of them, URLs of files, pages and playlists; - for standard input."
        ),
    ],
    prompt: Prompt = "",
    max_moments: MaxMoments = 12,
    min_duration: MinDuration = 10.0,
    max_duration: MaxDuration = 120.0,
    generation_model: GenerationModel = None,
    refinement_model: RefinementModel = None,
    transcription_model: TranscriptionModel = None,
    language: Language = None,
    no_clips: NoClips = False,
    output: Output = None,
    exports: Exports = "",
    as_json: AsJson = False,
    json_v2: JsonV2 = False,
    quiet: Quiet = False,
    refresh: Refresh = False,
    recursive: Recursive = False,
    max_videos: MaxVideos = 10,
    yes: Yes = False,
    audio_track: AudioTrack = None,
) -> None:
    """Find the moments of recordings: transcribe, choose, refine, cut clips.

    Example: moments generate talk.mp4 --prompt "demos and surprises" --max-moments 5
    """
    options = {
        "prompt": prompt,
        "max_moments": max_moments,
        "min_duration": min_duration,
        "max_duration": max_duration,
        "generation_model": generation_model,
        "refinement_model": refinement_model,
        "transcription_model": transcription_model,
        "language": language,
        "clips": "none" if no_clips else "deliver",
        "audio_track": audio_track,
        "refresh": refresh,
    }
    wanted = _Wanted(output, exports, JsonForm.of(as_json, json_v2), quiet, recursive, max_videos, yes)
    _run(sources, options, wanted)


def demo(
    prompt: Prompt = "",
    max_moments: MaxMoments = 12,
    min_duration: MinDuration = 10.0,
    max_duration: MaxDuration = 120.0,
    generation_model: GenerationModel = None,
    refinement_model: RefinementModel = None,
    transcription_model: TranscriptionModel = None,
    language: Language = None,
    no_clips: NoClips = False,
    output: Output = None,
    exports: Exports = "",
    as_json: AsJson = False,
    json_v2: JsonV2 = False,
    quiet: Quiet = False,
) -> None:
    """The same on a short sample that comes with VideoMoments."""
    from videomoments.demo import sample_path

    generate(
        [str(sample_path())],
        prompt,
        max_moments,
        min_duration,
        max_duration,
        generation_model,
        refinement_model,
        transcription_model,
        language,
        no_clips,
        output,
        exports,
        as_json,
        json_v2,
        quiet,
    )


@dataclass(frozen=True)
class _Wanted:
    """The command line apart from the sources and the run's options."""

    output: Path | None
    exports: str
    json: JsonForm | None
    quiet: bool
    recursive: bool
    max_videos: int
    yes: bool


def _run(typed: list[str], options: dict[str, object], wanted: _Wanted) -> None:
    from pydantic import ValidationError

    from videomoments.cli.export import parse_formats
    from videomoments.cli.job import JobRequest, run_job
    from videomoments.cli.output import DEFAULT_ROOT, DOCUMENT
    from videomoments.cli.writable import check_folder
    from videomoments.core.text import checked_text
    from videomoments.services.options import RunOptions

    try:
        options["prompt"] = checked_text(str(options["prompt"]))
    except ValueError as error:
        raise typer.BadParameter(f"--prompt: {error}.") from error
    try:
        checked = RunOptions.model_validate(options)
    except ValidationError as error:
        raise typer.BadParameter(_said(error)) from error
    output = wanted.output
    check_folder("--output", output or Path.cwd() / DEFAULT_ROOT, folders=("clips", "thumbnails"), files=(DOCUMENT,))
    formats = parse_formats(wanted.exports) if wanted.exports else []
    sources = _sources(typed, wanted)
    raise typer.Exit(run_job(JobRequest(sources, checked, output, wanted.json, wanted.quiet, formats)))


def _sources(typed: list[str], wanted: _Wanted) -> list[Source]:
    """Returns the sources to work on. Ends the command with status 2 when one is refused; nothing has been started then."""
    from videomoments.cli.console import say
    from videomoments.cli.endings import WRONG_USAGE, one_line
    from videomoments.cli.intake import take
    from videomoments.cli.job import print_refused
    from videomoments.cli.lists import expand
    from videomoments.cli.settings import read_settings

    settings = read_settings()
    taken = take(typed, settings, recursive=wanted.recursive, output=wanted.output)
    if taken.refusals:
        for refusal in taken.refusals:
            say(f"moments: {one_line(refusal.line)}")
        if wanted.json:
            print_refused(taken.entries, wanted.json)
        raise typer.Exit(WRONG_USAGE)
    for remark in taken.remarks if not wanted.quiet else ():
        say(remark)
    return expand(taken.sources, settings, max_videos=wanted.max_videos, yes=wanted.yes)


def _said(error: object) -> str:
    """Returns a validation error in the words of the command line."""
    first = error.errors()[0]  # type: ignore[attr-defined]
    message = str(first["msg"]).removeprefix("Value error, ")
    if not first["loc"]:
        return message.replace("min_duration", "--min-duration").replace("max_duration", "--max-duration") + "."
    return f"--{str(first['loc'][0]).replace('_', '-')}: {message}."
