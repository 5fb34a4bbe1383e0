"""Weights: which are known, where they come from, and where they are stored.

A set of weights is identified by the sha256 of its files; nothing else is ever loaded.
"""

from moments_models.weights.pull_progress import PullProgress
from moments_models.weights.registry import WEIGHTS, WeightSet
from moments_models.weights.sources import SourceFailed
from moments_models.weights.store import WeightsError, brought, fingerprint, location, present, pull, root

__all__ = [
    "WEIGHTS",
    "PullProgress",
    "SourceFailed",
    "WeightSet",
    "WeightsError",
    "brought",
    "fingerprint",
    "location",
    "present",
    "pull",
    "root",
]
