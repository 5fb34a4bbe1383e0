"""What is logged, in text and in JSON: no key to an object and no password, in messages or in errors; every line says whose it is."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from videomoments.core.logging import configure_logging, log_context

_SECRETS = ("canary-signature", "canary-password", "canary-user")
_ADDRESSES = (
    "https://bucket.example/key.mp4?X-Amz-Signature=canary-signature&X-Amz-Date=1",
    "http://127.0.0.1:8001/media/a?expires=1&signature=canary-signature",
    "https://canary-user:canary-password@files.example/a.mp4",
    "postgresql+asyncpg://canary-user:canary-password@db.example:5432/moments",
    "redis://:canary-password@cache.example/0",
)


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("address", _ADDRESSES)
def test_f56_addresses_are_logged_without_what_opens_them(as_json: bool, address: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", as_json)
    log = logging.getLogger("videomoments.test")
    log.info("fetching %s", address)
    log.info("'%s', then \"%s\"", address, address)
    try:
        try:
            raise OSError(f"no answer from {address}")
        except OSError as error:
            raise RuntimeError("failed") from error
    except RuntimeError:
        log.exception("gave up on %s", address)
    written = capsys.readouterr().err
    host = address.split("//")[1].split("@")[-1].split("/")[0]
    # Where it went has to be readable, or the line helps nobody.
    assert written.count(host) >= 5
    assert not [secret for secret in _SECRETS if secret in written]


def test_a_line_of_json_says_whose_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", as_json=True)
    with log_context(request_id="r1"), log_context(stage="TRANSCRIPTION"):
        logging.getLogger("videomoments.test").warning("two\nlines")
    logging.getLogger("videomoments.test").warning("outside")
    inside, outside = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (inside["message"], inside["level"], inside["request_id"], inside["stage"]) == ("two\nlines", "WARNING", "r1", "TRANSCRIPTION")
    assert "request_id" not in outside
