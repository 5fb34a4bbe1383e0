"""Estimates how likely a new topic begins with each line: features of a transcript, and a trained scorer of them (see CARD.md)."""

from moments_models.boundaries.scorer import BoundaryScorer, trained

__all__ = ["BoundaryScorer", "trained"]
