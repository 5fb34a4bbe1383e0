"""Titles, names and servers' errors on a terminal: they are read, and not obeyed. F90's sibling on the way out."""

from __future__ import annotations

import ast
import io
import json
from pathlib import Path

import pytest
from rich.live import Live
from rich.table import Table
from rich.text import Text

import videomoments.cli
from cli import rows
from videomoments.cli.console import json_text, messages, results, say, tell
from videomoments.cli.document import build_document
from videomoments.cli.progress_display import LineProgress
from videomoments.cli.report import failure_line, print_result
from videomoments.core.errors import SourceUnavailable

HOSTILE = "Talk\x1b]0;pwned\x07\x1b[2J\x9b31m\u202efpm"
SHOWN = "Talk]0;pwned[2J31mfpm"


def obeyed(text: str) -> list[str]:
    return [sign for sign in text if sign in "\x1b\x07\x9b\u202e"]


def test_lines_tables_and_results(capsys: pytest.CaptureFixture[str]) -> None:
    tell(HOSTILE)
    say(HOSTILE)
    table = Table(title=Text(HOSTILE))
    table.add_column(HOSTILE)
    table.add_row(Text(HOSTILE))
    table.add_row(HOSTILE)
    results().print(table)
    messages().print(HOSTILE, markup=False)
    moment = rows.moment(1)
    moment.moment.title = HOSTILE
    video = rows.video()
    video.title = HOSTILE
    document = build_document(source=f"/{HOSTILE}.mp4", video=video, run=rows.run(), moments=[moment], output=Path(f"/out/{HOSTILE}"))
    print_result(results(), document, nothing=None)
    say(failure_line(HOSTILE, build_document(source="a", video=None, run=None, error=SourceUnavailable(f"{HOSTILE} answered."))))
    seen = capsys.readouterr()
    assert obeyed(seen.out + seen.err) == []
    assert seen.out.count(SHOWN) >= 5
    assert seen.err.count(SHOWN) == 4


def test_progress_in_lines_and_moving(capsys: pytest.CaptureFixture[str]) -> None:
    stream = io.StringIO()
    progress = LineProgress(stream)
    progress.begin(HOSTILE)
    progress.remark(HOSTILE)
    console = messages()
    with Live(Text(HOSTILE), console=console, auto_refresh=False) as live:
        live.refresh()
    assert obeyed(stream.getvalue()) == []
    assert SHOWN in stream.getvalue()
    assert obeyed(capsys.readouterr().err.replace("\x1b[?25l", "").replace("\x1b[?25h", "")) == []


def test_json_carries_what_was_there() -> None:
    text = json_text({"title": HOSTILE + "\u2028é"})
    assert obeyed(text) == []
    assert "é" in text
    assert json.loads(text) == {"title": HOSTILE + "\u2028é"}


def test_nothing_is_printed_around_the_console() -> None:
    """Each way to print but the console's own is a way around it. The page of help is ours, and coloured."""
    around = []
    for file in Path(videomoments.cli.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("print", "typer.echo", "typer.secho", "Console"):
                around.append(f"{file.name}: {ast.unparse(node)[:40]}")
    known = ("console.py", "app.py", "progress_display.py: print(visible(text)", "evaluate.py: print(f'{start}{name}")
    assert [one for one in around if not one.startswith(known)] == []
