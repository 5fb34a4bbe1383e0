"""A model's title is checked: its form, and that it is about its own moment."""

from __future__ import annotations

import pytest

from videomoments.moments.title_check import TitleFault, check_title, fit_fault, form_fault

BREAD = "The sourdough starter is a mix of flour and water. Feed the sourdough starter every day, and bake on Sunday."
MARS = "The rover landed on Mars in winter. Dust covers its solar panels. Wind clears them, and the rover drives on."


@pytest.mark.parametrize(
    "title", ["Feeding a Sourdough Starter", "Baking on Sundays", "What is flour for?", "Bread needs water", "Part Two"]
)
def test_a_title_of_the_moments_own_words_is_usable_in_any_form(title: str) -> None:
    check = check_title(title, BREAD, [MARS])
    assert check.usable
    assert check.why_not == ""


@pytest.mark.parametrize(
    ("title", "fault"),
    [
        ("The Rover's Solar Panels", TitleFault.ELSEWHERE),
        ("Water for the Mars Rover", TitleFault.ELSEWHERE),
        ("Quarterly Revenue", TitleFault.UNSAID),
        ("", TitleFault.EMPTY),
        ("— … —", TitleFault.EMPTY),
        ("Feeding the Starter with", TitleFault.UNFINISHED),
        ("Flour and", TitleFault.UNFINISHED),
        ("Feeding the sourdough star", TitleFault.CUT_OFF),
        ("The sourdough starter is a mix of…", TitleFault.CUT_OFF),
        ("Sourdough (and more", TitleFault.CUT_OFF),
        ("flour " * 15, TitleFault.LONG),
        ("Flour" + "f" * 80, TitleFault.LONG),
    ],
)
def test_what_is_wrong_with_a_title_is_named(title: str, fault: TitleFault) -> None:
    check = check_title(title, BREAD, [MARS])
    assert check.fault is fault
    assert not check.usable
    assert check.why_not == fault.value


def test_a_word_that_every_part_says_does_not_make_a_title_fit_elsewhere_or_here() -> None:
    both = [f"Bitcoin today. {text}" for text in (BREAD, MARS)]
    assert fit_fault("Bitcoin and the Sourdough Starter", both[0], [both[1]]) is None
    assert fit_fault("Bitcoin and the Rover's Solar Dust", both[0], [both[1]]) is TitleFault.ELSEWHERE


@pytest.mark.parametrize(
    ("language", "title", "fault"),
    [
        ("de", "Der neue Ofen und", TitleFault.UNFINISHED),
        ("de-DE", "Wie der Ofen funktioniert", None),
        ("es", "El horno de", TitleFault.UNFINISHED),
        ("fr", "Le four pour", TitleFault.UNFINISHED),
        ("fr", "Le four à bois", None),
        ("en", "Will the die", None),
        ("de", "Will the die", TitleFault.UNFINISHED),
        ("ja", "Bread and", None),
    ],
)
def test_each_language_has_its_own_function_words(language: str, title: str, fault: TitleFault | None) -> None:
    assert form_fault(title, language=language) is fault


@pytest.mark.parametrize("title", ["What is it for?", "Vitamin A", "Wrapping Up", "Plan B"])
def test_questions_names_and_particles_may_end_a_title(title: str) -> None:
    assert form_fault(title) is None


def test_another_form_of_a_word_is_not_cut_off() -> None:
    assert form_fault("How to Test", "We are testing it.") is None
    assert form_fault("The Sourdough", "A sourdough-based loaf.") is None
    assert form_fault("Monitoring the Memp", "Monitoring the mempool shows what is paid.") is TitleFault.CUT_OFF


def test_compounds_and_scripts_without_spaces_are_compared() -> None:
    assert fit_fault("Das Sauerteigbrot", "Wir backen mit Sauerteig.", ["Der Rover fährt."]) is None
    assert fit_fault("パンの作り方", "今日はパンを作ります。", ["火星の探査車が走ります。"]) is None
    assert fit_fault("火星の探査車", "今日はパンを作ります。", ["火星の探査車が走ります。"]) is TitleFault.ELSEWHERE


def test_what_cannot_be_judged_is_not_blamed() -> None:
    assert fit_fault("What We Do Next", BREAD, [MARS]) is None
    assert fit_fault("Solar Panels", "", [MARS]) is None
