"""`moments-models serve | pull | list`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from moments_models.weights import PullProgress

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command. Returns the exit status: 0 done, 1 failed (one line says why), 2 wrong usage, 130 interrupted."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="moments-models", description="Local model services with the HTTP contracts of VideoMoments.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="serve models over HTTP")
    serve.add_argument("models", nargs="*", metavar="MODEL", help="models to serve (default: all)")
    serve.add_argument("--all", action="store_true", help="serve all models")
    serve.add_argument(
        "--host", default="127.0.0.1", help="address to bind; other than loopback needs MOMENTS_MODELS_KEY (default: %(default)s)"
    )
    serve.add_argument("--port", type=int, default=8006, help="port; 0 takes any free one and prints it (default: %(default)s)")
    serve.add_argument("--uds", metavar="SOCKET", help="serve on a Unix socket instead")
    serve.add_argument("--fd", type=int, help="serve on an inherited, bound socket instead")
    serve.add_argument("--queue", type=int, default=16, metavar="N", help="requests that may wait per model (default: %(default)s)")
    serve.set_defaults(run=_serve)

    pull = commands.add_parser("pull", help="make weights present on this machine")
    pull.add_argument("names", nargs="+", metavar="NAME", help="weights or models")
    pull.add_argument("--path", type=Path, help="take the files from this folder, no other source")
    pull.set_defaults(run=_pull)

    show = commands.add_parser("list", help="models, their weights and where those came from")
    show.set_defaults(run=_list)
    return parser


def _serve(options: argparse.Namespace) -> int:
    import uvicorn

    from moments_models.app import create_app
    from moments_models.engines import ENGINES

    unknown = [name for name in options.models if name not in ENGINES]
    if unknown:
        return _usage(f"no model named {', '.join(unknown)}; there are {', '.join(ENGINES)}")
    key = os.environ.get("MOMENTS_MODELS_KEY") or None
    local = options.uds is not None or options.fd is not None or options.host in _LOOPBACK
    if not local and key is None:
        return _usage(f"set MOMENTS_MODELS_KEY to serve on {options.host}: everyone who reaches it could use the models")
    chosen = [ENGINES[name] for name in options.models] if options.models and not options.all else list(ENGINES.values())
    app = create_app(chosen, api_key=key, max_waiting=options.queue, any_host=options.uds is not None)
    # h11 and no access log suffice for one small server with a few slow requests.
    uvicorn.run(app, host=options.host, port=options.port, uds=options.uds, fd=options.fd, log_level="warning", timeout_graceful_shutdown=5)
    return 0


def _pull(options: argparse.Namespace) -> int:
    from moments_models import weights
    from moments_models.engines import ENGINES, needed_for

    names: dict[str, None] = {}
    for name in options.names:
        if name in ENGINES and ENGINES[name].brings_weights:
            print(f"{name}: no package carries its weights; put them into {weights.brought(name)} (docs/models/{name}.md)", file=sys.stderr)
            return 1
        names.update(dict.fromkeys(needed_for([name]) if name in ENGINES else [name]))
    for name in names:
        try:
            folder = weights.pull(name, path=options.path, on_progress=_ProgressLine())
        except weights.WeightsError as error:
            print(f"\r{name}: {error}", file=sys.stderr)
            return 1
        print(f"\r{name}: {folder}")
    return 0


def _list(_: argparse.Namespace) -> int:
    from moments_models.engines import ENGINES
    from moments_models.weights import WEIGHTS, brought, present
    from moments_models.weights.store import manifest

    print("models")
    for spec in ENGINES.values():
        needed = f"your own, in {brought(spec.name)}" if spec.brings_weights else ", ".join(spec.weights) or "no weights"
        print(f"  {spec.name:20} {spec.kind.value:5} {needed}")
    print("weights")
    for one in WEIGHTS.values():
        state = (
            f"here, from {manifest(one.name).get('source')}"
            if present(one.name)
            else f"not here, {one.download_size / 1e6:.0f} MB to download"
        )
        print(f"  {one.name:20} {one.size / 1e6:5.0f} MB  {state:36} {one.title} ({one.licence})")
    return 0


class _ProgressLine:
    """Prints one line of progress on a terminal, and only notes elsewhere."""

    def __call__(self, progress: PullProgress) -> None:
        if progress.note:
            print(f"\r{progress.name}: {progress.source}: {progress.note}", file=sys.stderr)
        elif sys.stderr.isatty() and progress.total:
            share = progress.done / progress.total
            print(
                f"\r{progress.name}: {progress.source} {share:4.0%} of {progress.total / 1e6:.0f} MB", end="", file=sys.stderr, flush=True
            )


def _usage(message: str) -> int:
    print(f"moments-models: {message}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
