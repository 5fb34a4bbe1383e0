"""Stands in for the model program: the same command line, `/health`, the rest behind the key. First in PYTHONPATH, it is found first."""

from __future__ import annotations

import argparse
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        allowed = self.path == "/health" or self.headers.get("Authorization") == f"Bearer {os.environ['MOMENTS_MODELS_KEY']}"
        self.send_response(200 if allowed else 401)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        return


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["serve"])
    parser.add_argument("--all", action="store_true", required=True)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    if os.environ.get("STANDIN_FAILS"):
        sys.exit("standin: the weights are made of cheese")
    ThreadingHTTPServer((arguments.host, arguments.port), Handler).serve_forever()


main()
