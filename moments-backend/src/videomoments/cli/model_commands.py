"""`moments models add`, `edit`, `remove`, `test` and `discover` manage the registry of model services."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from videomoments.cli.console import tell
from videomoments.core.terminal import visible

if TYPE_CHECKING:
    from videomoments.core.config import Settings
    from videomoments.inference.discover import Discovered
    from videomoments.inference.model_registry import ModelConfig
    from videomoments.inference.service_check import CheckStep
    from videomoments.services.wiring import Services

_FIELDS = {"video": "supports_video", "finds": "supports_generation", "refines": "supports_refinement"}
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
Finds = Annotated[bool | None, typer.Option("--generation/--no-generation", metavar="", help="Whether it can find moments.")]
Refines = Annotated[bool | None, typer.Option("--refinement/--no-refinement", metavar="", help="Whether it can refine their boundaries.")]
Context = Annotated[int | None, typer.Option("--context-tokens", metavar="N", help="How much it reads at once.")]
AtOnce = Annotated[int | None, typer.Option("--max-concurrency", metavar="N", help="Calls at a time, over all workers.")]
RefinedAtOnce = Annotated[int | None, typer.Option("--max-refinements", metavar="N", help="Refinements among these calls (default: 1).")]
Temperature = Annotated[float | None, typer.Option("--temperature", metavar="T", help="0 to 2.")]
TopP = Annotated[float | None, typer.Option("--top-p", metavar="P", help="Above 0, to 1.")]
TopK = Annotated[int | None, typer.Option("--top-k", metavar="K", help="At least 1.")]
MaxTokens = Annotated[int | None, typer.Option("--max-tokens", metavar="N", help="The longest answer.")]
TokensField = Annotated[
    str | None,
    typer.Option("--tokens-field", metavar="FIELD", help="What its server calls that: max_tokens, max_completion_tokens, or none."),
]
SystemRole = Annotated[
    str | None, typer.Option("--system-role", metavar="ROLE", help="Whose message the instructions stand in: system, or user.")
]
AnswerFormat = Annotated[
    str | None, typer.Option("--answer-format", metavar="FORM", help="How JSON is asked for: json_schema, object_schema, or none.")
]
Stream = Annotated[bool | None, typer.Option("--stream/--no-stream", metavar="", help="Whether its answers come piece by piece.")]
AnswerSeconds = Annotated[int | None, typer.Option("--answer-seconds", metavar="S", help="The longest that an answer may take.")]
FirstToken = Annotated[
    int | None, typer.Option("--first-token-seconds", metavar="S", help="The longest that a streamed answer may take to begin.")
]
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
    finds: Finds = None,
    refines: Refines = None,
    context_tokens: Context = None,
    max_concurrency: AtOnce = None,
    max_refinements: RefinedAtOnce = None,
    temperature: Temperature = None,
    top_p: TopP = None,
    top_k: TopK = None,
    max_tokens: MaxTokens = None,
    tokens_field: TokensField = None,
    system_role: SystemRole = None,
    answer_format: AnswerFormat = None,
    stream: Stream = None,
    answer_seconds: AnswerSeconds = None,
    first_token_seconds: FirstToken = None,
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
    tell(f"Added {key}. Try it: moments models test {key}")


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
    finds: Finds = None,
    refines: Refines = None,
    context_tokens: Context = None,
    max_concurrency: AtOnce = None,
    max_refinements: RefinedAtOnce = None,
    temperature: Temperature = None,
    top_p: TopP = None,
    top_k: TopK = None,
    max_tokens: MaxTokens = None,
    tokens_field: TokensField = None,
    system_role: SystemRole = None,
    answer_format: AnswerFormat = None,
    stream: Stream = None,
    answer_seconds: AnswerSeconds = None,
    first_token_seconds: FirstToken = None,
    api_key_env: KeyVariable = None,
    unset: Annotated[list[str] | None, typer.Option("--unset", metavar="FIELD", help="Forget a value; may be repeated.")] = None,
) -> None:
    """Change what is given of a model service. Runs that were accepted before keep what they were accepted with."""
    from videomoments.cli.runs import with_services

    given = _given(**{name: value for name, value in locals().items() if name not in ("key", "unset", "with_services")})
    forgotten = dict.fromkeys(name.replace("-", "_") for name in unset or ())
    if not given and not forgotten:
        raise typer.BadParameter("say what to change.")

    with_services(lambda services: _change(services, key, forgotten, given))
    tell(f"Changed {key}.")


async def _change(services: Services, key: str, forgotten: dict[str, None], given: dict[str, Any]) -> None:
    """Stores the entry without the forgotten fields and with the given ones. Raises BadParameter for an unknown field, Conflict when
    another user changes the entry meanwhile."""
    from videomoments.core.errors import Conflict

    seen = await services.models.get(key)
    before = seen.model_dump()
    if unknown := set(forgotten) - set(before):
        raise typer.BadParameter(f"there is no field {min(unknown)!r}; there are {', '.join(sorted(before))}.")

    def unchanged(now: ModelConfig) -> None:
        if now != seen:
            raise Conflict(f"Somebody has changed {key} meanwhile.", code="changed_meanwhile", advice="Run this again.")

    await services.models.put(_checked(before | forgotten | given), guard=unchanged)


def remove_model(key: Key) -> None:
    """Remove a model service. One that comes with the program comes back, as it was, at the next start."""
    from videomoments.cli.runs import with_services

    async def drop(services: Services) -> None:
        await services.models.remove(key)

    with_services(drop)
    tell(f"Removed {key}.")


def try_models(
    keys: Annotated[list[str], typer.Argument(metavar="KEY...", help="Models in the registry.")], as_json: AsJson = False
) -> None:
    """Test models: the way in, what they are, how they answer, whether they see time. Exit status 1 when one fails."""
    import asyncio

    from videomoments.cli.console import quiet_logs, say
    from videomoments.cli.runs import with_services
    from videomoments.cli.settings import connected, read_settings

    async def find_and_test(services: Services) -> tuple[bool, dict[str, list[CheckStep]]]:
        models = [await services.models.get(key) for key in keys]
        built_in = any(model.builtin for model in models)
        return built_in, {} if built_in else await _tested(models, services)

    built_in, results = with_services(find_and_test)
    if built_in:  # the service of built-in models must be started first
        quiet_logs()
        with connected(read_settings(), prepared=True, on_progress=say) as running:
            results = asyncio.run(_tested_on(keys, running))
    _print_steps(results, as_json)
    if not all(steps[-1].ok for steps in results.values()):
        raise typer.Exit(1)


async def _tested_on(keys: list[str], settings: Settings) -> dict[str, list[CheckStep]]:
    from videomoments.services.wiring import build_services

    services = build_services(settings, pool_size=1)
    try:
        return await _tested([await services.models.get(key) for key in keys], services)
    finally:
        await services.close()


async def _tested(models: list[ModelConfig], services: Services) -> dict[str, list[CheckStep]]:
    from videomoments.services.model_check import ModelCheck

    check = ModelCheck(services.settings, writer=services.model_dialects)
    results = {}
    for model in models:
        results[model.key] = steps = await check.run(model)
        if steps[-1].ok:
            await services.model_places.answered(model)
    return results


def _print_steps(results: dict[str, list[CheckStep]], as_json: bool) -> None:
    if as_json:
        import json
        from dataclasses import asdict

        rows = [{"key": key, "ok": steps[-1].ok, "steps": [asdict(step) for step in steps]} for key, steps in results.items()]
        tell(json.dumps(rows, indent=2))
        return
    for key, steps in results.items():
        tell(key)
        for step in steps:
            tell(f"  {'ok  ' if step.ok else 'FAIL'}  {step.name:<11}{step.milliseconds:>9.0f} ms  {step.detail}")


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
            tell(f"{one.program} on port {one.port}: {one.model.model_name if one.model else '–'} ({state})")
    asks = sys.stdin.isatty() and not as_json
    chosen = [model for model in new if yes or (asks and typer.confirm(visible(f"Register {model.model_name} as {model.key}?"), err=True))]

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
    tell(json.dumps(rows, indent=2))


def _given(*, url: str | None, ssh: str | None, remote: str | None, **plain: Any) -> dict[str, Any]:
    """Returns the fields of an entry that the options name."""
    fields = {_FIELDS.get(name, name): value for name, value in plain.items() if value is not None}
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
    return fields


def _split_port(text: str) -> tuple[str, str | None]:
    """Splits `host[:port]` or `[IPv6]:port`. The entry's own rules validate both parts."""
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        return host, rest.removeprefix(":") or None
    host, colon, port = text.partition(":")
    return (host, port) if colon and ":" not in port else (text, None)


def _checked(fields: dict[str, Any]) -> ModelConfig:
    """Returns the entry. Raises BadParameter with what is wrong with it."""
    from pydantic import ValidationError

    from videomoments.inference.model_registry import ModelConfig

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
