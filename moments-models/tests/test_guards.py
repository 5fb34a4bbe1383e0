"""What a recogniser invents and what people really say: judged by sound and probability together, never by the text alone."""

from __future__ import annotations

import pytest

from moments_models.guards import Reason, RecognisedStretch, is_endless, is_loop, repeated_instants, syllables, why_invented


def why(
    text: str,
    *,
    confidence: float = 0.85,
    log_probability: float = -0.3,
    no_speech: float = 0.1,
    voice: float = 0.97,
    pace: float = 0.3,
    seconds: float | None = None,
    disputed: bool = False,
) -> Reason | None:
    """`pace`: seconds a word."""
    words = tuple(text.split())
    return why_invented(
        RecognisedStretch(
            words=words,
            probabilities=(confidence,) * len(words),
            durations=(pace,) * len(words),
            log_probability=log_probability,
            no_speech=no_speech,
            seconds=pace * len(words) if seconds is None else seconds,
            voice=voice,
            disputed=disputed,
        )
    )


WORDS = (
    "no", "yes", "go", "stop", "wait", "help", "please", "never", "always", "again", "more", "why",
    "really", "sure", "okay", "fire", "run", "look", "listen", "aye", "very", "big", "push", "hey",
)  # fmt: skip
PHRASES = (
    "I love it", "thank you", "thank you very much", "I don't know", "we want more", "oh my god", "come on", "let's go", "you know what",
    "one more time", "not today", "never again", "what a goal", "are you serious", "I told you so", "he scores", "wake up", "hold the line",
    "je t'aime", "nein danke", "por favor", "да да", "谢谢",
)  # fmt: skip
TOLD = (
    "No no no",
    "I love it, I love it",
    "go go go, he scores!",
    "Thank you, thank you, thank you very much",
    "No, no, no, I did not say that at all.",
    "The more you learn, the more you know, and the more you know, the more you forget.",
    "Location, location, location.",
    "We shall fight on the beaches, we shall fight on the landing grounds, we shall fight in the fields and in the streets.",
    "Row, row, row your boat. Merrily, merrily, merrily, merrily, life is but a dream.",
    "The vote is aye, aye, aye, aye, aye, aye.",
    "Very very very very very very good.",
    "One, one, one, two, two, two, three, three, three.",
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness.",
    "Yes.",
)
REPEATED = (
    *(f"{', '.join([word] * times)}!" for word in WORDS for times in (4, 7, 12)),
    *(f"{'. '.join([phrase] * times)}." for phrase in PHRASES for times in (3, 5)),
    *TOLD,
)


def test_f84_there_are_a_hundred_phrases_and_more() -> None:
    assert len(set(REPEATED)) >= 100


@pytest.mark.parametrize("text", REPEATED)
def test_f84_what_people_repeat_is_kept_where_somebody_speaks(text: str) -> None:
    assert why(text) is None


@pytest.mark.parametrize("text", REPEATED)
def test_f84_f57_the_same_words_over_no_voice_are_invented_when_they_loop_or_are_doubted(text: str) -> None:
    assert why(text, voice=0.05, confidence=0.4) is not None
    if is_loop(text.split()):
        assert why(text, voice=0.05, confidence=0.95, log_probability=-0.05) is Reason.NO_VOICE


def test_f57_a_loop_that_the_model_doubts_or_that_shorter_pieces_contradict_is_invented() -> None:
    loop = "and then we go to the and then we go to the and then we go to the and then we go to the"
    assert why(loop) is None
    assert why(loop, confidence=0.3) is Reason.LOOP
    assert why(loop, disputed=True) is Reason.LOOP
    assert why("they say some other words", log_probability=-0.9, disputed=True) is Reason.UNSURE
    assert why("they say some other words", no_speech=0.7, disputed=True) is Reason.UNSURE
    assert why("they say some other words", disputed=True) is None
    assert why("we know the eighth of the world", confidence=0.4, disputed=True) is Reason.UNSURE


def test_f57_what_the_model_doubts_is_invented() -> None:
    assert why("Thanks for watching.", confidence=0.2, log_probability=-1.3) is Reason.UNSURE
    assert why("you", confidence=0.3, log_probability=-0.7, no_speech=0.9) is Reason.UNSURE
    assert why("you", confidence=0.9, log_probability=-0.4, no_speech=0.9, voice=0.1) is Reason.NO_VOICE
    assert why("Good morning.", log_probability=-0.7) is None


def test_f84_the_mean_of_a_window_does_not_drop_words_that_are_sure_and_voiced() -> None:
    assert why("No! No! No! No! No! No! No! No!", confidence=0.8, log_probability=-1.2) is None


def test_f57_nobody_speaks_that_fast() -> None:
    assert why("one two three four five six seven eight nine ten eleven twelve", seconds=0.5) is Reason.TOO_FAST
    assert why("one two three four five six seven eight nine ten eleven twelve", seconds=2.0) is None
    assert why("ne ne ne ne ne ne ne", seconds=1.0) is None


@pytest.mark.parametrize(
    ("word", "count"),
    [("no", 1), ("banana", 3), ("Bücher", 2), ("привет", 2), ("こんにちは", 5), ("안녕하세요", 5), ("1984", 4), ("hm", 1)],
)
def test_syllables(word: str, count: int) -> None:
    assert syllables(word) == count


def test_f84_what_a_decoder_writes_after_the_end_takes_no_time() -> None:
    words = ["No,"] * 20
    durations = [0.3] * 7 + [0.0] * 13
    assert repeated_instants(words, durations) == list(range(7, 20))
    assert is_endless(words, durations)
    assert not is_endless(["no"] * 7, [0.3] * 5 + [0.0, 0.25])  # one is a matter of alignment
    assert repeated_instants(["we", "all", "went", "home"], [0.0] * 4) == []


def test_a_loop_needs_most_of_the_words() -> None:
    assert is_loop(["go", "go", "go", "go", "go", "home"])
    assert not is_loop(["go", "go", "go", "and", "then", "we", "all", "went", "home", "together"])
