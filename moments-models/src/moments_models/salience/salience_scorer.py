"""The trained scorer: one weight per feature. It needs numpy alone."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from moments_models.salience.line_features import VERSION, Description, describe
from moments_models.task_blocks import LineBlock

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

WEIGHTS = "salience-1.npz"
FILE_VARIABLE = "MOMENTS_SALIENCE_WEIGHTS"


class SalienceScorer:
    """Estimates which share of a line people would mark as important."""

    def __init__(self, weights: Mapping[str, NDArray[np.generic]]) -> None:
        """Reads `weights`, the arrays of a weights file. Raises ValueError for those of another version of the features."""
        if int(weights["version"]) != VERSION:
            raise ValueError(f"the salience scorer's weights are for features {int(weights['version'])}, not {VERSION}")
        self._names = tuple(str(name) for name in weights["names"])
        self._wording = np.asarray(weights["wording"], np.float64)
        self._meaning = np.asarray(weights["meaning"], np.float64)
        self._usual = float(weights["usual"])

    def shares(self, lines: Sequence[LineBlock], vectors: NDArray[np.float32]) -> Floats:
        """Returns the expected share of each line, about 0 to 1. `vectors` has one unit vector per line."""
        return self.of(describe(lines, vectors))

    def of(self, description: Description) -> Floats:
        """Returns the same from features. Raises ValueError when they are not those of the training."""
        if description.names != self._names:
            raise ValueError("the salience scorer was trained on other features")
        shares: Floats = self._usual + description.wording @ self._wording + description.meaning @ self._meaning
        return shares


@lru_cache(maxsize=1)
def trained() -> SalienceScorer:
    """Returns the scorer with the weights that ship with this package, or with those of the file that `MOMENTS_SALIENCE_WEIGHTS` names:
    a measurement leaves out what it measures on."""
    own = os.environ.get(FILE_VARIABLE)
    place = Path(own) if own else files("moments_models.salience").joinpath(WEIGHTS)
    with place.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        return SalienceScorer({name: arrays[name] for name in arrays.files})
