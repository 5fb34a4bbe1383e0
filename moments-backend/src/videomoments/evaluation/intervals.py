"""Estimates confidence intervals of means over recordings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

_DRAWS = 2000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with its 95 % confidence interval."""

    mean: float
    low: float
    high: float


def estimate(by_file: Mapping[str, Sequence[float]], *, seed: int = 7) -> Estimate:
    """Returns the mean over all values, and its interval by percentile bootstrap over files, because values of one file resemble each
    other.

    The draws depend only on the seed and the number of files, so that systems are compared on the same draws. Without values all are NaN.
    """
    groups = [np.asarray(values, float) for values in by_file.values() if len(values)]
    if not groups:
        return Estimate(float("nan"), float("nan"), float("nan"))
    sums, sizes = np.array([group.sum() for group in groups]), np.array([group.size for group in groups])
    drawn = np.random.default_rng(seed).integers(0, len(groups), (_DRAWS, len(groups)))
    means = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    low, high = np.percentile(means, (2.5, 97.5))
    return Estimate(float(sums.sum() / sizes.sum()), float(low), float(high))
