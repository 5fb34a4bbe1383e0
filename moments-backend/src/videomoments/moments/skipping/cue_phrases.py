"""Finds phrases in the words of a line.

A phrase is written as one slot per word, with spaces between them:

- `thanks/cheers` holds any of the words; a slot that ends in `?` may be absent;
- `*` stands for up to three words, `#` for a number, `@` for the address of a site;
- `^` as the first slot asks for the beginning of the line (after words that only fill), `$` as the last one for its end.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

_GAP = 3
_TOKEN = re.compile(r"\w+(?:['.\-/@&+]\w+)*|[%$€£]")
_ADDRESS = re.compile(r"(?:\w[\w\-]*[./])+(?:com|org|net|io|co|tv|fm|app|dev|me|shop|store|ai|de|es|fr|eu|uk|example|info)(?:/[\w\-]*)?")
_SIGNS = frozenset("*#@")
_APOSTROPHES = str.maketrans("’‘`´", "''''")

Words = tuple[str, ...]


def words_of(text: str) -> Words:
    """Returns the words of `text` in lower case, without punctuation. An address, a number and an apostrophised word stay one word."""
    return tuple(_TOKEN.findall(text.translate(_APOSTROPHES).casefold()))


class PhraseFinder:
    """Finds the phrases of named groups. It is made once for each language: reading the phrases takes longer than a search."""

    def __init__(self, groups: Mapping[str, Iterable[str]]) -> None:
        written = ((name, slots) for name, phrases in groups.items() for phrase in phrases for slots in _variants(phrase))
        self._variants = [(name, _Variant(slots)) for name, slots in written]
        # By first and by second word, so that of the hundreds of phrases with "the" only those are tried that go on as the line does.
        self._first: dict[str, set[int]] = {}
        self._second: dict[str, set[int]] = {}
        self._any_first: set[int] = set()
        self._any_second: set[int] = set()
        for number, (_, variant) in enumerate(self._variants):
            _enter(number, variant.slots[:1], self._first, self._any_first)
            _enter(number, variant.slots[1:2], self._second, self._any_second)

    def spans(self, words: Words, begin: int = 0) -> dict[str, list[tuple[int, int]]]:
        """Returns where phrases of each group lie, as [first, last) positions in `words`, the longest at each place, without overlaps.

        `begin` is the position at which the line begins for `^`, besides 0. Groups without a phrase in the line are left out.
        """
        found: dict[str, list[tuple[int, int]]] = {}
        for at, word in enumerate(words):
            likely = self._first.get(word, _NONE) | self._any_first
            if at + 1 < len(words):
                likely &= self._second.get(words[at + 1], _NONE) | self._any_second
            else:
                likely &= self._any_second
            longest: dict[str, int] = {}
            for number in likely:
                name, variant = self._variants[number]
                if variant.lies_at(words, at, begin):
                    longest[name] = max(longest.get(name, 0), at + len(variant.slots))
            for name, end in longest.items():
                places = found.setdefault(name, [])
                if not places or places[-1][1] <= at:
                    places.append((at, end))
        return found


_NONE: frozenset[int] = frozenset()


def _enter(number: int, slots: Sequence[str], by_word: dict[str, set[int]], anywhere: set[int]) -> None:
    """Enters a variant under each word of its slot, or under any word where the slot is a sign or there is none."""
    if not slots or slots[0] in _SIGNS:
        anywhere.add(number)
        return
    for word in slots[0].split("/"):
        by_word.setdefault(word, set()).add(number)


class _Variant:
    """One way to say a phrase, with a fixed number of words."""

    def __init__(self, slots: Sequence[str]) -> None:
        self._at_start, self._at_end = slots[0] == "^", slots[-1] == "$"
        self.slots = tuple(slots[int(self._at_start) : len(slots) - int(self._at_end)])
        self._words = tuple(frozenset() if slot in _SIGNS else frozenset(slot.split("/")) for slot in self.slots)

    def lies_at(self, words: Words, at: int, begin: int) -> bool:
        end = at + len(self.slots)
        if end > len(words) or (self._at_start and at not in {0, begin}) or (self._at_end and end != len(words)):
            return False
        return all(_holds(slot, held, word) for slot, held, word in zip(self.slots, self._words, words[at:end], strict=True))


def _holds(slot: str, held: frozenset[str], word: str) -> bool:
    if slot == "*":
        return True
    if slot == "#":
        return word[0].isdigit()
    if slot == "@":
        return _ADDRESS.fullmatch(word) is not None
    return word in held


def _variants(phrase: str) -> list[list[str]]:
    """Returns the phrase with each number of words that it may have: `*` as up to three words, an optional slot with and without it."""
    ways: list[list[str]] = [[]]
    for slot in phrase.casefold().split():
        if slot == "*":
            ways = [[*way, *("*" for _ in range(count))] for way in ways for count in range(_GAP + 1)]
        elif slot.endswith("?"):
            ways = [*ways, *([*way, slot[:-1]] for way in ways)]
        else:
            ways = [[*way, slot] for way in ways]
    return [way for way in ways if any(slot not in {"^", "$", "*"} for slot in way)]
