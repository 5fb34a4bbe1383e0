"""`moments clean` shows how much data is on this machine, and removes it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from videomoments.cli.console import tell

if TYPE_CHECKING:
    from videomoments.core.config import Settings
    from videomoments.embedded import CleanTarget

_WEIGHTS = "models"
_DATA = frozenset({"store", "work", "postgres", "valkey"})


def clean(
    weights: Annotated[bool, typer.Option("--weights", metavar="", help="Model weights.")] = False,
    data: Annotated[bool, typer.Option("--data", metavar="", help="Videos, transcripts, moments, clips, runs.")] = False,
    everything: Annotated[bool, typer.Option("--all", metavar="", help="Weights, data, runtimes and logs.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", metavar="", help="Don't ask.")] = False,
) -> None:
    """Show what lies in the data folder, and remove what is named."""
    from videomoments.cli.console import megabytes
    from videomoments.cli.settings import read_settings

    settings = read_settings()
    targets = _targets(settings)
    chosen = choose(targets, weights=weights, data=data, everything=everything)
    if not targets:
        tell(f"There is nothing in {settings.home}.")
        return
    for target in chosen if chosen else targets:
        tell(f"{megabytes(target.bytes):>9}  {target.path}: {target.what}")
    if not chosen:
        named = weights or data or everything
        tell("There is nothing of that." if named else "Say what to remove: --weights, --data or --all.")
        return
    tell(f"{megabytes(sum(target.bytes for target in chosen)):>9}  in all")
    if not yes:
        if not sys.stdin.isatty():
            raise typer.BadParameter("nobody is there to be asked: add --yes.")
        typer.confirm("Remove it for good?", abort=True)
    _remove(settings, chosen)
    tell("Removed.")


def choose(targets: Sequence[CleanTarget], *, weights: bool, data: bool, everything: bool) -> list[CleanTarget]:
    """Returns those of `targets` that the options name."""

    def named(name: str) -> bool:
        return everything or (weights and name == _WEIGHTS) or (data and name in _DATA)

    return [target for target in targets if named(_kind(target.path))]


def _kind(path: Path) -> str:
    from moments_models.weights import root

    return _WEIGHTS if path == root() else path.name


def _targets(settings: Settings) -> list[CleanTarget]:
    """Returns the data of the embedded parts, with the weights where MOMENTS_WEIGHTS has put them."""
    from moments_models.weights import root
    from videomoments.embedded import CleanTarget, clean_targets
    from videomoments.embedded.removable import size_of

    targets = clean_targets(settings)
    elsewhere = root()
    if elsewhere.exists() and all(target.path != elsewhere for target in targets):
        targets.append(CleanTarget(elsewhere, size_of(elsewhere), "model weights (downloaded again when needed)"))
    return targets


def _remove(settings: Settings, targets: Sequence[CleanTarget]) -> None:
    """Removes the folders while no command can start.

    Raises ServiceUnavailable while a command runs, and MomentsError where something can't be removed.
    """
    from videomoments.core.errors import MomentsError, ServiceUnavailable
    from videomoments.embedded.data_folder import Layout
    from videomoments.embedded.ensure import stop_servers
    from videomoments.embedded.locks import FileLock

    layout = Layout.of(settings)
    layout.make()
    with FileLock(layout, layout.users_lock) as users:
        if not users.try_exclusive():
            raise ServiceUnavailable("A command is using the data folder.", advice="End it (moments serve, generate, …), then try again.")
        # A command that was killed may have left its servers.
        stop_servers(layout)
        for target in targets:
            try:
                shutil.rmtree(target.path)
            except FileNotFoundError:
                continue
            except OSError as error:
                raise MomentsError(f"{target.path} can't be removed: {error.strerror}.", advice="Remove it by hand.") from error
