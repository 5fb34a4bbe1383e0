"""From nothing (`make isolation`): a copy of this checkout sets itself up behind a watched door, then is used behind a shut one.

MOMENTS_ISOLATION_SECONDS: how long `serve` runs (600).
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from isolation import allowed
from isolation.day import CHECKOUT, TESTS, ending, environment, told, use
from isolation.files import HOME
from isolation.room import Phase, run_in_room

SECONDS = float(os.environ.get("MOMENTS_ISOLATION_SECONDS") or 600)
COPY = HOME / "VideoMoments"
# Caches of pip and npm are theirs and the user's wish; here they lie aside, so that any other file in the home is seen. So does what rustup
# makes, where a machine has it, when pip asks `rustc` for its version. The names come from a file, because a pipe hides that git failed.
SET_UP = f"""
set -eu
mkdir {COPY}
cd {CHECKOUT}
git ls-files -z > /tmp/listed
tar --null --files-from /tmp/listed --create | tar --extract --directory {COPY}
cd {COPY}
export PIP_NO_CACHE_DIR=1 npm_config_cache=/tmp/npm RUSTUP_HOME=/tmp/rustup
./moments models pull whisper_base minilm
MOMENTS_PYTHON={COPY}/.venv/bin/python moments-frontend/page.sh build
"""
OWN_STACK = [sys.executable, "-m", "pytest", "tests/fundamentals", "-q", "-p", "no:cacheprovider"]


@pytest.fixture(scope="module")
def copied() -> frozenset[str]:
    """The files of the checkout that git knows."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    return frozenset(listed.split("\0"))


@pytest.mark.timeout(7200)
@pytest.mark.usefixtures("rooms")
def test_set_up_asks_for_packages_and_weights_and_nothing_else_is_ever_asked(
    copied: frozenset[str], capsys: pytest.CaptureFixture[str]
) -> None:
    phases = [Phase(["sh", "-c", SET_UP], open=True), use(COPY, SECONDS), Phase(OWN_STACK, folder=str(TESTS.parent))]
    report = run_in_room(phases, environment=environment(), seconds=7000, ports=allowed.ports())
    set_up, used = ([call for call in report.calls if (call.phase == 0) is first] for first in (True, False))
    with capsys.disabled():
        print(f"\nwhile setting up: {sorted({allowed.host_of(call) for call in set_up})}\nafterwards: {len(used)} calls\n{told(used)}")
    assert report.status == 0, ending(report)
    assert allowed.setting_up(set_up) == []
    assert used == [], told(used)
    outside = allowed.places(report.written, COPY, copied)
    assert [path for path in outside if not path.startswith(f"{CHECKOUT}/")] == []
    # The tests' own stack runs from this checkout: what it leaves there git ignores.
    assert allowed.places([path for path in report.written if path.startswith(f"{CHECKOUT}/")], CHECKOUT) == []
    assert any(path.startswith(f"{allowed.DATA}/store/") for path in report.written)
