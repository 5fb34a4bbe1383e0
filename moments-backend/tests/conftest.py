"""Fixtures that every folder of tests may use."""

from stack import stack, stack_with_models

__all__ = ["stack", "stack_with_models"]
