"""The trained scorer: boosted trees over features, one of which comes from a linear model of sentence meanings. It needs numpy alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from moments_models.boundaries.features import VERSION, Features, describe
from moments_models.task_blocks import LineBlock

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

WEIGHTS = "scorer-1.npz"


@dataclass(frozen=True, slots=True)
class Trees:
    """Binary trees, one row each, nodes in columns.

    A node sends a value of at most `threshold` to `left`, others to `right`, and a missing value to the left where `missing_left` is set. A
    leaf leads to itself, and its `value` is added.
    """

    feature: NDArray[np.int64]
    threshold: Floats
    missing_left: NDArray[np.bool_]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    value: Floats
    depth: int

    def sum(self, table: NDArray[np.float32]) -> Floats:
        """Returns the sum over all trees for each row of `table`."""
        rows = np.arange(len(table))
        total = np.zeros(len(table))
        values = table.astype(np.float64)
        for tree in range(len(self.feature)):
            node = np.zeros(len(table), np.int64)
            for _ in range(self.depth):
                seen = values[rows, self.feature[tree, node]]
                goes_left = np.where(np.isnan(seen), self.missing_left[tree, node], seen <= self.threshold[tree, node])
                node = np.where(goes_left, self.left[tree, node], self.right[tree, node])
            total += self.value[tree, node]
        return total


class BoundaryScorer:
    """Estimates how likely a human would begin a chapter with each line."""

    def __init__(self, weights: Mapping[str, NDArray[np.generic]]) -> None:
        """Reads `weights`, the arrays of a weights file. Raises ValueError for those of another version of the features."""
        if int(weights["version"]) != VERSION:
            raise ValueError(f"the boundary scorer's weights are for features {int(weights['version'])}, not {VERSION}")
        self._names = [str(name) for name in weights["names"]]
        self._opening = np.asarray(weights["opening"], np.float64)
        self._opening_bias = float(weights["opening_bias"])
        self._trees = Trees(
            np.asarray(weights["feature"], np.int64),
            np.asarray(weights["threshold"], np.float64),
            np.asarray(weights["missing_left"], bool),
            np.asarray(weights["left"], np.int64),
            np.asarray(weights["right"], np.int64),
            np.asarray(weights["value"], np.float64),
            int(weights["depth"]),
        )

    def log_odds(self, lines: Sequence[LineBlock], vectors: NDArray[np.float32]) -> Floats:
        """Returns the natural logarithm of the odds that a chapter begins with each line. `vectors` has one unit vector per line."""
        return self._trees.sum(self.table(describe(lines, vectors)))

    def table(self, features: Features) -> NDArray[np.float32]:
        """Returns the table that the trees read. Raises ValueError when the features are not those of the training."""
        found = with_opening(features, features.opening @ self._opening + self._opening_bias)
        if [*features.names, "opening", "opening_standard"] != self._names:
            raise ValueError("the boundary scorer was trained on other features")
        return found


def with_opening(features: Features, opening: Floats) -> NDArray[np.float32]:
    """Returns the table with the linear model's result added, as it is and standardised within the recording."""
    standard = (opening - opening.mean()) / (opening.std() + 1e-9)
    return np.column_stack([features.table, opening, standard]).astype(np.float32)


@lru_cache(maxsize=1)
def trained() -> BoundaryScorer:
    """Returns the scorer with the weights that ship with this package."""
    with files("moments_models.boundaries").joinpath(WEIGHTS).open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        return BoundaryScorer({name: arrays[name] for name in arrays.files})
