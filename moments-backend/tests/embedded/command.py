"""A command as its neighbours see it: takes the stack, says so in one line of JSON, holds it until its input ends."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from videomoments.core.config import Settings
from videomoments.core.errors import MomentsError
from videomoments.embedded import running_stack
from videomoments.embedded.data_folder import Layout
from videomoments.embedded.ensure import all_servers


def main() -> None:
    settings = Settings(home=Path(sys.argv[1]), database_url=None, redis_url=None, storage_url=None, models_url=None)
    try:
        with running_stack(settings, models="--models" in sys.argv) as stack:
            records = {server.name: server.live() for server in all_servers(Layout.of(settings))}
            pids = {name: record.pid for name, record in records.items() if record is not None}
            print(json.dumps({"stack": asdict(stack), "pids": pids}), flush=True)
            sys.stdin.read()
    except MomentsError as error:
        print(json.dumps({"error": error.message, "advice": error.advice}), flush=True)
        sys.exit(1)


main()
