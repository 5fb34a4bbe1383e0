"""Stands in for the model program with answers that follow a script: first in PYTHONPATH, it is found first."""
