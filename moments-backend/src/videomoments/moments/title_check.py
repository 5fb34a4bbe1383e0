"""Checks a model's title against what is said in its moment and elsewhere, and its form. Pure functions on text, without a model."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

MOST_WORDS, MOST_SIGNS = 14, 80
"""Of a usable title."""
_MOST_DENSE = 40
"""Characters of a title in a script without spaces."""
_WORD = re.compile(r"[^\W_]+(?:[’'.-][^\W_]+)*", re.UNICODE)
_DENSE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]+")
_ENDINGS = ("ings", "ing", "ers", "ies", "ied", "ed", "er", "es", "en", "s", "e", "y")
_GROWTH = "s es d ed r er ers or ors ing ings ly y al ic ion ions ment ments n en e"
_GROWS = frozenset(_GROWTH.split())
"""What a word may get and be another form of itself or a relative: without it, it is whole."""
_SHORTEST_STEM, _SHORTEST_PREFIX = 3, 5
_OPENED = {"(": ")", "[": "]", "“": "”", "«": "»", "„": "“"}

_LAST = {
    "en": """
        a an the my your our their its and or but nor because if although while whereas of in at by for from with without to into onto
        about between among through during against towards within upon than as is are was were be been has have had can could will would
        should must may not don't doesn't isn't very that which who whose every each some any
    """,
    "de": """
        der die das den dem des ein eine einen einem einer eines und oder aber denn weil dass wenn ob als wie zu zum zur im in am an auf
        aus bei beim mit nach von vom für über unter durch gegen ohne um bis seit zwischen mein meine dein seine unsere ist sind war hat
        wird sehr
    """,
    "es": """
        el la los las un una unos unas y e o u pero que si como cuando donde porque de del al a en con por para sin sobre entre hasta
        desde mi tu su sus mis es son era muy se lo
    """,
    "fr": """
        le la les l un une des du de d et ou mais donc car que qui si comme quand à au aux en dans sur sous avec pour par sans chez vers
        entre depuis mon ma mes ton ta son sa ses ce cet cette ces est sont était ne très se
    """,
}
"""Conjunctions, prepositions, articles, determiners and auxiliaries, with which a title is unfinished."""
_FUNCTION_WORDS = {language: frozenset(words.split()) for language, words in _LAST.items()}
_NO_SUBJECT = """
this these those there here what when where how why it he she we you they them him her his i me us do does did done get gets got make
makes made go goes going went come comes came take takes more most much many few new good great best first last next one two three part
parts moment moments chapter intro introduction talk talks talking thing things way ways time about explained explains story discussion
question questions answer answers just also only really so no yes up out off over under nicht kein auch noch ich wir sie er es mich uns yo
tú él nosotros nos no más je tu il elle nous vous ils pas plus
"""
_SAY_NOTHING = frozenset(_NO_SUBJECT.split()).union(*_FUNCTION_WORDS.values())


class TitleFault(StrEnum):
    """Why a title is not usable."""

    EMPTY = "it has no words"
    LONG = "it is too long"
    UNFINISHED = "it ends in a function word"
    CUT_OFF = "it is cut off"
    UNSAID = "none of its words is said in the moment"
    ELSEWHERE = "it is about another part of the recording"


@dataclass(frozen=True, slots=True)
class TitleCheck:
    """Whether a title can be shown, and why not."""

    fault: TitleFault | None = None

    @property
    def usable(self) -> bool:
        return self.fault is None

    @property
    def why_not(self) -> str:
        """Returns the reason as a clause about the title, empty for a usable one."""
        return str(self.fault) if self.fault else ""


def check_title(title: str, said: str, others: Sequence[str] = (), *, language: str = "") -> TitleCheck:
    """Returns whether a title fits its moment. `said` is what is said in the moment, `others` what is said in each other part.

    A title fits when it shares a telling word, in any form, with its moment, and does not share clearly more with another part. What
    can't be judged counts as fitting: a title without telling words, and a moment without words.
    """
    fault = form_fault(title, said, language=language) or fit_fault(title, said, others)
    return TitleCheck(fault)


def form_fault(title: str, said: str = "", *, language: str = "") -> TitleFault | None:
    """Returns what is wrong with the form of a title, or None. `said` helps to see a word that is cut off."""
    words = _WORD.findall(title)
    if not words:
        return TitleFault.EMPTY
    dense = sum(map(len, _DENSE.findall(title))) * 2 > len(title)
    if len(words) > MOST_WORDS or len(title) > (_MOST_DENSE if dense else MOST_SIGNS):
        return TitleFault.LONG
    if _is_cut(title.strip(), words[-1], said):
        return TitleFault.CUT_OFF
    known = _FUNCTION_WORDS.get(language.strip().lower()[:2] or "en", frozenset())
    last = words[-1].lower().replace("’", "'")
    # A question may end so ("What is it for?"), and what is in capitals is a name ("Vitamin A").
    named = words[-1].isupper() and not title.isupper()
    return TitleFault.UNFINISHED if last in known and not title.rstrip().endswith("?") and not named else None


def fit_fault(title: str, said: str, others: Sequence[str] = ()) -> TitleFault | None:
    """Returns whether a title is about something that its moment does not say, or None where it fits."""
    wanted = _terms(title)
    own = _terms(said)
    if not wanted or not own:
        return None
    parts = [own, *map(_terms, others)]
    held = [{one for one in wanted if _holds(part, one)} for part in parts]
    # A word that every part says tells little about where a title belongs.
    weight = {one: math.log(1 + len(parts) / max(1, sum(one in part for part in held))) for one in wanted}
    worth = [sum(weight[one] for one in part) for part in held]
    most = max(worth[1:], default=0.0)
    if not held[0]:
        return TitleFault.ELSEWHERE if most > 0 else TitleFault.UNSAID
    mostly_unsaid = worth[0] * 2 < sum(weight.values())
    return TitleFault.ELSEWHERE if mostly_unsaid and most >= worth[0] * 2 else None


def _is_cut(title: str, last: str, said: str) -> bool:
    if title.endswith(("…", "...", "-", "–", "—", ",", ":", ";", "(", "[", "/", "&")):
        return True
    if any(title.count(opening) > title.count(closing) for opening, closing in _OPENED.items()):
        return True
    # "Monitoring the Memp": no word that is said, and the beginning of one that is.
    end = last.lower()
    spoken = {word.lower() for word in _WORD.findall(said)}
    if len(end) < _SHORTEST_STEM or end in spoken or not end.isalpha():
        return False
    longer = [word[len(end) :] for word in spoken if word.startswith(end)]
    return bool(longer) and not any(rest in _GROWS or "-" in rest or "'" in rest or len(rest) > len(end) + 2 for rest in longer)


def _terms(text: str) -> frozenset[str]:
    """Returns the stems of a text's telling words. Scripts without spaces give pairs of characters."""
    found: set[str] = set()
    for run in _DENSE.findall(text):
        found.update(run[at : at + 2] for at in range(max(1, len(run) - 1)))
    found.update(_stems(_WORD.findall(_DENSE.sub(" ", text))))
    return frozenset(found)


def _stems(words: Iterable[str]) -> Iterable[str]:
    for word in words:
        for part in word.lower().replace("’", "'").removesuffix("'s").split("-"):
            if part in _SAY_NOTHING or (len(part) < _SHORTEST_STEM and not part.isdigit()):
                continue
            ending = next((one for one in _ENDINGS if part.endswith(one) and len(part) - len(one) >= _SHORTEST_STEM), "")
            stem = part.removesuffix(ending)
            yield stem[:-1] if len(stem) > _SHORTEST_STEM and stem[-1:] == stem[-2:-1] else stem


def _holds(part: frozenset[str], term: str) -> bool:
    """Returns whether a part has a term, or a relative of it: one begins the other ("sauerteig", "sauerteigbrot")."""
    if term in part:
        return True
    if len(term) < _SHORTEST_PREFIX:
        return False
    return any((one.startswith(term) or term.startswith(one)) and len(one) >= _SHORTEST_PREFIX for one in part)
