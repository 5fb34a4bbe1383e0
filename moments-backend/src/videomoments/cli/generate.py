"""`moments generate` and `moments demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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
NoClips = Annotated[bool, typer.Option("--no-clips", metavar="", help="Cut no clips.", rich_help_panel=_RESULT)]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="DIR", help="Folder for clips and report (else ./moments-output/TITLE-ID).", rich_help_panel=_RESULT
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", metavar="", help="One JSON document on stdout; progress goes to stderr.", rich_help_panel=_RESULT)
]
Exports = Annotated[
    str,
    typer.Option(
        "--export", metavar="FORMAT,…", help="Further files: csv, srt, vtt, chapters, edl, fcpxml, otio, zip.", rich_help_panel=_RESULT
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
    sources: Annotated[list[str], typer.Argument(metavar="SOURCE", help="Video or audio files, or URLs of files, pages and playlists.")],
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
    quiet: Quiet = False,
    refresh: Refresh = False,
    max_videos: MaxVideos = 10,
    yes: Yes = False,
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
        "refresh": refresh,
    }
    _run(sources, options, output, exports, as_json, quiet, max_videos, yes)


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
        quiet,
    )


def _run(
    sources: list[str],
    options: dict[str, object],
    output: Path | None,
    exports: str,
    as_json: bool,
    quiet: bool,
    max_videos: int,
    yes: bool,
) -> None:
    from pydantic import ValidationError

    from videomoments.cli.export import parse_formats
    from videomoments.cli.job import JobRequest, run_job
    from videomoments.cli.source import parse_source
    from videomoments.services.options import RunOptions

    try:
        checked = RunOptions.model_validate(options)
    except ValidationError as error:
        raise typer.BadParameter(_said(error)) from error
    if output is not None and output.expanduser().exists() and not output.expanduser().is_dir():
        raise typer.BadParameter(f"--output {output} is not a folder.")
    formats = parse_formats(exports) if exports else []
    parsed = [parse_source(source) for source in sources]
    if any(source.path is None for source in parsed):
        from videomoments.cli.lists import expand
        from videomoments.cli.settings import read_settings

        parsed = expand(parsed, read_settings(), max_videos=max_videos, yes=yes)
    request = JobRequest(parsed, checked, output, as_json, quiet, formats)
    raise typer.Exit(run_job(request))


def _said(error: object) -> str:
    """A validation error in the words of the command line."""
    first = error.errors()[0]  # type: ignore[attr-defined]
    message = str(first["msg"]).removeprefix("Value error, ")
    if not first["loc"]:
        return message.replace("min_duration", "--min-duration").replace("max_duration", "--max-duration") + "."
    return f"--{str(first['loc'][0]).replace('_', '-')}: {message}."
