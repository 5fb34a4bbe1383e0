"""What strangers write is shown, and obeyed by no terminal."""

from __future__ import annotations

import logging

import pytest

from videomoments.core.logging import configure_logging
from videomoments.core.terminal import escaped, visible

HOSTILE = "A\x1b]0;pwned\x07 \x1b[2J\x9b31m talk\u202e4pm\x08\x7f\x00 \u2066x\u2069\ufeff"


def test_what_a_terminal_obeys_is_left_out() -> None:
    assert visible(HOSTILE) == "A]0;pwned [2J31m talk4pm x"
    assert visible("a\r\nb\rc\x0bd\u2028e\x85f\tg") == "a\nb\nc\nd\ne\nf\tg"
    for kept in ("plain", "नमस्ते क्\u200dष", "👩\u200d👩\u200d👧 🏴", "می\u200cخواهم", "Ünïcôdé\n", "日本語", "שלום"):
        assert visible(kept) == kept


def test_a_log_shows_what_was_there() -> None:
    assert escaped("a\x1b[31m\u202e\x9b") == "a\\x1b[31m\\u202e\\x9b"


def test_a_line_of_the_log_holds_no_escapes(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    try:
        configure_logging("INFO")
        logging.getLogger("videomoments.test").warning("no shots of %s", HOSTILE)
    finally:
        root.handlers[:], root.level = before
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert visible(told) == told
    assert "\\x1b[2J" in told
