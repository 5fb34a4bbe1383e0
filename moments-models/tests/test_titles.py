"""Titles are short, specific and true to the words."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_machine import examples

from moments_models.phrases import bare, phrases
from moments_models.spoken import sentences
from moments_models.stopwords import NEVER_LAST
from moments_models.title_sentences import MOST_SIGNS, MOST_WORDS, shortened
from moments_models.titles import is_english, title_case, titles

BREAD = "The sourdough starter is a mix of flour and water. Feed the sourdough starter every day. The flour should be fresh."
MARS = "The rover landed on Mars in winter. Mars dust covers the solar panels of the rover. Wind clears the solar panels."


def test_titles_name_what_is_specific() -> None:
    bread, mars = titles([BREAD, MARS], [0.0, 30.0])
    assert "starter" in bread.lower()
    assert {"mars", "rover", "solar"} & set(mars.lower().split())


def test_no_words_no_invention() -> None:
    assert titles(["Um, so, you know, yeah.", "Okay."], [0.0, 3725.0]) == ["Moment at 0:00", "Moment at 62:05"]


def test_two_segments_never_share_a_title() -> None:
    assert len(set(titles([BREAD, BREAD, BREAD], [0.0, 0.0, 0.0]))) == 3


def test_title_case_keeps_names_and_small_words() -> None:
    assert title_case("history of the iPhone") == "History of the iPhone"
    assert title_case("OP_RETURN limit") == "OP_RETURN Limit"
    assert title_case("pay-to-Taproot outputs") == "Pay-to-Taproot Outputs"
    assert title_case("third-party v1 firmware") == "Third-Party v1 Firmware"


def test_what_the_rest_of_the_recording_is_about_too_is_no_title() -> None:
    elsewhere = ["The rover drives. The rover turns its wheels. Wheels of the rover are made of metal."] * 4
    text = "The rover has a drill. The drill takes samples of rock, and the drill bit is cooled. Wheels of the rover stand still."
    (title,) = titles([text], [0.0], elsewhere=elsewhere)
    assert "drill" in title.lower()


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("We lose context here. The compiler keeps the context of the compiler pass.", {"Lose"}),
        (
            "That was a fantastic discussion. Compiler passes are fun, and compiler passes are fast.",
            {"Fantastic", "Discussion"},
        ),
        ("An incredible amazing compiler. The optimising compiler pass reads the syntax tree.", {"Incredible", "Amazing"}),
        ("It affects registers. Registers of the machine hold values, registers of the machine are few.", {"Affects"}),
        ("The rhythm of the flashes tells ships where they are. The rhythm of the flashes tells ships the name.", {"Tells"}),
    ],
)
def test_no_stray_verb_and_no_praise(said: str, wrong: set[str]) -> None:
    (title,) = titles([said], [0.0])
    assert not title.startswith("Moment at")
    assert not wrong & set(title.split())


def test_what_is_done_may_be_a_title() -> None:
    text = "Today I am monitoring the mempool. Monitoring the mempool shows what is paid. The mempool is full."
    assert found(text)["monitoring the mempool"] == "doing"


def found(text: str) -> dict[str, str]:
    """Returns the candidates of a text with their kinds."""
    tagged = list(enumerate(sentences(text)))
    several = [one for number, sentence in tagged for one in (*phrases(sentence, number), *shortened(sentence, number))]
    return {one.text: one.kind for one in several if one.whole or one.kind == "sentence"}


def test_a_short_question_may_be_a_title_and_one_that_points_elsewhere_may_not() -> None:
    asked = found("So, what is package relay? What do you mean by that? Why did they do it? Should we use rubber?")
    assert [text for text, kind in asked.items() if kind == "asked"] == ["what is package relay?", "Should we use rubber?"]


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("So, um, I mean, my first website, I charged $200 for the whole thing.", "my first website, I charged $200"),
        ("I think that the dam broke a bridge in the spring of that year.", "the dam broke a bridge"),
        ("And then we we sold the company because the money was gone.", "we sold the company"),
        ("Basically, the government really lowered the tax on houses.", "the government lowered the tax on houses"),
    ],
)
def test_a_sentence_is_shortened_where_a_clause_or_phrase_ends(said: str, title: str) -> None:
    assert found(said).get(title) == "sentence"


@pytest.mark.parametrize("said", ["It broke the dam.", "They sold the company to him.", "We think that this", "The company is very"])
def test_what_points_elsewhere_or_is_unfinished_is_no_sentence_for_a_title(said: str) -> None:
    assert "sentence" not in found(said).values()


def test_names_and_compounds_are_whole() -> None:
    texts = found("The Golden Gate Bridge was closed. We talked about the health and care professionals.")
    assert "Golden Gate Bridge" in texts
    assert not {"Gate Bridge", "Golden Gate", "care professionals"} & set(texts)


def test_two_things_are_joined_only_where_they_are_said_together() -> None:
    texts = found("The bakery uses flour and water. The oven is hot. The oven and the oven are old. We met Alice and the oven.")
    assert [text for text, kind in texts.items() if kind == "joined"] == ["flour and water"]


def test_what_is_told_how_may_be_a_title() -> None:
    assert found("Let me explain how to generate an address, and how it works.")["how to generate an address"] == "how"


def test_no_title_goes_across_what_was_hardly_heard() -> None:
    texts = found("The northern ; lighthouse burned down in the winter ; storms of March.")
    assert "sentence" not in texts.values()
    assert not any("lighthouse" in text and "northern" in text for text in texts)


def test_what_is_said_like_anywhere_in_the_recording_is_no_title_by_itself() -> None:
    elsewhere = ["The hash rate went up. Miners look at the hash rate. The hash rate is public."] * 8
    (title,) = titles(["The hash rate matters to us. A warehouse in Iceland has cheap electricity."], [0.0], elsewhere=elsewhere)
    assert title != "Hash Rate"


GERMAN = "Guten Morgen. Wir haben letzte Woche den neuen Backofen gebaut, und der Teig ist endlich aufgegangen. Das war schön."
SPANISH = "Hola a todos. Ayer compramos un horno de leña para la panadería. Funciona muy bien."
FRENCH = "Bonjour. Nous avons construit un nouveau four à bois pour la boulangerie de mon père à Lyon. Voilà."


@pytest.mark.parametrize(
    ("language", "text", "title"),
    [
        ("de", GERMAN, "Wir haben letzte Woche den neuen Backofen gebaut"),
        ("es", SPANISH, "Ayer compramos un horno de leña para la panadería"),
        ("fr", FRENCH, "Nous avons construit un nouveau four à bois…"),
        ("", GERMAN, "Wir haben letzte Woche den neuen Backofen gebaut"),
        ("ja", "こんにちは。昨日、新しいパン窯を作りました。とても良いです。", "昨日、新しいパン窯を作りました"),
    ],
)
def test_a_language_that_is_not_known_keeps_its_case(language: str, text: str, title: str) -> None:
    assert titles([text], [0.0], language=language) == [title]


def test_titles_of_a_language_that_is_not_known_differ() -> None:
    assert len(set(titles([GERMAN, GERMAN, GERMAN, GERMAN], [0.0] * 4, language="de"))) == 4


@pytest.mark.parametrize(
    ("language", "text", "english"),
    [
        ("en-GB", GERMAN, True),
        ("de", BREAD, False),
        ("", BREAD, True),
        ("", FRENCH, False),
        ("", SPANISH, False),
        ("", "Solar panels.", True),
    ],
)
def test_where_no_language_is_given_the_words_tell(language: str, text: str, english: bool) -> None:
    assert is_english(language, [text]) is english


def test_a_question_is_kept_whole() -> None:
    (title,) = titles(["Okay, so why do nodes forget? Nobody said."], [0.0])
    assert title == "Why Do Nodes Forget?"


SAID = "the a of and flour bread Mars rover's slowly to feed NASA C++ 42 don't naïve Straße 東京 — , . ?"
words = st.sampled_from(SAID.split())


@settings(max_examples=examples(150), deadline=None)
@given(st.lists(st.lists(words, max_size=40).map(" ".join), max_size=6), st.sampled_from(["", "en", "de"]))
def test_every_word_of_a_title_was_said(segments: list[str], language: str) -> None:
    found = titles(segments, [float(index) for index in range(len(segments))], language=language)
    assert len(found) == len(set(found)) == len(segments)
    for title, text in zip(found, segments, strict=True):
        assert 1 <= len(title.split()) <= MOST_WORDS
        assert len(title) <= MOST_SIGNS
        if not title.startswith("Moment at "):
            assert set(bare(title).split()) <= set(bare(text).split())
            assert language != "en" or title.lower().split()[-1] not in NEVER_LAST
