"""Which Chromium the stories and the page's figures run in."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Playwright

NO_CHROMIUM = "no Chromium on this machine: install one, or name it in CHROMIUM"
# Nothing but the page itself asks for anything: without the rule on names Chromium calls its maker for updates and hints all the same.
_QUIET = (
    "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-crash-reporter",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
)  # fmt: skip
_ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--autoplay-policy=no-user-gesture-required", *_QUIET)
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def chromium() -> str | None:
    """The path of the one that `CHROMIUM` names, else of the first that is installed; None where there is none."""
    named = os.environ.get("CHROMIUM")
    return next((found for name in ((named,) if named else _NAMES) if (found := shutil.which(name))), None)


@contextmanager
def running(driver: Playwright, program: str) -> Iterator[Browser]:
    """The browser, quiet, with a home of its own for its crash reports and settings."""
    with tempfile.TemporaryDirectory(prefix="moments-browser-", ignore_cleanup_errors=True) as home:
        browser = driver.chromium.launch(executable_path=program, args=list(_ARGUMENTS), env={**os.environ, "HOME": home})
        yield browser
        browser.close()
