"""What a day's use gets from this machine's environment, and what it does not pass over in silence."""

from __future__ import annotations

import sys

import pytest

from isolation import use
from isolation.day import environment
from isolation.fresh import SET_UP
from isolation.room import Phase, run_in_room


def test_git_settings_and_the_demand_for_a_browser_reach_the_room(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
        "CHROMIUM": "/opt/chromium",
        "MOMENTS_DEMAND_BROWSER": "1",
    }
    for name, value in (wanted | {"MOMENTS_HOME": "/ours"}).items():
        monkeypatch.setenv(name, value)
    given = environment()
    assert wanted.items() <= given.items()
    assert "MOMENTS_HOME" not in given


@pytest.mark.usefixtures("rooms")
def test_no_copy_goes_on_where_git_does_not_list_the_files() -> None:
    report = run_in_room([Phase(["sh", "-c", SET_UP])], environment={"GIT_DIR": "/nowhere"})
    assert report.status == 128
    assert "not a git repository" in report.output
    assert "moments" not in report.output


def test_without_chromium_the_page_is_passed_over_only_where_nobody_demands_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setenv("CHROMIUM", "/nowhere/chromium")
    monkeypatch.delenv("MOMENTS_DEMAND_BROWSER", raising=False)
    use.see_the_page("a-video")
    monkeypatch.setenv("MOMENTS_DEMAND_BROWSER", "1")
    with pytest.raises(SystemExit, match="no Chromium here"):
        use.see_the_page("a-video")
