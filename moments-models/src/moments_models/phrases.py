"""Finds phrases of sentences that could be titles, as they were said: noun phrases, gerunds ("Monitoring the Mempool"), questions, and
clauses that tell how or why ("How to Generate Addresses").

Word classes come from `tagger`. Phrases are whole: nothing that belongs to a name or a compound is cut off.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from moments_models.spoken import TaggedSentence, joined
from moments_models.stopwords import NEVER_LAST, POINTING, STOPWORDS
from moments_models.tagger import MARK
from moments_models.wordclasses import EMPTY_NOUNS, EVALUATING

WORD = re.compile(r"[^\W_]+(?:[’'._-][^\W_]+)*%?", re.UNICODE)
LONGEST = 8
"""Words of a title that is no sentence."""
_LONGEST_DOING = 6
_CORE = 5
"""Words of a noun phrase before its first link."""
_LINKING_WORDS = """
of for in to with on from between against versus vs vs. without through over as by into across within about
"""
_LINKING = frozenset(_LINKING_WORDS.split())
_TIGHT = frozenset({"of", "for", "between", "against", "versus", "vs", "without"})
"""After these a phrase belongs to the one before, whatever verb there is."""
_ARTICLES = frozenset({"the", "a", "an"})
_NOUNS = frozenset({"NOUN", "PROPN"})
_NO_DOING_WORDS = """
going being having doing getting talking saying trying looking thinking something anything nothing everything happening coming making
taking seeing wondering hoping giving putting starting speaking interesting including following depending according assuming regarding
wanting keeping letting meaning feeling asking telling sitting standing waiting
"""
_NO_DOING = frozenset(_NO_DOING_WORDS.split())
_ASKS_WORDS = "what why how who which where when"
_ASKS = frozenset(_ASKS_WORDS.split())
_TELLS_HOW_WORDS = "how why what where whether when"
_TELLS_HOW = frozenset(_TELLS_HOW_WORDS.split())
_AUXILIARIES_WORDS = "do does is are can could should would will did was were has have"
_AUXILIARIES = frozenset(_AUXILIARIES_WORDS.split())
_LEAD = frozenset({"INTJ", "CCONJ"})
_LEADING = "so and but ok okay well right yeah yes now then also or like because alright no"
_LEAD_WORDS = frozenset(_LEADING.split())
_CLAUSE = (3, LONGEST)


@dataclass(frozen=True, slots=True)
class TitleCandidate:
    """A phrase or sentence that could be a title.

    `words` are as they were said, `key` has the stems of the significant ones, `sentence` is the number of the sentence in the moment
    and `at` the word's in it; `whole` is false where it is the rest of something. `kind` is "noun", "single" ("the batteries"),
    "joined" (two with "and"), "linked" ("limit of the size"), "doing", "how", "asked" or "sentence". `named`: "the", "of" or the like
    stands before it, as before names of things.
    """

    words: tuple[str, ...]
    text: str
    key: tuple[str, ...]
    kind: str
    sentence: int
    at: int
    named: bool = False
    whole: bool = True


def stem(word: str) -> str:
    """Returns the stem of a word: plural and singular are one. It is no cleverer, because the words themselves become titles."""
    lower = word.lower().replace("’", "'").removesuffix("'s")
    if len(lower) > 4 and lower.endswith("s") and not lower.endswith(("ss", "us", "is")):
        return lower[:-3] + "y" if lower.endswith("ies") and len(lower) > 5 else lower[:-1]
    return lower


def tells(word: str) -> bool:
    """Returns whether a word says something about a subject."""
    lower = word.lower().replace("’", "'")
    # Adverbs of manner name nothing.
    return lower not in STOPWORDS and len(lower) > 2 and any(map(str.isalpha, lower)) and not (len(lower) > 5 and lower.endswith("ly"))


def bare(text: str) -> str:
    """Returns the words of a text alone, in lower case."""
    return " ".join(WORD.findall(text.lower()))


def phrases(sentence: TaggedSentence, number: int) -> Iterator[TitleCandidate]:
    """Yields every phrase of a sentence that could be a title, once for each time that it was said."""
    runs = list(_runs(sentence))
    for first, last in runs:
        yield from _nouns(sentence, number, first, last, runs)
        yield from _doing(sentence, number, first, last, runs)
    yield from _how(sentence, number)
    yield from _asked(sentence, number)


def candidate(
    sentence: TaggedSentence, number: int, span: tuple[int, int], kind: str, *, named: bool = False, whole: bool = True
) -> TitleCandidate:
    """Returns the tokens [first, last] of a sentence as a candidate."""
    words, tags = sentence.words[span[0] : span[1] + 1], sentence.tags[span[0] : span[1] + 1]
    key = tuple(stem(word) for word, tag in zip(words, tags, strict=True) if tag != MARK and _significant(word))
    return TitleCandidate(words, joined(words, tags), key, kind, number, span[0], named, whole)


def _significant(word: str) -> bool:
    return tells(word) and word.lower() not in EVALUATING and stem(word) not in EMPTY_NOUNS


def _runs(sentence: TaggedSentence) -> Iterator[tuple[int, int]]:
    """Yields the noun phrases [first, last] without articles or links, as long as they are."""
    at, words, tags = 0, sentence.lower, sentence.tags
    while at < len(words):
        first = at
        while at < len(words) and _inside(words, tags, at, first):
            at += 1
        last = at - 1
        while last >= first and not (_head(words, tags, last) and (last == first or not _empty(words[last]))):
            last -= 1  # "voice recognition people" is about voice recognition
        # "the available hardware" is a thing; "hardware available" cut before its adjective is still one.
        while first <= last and _light(words[first], tags[first]) and last > first:
            first += 1
        if first <= last and last - first < _CORE + 1 and any(_significant(word) for word in sentence.words[first : last + 1]):
            yield first, last
        at = max(at, first) + 1


def _inside(words: Sequence[str], tags: Sequence[str], at: int, first: int) -> bool:
    tag, word = tags[at], words[at]
    if tag in (*_NOUNS, "ADJ", "NUM"):
        letter = len(word) == 1 and word.isalpha() and words[at + 1 : at + 2] != ("-",)
        return word not in POINTING and word not in _NO_DOING and not letter
    # "the signed message", "a running node": after an article a participle describes.
    described = at + 1 < len(tags) and tags[at + 1] in (*_NOUNS, "ADJ")
    return tag == "VERB" and word.endswith(("ed", "ing")) and described and (at == first and at > 0 and tags[at - 1] == "DET")


def _head(words: Sequence[str], tags: Sequence[str], at: int) -> bool:
    if tags[at] == "NUM":
        return at > 0 and tags[at - 1] in _NOUNS and words[at][0].isdigit()
    return tags[at] in _NOUNS and not words[at].endswith(("'s", "'")) and words[at] not in NEVER_LAST and words[at] not in EVALUATING


def _light(word: str, tag: str) -> bool:
    return word in EVALUATING or word in STOPWORDS or (tag == "NUM" and word.isalpha()) or stem(word) in EMPTY_NOUNS


def _nouns(sentence: TaggedSentence, number: int, first: int, last: int, runs: Sequence[tuple[int, int]]) -> Iterator[TitleCandidate]:
    words, tags = sentence.lower, sentence.tags
    named = first > 0 and (tags[first - 1] in ("DET", "ADP") or words[first - 1] in ("my", "your", "our", "their", "its"))
    following = words[last + 1] if last + 1 < len(words) else ""
    after = tags[last + 1] if last + 1 < len(words) else ""
    cut = _is_rest(words, tags, first, last) or (after in _NOUNS and not _empty(following))
    if following != "of" and not _empty(words[last]):
        if first == last:
            if first > 0 and words[first - 1] == "the" and tags[last] == "NOUN":
                yield candidate(sentence, number, (first - 1, last), "single", named=True, whole=not cut)
            elif first > 0 and words[first - 1] in EVALUATING and tags[first - 1] == "ADJ":
                yield candidate(sentence, number, (first - 1, last), "loose", whole=not cut)
        else:
            yield candidate(sentence, number, (first, last), "noun", named=named, whole=not cut)
    link = _next_run(sentence, last, runs)
    if link is None or cut:
        return
    kind = "joined" if following in ("and", "or") else "linked"
    if kind == "joined" and not _pairs(sentence, (first, last), link):
        return
    if kind == "linked" and following not in _TIGHT and "VERB" in tags[:first]:
        return  # "send a message to the coordinator": it belongs to the verb
    end = link[1]
    if end - first < LONGEST:
        yield candidate(sentence, number, (first, end), kind, named=named)
    further = _next_run(sentence, end, runs)
    if further is not None and kind == "linked" and words[end + 1] == "of" and further[1] - first < LONGEST:
        yield candidate(sentence, number, (first, further[1]), kind, named=named)


def _empty(word: str) -> bool:
    return word in STOPWORDS or stem(word) in EMPTY_NOUNS


def _is_rest(words: Sequence[str], tags: Sequence[str], first: int, last: int) -> bool:
    """Returns whether a phrase is the rest of a longer one: of a compound, or of "health and care professionals"."""
    if first == 0:
        return False
    if tags[first - 1] in ("ADJ", *_NOUNS):
        return words[first - 1] not in EVALUATING and words[first - 1] not in STOPWORDS
    shared = words[first - 1] in ("and", "or") and first > 1 and tags[first - 2] in ("ADJ", *_NOUNS)
    return shared and last > first and (first == 2 or tags[first - 3] not in ("ADJ", *_NOUNS))


def _pairs(sentence: TaggedSentence, one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Returns whether two phrases make a pair of equals: both names or neither, without a word in common."""
    stems = [{stem(word) for word in sentence.words[first : last + 1]} for first, last in (one, other)]
    heads = [sentence.tags[last] == "PROPN" for _, last in (one, other)]
    return heads[0] == heads[1] and not stems[0] & stems[1] and not _empty(sentence.lower[one[1]])


def _next_run(sentence: TaggedSentence, last: int, runs: Sequence[tuple[int, int]]) -> tuple[int, int] | None:
    """Returns the noun phrase that follows after a link ("of the", "and"), or None."""
    words, at = sentence.lower, last + 1
    if at >= len(words) or words[at] not in (*_LINKING, "and", "or"):
        return None
    at += 1
    if at < len(words) and words[at] in _ARTICLES:
        at += 1
    return next((run for run in runs if run[0] == at and stem(words[run[1]]) not in EMPTY_NOUNS), None)


def _doing(sentence: TaggedSentence, number: int, first: int, last: int, runs: Sequence[tuple[int, int]]) -> Iterator[TitleCandidate]:
    """Yields "monitoring the mempool": a gerund with its object, and what follows that."""
    words, tags = sentence.lower, sentence.tags
    at = first - 1
    if at >= 0 and words[at] in (*_ARTICLES, "your", "our"):
        at -= 1
    if at >= 1 and tags[at] == "ADP" and tags[at - 1] == "VERB" and words[at] in ("to", "with", "for", "on", "from", "into"):
        at -= 1  # "connecting to the network"
    if at < 0 or tags[at] not in ("VERB", "NOUN") or not words[at].endswith("ing") or len(words[at]) < 6 or words[at] in _NO_DOING:
        return
    if at and (tags[at - 1] in (*_NOUNS, "ADJ", "DET") or words[at - 1] == "not"):
        return
    link = _next_run(sentence, last, runs)
    for end in (last, *((link[1],) if link is not None else ())):
        cut = end + 1 < len(words) and words[end + 1] == "of"
        if end - at < _LONGEST_DOING and not cut:
            yield candidate(sentence, number, (at, end), "doing", named=True)


def _how(sentence: TaggedSentence, number: int) -> Iterator[TitleCandidate]:
    """Yields clauses that tell how or why, where they are understood by themselves."""
    words, tags = sentence.lower, sentence.tags
    for at, word in enumerate(words):
        if word not in _TELLS_HOW or sentence.ends == "?" or (at and tags[at - 1] in (*_NOUNS, "PRON")):
            continue
        end = at + 1
        while end < len(words) and tags[end] not in (MARK, "CCONJ", "SCONJ"):
            end += 1
        ends = [end - 1] + [cut - 1 for cut in range(at + 4, end) if tags[cut] == "ADP" and tags[cut - 1] in _NOUNS and words[cut] != "of"]
        for last in ends:
            inside = words[at : last + 1]
            if not _CLAUSE[0] <= last - at + 1 <= _CLAUSE[1] or POINTING.intersection(inside) or not may_end(sentence, last):
                continue
            acts = any(tag in ("VERB", "AUX") for tag in tags[at + 1 : last + 1])
            turned = tags[at + 1] == "AUX" or words[at + 1] in _AUXILIARIES
            found = candidate(sentence, number, (at, last), "how", named=True)
            if acts and not turned and found.key and not (word in ("what", "when") and words[at + 1] not in ("to", "is")):
                yield found


def _asked(sentence: TaggedSentence, number: int) -> Iterator[TitleCandidate]:
    """Yields the sentence where it is a short question that can be understood without what was said before."""
    words, tags = sentence.lower, sentence.tags
    if sentence.ends != "?":
        return
    begins = [at for at in range(len(words)) if at == 0 or tags[at - 1] == MARK or tags[at - 1] in _LEAD or words[at - 1] in _LEAD_WORDS]
    for at in reversed(begins):
        size = len(words) - at
        of_kind = words[at] in _ASKS or (words[at] in _AUXILIARIES and "you" not in words[at:] and tags[at] in ("AUX", "VERB"))
        if not of_kind or not _CLAUSE[0] <= size <= _CLAUSE[1] or MARK in tags[at:] or POINTING.intersection(words[at:]):
            continue
        found = candidate(sentence, number, (at, len(words) - 1), "asked", named=True)
        if found.key and words[-1] not in NEVER_LAST and tags[-1] not in ("ADP", "DET", "CCONJ", "SCONJ", "AUX"):
            yield TitleCandidate((*found.words[:-1], found.words[-1] + "?"), found.text + "?", found.key, "asked", number, at, named=True)
            return


def may_end(sentence: TaggedSentence, at: int) -> bool:
    """Returns whether a title may end with a word: no function word, and no verb that waits for its object."""
    word, tag = sentence.lower[at], sentence.tags[at]
    if word in NEVER_LAST or tag in ("ADP", "DET", "CCONJ", "SCONJ", "AUX", "PRON", "PART", "INTJ", MARK):
        return False
    at_clause_end = at + 1 >= len(sentence.words) or sentence.tags[at + 1] in (MARK, "CCONJ", "SCONJ")
    return tag in (*_NOUNS, "NUM") or at_clause_end
