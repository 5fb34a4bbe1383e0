"""Real PostgreSQL and Valkey for tests, in a data folder of their own: the fixtures `stack` and `stack_with_models`.

One stack per test session: tests that need an empty database or queue empty it themselves.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs
import pytest

from videomoments.core.config import Settings
from videomoments.embedded import Stack, clean_targets, running_stack


def embedded_settings(home: Path) -> Settings:
    """Settings that embed every part, whatever the environment configures."""
    return Settings(home=home, database_url=None, redis_url=None, storage_url=None, models_url=None, models_key=None)


@contextmanager
def short_home() -> Iterator[Path]:
    """A data folder with a short path, that a service account may pass when we are root; removed at the end, with what lies elsewhere."""
    home = Path(tempfile.mkdtemp(prefix="vm", dir=quick_folder()))
    home.chmod(0o711)
    try:
        yield home
    finally:
        remove_home(home)


def quick_folder() -> str | None:
    """Memory where there is plenty that may hold programs (a database is made several times faster there), else the usual place."""
    memory = Path("/dev/shm")
    if memory.is_dir() and os.access(memory, os.W_OK):
        status = os.statvfs(memory)
        if status.f_bavail * status.f_frsize > 2 * 1024**3 and not status.f_flag & os.ST_NOEXEC:
            return str(memory)
    return "/tmp" if os.access("/tmp", os.W_OK) else None  # TMPDIR may be long, as on macOS


def weights_folder() -> str:
    """Where this user keeps the models' weights: every stack of the tests shares them."""
    return os.environ.get("MOMENTS_WEIGHTS") or str(Path(platformdirs.user_data_dir("videomoments", appauthor=False)) / "models")


def remove_home(home: Path) -> None:
    for target in clean_targets(embedded_settings(home)):
        shutil.rmtree(target.path, ignore_errors=True)
        if home not in target.path.parents:
            shutil.rmtree(target.path.parent, ignore_errors=True)
            with contextlib.suppress(OSError):
                target.path.parent.parent.rmdir()  # `/var/lib/moments`, when it is empty
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """PostgreSQL, Valkey and a local store, without models."""
    with short_home() as home, running_stack(embedded_settings(home), models=False) as running:
        yield running


@pytest.fixture(scope="session")
def stack_with_models() -> Iterator[Stack]:
    """The same with the real model services."""
    with weights_of_this_user(), short_home() as home, running_stack(embedded_settings(home)) as running:
        yield running


@contextmanager
def weights_of_this_user() -> Iterator[None]:
    """Model services that are started inside share the weights in this user's own data folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOMENTS_WEIGHTS", weights_folder())
        yield
