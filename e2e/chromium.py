"""Which Chromium the stories and the page's figures run in."""

from __future__ import annotations

import os
import shutil

NO_CHROMIUM = "no Chromium on this machine: install one, or name it in CHROMIUM"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def chromium() -> str | None:
    """The path of the one that `CHROMIUM` names, else of the first that is installed; None where there is none."""
    named = os.environ.get("CHROMIUM")
    return next((found for name in ((named,) if named else _NAMES) if (found := shutil.which(name))), None)
