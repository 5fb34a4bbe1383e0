"""Hypothesis on a shared machine: no time limit per example, which would measure the neighbours; a failure prints its seed."""

from hypothesis import HealthCheck, settings
from pytest_machine import examples

settings.register_profile("shared", deadline=None, max_examples=examples(80), print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")
