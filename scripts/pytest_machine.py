"""Adapts the tests of all three projects to the machine; their `conftest.py` imports it before anything else.

- `MOMENTS_TEST_CLOCK_RATE=10` lets every clock of this process run ten times faster, as if the machine were slower: `make test-clock`.
- Hypothesis judges no example by its time, which would measure the neighbours, and a failure prints what repeats it.
  `MOMENTS_TEST_EXAMPLES` is the most that `make unit` tries of each property.
- What was skipped for a missing part is printed at the end, with how to get it. `MOMENTS_SKIPPED` names a file that collects it for
  `python scripts/pytest_machine.py FILE`, the one summary of `make test`.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

# A word in a skip's reason, and what to do about it.
ADVICE = {
    "Chromium": "install chromium, or name one in CHROMIUM",
    "sshd": "install openssh-server",
    "agent": "install openssh-client",
    "Compose": "install Docker with its Compose plugin, which checks compose.yaml",
    "OpenTimelineIO": "run the tests with Python 3.11 to 3.13, for which it has wheels",
    "not installed here": "run the tests on Linux with an x86-64 processor, for which decord has wheels",
    "namespace": "run on Linux, as root or with unprivileged user namespaces allowed (sysctl user.max_user_namespaces)",
    "takes root": "run as root in a container",
    "only root": "run as root in a container",
    "root may read": "run as another user than root",
    "MOMENTS_CORPUS": "make corpus MOMENTS_CORPUS=FOLDER, with a folder of odd files of your own",
    "environment of its own": "run the tests in the checkout's own .venv, as make test does",
    "inotify": "run on Linux with inotify watches to spare (sysctl fs.inotify.max_user_watches)",
    "no room": "free some disk space",
}


def _run_faster(rate: float) -> None:
    for name in ("monotonic", "perf_counter", "time"):
        for unit in ("", "_ns"):
            setattr(time, name + unit, _faster(getattr(time, name + unit), rate))


def _faster(clock: Callable[[], Any], rate: float) -> Callable[[], Any]:
    began = clock()
    return lambda: began + type(began)((clock() - began) * rate)


if "MOMENTS_TEST_CLOCK_RATE" in os.environ and "pytest" in sys.modules:
    _run_faster(float(os.environ["MOMENTS_TEST_CLOCK_RATE"]))


def examples(usual: int) -> int:
    """How many examples a property is tried with: `usual`, or fewer where `MOMENTS_TEST_EXAMPLES` says so (`make unit`)."""
    return min(usual, int(os.environ.get("MOMENTS_TEST_EXAMPLES", usual)))


def pytest_configure() -> None:
    from hypothesis import HealthCheck, settings

    slow = [HealthCheck.too_slow]
    settings.register_profile("any machine", deadline=None, max_examples=examples(80), print_blob=True, suppress_health_check=slow)
    settings.load_profile("any machine")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    reasons = [reason_of(report.longrepr) for report in terminalreporter.stats.get("skipped", [])]
    if not reasons:
        return
    if path := os.environ.get("MOMENTS_SKIPPED"):
        with Path(path).open("a") as file:
            file.writelines(f"{reason}\n" for reason in reasons)
    terminalreporter.section("skipped")
    for line in summary(reasons):
        terminalreporter.write_line(line)


def reason_of(longrepr: object) -> str:
    """Returns the reason in a report, such as `no Chromium` in `Skipped: no Chromium`."""
    text = longrepr[2] if isinstance(longrepr, tuple) else longrepr
    return str(text).removeprefix("Skipped: ").splitlines()[0]


def summary(reasons: list[str]) -> list[str]:
    """Returns a line for each reason: how many tests, why, and how to get what is missing."""
    return [f"{count:4} skipped: {reason}{_advice(reason)}" for reason, count in Counter(reasons).most_common()]


def _advice(reason: str) -> str:
    return next((f": {advice}" for word, advice in ADVICE.items() if word in reason and advice not in reason), "")


def main(path: Path) -> None:
    """Prints the summary of the skips in the file, and removes it."""
    reasons = path.read_text().splitlines() if path.exists() else []
    print("\n".join(summary(reasons) or ["Nothing was skipped."]))
    path.unlink(missing_ok=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
