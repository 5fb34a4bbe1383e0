"""`moments models add`, `edit`, `remove`, `test` and `discover`: the registry of model services."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from videomoments.core.config import Settings
    from videomoments.inference.base import ModelConfig
    from videomoments.inference.check import CheckStep
    from videomoments.inference.discover import Discovered
    from videomoments.services.wiring import Services

_CHAT, _ASR = "/v1/chat/completions", "/transcribe"

Key = Annotated[str, typer.Argument(metavar="KEY", help="The model's key in the registry.")]
Kind = Annotated[str | None, typer.Option("--kind", metavar="KIND", help="chat (the default) or asr, which recognises speech.")]
Url = Annotated[str | None, typer.Option("--url", metavar="URL", help="Where it answers: http(s)://host[:port].")]
Ssh = Annotated[str | None, typer.Option("--ssh", metavar="[USER@]HOST[:PORT]", help="The SSH server that it stands behind.")]
Remote = Annotated[
    str | None,
    typer.Option("--remote", metavar="[HOST:]PORT", help="Where it answers, seen from there; without HOST, on the server itself."),
]
LocalPort = Annotated[int | None, typer.Option("--local-port", metavar="PORT", help="Where the tunnel begins, if that is free.")]
Name = Annotated[str | None, typer.Option("--model-name", metavar="NAME", help="What the service calls it; else the one that it lists.")]
Route = Annotated[str | None, typer.Option("--endpoint", metavar="PATH", help="Its route, if it is not the usual one.")]
Video = Annotated[bool | None, typer.Option("--video/--no-video", metavar="", help="Whether it watches video.")]
Context = Annotated[int | None, typer.Option("--context-tokens", metavar="N", help="How much it reads at once.")]
AtOnce = Annotated[int | None, typer.Option("--max-concurrency", metavar="N", help="Calls at a time, over all workers.")]
Temperature = Annotated[float | None, typer.Option("--temperature", metavar="T", help="0 to 2.")]
TopP = Annotated[float | None, typer.Option("--top-p", metavar="P", help="Above 0, to 1.")]
TopK = Annotated[int | None, typer.Option("--top-k", metavar="K", help="At least 1.")]
MaxTokens = Annotated[int | None, typer.Option("--max-tokens", metavar="N", help="The longest answer.")]
KeyVariable = Annotated[
    str | None,
    typer.Option("--api-key-env", metavar="VARIABLE", help="The environment variable that holds its key: …_API_KEY or …_API_TOKEN."),
]
AsJson = Annotated[bool, typer.Option("--json", metavar="", help="JSON on stdout.")]


def add_model(
    key: Key,
    kind: Kind = None,
    url: Url = None,
    ssh: Ssh = None,
    remote: Remote = None,
    local_port: LocalPort = None,
    model_name: Name = None,
    endpoint: Route = None,
    video: Video = None,
    context_tokens: Context = None,
    max_concurrency: AtOnce = None,
    temperature: Temperature = None,
    top_p: TopP = None,
    top_k: TopK = None,
    max_tokens: MaxTokens = None,
    api_key_env: KeyVariable = None,
) -> None:
    """Add a model service: --url, or --ssh and --remote, say where it answers."""
    from videomoments.cli.runs import with_services

    given = _given(**{name: value for name, value in locals().items() if name not in ("key", "with_services")})
    if given.get("base_url") is None and not {"ssh_host", "remote_port"} <= set(given):
        raise typer.BadParameter("say where it answers: --url, or --ssh and --remote.")
    speech = given.get("kind") == "asr"
    usual = {"kind": "chat", "endpoint": _ASR if speech else _CHAT} | ({"temperature": None} if speech else {})
    model = _checked(usual | given | {"key": key})

    async def store(services: Services) -> None:
        await services.models.add(model)

    with_services(store)
    typer.echo(f"Added {key}. Try it: moments models test {key}")


def edit_model(
    key: Key,
    kind: Kind = None,
    url: Url = None,
    ssh: Ssh = None,
    remote: Remote = None,
    local_port: LocalPort = None,
    model_name: Name = None,
    endpoint: Route = None,
    video: Video = None,
    context_tokens: Context = None,
    max_concurrency: AtOnce = None,
    temperature: Temperature = None,
    top_p: TopP = None,
    top_k: TopK = None,
    max_tokens: MaxTokens = None,
    api_key_env: KeyVariable = None,
    unset: Annotated[list[str] | None, typer.Option("--unset", metavar="FIELD", help="Forget a value; may be repeated.")] = None,
) -> None:
    """Change what is given of a model service. Runs that were accepted before keep what they were accepted with."""
    from videomoments.cli.runs import with_services

    given = _given(**{name: value for name, value in locals().items() if name not in ("key", "unset", "with_services")})
    forgotten = dict.fromkeys(name.replace("-", "_") for name in unset or ())
    if not given and not forgotten:
        raise typer.BadParameter("say what to change.")

    async def store(services: Services) -> None:
        before = (await services.models.get(key)).model_dump()
        if unknown := set(forgotten) - set(before):
            raise typer.BadParameter(f"there is no field {min(unknown)!r}; there are {', '.join(sorted(before))}.")
        await services.models.put(_checked(before | forgotten | given))

    with_services(store)
    typer.echo(f"Changed {key}.")


def remove_model(key: Key) -> None:
    """Remove a model service. One that comes with the program comes back, as it was, at the next start."""
    from videomoments.cli.runs import with_services

    async def drop(services: Services) -> None:
        await services.models.remove(key)

    with_services(drop)
    typer.echo(f"Removed {key}.")


def try_models(
    keys: Annotated[list[str], typer.Argument(metavar="KEY...", help="Models in the registry.")], as_json: AsJson = False
) -> None:
    """Test models: the way in, what they are, how they answer, whether they see time. Exit status 1 when one fails."""
    import asyncio

    from videomoments.cli.console import quiet_logs, say
    from videomoments.cli.runs import with_services
    from videomoments.cli.settings import connected, read_settings

    async def find(services: Services) -> list[ModelConfig]:
        return [await services.models.get(key) for key in keys]

    models = with_services(find)
    quiet_logs()
    settings = read_settings()
    if any(model.builtin for model in models):
        with connected(settings, prepared=True, on_progress=say) as running:
            results = asyncio.run(_tested(models, running))
    else:
        results = asyncio.run(_tested(models, settings))
    _print_steps(results, as_json)
    if not all(steps[-1].ok for steps in results.values()):
        raise typer.Exit(1)


async def _tested(models: list[ModelConfig], settings: Settings) -> dict[str, list[CheckStep]]:
    from videomoments.services.model_check import ModelCheck

    check = ModelCheck(settings)
    return {model.key: await check.run(model) for model in models}


def _print_steps(results: dict[str, list[CheckStep]], as_json: bool) -> None:
    if as_json:
        import json
        from dataclasses import asdict

        rows = [{"key": key, "ok": steps[-1].ok, "steps": [asdict(step) for step in steps]} for key, steps in results.items()]
        typer.echo(json.dumps(rows, indent=2))
        return
    for key, steps in results.items():
        typer.echo(key)
        for step in steps:
            typer.echo(f"  {'ok  ' if step.ok else 'FAIL'}  {step.name:<11}{step.milliseconds:>9.0f} ms  {step.detail}")


def discover_models(
    yes: Annotated[bool, typer.Option("--yes", metavar="", help="Register all that is found, without asking.")] = False,
    as_json: AsJson = False,
) -> None:
    """Find models that already run on this machine (Ollama, llama.cpp, vLLM, LM Studio), and offer to register them."""
    import asyncio
    import sys

    from videomoments.cli.console import say
    from videomoments.cli.runs import with_services
    from videomoments.inference.discover import PROGRAMS, discover

    found = asyncio.run(discover())

    async def known(services: Services) -> set[tuple[str | None, str | None]]:
        return {(model.base_url, model.model_name) for model in await services.models.list()}

    there = with_services(known) if found else set()
    new = [one.model for one in found if one.model is not None and (one.model.base_url, one.model.model_name) not in there]
    if as_json:
        _print_discovered(found, {model.key for model in new})
    elif not found:
        say(f"Nothing found on this machine's usual ports ({', '.join(f'{one.name} {one.port}' for one in PROGRAMS)}).")
    else:
        for one in found:
            state = one.locked or ("new" if one.model in new else "registered already")
            typer.echo(f"{one.program} on port {one.port}: {one.model.model_name if one.model else '–'} ({state})")
    asks = sys.stdin.isatty() and not as_json
    chosen = [model for model in new if yes or (asks and typer.confirm(f"Register {model.model_name} as {model.key}?", err=True))]

    async def store(services: Services) -> None:
        for model in chosen:
            await services.models.add(model)

    if chosen:
        with_services(store)
        for model in chosen:
            say(f"Added {model.key}. Try it: moments models test {model.key}")
    elif new and not asks:
        say("Nothing registered: --yes registers what is new.")


def _print_discovered(found: list[Discovered], new: set[str]) -> None:
    import json

    rows = [
        {
            "program": one.program,
            "port": one.port,
            "note": one.locked or None,
            "new": one.model is not None and one.model.key in new,
            "model": one.model.model_dump(mode="json") if one.model else None,
        }
        for one in found
    ]
    typer.echo(json.dumps(rows, indent=2))


def _given(*, url: str | None, ssh: str | None, remote: str | None, video: bool | None, **plain: Any) -> dict[str, Any]:
    """The fields of an entry that the options name."""
    fields = {name: value for name, value in plain.items() if value is not None}
    if url is not None:
        if ssh is not None or remote is not None:
            raise typer.BadParameter("--url and --ssh are two ways: give one.")
        fields |= {"transport": "direct", "base_url": url}
    if ssh is not None:
        user, at, place = ssh.rpartition("@")
        host, port = _split_port(place)
        fields |= {"transport": "ssh", "base_url": None, "ssh_host": host, "ssh_port": port} | ({"ssh_user": user} if at else {})
    if remote is not None:
        host, port = _split_port(remote if ":" in remote else f"localhost:{remote}")
        fields |= {"remote_host": host, "remote_port": port}
    if video is not None:
        fields["supports_video"] = video
    return fields


def _split_port(text: str) -> tuple[str, str | None]:
    """`host[:port]`, or `[IPv6]:port`; the entry's own rules judge both."""
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        return host, rest.removeprefix(":") or None
    host, colon, port = text.partition(":")
    return (host, port) if colon and ":" not in port else (text, None)


def _checked(fields: dict[str, Any]) -> ModelConfig:
    """The entry, or wrong usage with what is wrong with it."""
    from pydantic import ValidationError

    from videomoments.inference.base import ModelConfig

    try:
        return ModelConfig.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise typer.BadParameter(f"{field + ': ' if field else ''}{first['msg']}.") from None


def install(app: typer.Typer) -> None:
    """Adds these commands to `moments models`."""
    for name, command in (
        ("add", add_model),
        ("edit", edit_model),
        ("remove", remove_model),
        ("test", try_models),
        ("discover", discover_models),
    ):
        app.command(name)(command)
