"""Which stretches are in another language."""

from __future__ import annotations

import pytest

from moments_models.languages import LanguageWindow, runs, together, two_windows_are_sure, weighed


def windows(*probabilities: dict[str, float]) -> list[LanguageWindow]:
    return [LanguageWindow(3.0 * index, 3.0 * index + 2.8, each) for index, each in enumerate(probabilities)]


ENGLISH, FRENCH = {"en": 0.95, "fr": 0.01}, {"fr": 0.9, "en": 0.02}


def test_f85_a_stretch_of_another_language_is_a_run_of_its_own() -> None:
    found = runs(windows(ENGLISH, FRENCH, FRENCH, ENGLISH), "en")
    assert [(run.language, len(run.windows)) for run in found] == [("en", 1), ("fr", 2), ("en", 1)]
    assert two_windows_are_sure(found[1])
    assert (found[1].start, found[1].end) == (3.0, 8.8)


def test_f85_a_window_that_is_not_sure_goes_with_its_neighbours() -> None:
    unsure = {"pl": 0.3, "fr": 0.25, "en": 0.2}
    assert [run.language for run in runs(windows(FRENCH, unsure, FRENCH), "en")] == ["fr"]
    assert [run.language for run in runs(windows(ENGLISH, unsure, ENGLISH), "en")] == ["en"]


def test_f85_one_window_is_never_sure_enough() -> None:
    (_, french, _) = runs(windows(ENGLISH, {"fr": 0.99, "en": 0.001}, ENGLISH), "en")
    assert not two_windows_are_sure(french)


def test_no_windows_no_runs() -> None:
    assert runs([], "en") == []


def test_f85_the_recordings_language_is_that_of_most_of_its_sure_seconds() -> None:
    assert weighed(windows(ENGLISH, FRENCH, ENGLISH, {"pl": 0.21})) == pytest.approx({"en": 2 / 3, "fr": 1 / 3})
    assert weighed(windows({"pl": 0.21})) == {}
    assert together([{"en": 0.4}, {"en": 0.2, "fr": 0.6}]) == pytest.approx({"en": 0.3, "fr": 0.3})
