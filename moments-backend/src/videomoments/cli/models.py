"""`moments models` lists the models, and downloads the weights of the built-in ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from videomoments.cli import model_commands
from videomoments.cli.console import tell

if TYPE_CHECKING:
    from videomoments.inference.model_registry import ModelConfig

app = typer.Typer(help="The models: list, add and test them, download weights.", no_args_is_help=True)
model_commands.install(app)


@app.command("list")
def list_models(as_json: Annotated[bool, typer.Option("--json", metavar="", help="JSON on stdout.")] = False) -> None:
    """List every model: what it is for, how it is reached, whether its weights are here."""
    import asyncio

    from rich import box
    from rich.table import Table

    from videomoments.cli.console import quiet_logs, results, say
    from videomoments.cli.settings import connected, read_settings

    quiet_logs()
    with connected(read_settings(), models=False, on_progress=say) as settings:
        rows = [_row(model) for model in asyncio.run(_registered(settings))]
    if as_json:
        import json

        tell(json.dumps(rows, indent=2))
        return
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("Model", "Does", "Sees video", "Way in", "Weights"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        sees = "yes" if row["supports_video"] else "no"
        table.add_row(str(row["key"]), _does(row), sees, str(row["way_in"]), str(row["weights"]))
    results().print(table)


@app.command("pull")
def pull_weights(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Models or sets of weights.")] = None,
    everything: Annotated[bool, typer.Option("--all", metavar="", help="The weights of every built-in model.")] = False,
) -> None:
    """Download weights ahead of their first use."""
    from moments_models.weights import WEIGHTS, present
    from videomoments.cli import weights
    from videomoments.cli.console import say

    if bool(names) == everything:
        raise typer.BadParameter(f"name what to pull, or --all. There are: {', '.join(WEIGHTS)}.")
    wanted = list(WEIGHTS) if everything else list(dict.fromkeys(found for name in names or [] for found in _weights_named(name)))
    missing = [name for name in wanted if not present(name)]
    weights.pull(missing)
    say(f"{', '.join(wanted) or 'Nothing'}: {'ready' if missing else 'here already'}." if wanted else "No weights are needed for that.")


def _weights_named(name: str) -> list[str]:
    from moments_models.engines import needed_for
    from moments_models.weights import WEIGHTS

    if name in WEIGHTS:
        return [name]
    try:
        return needed_for([name])
    except KeyError:
        raise typer.BadParameter(f"there are no weights {name!r}. There are: {', '.join(WEIGHTS)}.") from None


async def _registered(settings: object) -> list[ModelConfig]:
    from videomoments.core.config import Settings
    from videomoments.services.wiring import build_services

    assert isinstance(settings, Settings)
    services = build_services(settings, pool_size=1)
    try:
        return await services.models.list()
    finally:
        await services.close()


def _row(model: ModelConfig) -> dict[str, object]:
    return {
        "key": model.key,
        "kind": model.kind.value,
        "supports_video": model.supports_video,
        "supports_generation": model.supports_generation,
        "supports_refinement": model.supports_refinement,
        "max_concurrency": model.max_concurrency,
        "max_refinements": model.max_refinements,
        "way_in": _way_in(model),
        "weights": _weights_of(model),
    }


def _does(row: dict[str, object]) -> str:
    if row["kind"] == "asr":
        return "hears speech"
    jobs = [word for word, able in (("finds", row["supports_generation"]), ("refines", row["supports_refinement"])) if able]
    return " and ".join(jobs) + " moments" if jobs else "nothing"


def _way_in(model: ModelConfig) -> str:
    if model.builtin:
        return "built in"
    if model.base_url is not None:
        return model.base_url
    if model.remote_port is None:
        return "not set up"
    place = f"{model.remote_host or 'localhost'}:{model.remote_port}"
    if model.ssh_host is None:
        return f"ssh to {place}, not set up"
    return f"{place} through ssh {model.ssh_user + '@' if model.ssh_user else ''}{model.ssh_host}"


def _weights_of(model: ModelConfig) -> str:
    """Returns `here (from …)`, `not here (133 MB)` and the like, or `–` for a service elsewhere."""
    from moments_models.engines import needed_for
    from moments_models.weights import WEIGHTS, present
    from moments_models.weights.store import manifest
    from videomoments.cli.console import megabytes

    if not model.builtin or model.model_name is None:
        return "–"
    try:
        names = needed_for([model.model_name])
    except KeyError:
        return "unknown to this version"
    if not names:
        return "needs none"
    parts = []
    for name in names:
        where = (
            f"here (from {manifest(name).get('source', 'unknown')})"
            if present(name)
            else f"not here ({megabytes(WEIGHTS[name].download_size)})"
        )
        parts.append(f"{name} {where}")
    return ", ".join(parts)
