"""`moments doctor` checks whether everything can run here and whether configured parts respond, and advises where they don't."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from videomoments.cli.console import say, tell

if TYPE_CHECKING:
    from videomoments.core.config import Settings
    from videomoments.embedded import Check

_OLD_MONTHS = 3


def doctor() -> None:
    """Check this machine (programs, folders, disk, servers, media libraries, weights) and connect to every part that is configured.

    Exit status 1 when something essential fails.
    """
    from rich.text import Text

    from videomoments.cli.configured_parts import configured_checks
    from videomoments.cli.console import quiet_logs, results
    from videomoments.cli.settings import read_settings
    from videomoments.embedded import diagnose

    quiet_logs()
    settings = read_settings()
    checks = [*diagnose(settings), *configured_checks(settings), media_check(), *sites_check(settings), *_weights()]
    console = results()
    for check in checks:
        mark = Text("ok  ", "green") if check.ok else Text("FAIL", "bold red")
        console.print(Text.assemble(mark, f" {check.name}: ", (check.detail, "dim")), soft_wrap=True)
        if check.advice:
            console.print(Text(f"     {check.advice}"), soft_wrap=True)
    broken = [check.name for check in checks if not check.ok]
    if broken:
        say(f"Not well: {', '.join(broken)}.")
        raise typer.Exit(1)
    tell("All is well.")


def media_check() -> Check:
    """Checks whether the media library loads and can encode what clips need."""
    from videomoments.embedded import Check

    try:
        import av

        missing = [name for name in ("libx264", "aac", "mjpeg") if name not in av.codecs_available]
    except ImportError as error:
        return Check("media", False, f"PyAV does not load ({error})", "Remove the .venv folder and run ./moments again.")
    advice = "Install PyAV from its wheel, which brings these." if missing else ""
    return Check("media", not missing, f"PyAV {av.__version__}{f', without {chr(44).join(missing)}' if missing else ''}", advice)


def sites_check(settings: Settings) -> list[Check]:
    """Checks how old yt-dlp is, because sites change, and whether a configured cookie file exists."""
    import datetime
    import importlib.metadata

    from videomoments.embedded import Check

    version = importlib.metadata.version("yt-dlp")
    year, month, day = (int(part) for part in version.split(".")[:3])
    months = (datetime.datetime.now(datetime.UTC).date() - datetime.date(year, month, day)).days // 30
    old = f"; it is {months} months old, and sites change: see docs/sources.md" if months >= _OLD_MONTHS else ""
    checks = [Check("sites", True, f"yt-dlp {version}{old}")]
    if settings.ytdlp_cookies is not None and not settings.ytdlp_cookies.is_file():
        checks.append(Check("cookies", False, "MOMENTS_YTDLP_COOKIES names no file", "Name a cookie file in Netscape format, or unset it."))
    return checks


def _weights() -> list[Check]:
    from moments_models.weights import WEIGHTS, location, present
    from videomoments.cli.console import megabytes
    from videomoments.embedded import Check

    checks = []
    for name, known in WEIGHTS.items():
        # Missing weights are no fault: the first use downloads them.
        there = f"in {location(name)}" if present(name) else f"not here yet ({megabytes(known.download_size)}, pulled at first use)"
        checks.append(Check(f"weights {name}", True, there))
    return checks
