"""Keeps dependencies quiet: no reports to their makers, no checks for updates, no files outside the data folder.

The package sets these variables when it is imported, before it imports a dependency: onnxruntime reads its own variable once, at its
import. Child processes inherit them, or set them by importing the package.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

QUIET: Mapping[str, str] = {
    # Otherwise its Linux wheel stores a device id in ~/.cache and sends events to its maker.
    "ORT_DISABLE_TELEMETRY": "1",
    # The common switch, which huggingface_hub and others read.
    "DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_UPDATE_CHECK": "1",
    # Its second way to download stores a cache and logs in ~/.cache.
    "HF_HUB_DISABLE_XET": "1",
    # For programs of Node, when the page is built.
    "NO_UPDATE_NOTIFIER": "1",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
}


def keep_quiet() -> None:
    """Sets the variables that the environment does not set. A value that is set already stays."""
    for name, value in QUIET.items():
        if not os.environ.get(name):
            os.environ[name] = value
