"""What `moments doctor` and `moments clean` are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.stack import embedded_settings
from videomoments.core.config import Settings
from videomoments.core.errors import OutOfSpace, ServiceUnavailable
from videomoments.embedded import clean_targets, diagnose, running_stack
from videomoments.embedded.data_folder import Layout
from videomoments.embedded.ensure import all_servers


def test_a_machine_where_all_is_well(home: Path) -> None:
    checks = {check.name: check for check in diagnose(embedded_settings(home))}
    assert [check for check in checks.values() if not check.ok] == []
    assert "18" in checks["PostgreSQL program"].detail
    assert checks["PostgreSQL"].detail == checks["Valkey"].detail == "not running"
    assert checks["commands"].detail == "no command uses the servers"
    with running_stack(embedded_settings(home), models=False):
        checks = {check.name: check for check in diagnose(embedded_settings(home))}
        assert checks["PostgreSQL"].detail.startswith("running (pid ")
        assert checks["Valkey"].detail.startswith("running (pid ")
        assert checks["commands"].detail == "at least one command uses the servers"


def test_what_is_wrong_comes_with_advice(home: Path) -> None:
    (home / "file").write_text("in the way")
    wrong = [check for check in diagnose(embedded_settings(home / "file" / "data")) if not check.ok]
    assert [check.name for check in wrong] == ["data folder"]
    assert "MOMENTS_HOME" in wrong[0].advice
    full = Settings(home=home, min_free_bytes=1 << 60)
    assert [check.name for check in diagnose(full) if not check.ok] == ["data folder"]


def test_clean_knows_every_large_folder_and_its_size(home: Path) -> None:
    (home / "models").mkdir()
    (home / "models" / "weights").write_bytes(b"x" * 3_000_000)
    targets = {target.path.name: target for target in clean_targets(embedded_settings(home))}
    assert targets["models"].bytes == pytest.approx(3_000_000, rel=0.01)
    assert targets["postgres"].bytes > 10_000_000
    assert {"store", "work", "logs", "valkey"} <= set(targets)
    assert all(target.what for target in targets.values())


def test_nothing_made_yet_is_nothing_to_clean(tmp_path: Path) -> None:
    assert clean_targets(embedded_settings(tmp_path / "never")) == []
    assert not (tmp_path / "never").exists()


def test_f62_a_full_disk_has_an_error_of_its_own(home: Path) -> None:
    layout = Layout.of(embedded_settings(home))
    _, postgres, _ = all_servers(layout)
    assert isinstance(postgres.failed("stopped", 'could not write to file "base/1": No space left on device'), OutOfSpace)
    assert isinstance(postgres.failed("stopped", "could not bind"), ServiceUnavailable)
