"""Defines the paths below the data folder, and makes private files there."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from videomoments.core.config import Settings
from videomoments.core.errors import ServiceUnavailable


@dataclass(frozen=True)
class Layout:
    """The paths of one data folder. `owner` is set when root works in another account's folder: files made there are given to that
    account."""

    home: Path
    owner: tuple[int, int] | None = None

    @classmethod
    def of(cls, settings: Settings) -> Layout:
        """Returns the layout of `settings.home`. Reads the disk, but writes nothing.

        Raises ServiceUnavailable when no home folder is known.
        """
        home = settings.home
        if str(home).startswith("~"):
            raise ServiceUnavailable("This user has no home folder.", advice="Set MOMENTS_HOME to a folder to keep the data in.")
        home = Path(os.path.realpath(home))
        nearest = next(folder for folder in (home, *home.parents) if folder.exists())
        status = nearest.stat()
        other = os.geteuid() == 0 and status.st_uid != 0 and nearest == home
        return cls(home, (status.st_uid, status.st_gid) if other else None)

    @property
    def key(self) -> str:
        """Returns a short name for this data folder: 12 hexadecimal digits."""
        return short_hash(str(self.home))

    @property
    def users_lock(self) -> Path:
        return self.home / "users.lock"

    @property
    def start_lock(self) -> Path:
        return self.home / "start.lock"

    @property
    def run(self) -> Path:
        """Returns the folder of the records of running servers."""
        return self.home / "run"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def secrets(self) -> Path:
        return self.home / "secrets"

    def make(self) -> None:
        """Creates missing folders. Root lets others pass the data folder itself, since PostgreSQL runs as another account below it. Raises
        ServiceUnavailable where it can't be written."""
        try:
            if not self.home.exists():
                self.home.parent.mkdir(parents=True, exist_ok=True)
                self.home.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, exist_ok=True)
            for folder in (self.run, self.logs, self.secrets, self.home / "store", self.home / "work"):
                if not folder.exists():
                    folder.mkdir(mode=0o700, exist_ok=True)
                    self.give(folder)
        except OSError as error:
            raise ServiceUnavailable(
                f"The data folder can't be written ({error.strerror}).",
                advice="Set MOMENTS_HOME to a folder that this user may write.",
            ) from error

    def give(self, path: Path) -> None:
        if self.owner is not None:
            os.chown(path, *self.owner, follow_symlinks=False)

    def write(self, path: Path, text: str) -> None:
        """Replaces `path` atomically; only its owner may read it."""
        temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            self.give(temporary)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

    def write_json(self, path: Path, value: dict[str, Any]) -> None:
        self.write(path, json.dumps(value))

    def secret(self, name: str) -> tuple[str, bool]:
        """Returns the secret `name`, made on first use, and whether it is new."""
        path = self.secrets / name
        try:
            text = path.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            text = ""
        if text:
            return text, False
        made = secrets.token_urlsafe(32)
        self.write(path, made)
        return made, True


def read_json(path: Path) -> dict[str, Any] | None:
    """Returns the JSON object in `path`; None when the file is missing, incomplete or no object."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def private_to(path: Path, uid: int) -> bool:
    """Returns whether `path` is a real folder of `uid` that no other account may enter."""
    try:
        status = path.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == uid and not status.st_mode & 0o077
