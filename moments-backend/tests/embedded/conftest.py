from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from embedded_commands import server_pids

from support.stack import embedded_settings, short_home
from videomoments.embedded import running_stack


@pytest.fixture
def fresh_home() -> Iterator[Path]:
    """A data folder with nothing in it; whatever a failed test left running in it is ended."""
    with short_home() as folder:
        yield folder
        for pid in server_pids(folder):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture(scope="session")
def template() -> Iterator[Path]:
    with short_home() as folder:
        with running_stack(embedded_settings(folder), models=False):
            pass
        yield folder


@pytest.fixture
def home(fresh_home: Path, template: Path) -> Path:
    """A data folder whose database is made already, which saves its second."""
    subprocess.run(["cp", "-a", f"{template}/.", str(fresh_home)], check=True)
    return fresh_home
