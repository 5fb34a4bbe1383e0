"""The fixture `speech`: media with real speech, each file made once in a test session. A conftest that wants it imports it from here."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Concatenate, ParamSpec

import pytest

from speech.makers import Spoken

P = ParamSpec("P")


class SpeechLibrary:
    """Makes what is asked for, or hands out what it made before.

    `speech.get(".mp4", reordered, (2, 0, 4, 1, 3))` is `reordered(<a path that ends in .mp4>, (2, 0, 4, 1, 3))`. Its files are read only.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[str, Spoken] = {}

    def get(self, suffix: str, maker: Callable[Concatenate[Path, P], Spoken], *arguments: P.args, **options: P.kwargs) -> Spoken:
        name = f"{maker.__name__}{arguments}{sorted(options.items())}{suffix}"
        if name not in self._made:
            target = self._folder / f"{maker.__name__}-{hashlib.sha256(name.encode()).hexdigest()[:8]}{suffix}"
            self._made[name] = maker(target, *arguments, **options)
        return self._made[name]


@cache
def library(base: Path) -> SpeechLibrary:
    """The session's one library, however many conftests import the fixture (pytest keeps a fixture per place it is imported to)."""
    folder = base / "speech"
    folder.mkdir()
    return SpeechLibrary(folder)


@pytest.fixture(scope="session")
def speech(tmp_path_factory: pytest.TempPathFactory) -> SpeechLibrary:
    return library(tmp_path_factory.getbasetemp())
