"""What is wrong in OpenSSH's files, and the command for it: every form in which a server stands in known_hosts."""

from __future__ import annotations

from pathlib import Path

import asyncssh
import pytest

from videomoments.inference.ssh_files import KnownHost, stale_companion


def line(names: str) -> str:
    return f"{names} {asyncssh.generate_private_key('ssh-ed25519').export_public_key().decode().strip()}\n"


@pytest.mark.parametrize(
    ("names", "port", "wanted"),
    [
        ("gpu.example", 22, "gpu.example"),
        ("other,gpu.example,10.0.0.1", 22, "gpu.example"),
        ("[gpu.example]:2222", 2222, "'[gpu.example]:2222'"),
        # The plain name counts for every port that has no line of its own.
        ("gpu.example", 2222, "gpu.example"),
    ],
)
def test_the_name_is_in_the_form_in_which_it_is_on_record(tmp_path: Path, names: str, port: int, wanted: str) -> None:
    file = tmp_path / "known_hosts"
    file.write_text(line("else.example") + line(names))
    command = KnownHost("gpu.example", port, (str(file),)).forgetting(asyncssh)
    assert command == f"ssh-keygen -f {file} -R {wanted}"


def test_every_file_that_has_it_is_named_and_no_other(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("mine", "a spaced name", "third", "missing")]
    files[0].write_text(line("gpu"))
    files[1].write_text(line("gpu"))
    files[2].write_text(line("other"))
    command = KnownHost("gpu", 22, tuple(map(str, files))).forgetting(asyncssh)
    assert command == f"ssh-keygen -f {files[0]} -R gpu && ssh-keygen -f '{files[1]}' -R gpu"


def test_a_home_is_spelt_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "known_hosts").write_text(line("gpu"))
    assert KnownHost("gpu", 22, ("~/.ssh/known_hosts",)).forgetting(asyncssh) == f"ssh-keygen -f {tmp_path}/.ssh/known_hosts -R gpu"


@pytest.mark.parametrize("names", ["@cert-authority gpu", "other"])
def test_there_is_no_command_where_it_would_remove_nothing(tmp_path: Path, names: str) -> None:
    file = tmp_path / "known_hosts"
    file.write_text(line(names))
    assert KnownHost("gpu", 22, (str(file),)).forgetting(asyncssh) == ""


def written(folder: Path, name: str = "id") -> asyncssh.SSHKey:
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(folder / name)
    return key


def test_a_public_key_that_fits_is_not_blamed(tmp_path: Path) -> None:
    written(tmp_path).write_public_key(tmp_path / "id.pub")
    assert stale_companion(asyncssh, [str(tmp_path / "id")]) is None
    assert stale_companion(asyncssh, [str(tmp_path / "nothing")]) is None


def test_a_certificate_of_another_key_is_named(tmp_path: Path) -> None:
    key = written(tmp_path)
    authority, other = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    authority.generate_user_certificate(key, "mine").write_certificate(tmp_path / "id-cert.pub")
    assert stale_companion(asyncssh, [str(tmp_path / "id")]) is None
    authority.generate_user_certificate(other, "old").write_certificate(tmp_path / "id-cert.pub")
    found = stale_companion(asyncssh, [str(tmp_path / "id")])
    assert found is not None
    assert "id-cert.pub" in found[0]
    assert found[1].endswith(f"rm {tmp_path}/id-cert.pub")


def test_the_usual_keys_are_looked_at_where_none_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh").mkdir()
    written(tmp_path / ".ssh", "id_ed25519")
    asyncssh.generate_private_key("ssh-ed25519").write_public_key(tmp_path / ".ssh" / "id_ed25519.pub")
    found = stale_companion(asyncssh, [])
    assert found is not None
    assert "id_ed25519.pub" in found[0]
