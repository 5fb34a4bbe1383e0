"""The trained chooser: how much a candidate is like the heading that a human would give. It needs numpy alone; `TITLES.md` is its card."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from moments_models.boundaries.scorer import Trees
from moments_models.title_features import NAMES, VERSION

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

WEIGHTS = "titles-1.npz"


class TitleChooser:
    """Scores candidates of one moment by their features; only differences within a moment mean something."""

    def __init__(self, weights: Mapping[str, NDArray[np.generic]]) -> None:
        """Reads `weights`, the arrays of a weights file. Raises ValueError for those of other features."""
        if int(weights["version"]) != VERSION or [str(name) for name in weights["names"]] != list(NAMES):
            raise ValueError("the title chooser was trained on other features")
        self._trees = Trees(
            np.asarray(weights["feature"], np.int64),
            np.asarray(weights["threshold"], np.float64),
            np.asarray(weights["missing_left"], bool),
            np.asarray(weights["left"], np.int64),
            np.asarray(weights["right"], np.int64),
            np.asarray(weights["value"], np.float64),
            int(weights["depth"]),
        )

    def scores(self, rows: Floats) -> Floats:
        """Returns the score of each row of features."""
        return self._trees.sum(rows.astype(np.float32)) if len(rows) else np.zeros(0)


@lru_cache(maxsize=1)
def trained() -> TitleChooser:
    """Returns the chooser with the weights that ship with this package."""
    with files("moments_models").joinpath(WEIGHTS).open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        return TitleChooser({name: arrays[name] for name in arrays.files})
