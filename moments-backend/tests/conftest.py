"""Fixtures that every folder of tests may use."""

from pytest_machine import pytest_configure, pytest_terminal_summary  # isort: split

from support.stack import stack, stack_with_models

__all__ = ["pytest_configure", "pytest_terminal_summary", "stack", "stack_with_models"]
