"""What `make lint` finds of names that have two meanings, and which reasons it takes."""

from __future__ import annotations

import pytest
from two_meanings import LAYERED, faults_of

BACKEND = "moments-backend/src/videomoments"
TWO_CLASSES = {f"{BACKEND}/media/types.py": "class Clip:\n    pass", f"{BACKEND}/storage/layout.py": "class Clip(str):\n    pass"}
TWO_MODULES = {f"{BACKEND}/media/failures.py": "", "moments-models/src/moments_models/failures.py": ""}


def test_a_class_in_two_places_is_a_fault() -> None:
    [fault] = faults_of(TWO_CLASSES, {})
    assert fault == f"the class Clip has two meanings: {BACKEND}/media/types.py, {BACKEND}/storage/layout.py"
    assert faults_of(TWO_CLASSES, {"modules": {"Clip": "of the other kind"}})
    assert not faults_of(TWO_CLASSES, {"classes": {"Clip": "the same thing twice"}})


def test_a_module_in_two_places_is_a_fault() -> None:
    [fault] = faults_of(TWO_MODULES, {})
    assert fault.startswith("the module failures has two meanings: ")
    assert not faults_of(TWO_MODULES, {"modules": {"failures": "what each package raises"}})


def test_modules_of_one_resource_are_one_place_in_all_layers() -> None:
    layers = {f"{folder}/runs.py": "" for folder in LAYERED}
    assert not faults_of(layers, {})
    [fault] = faults_of(layers | {f"{BACKEND}/worker/runs.py": ""}, {})
    assert fault.count("runs.py") == 2
    assert faults_of(dict.fromkeys(layers, "class Run:\n    pass"), {})


def test_names_of_packages_and_of_what_lies_inside_classes_are_no_fault() -> None:
    inside = "class {}:\n    class Config:\n        pass"
    assert not faults_of({f"{BACKEND}/a/__init__.py": inside.format("A"), f"{BACKEND}/b/__init__.py": inside.format("B")}, {})


@pytest.mark.parametrize("why", ["", "  ", 1, True])
def test_a_reason_that_says_nothing_is_a_fault(why: object) -> None:
    [fault] = faults_of(TWO_CLASSES, {"classes": {"Clip": why}})
    assert fault == "scripts/two_meanings.toml gives no reason for the class Clip"


@pytest.mark.parametrize("sources", [{}, {f"{BACKEND}/media/clip.py": "class Clip:\n    pass"}])
def test_a_stale_reason_is_a_fault(sources: dict[str, str]) -> None:
    faults = faults_of(sources, {"classes": {"Clip": "once there were two"}, "modules": {"clip": "once there were two"}})
    assert faults == [
        "scripts/two_meanings.toml explains the class Clip, which is in one place or none: delete the line",
        "scripts/two_meanings.toml explains the module clip, which is in one place or none: delete the line",
    ]
