"""`moments eval` measures a model's moments on recordings with human annotations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from videomoments.cli.console import tell

if TYPE_CHECKING:
    from videomoments.core.config import Settings
    from videomoments.evaluation.dataset import EvaluatedRecording
    from videomoments.evaluation.predictions import Predictions
    from videomoments.evaluation.results import SystemResult
    from videomoments.inference.model_registry import ModelConfig


def evaluate(
    dataset: Annotated[Path, typer.Argument(metavar="DATASET", exists=True, dir_okay=False, help="JSON lines, plain or .gz.")],
    model: Annotated[str | None, typer.Option("--model", "-m", metavar="KEY", help="The model to measure.")] = None,
    predictions: Annotated[
        Path | None, typer.Option("--predictions", metavar="FILE", dir_okay=False, help="Keep what the model found, as JSON lines.")
    ] = None,
    given: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", exists=True, dir_okay=False, help="Measure this file; ask no model.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="DIR", file_okay=False, help="Write a report with charts to this folder.")
    ] = None,
    salience: Annotated[
        bool,
        typer.Option("--salience", metavar="", help="Only how much of what people marked is chosen (else of the answers to queries)."),
    ] = False,
    speakers: Annotated[bool, typer.Option("--speakers/--no-speakers", help="Whether the model is told who speaks.")] = True,
    limit: Annotated[int | None, typer.Option("--limit", metavar="N", min=1, help="Only the first N recordings.")] = None,
    no_baselines: Annotated[bool, typer.Option("--no-baselines", metavar="", help="Only the model: no table to compare with.")] = False,
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="The figures as one JSON document on stdout.")] = False,
) -> None:
    """Measure a model's moments against what people found, beside trivial baselines: chapters, answers to queries, what matters.

    Example: moments eval talks.jsonl --model extractive --predictions found.jsonl --report eval-talks
    """
    from videomoments.cli.console import quiet_logs, say
    from videomoments.evaluation.dataset import read_dataset
    from videomoments.evaluation.evaluation_report import write_report
    from videomoments.evaluation.predictions import read_predictions
    from videomoments.evaluation.results import evaluate as score

    if (model is None) == (given is None):
        raise typer.BadParameter("say which --model to ask, or which predictions to read with --from.")
    _check_outputs(predictions, report)
    quiet_logs()
    everything = read_dataset(dataset)
    recordings = _for_salience(everything[:limit]) if salience else everything[:limit]
    if given is not None:
        ours = read_predictions(given)
        _check_ids(everything, recordings, ours, given.name)
    else:
        ours = _asked(recordings, model or "", speakers=speakers)
    if predictions is not None:
        _keep(ours, predictions)
    results = [score(recordings, ours), *([] if no_baselines else _baselines(recordings))]
    _show(results, as_json=as_json)
    if report is not None:
        say(f"Report: {write_report(report, dataset.name, recordings, results, ours)}")
    _fail_on_errors(ours)


def _check_outputs(predictions: Path | None, report: Path | None) -> None:
    from videomoments.cli.writable import check_file, check_folder

    if predictions is not None:
        check_file("--predictions", predictions)
    if report is not None:
        check_folder("--report", report, files=("report.md", "chapters.svg", "queries.svg", "salience.svg"))


def _for_salience(recordings: Sequence[EvaluatedRecording]) -> list[EvaluatedRecording]:
    found = [one.for_salience() for one in recordings]
    if not any(one.marked for one in found):
        raise typer.BadParameter("nothing is marked in this dataset: --salience needs `salient` segments or queries.")
    return found


def _fail_on_errors(ours: Predictions) -> None:
    from videomoments.cli.console import say

    if ours.errors:
        say(f"{len(ours.errors)} rows failed and count as empty answers; the first: {next(iter(ours.errors.values()))}")
        raise typer.Exit(1)


def _keep(ours: Predictions, path: Path) -> None:
    """Writes the predictions. If the disk is full by now, writes the file elsewhere, and prints where."""
    import tempfile

    from videomoments.cli.console import say
    from videomoments.core.errors import MomentsError

    try:
        ours.write(path)
    except OSError as error:
        other = Path(tempfile.mkdtemp(prefix="moments-eval-")) / path.name
        ours.write(other)
        say(f"{path} could not be written ({error.strerror}). What was found is in {other}; --from {other} measures it.")
        raise MomentsError(f"{path} could not be written.", code="system_error", advice=f"Move {other} there.") from error


def _check_ids(everything: Sequence[EvaluatedRecording], recordings: Sequence[EvaluatedRecording], ours: Predictions, file: str) -> None:
    """Refuses a file of another dataset. Prints how many recordings the file leaves out, because they count as empty answers."""
    from videomoments.cli.console import say
    from videomoments.core.errors import InvalidInput

    strange = ours.recordings - {one.id for one in everything}
    if strange:
        raise InvalidInput(f"{file} is about {len(strange)} recordings that the dataset does not hold; the first: {min(strange)!r}.")
    missing = [one.id for one in recordings if one.id not in ours.recordings]
    if missing:
        say(f"{file} leaves out {len(missing)} of {len(recordings)} recordings, which count as empty answers; the first: {missing[0]}")


def _asked(recordings: Sequence[EvaluatedRecording], key: str, *, speakers: bool) -> Predictions:
    import asyncio

    from videomoments.cli import weights
    from videomoments.cli.console import say
    from videomoments.cli.settings import connected, read_settings
    from videomoments.evaluation.asking import predict

    base = read_settings()
    with connected(base, on_progress=say) as settings:
        config = asyncio.run(_registered(settings, key))
        if base.models_url is None:
            weights.pull(weights.missing_for([config]))
        return asyncio.run(predict(recordings, config, settings, _counting(config.key), speakers=speakers))


async def _registered(settings: Settings, key: str) -> ModelConfig:
    from videomoments.inference.model_registry import ModelKind
    from videomoments.services.wiring import build_services

    services = build_services(settings, pool_size=1)
    try:
        models = {model.key: model for model in await services.models.list() if model.kind is ModelKind.CHAT}
    finally:
        await services.close()
    if key not in models:
        raise typer.BadParameter(f"there is no chat model {key!r}. There are: {', '.join(models)}.")
    return models[key]


def _baselines(recordings: Sequence[EvaluatedRecording]) -> list[SystemResult]:
    found = _chapter_baselines(recordings) if any(one.chapters or one.queries for one in recordings) else []
    return found + (_salience_baselines(recordings) if any(one.marked for one in recordings) else [])


def _salience_baselines(recordings: Sequence[EvaluatedRecording]) -> list[SystemResult]:
    from videomoments.evaluation import baselines
    from videomoments.evaluation.results import evaluate as score
    from videomoments.evaluation.results import evaluate_draws

    return [
        evaluate_draws(recordings, "random", lambda seed: baselines.random_spans(recordings, seed), baselines.RANDOM_DRAWS),
        score(recordings, baselines.opening(recordings)),
        score(recordings, baselines.longest_turns(recordings)),
        score(recordings, baselines.oracle(recordings)),
    ]


def _chapter_baselines(recordings: Sequence[EvaluatedRecording]) -> list[SystemResult]:
    from moments_models import weights as store
    from videomoments.cli import weights
    from videomoments.evaluation import baselines
    from videomoments.evaluation.results import evaluate as score
    from videomoments.evaluation.results import evaluate_draws
    from videomoments.evaluation.texttiling import texttiling

    if not store.present("minilm"):
        weights.pull(["minilm"])
    from moments_models.embedding import MiniLM

    return [
        score(recordings, texttiling(recordings, MiniLM().encode, _counting("TextTiling"))),
        evaluate_draws(recordings, "random", lambda seed: baselines.random_turns(recordings, seed), baselines.RANDOM_DRAWS),
        score(recordings, baselines.uniform(recordings)),
        score(recordings, baselines.whole_video(recordings)),
    ]


def _counting(name: str) -> Callable[[int, int, str], None]:
    """Returns a callback that counts recordings on stderr: in one line on a terminal, else with every tenth printed."""
    import sys

    terminal = sys.stderr.isatty()

    def tell(done: int, total: int, _: str) -> None:
        if terminal or done == total or done % 10 == 0:
            start, end = ("\r", "" if done < total else "\n") if terminal else ("", "\n")
            print(f"{start}{name}: {done} of {total} recordings", end=end, file=sys.stderr, flush=True)

    return tell


def _show(results: Sequence[SystemResult], *, as_json: bool) -> None:
    import json
    from dataclasses import asdict

    from rich import box
    from rich.table import Table

    from videomoments.cli.console import results as stdout
    from videomoments.evaluation.evaluation_report import cell
    from videomoments.evaluation.results import tables

    if as_json:
        tell(json.dumps([asdict(one) for one in results], indent=2))
        return
    for title, columns, rows in tables(results):
        table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
        for heading in ("", *columns.values()):
            table.add_column(heading)
        for name, estimates in rows:
            table.add_row(name, *(cell(estimates[key]) if key in estimates else "–" for key in columns))
        stdout().print(table)
    chapters = any(one.chapters for one in results)
    known = " Random and uniform know the human number of chapters." if chapters else ""
    stdout().print(f"Mean (95 % interval, bootstrap over recordings).{known}")
