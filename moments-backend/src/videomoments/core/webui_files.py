"""Finds the built web page: in the package of a release, or beside the code in a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGED = Path(__file__).parent.parent / "page"


def webui_source() -> Path | None:
    """Returns the folder that the page is built in, or None where there is no checkout."""
    folder = Path(__file__).parents[4] / "moments-frontend"
    return folder if (folder / "package-lock.json").is_file() else None


def webui_folder() -> Path | None:
    """Returns the folder with the built page, or None where it has not been built."""
    source = webui_source()
    folders = (_PACKAGED, *([source / "dist"] if source else []))
    return next((folder for folder in folders if (folder / "index.html").is_file()), None)
