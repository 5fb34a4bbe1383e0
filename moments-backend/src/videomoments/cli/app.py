"""Assembles the `moments` command, and turns every ending into one line and an exit status.

Command modules import what they need inside their functions, so that `moments --help` does not load a database driver.
"""

from __future__ import annotations

import contextlib
import sys
import warnings
from collections.abc import Sequence
from typing import Annotated

import typer
from typer.exceptions import TyperException

from videomoments.cli import clean, db, doctor, endings, evaluate, export, generate, keys, models, processes, runs, serve
from videomoments.cli.console import debugging
from videomoments.cli.json_form import JsonCommand

app = typer.Typer(
    name="moments",
    help="Finds the parts of long recordings that are worth keeping: titled, timestamped moments with exact clips.",
    epilog="First try: moments demo. MOMENTS_DEBUG=1 shows tracebacks and logs.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("generate", cls=JsonCommand)(generate.generate)
app.command("demo", cls=JsonCommand)(generate.demo)
app.command("serve")(serve.serve)
app.command("api")(processes.api)
app.command("worker")(processes.worker)
app.command("export")(export.export)
app.command("eval")(evaluate.evaluate)
app.add_typer(runs.app, name="runs")
app.add_typer(models.app, name="models")
app.add_typer(keys.app, name="keys")
app.add_typer(db.app, name="db")
app.command("doctor")(doctor.doctor)
app.command("clean")(clean.clean)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"moments {version('videomoments')}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", metavar="", callback=_version, is_eager=True, help="Show the version.")] = False,
) -> None:
    del version
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def run(arguments: Sequence[str]) -> int:
    """Runs one command line. Returns the exit status: 0 done, 1 failed, 2 wrong usage, 129 the terminal was closed, 130 interrupted, 141
    the output's reader has gone. Prints a traceback only with MOMENTS_DEBUG."""
    if not debugging():
        warnings.simplefilter("ignore")
    command = typer.main.get_command(app)
    try:
        status = command.main(args=list(arguments), prog_name="moments", standalone_mode=False)
    except TyperException as error:
        return endings.wrong_usage(error)
    except (typer.Abort, KeyboardInterrupt, EOFError):
        return endings.interrupted()
    except BrokenPipeError:
        return endings.unread(done=True)
    except endings.Unread:
        return endings.unread(done=False)
    except Exception as error:
        return endings.failed(error)
    finally:
        with contextlib.suppress(OSError):
            sys.stderr.flush()
    # The framework returns a status after an interrupt.
    return endings.interrupted() if status == endings.INTERRUPTED else int(status or 0)
