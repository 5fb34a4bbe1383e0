"""The page is built once, also when two begin at once."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from videomoments.cli import webui_build

_BUILDS = """#!/bin/sh
cd "$(dirname "$0")"
echo begun >> builds
while [ ! -e go ]; do sleep 0.02; done
mkdir -p dist && echo page > dist/index.html
"""


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A page of one file, whose build waits until it is told to go on."""
    (tmp_path / "index.html").write_text("source")
    os.utime(tmp_path / "index.html", (1, 1))
    script = tmp_path / "page.sh"
    script.write_text(_BUILDS)
    script.chmod(0o755)
    monkeypatch.setattr(webui_build, "webui_source", lambda: tmp_path)
    return tmp_path


def test_two_that_begin_at_once_build_once(source: Path) -> None:
    said: list[str] = []
    both = [threading.Thread(target=webui_build.ensure_webui, args=(said.append,)) for _ in range(2)]
    for one in both:
        one.start()
    while len(said) < 2 or not (source / "builds").exists():
        time.sleep(0.01)
    (source / "go").touch()
    for one in both:
        one.join(60)
    assert (source / "builds").read_text().split() == ["begun"]
    assert webui_build.current(source)
    assert len(said) == 2


def test_what_can_not_be_built_is_said_and_stops_nothing(source: Path) -> None:
    (source / "page.sh").write_text("#!/bin/sh\necho no room\nexit 1\n")
    said: list[str] = []
    webui_build.ensure_webui(said.append)
    assert "could not be built (no room)" in said[-1]
