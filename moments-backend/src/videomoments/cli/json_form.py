"""Parses `--json` and `--json=v2`: a flag that may carry a version, and never takes the next argument."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import typer
from typer.core import TyperCommand

if TYPE_CHECKING:
    from typer._click import Context

FLAG = "--json"
V2_FLAG = "--json-v2"
"""How `--json=v2` reaches the command; hidden."""


class JsonForm(StrEnum):
    """The JSON form of a command's output. `V1`: one document for one source, an array for several. `V2`: `{"results": […]}` for any
    number."""

    V1 = "v1"
    V2 = "v2"

    @classmethod
    def of(cls, flag: bool, v2: bool) -> JsonForm | None:
        return cls.V2 if v2 else cls.V1 if flag else None


class JsonCommand(TyperCommand):
    """A command whose flag `--json` may carry a version. An option with an optional value would swallow a source that follows it."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        end = args.index("--") if "--" in args else len(args)
        return super().parse_args(ctx, [*(_spelled(ctx, one) for one in args[:end]), *args[end:]])


def _spelled(ctx: Context, argument: str) -> str:
    name, given, version = argument.partition("=")
    if name != FLAG or not given:
        return argument
    if version not in list(JsonForm):
        raise typer.BadParameter(f"there is no {FLAG}={version}; there are {FLAG} and {FLAG}=v2.", ctx=ctx)
    return V2_FLAG if version == JsonForm.V2 else FLAG
