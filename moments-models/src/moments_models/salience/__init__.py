"""How much each line of a transcript is worth, and which stretches are worth most: a trained scorer and the choice of moments by it."""

from moments_models.salience.salience_scorer import trained

__all__ = ["trained"]
