"""Chunks are heard again where the first answer can't be what was said."""

from __future__ import annotations

from made_speech import Scripted, made_speech, said
from moments_models.engine_contract import Word
from moments_models.guards import Reason
from moments_models.listening import Listener, Passage, Take, judge
from moments_models.request_jobs import Job


def endless(word: str, start: float, seconds: float, times: int) -> Passage:
    """A word that is said a few times and written many times: the rest takes no time."""
    words = [Word(word, start + i * 0.3, start + i * 0.3 + 0.3, 0.95) for i in range(4)]
    words += [Word(word, start + 1.2, start + 1.2, 0.97) for _ in range(times - 4)]
    return Passage(tuple(words), -0.1, 0.1, seconds)


def test_f84_a_decoder_without_end_hears_shorter_pieces_and_what_is_repeated_stays() -> None:
    speech = made_speech([(0.2, 4.9), (5.1, 9.8)], 10.0)

    def heard(start: float, end: float, language: str) -> list[Passage]:
        return [endless("no", start, end - start, 60)] if end - start > 7 else [said("no no no no no", start, end)]

    decoder = Scripted(heard)
    take = Listener(decoder, speech, Job()).hear(speech.chunks[0], "en")
    assert [word.word for word in take.words] == ["no"] * 10
    assert take.dropped == []
    assert len(decoder.asked) == 3


def test_f84_a_short_piece_without_end_keeps_what_has_sound_and_counts_the_rest() -> None:
    speech = made_speech([(0.2, 2.8)], 3.0)
    decoder = Scripted(lambda start, end, language: [endless("ha", 0.3, 2.5, 40)])
    take = Listener(decoder, speech, Job()).hear(speech.chunks[0], "en")
    assert [word.word for word in take.words] == ["ha"] * 4
    assert [(part.reason, len(part.text.split())) for part in take.dropped] == [(Reason.LOOP, 36)]


def test_f84_what_is_heard_again_in_the_halves_stands_as_it_was() -> None:
    chant = "we want more " * 12
    speech = made_speech([(0.2, 19.8)], 20.0)
    decoder = Scripted(lambda start, end, language: [said(chant if end - start > 15 else "we want more we want more", start, end)])
    take = Listener(decoder, speech, Job()).hear(speech.chunks[0], "en")
    assert len(take.words) == 36


def test_f57_what_shorter_pieces_contradict_is_sampled_anew_and_judged_strictly() -> None:
    speech = made_speech([(0.2, 19.8)], 20.0)

    def heard(start: float, end: float, language: str) -> list[Passage]:
        if end - start > 15:
            return [said("I was in the first place " * 9, start, end)]
        return [said("something was said here" if start < 5 else "and another thing there", start, end)]

    decoder = Scripted(heard)
    decoder.resampled = [said("what it may have been", 0.3, 9.0), said("so so so so so so so so", 10.0, 19.0)]
    listener = Listener(decoder, speech, Job())
    take = listener.hear(speech.chunks[0], "en")
    assert " ".join(word.word for word in take.words) == "what it may have been"
    assert [part.reason for part in take.dropped] == [Reason.LOOP]
    asked = len(decoder.asked)
    assert listener.complete(speech.chunks[0], take, "en") != []
    assert len(decoder.asked) == asked


def test_f84_halves_that_say_the_same_again_and_again_stand_against_the_whole() -> None:
    speech = made_speech([(0.2, 9.8)], 10.0)
    decoder = Scripted(
        lambda start, end, language: [said("pick it up " * 20 if end - start > 7 else "begin and begin and begin", start, end)]
    )
    take = Listener(decoder, speech, Job()).hear(speech.chunks[0], "en")
    assert " ".join(word.word for word in take.words) == "begin and begin and begin begin and begin and begin"


def test_f57_common_words_are_no_agreement() -> None:
    speech = made_speech([(0.2, 19.8)], 20.0)

    def heard(start: float, end: float, language: str) -> list[Passage]:
        if end - start > 15:
            return [said("I was going to the lower right hand and " * 8, start, end)]
        return [said("I was never in the next room" if start < 5 else "they go to the sea and sail", start, end)]

    take = Listener(Scripted(heard), speech, Job()).hear(speech.chunks[0], "en")
    assert take.words == []


def test_f57_a_loop_where_nobody_speaks_is_dropped_at_once() -> None:
    speech = made_speech([(0.2, 2.0)], 20.0)
    decoder = Scripted(lambda start, end, language: [said("big " * 30, 5.0, 19.0)])
    listener = Listener(decoder, speech, Job())
    take = listener.hear(speech.piece(0.0, 20.0), "en")
    assert take.words == []
    assert [part.reason for part in take.dropped] == [Reason.NO_VOICE]
    assert len(decoder.asked) == 1


def test_f84_speech_without_words_is_played_by_itself_and_what_stays_without_is_told() -> None:
    speech = made_speech([(0.2, 8.0), (10.0, 12.0), (14.0, 16.0)], 17.0)

    def heard(start: float, end: float, language: str) -> list[Passage]:
        if end - start > 10:
            return [said("plain words at the beginning of it", 0.3, 7.9)]
        return [said("a lost phrase", 10.1, 11.9)] if start < 12 else []

    listener = Listener(Scripted(heard), speech, Job())
    chunk = speech.chunks[0]
    take = listener.hear(chunk, "en")
    left = listener.complete(chunk, take, "en")
    assert " ".join(word.word for word in take.words) == "plain words at the beginning of it a lost phrase"
    assert [(round(start), round(end)) for start, end in left] == [(14, 16)]


def test_f84_words_that_are_found_alone_must_be_sure_and_are_no_echo() -> None:
    speech = made_speech([(0.2, 4.0), (6.0, 8.0)], 9.0)

    def heard(start: float, end: float, language: str) -> list[Passage]:
        if start < 4:
            return [said("plain words here end", 0.3, 3.9)]
        return [said("mumble mumble", 6.0, 8.0, confidence=0.3)]

    listener = Listener(Scripted(heard), speech, Job())
    take = listener.hear(speech.chunks[0], "en")
    assert listener.complete(speech.chunks[0], take, "en") != []
    assert len(take.words) == 4
    assert [part.reason for part in take.dropped] == [Reason.UNSURE]


def test_f85_in_a_language_that_was_guessed_doubt_is_enough() -> None:
    speech = made_speech([(0.0, 5.0)], 5.0)
    passage = said("buju hato semi", 0.5, 4.0, confidence=0.55)
    kept, dropped = Take(), Take()
    judge(passage, speech, kept)
    judge(passage, speech, dropped, strict=True)
    assert len(kept.words) == 3
    assert dropped.words == []
