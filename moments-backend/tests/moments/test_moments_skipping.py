"""Greetings, housekeeping, sponsor reads, screens, filler and sign-offs are recognised; talk about such things is not."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spoken_lines import STORY, spoken_lines, story

from videomoments.moments.lines import Line
from videomoments.moments.skipping import SkipKind, skipped_lines
from videomoments.moments.skipping.cue_languages import LANGUAGES

LONG = 40


def labels(texts: Sequence[str], language: str = "en") -> list[SkipKind | None]:
    lines = spoken_lines(texts)
    return skipped_lines(lines, lines[-1].end, language)


def at_opening(*texts: str) -> list[SkipKind | None]:
    return labels([*texts, *story(LONG)])[: len(texts)]


def in_the_middle(*texts: str) -> list[SkipKind | None]:
    return labels([*story(LONG), *texts, *story(LONG)])[LONG : LONG + len(texts)]


def at_the_close(*texts: str) -> list[SkipKind | None]:
    return labels([*story(LONG), *texts])[LONG:]


@pytest.mark.parametrize(
    "text",
    [
        "Hello everyone, and welcome back to the show.",
        "Good morning, my name is Carla Brandt.",
        "Joining me in the studio today is the sailor Ann Pike.",
        "Thanks so much for having me.",
        "Hi there.",
    ],
)
def test_a_greeting_at_the_opening_is_skipped(text: str) -> None:
    assert at_opening(text) == [SkipKind.GREETING]


@pytest.mark.parametrize(
    "text",
    [
        "Can everybody see my slides?",
        "The recording will be online tomorrow.",
        "Please mute yourselves if you are not speaking.",
        "Let's take a ten minute break, there is coffee in the foyer.",
        "Please put your questions in the chat and we'll get to them at the end.",
        "I can't hear you, I think you're still muted.",
    ],
)
def test_housekeeping_is_skipped_wherever_it_is_said(text: str) -> None:
    assert in_the_middle(text)[0] in {SkipKind.HOUSEKEEPING, SkipKind.SCREEN}
    assert at_opening(text)[0] in {SkipKind.HOUSEKEEPING, SkipKind.SCREEN}


@pytest.mark.parametrize(
    "text",
    [
        "Let me share my screen.",
        "Um, so, uh, let me look at my notes.",
        "Sorry, my mouse has vanished, bear with me.",
        "Oops, wrong window, let me just find the right tab.",
    ],
)
def test_the_speakers_own_screen_is_skipped(text: str) -> None:
    assert in_the_middle(text) == [SkipKind.SCREEN]


@pytest.mark.parametrize("text", ["Um, so, yeah.", "Where was I?", "[Applause]", "(upbeat music)", "Mm-hmm.", "Let me start over."])
def test_filler_and_false_starts_are_skipped(text: str) -> None:
    assert in_the_middle(text) == [SkipKind.FILLER]


def test_an_answer_is_no_filler() -> None:
    assert in_the_middle("Did the bridge hold?", "Yeah.") == [None, None]
    assert in_the_middle("The bridge did hold.", "Yeah.") == [None, SkipKind.FILLER]


@pytest.mark.parametrize(
    "text",
    [
        "That's all for today.",
        "Thanks for listening.",
        "See you next week.",
        "Don't forget to like and subscribe.",
        "Have a great evening, everyone.",
        "Take care, bye-bye.",
    ],
)
def test_a_sign_off_at_the_close_is_skipped(text: str) -> None:
    assert at_the_close(text) == [SkipKind.SIGN_OFF]


def test_a_call_to_subscribe_is_skipped_in_the_middle_too() -> None:
    assert in_the_middle("If you like what you see, hit the subscribe button and leave a comment.") == [SkipKind.SIGN_OFF]


READ = (
    "This episode is brought to you by Brewly.",
    "Brewly roasts beans on Mondays.",
    "My mornings are calmer since the first bag came.",
    "Get ten percent off with the code LIGHT at checkout.",
    "That's brewly dot com, slash light.",
    "And now back to the show.",
)


def test_a_sponsor_read_is_skipped_as_a_whole() -> None:
    assert in_the_middle(*READ) == [SkipKind.SPONSOR] * len(READ)


def test_what_follows_the_return_is_watched() -> None:
    found = labels([*story(LONG), *READ, *story(LONG)])
    assert found[LONG + len(READ) :] == [None] * LONG
    assert found[:LONG] == [None] * LONG


def test_a_read_without_a_known_entry_is_recognised_by_its_offer() -> None:
    read = (
        "I moved my whole family onto Northpass last spring.",
        "Northpass keeps all of your passwords in one vault.",
        "You can try Northpass without paying a penny for a month.",
        "Head to northpass.com to get started.",
    )
    assert in_the_middle(*read)[1:] == [SkipKind.SPONSOR] * 3


@pytest.mark.parametrize(
    "text",
    [
        "He told me to share my screen and I froze because my wallpaper was a picture of my ex.",
        "We were welcome in every house on that island.",
        "I said thank you to the nurse and she started to cry.",
        "When we looked for a sponsor for the expedition, forty companies turned us down.",
        "The discount was the reason customers left us in the end.",
        "Sponsors pay for reach, and reach is a lie.",
        "The promo code told us which podcast had sold what.",
        "Hello was the first word that the parrot learned.",
        "They said goodbye at the station and never met again.",
        "My name was not on the list, so they did not let me in.",
        "Take care of the edges and the middle takes care of itself.",
        "You can hear the microphone in every one of those early recordings.",
        "I want to tell you about the worst day of my life.",
        "So the first thing that we did was to count the ships.",
        "Right turns are harder than left turns.",
    ],
)
def test_talk_about_such_things_is_watched(text: str) -> None:
    assert in_the_middle(text) == [None]


def test_a_talk_about_sponsors_is_no_sponsor_read() -> None:
    talk = [
        "Most podcasts live on sponsors, and most sponsors want promo codes.",
        "A promo code tells an advertiser which show sold what.",
        "Twenty percent off is the usual discount.",
        "A free trial converts three in a hundred listeners.",
        "The brands that stay are those whose hosts use the product.",
        "We looked at the revenue of two hundred shows.",
        "A discount code that nobody remembers is worth nothing.",
        "So advertisers have begun to count visits to a website instead.",
    ]
    assert labels([*talk * 4, *story(10)]).count(SkipKind.SPONSOR) == 0


def test_an_opening_is_no_close_and_a_close_no_opening() -> None:
    assert SkipKind.GREETING not in at_the_close("Thanks for listening.", "See you next week.")
    assert in_the_middle("Hello.") == [None]
    assert in_the_middle("Thank you.") == [None]


GERMAN = ["Der Leuchtturm stand auf einem Riff, das niemand kannte.", "Und die Wärterin war nicht die erste, die sich das Licht wünschte."]
SPANISH = ["El faro estaba en una roca que nadie conocía.", "La mujer que lo cuidaba no era la primera de su familia."]
FRENCH = ["Le phare est sur un rocher que les cartes ne montrent pas.", "La femme qui le garde est la fille de celui qui l'a construit."]

FOREIGN = [
    ("de", GERMAN, "Hallo zusammen und herzlich willkommen zu einer neuen Folge.", "Könnt ihr mich alle gut hören?"),
    ("es", SPANISH, "Hola a todos y bienvenidos a un nuevo episodio.", "¿Me escuchan bien? Silencien sus micrófonos, por favor."),
    ("fr", FRENCH, "Bonjour à tous et bienvenue dans un nouvel épisode.", "Est-ce que vous m'entendez bien ?"),
]
FOREIGN_READS = [
    ("de", GERMAN, "Diese Folge wird präsentiert von Brewly.", "Mit dem Code LICHT bekommt ihr zehn Prozent Rabatt."),
    ("es", SPANISH, "Este episodio está patrocinado por Brewly.", "Con el código LUZ tienes un diez por ciento de descuento."),
    ("fr", FRENCH, "Cet épisode est sponsorisé par Brewly.", "Avec le code PHARE, vous avez dix pour cent de réduction."),
]
FOREIGN_ENDS = [
    ("de", GERMAN, "Das war's für heute.", "Danke fürs Zuhören und bis zur nächsten Folge."),
    ("es", SPANISH, "Eso es todo por hoy.", "Gracias por escucharnos y hasta la próxima."),
    ("fr", FRENCH, "C'est tout pour aujourd'hui.", "Merci pour votre écoute et à bientôt."),
]


@pytest.mark.parametrize(("code", "told", "greeting", "check"), FOREIGN)
@pytest.mark.parametrize("known", [True, False])
def test_other_languages_are_recognised_with_and_without_their_code(
    code: str, told: list[str], greeting: str, check: str, known: bool
) -> None:
    found = labels([greeting, check, *told * 20], code if known else "")
    assert found[:2] == [SkipKind.GREETING, SkipKind.HOUSEKEEPING]
    assert found[2:] == [None] * 40


@pytest.mark.parametrize(("code", "told", "entry", "offer"), FOREIGN_READS)
def test_sponsor_reads_in_other_languages(code: str, told: list[str], entry: str, offer: str) -> None:
    assert labels([*told * 20, entry, offer, *told * 20], code)[39:43] == [None, SkipKind.SPONSOR, SkipKind.SPONSOR, None]


@pytest.mark.parametrize(("code", "told", "end", "thanks"), FOREIGN_ENDS)
def test_sign_offs_in_other_languages(code: str, told: list[str], end: str, thanks: str) -> None:
    assert labels([*told * 20, end, thanks], code)[39:] == [None, SkipKind.SIGN_OFF, SkipKind.SIGN_OFF]


def test_a_language_without_cues_has_only_named_sounds() -> None:
    polish = ["Dzień dobry wszystkim i witam w kolejnym odcinku.", "[Muzyka]", "Latarnia stała na skale, której nikt nie znał."]
    assert labels(polish, "pl") == [None, SkipKind.FILLER, None]
    assert labels(polish * 10)[:3] == [None, SkipKind.FILLER, None]
    assert labels(["Hello everyone, and welcome back to the show."], "pl") == [None]
    assert set(LANGUAGES) == {"en", "de", "es", "fr"}


def test_codes_are_read_as_recognisers_give_them() -> None:
    for code in ("en", "EN", "en-US", "en_GB", "English"):
        assert labels(["Hello everyone, and welcome back to the show.", *STORY], code)[0] is SkipKind.GREETING


def test_kinds_are_strings_for_json() -> None:
    assert [str(kind) for kind in SkipKind] == ["greeting", "housekeeping", "sponsor", "screen", "filler", "sign_off"]


def test_nothing_has_no_labels() -> None:
    assert skipped_lines([], 0.0) == []
    assert skipped_lines([Line(1, 0.0, 0.0, "")], 0.0) == [None]


@given(
    st.lists(st.sampled_from([*STORY, *READ, "Hello.", "Um.", "", "See you!", "?!", "12 % off", "猫です。"]), max_size=30),
    st.floats(0, 1e5),
)
def test_every_line_has_one_label(texts: list[str], duration: float) -> None:
    lines = spoken_lines(texts)
    found = skipped_lines(lines, duration)
    assert len(found) == len(lines)
    assert found == skipped_lines(lines, duration)
    assert all(kind is None or isinstance(kind, SkipKind) for kind in found)
