"""Reads a moment's text as sentences of tagged words, without what speech leaves in it: fillers, repeated words, spaces before marks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from moments_models.stopwords import NEVER_LAST
from moments_models.tagger import MARK, TOKEN, trained

BREAK = ";"
"""Stands where words were left out because they were hardly heard: no title goes across it."""
_ENDS = ".?!…"
_APART = re.compile(r"\s+((?:n['’]t|['’](?:s|re|ve|ll|d|m|t))\b)")
_MARKS = re.compile(r"\s+(?=[.,?!])")
_LETTERS = re.compile(r"\b(?:[A-Z]_)+[A-Z]?(?=\W|s\b|$)")
_FILLERS = re.compile(
    r"(?:,\s*)?(?<![\w'-])(?:u+h+m*|u+m+|e+rm*|m+-?h*m+|mm|hmm+|uh-?huh|huh|ah|oh|ooh|eh)(?![\w'-])(?:\s*,)?|\[\w+\]|\{\w+\}|<\w+>", re.I
)
_ASIDE = re.compile(
    r"(?:,\s*)?\b(?:you know|i mean|sort of|kind of|as you know|as i said|of course|so to speak|let's say|if you will|and so on|et cetera)"
    r"\b(?:\s*,)?",
    re.I,
)
_TWICE = re.compile(r"\b(\w+(?:['’]\w+)?(?: \w+){0,2})(?:,?\s+\1\b)+", re.I)
_SPACED = re.compile(r"\w [.,?] ")
_HYPHEN = re.compile(r"(?<=\w) - (?=[a-z])")
_CAPITAL = re.compile(r"(?<![\w'’.-])[B-HJ-Z](?= [a-z])")
"""In text that is spaced so, a capital by itself before a small word is the beginning of a word that was broken off."""
_STRAY = re.compile(r"(?<![\w'’.-])(?:[b-hj-z]|[bcdfgpst][hlr])(?![\w'’.-])")
_BEGINNINGS = """
And But So The We It You Yeah Yes Okay Well That This They There What How Then If Or Not No Oh Right Because Now A He She Hmm My
"""
_BEGINS = frozenset(_BEGINNINGS.split())
"""Where speech was written without full stops, these in capitals begin a sentence."""
_BROKEN_OFF = re.compile(r"\b\w+-(?=\s|$|,)")


@dataclass(frozen=True, slots=True)
class TaggedSentence:
    """A sentence: its tokens, marks among them, their word classes, and the mark that ends it ("" where none does)."""

    words: tuple[str, ...]
    tags: tuple[str, ...]
    ends: str

    @property
    def lower(self) -> tuple[str, ...]:
        return tuple(word.lower() for word in self.words)


def cleaned(text: str) -> str:
    """Returns a text as one would write it: without fillers and words said twice, with marks where they belong."""
    text = _APART.sub(r"\1", text.replace("’", "'"))
    if _SPACED.search(text):
        text = _CAPITAL.sub(" ", _HYPHEN.sub("-", text))
    text = _LETTERS.sub(lambda found: found.group().replace("_", ""), text)
    text = _FILLERS.sub(" ", text)
    text = _ASIDE.sub(" ", text)
    text = _STRAY.sub(" ", _BROKEN_OFF.sub(" ", text))
    text = " ".join(_MARKS.sub("", text).split())
    return _TWICE.sub(r"\1", text)


def sentences(text: str) -> Iterator[TaggedSentence]:
    """Yields the sentences of an English text."""
    words: list[str] = []
    for match in TOKEN.finditer(cleaned(text)):
        token = match.group()
        ends = token[0] in _ENDS
        begins = token in _BEGINS and bool(words) and (words[-1][:1].islower() or words[-1] == ",")
        if words and (ends or begins):
            yield _tagged(words, token[0] if ends else "")
            words = []
        if not ends:
            words.append(token)
    if words:
        yield _tagged(words, "")


def _tagged(words: list[str], ends: str) -> TaggedSentence:
    tags = trained().tag(words)
    for at in range(1, len(words)):
        # What has a capital beside a name is part of it: "the Golden Gate".
        beside = tags[at - 1] == "PROPN" or tags[at + 1 : at + 2] == ["PROPN"]
        if words[at][0].isupper() and beside and tags[at] in ("VERB", "ADJ", "ADV", "INTJ", "X") and words[at].lower() not in NEVER_LAST:
            tags[at] = "PROPN"
    return TaggedSentence(tuple(words), tuple(tags), ends)


def joined(words: tuple[str, ...] | list[str], tags: tuple[str, ...] | list[str]) -> str:
    """Returns tokens as text: no space before marks, none after a currency's sign."""
    text = ""
    glued = True
    for word, tag in zip(words, tags, strict=True):
        mark = tag == MARK and word not in "$€£#"
        text += word if glued or mark else f" {word}"
        glued = word in "$€£#"
    return text
