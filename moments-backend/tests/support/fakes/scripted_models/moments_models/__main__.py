"""The model program's command line, in front of the scripted service of the kill matrix (`faults.cell_models`)."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[4]))

from faults.cell_models import serve_held


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["serve"])
    parser.add_argument("--all", action="store_true", required=True)
    parser.add_argument("--host", choices=["127.0.0.1"], required=True)
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    asyncio.run(serve_held(arguments.port, os.environ.get("MOMENTS_MODELS_KEY"), Path(os.environ["HOLD_FOLDER"])))


main()
