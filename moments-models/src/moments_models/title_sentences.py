"""Shortens sentences to titles: leads and asides are dropped, and the end is cut where a clause or phrase ends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from moments_models.phrases import TitleCandidate, candidate, may_end
from moments_models.spoken import BREAK, TaggedSentence
from moments_models.stopwords import NEVER_LAST, POINTING, STOPWORDS
from moments_models.tagger import MARK

MOST_WORDS, MOST_SIGNS = 10, 60
"""Of a shortened sentence."""
_FEWEST = 4
_LEADS = """
i think that, i think, i guess, i mean, i believe that, i believe, i would say that, i would say, i'd say, i suppose, it turns out that,
it turns out, we know that, the thing is that, the thing is, the point is that, the point is, the idea is that, the idea is, the problem
is that, the question is, as you can see, as we know, in other words, that means that, that means, this means that, this means, which
means that, which means, it seems that, it seems like, i feel like, i know that, i know, you see, you know, let me say, what i mean is, in
this case, in that case, for example, for instance, of course, at the end of the day, at this point, at that point, to be honest, in
general, in fact, by the way, first of all, on the other hand, after that, and then, so then, i was just going to say
"""
_LEAD_PHRASES = tuple(sorted((tuple(lead.split()) for lead in _LEADS.split(",")), key=len, reverse=True))
_LEAD_WORDS_WORDS = """
so and but or well now then also okay ok right yeah yes no basically actually anyway anyways because like alright obviously finally first
second secondly firstly third thirdly however therefore again please oh hey hi hello sorry thanks still maybe perhaps plus clearly
essentially hopefully apparently fundamentally theoretically technically again alternatively similarly
"""
_LEAD_WORDS = frozenset(_LEAD_WORDS_WORDS.split())
_DROPPED_WORDS = """
basically actually really just obviously literally definitely certainly probably simply essentially
"""
_DROPPED = frozenset(_DROPPED_WORDS.split())
_REPORTS_WORDS = """
say says said think thinks know knows see believe guess hope mean means remember imagine suppose show tell
"""
_REPORTS = frozenset(_REPORTS_WORDS.split())


def shortened(sentence: TaggedSentence, number: int) -> Iterator[TitleCandidate]:
    """Yields the sentence, and its first clauses, as far as they fit a title and can be understood by themselves."""
    if BREAK in sentence.words or sentence.ends == "?":
        return
    plain = _without(sentence, _lead(sentence))
    for end in _ends(plain)[:2]:
        if _stands_alone(plain, end):
            found = candidate(plain, number, (0, end), "sentence", whole=end == len(plain.words) - 1)
            if len(set(found.key)) >= 2:
                yield found
            elif found.key:
                yield replace(found, kind="short")


def _lead(sentence: TaggedSentence) -> int:
    """Returns the number of tokens before what is said begins: "So, I think that"."""
    at, words = 0, sentence.lower
    moved = True
    while moved:
        moved = False
        for lead in _LEAD_PHRASES:
            if words[at : at + len(lead)] == lead:
                at, moved = at + len(lead), True
                break
        if at < len(words) and (words[at] in _LEAD_WORDS or sentence.tags[at] in (MARK, "INTJ")):
            at, moved = at + 1, True
    return at


def _without(sentence: TaggedSentence, lead: int) -> TaggedSentence:
    kept = [at for at in range(lead, len(sentence.words)) if sentence.lower[at] not in _DROPPED or sentence.tags[at] != "ADV"]
    return TaggedSentence(tuple(sentence.words[at] for at in kept), tuple(sentence.tags[at] for at in kept), sentence.ends)


def _ends(sentence: TaggedSentence) -> list[int]:
    """Returns the last tokens of what could be a title, the whole sentence and the longest clauses first."""
    words, tags = sentence.lower, sentence.tags
    found: list[int] = []
    size = 0
    for at in range(len(words)):
        size += len(words[at]) + (tags[at] != MARK)
        count = sum(tag != MARK for tag in tags[: at + 1])
        if count > MOST_WORDS or size > MOST_SIGNS:
            break
        if count >= _FEWEST and may_end(sentence, at) and _may_cut(sentence, at + 1):
            found.append(at)
    return found[::-1]


def _may_cut(sentence: TaggedSentence, at: int) -> bool:
    """Returns whether the sentence may end before a token: at a clause's edge, or before a phrase that only adds to it."""
    words, tags = sentence.lower, sentence.tags
    if at >= len(words):
        return True
    if tags[at] == MARK:
        # A list, or an aside inside a name, goes on after its comma.
        return words[at][0] in ",:—–-" and not (at + 1 < len(words) and tags[at + 1] in ("NOUN", "PROPN", "ADJ", "NUM"))
    if words[at] in ("because", "which", "so", "but", "although", "while", "unless", "until", "since", "who", "where"):
        return True
    if words[at] in ("and", "or"):
        return (at + 1 < len(words) and tags[at + 1] in ("PRON", "ADV", "AUX", "INTJ")) or words[at + 1 : at + 2] == ("then",)
    adds = tags[at] == "ADP" and words[at] not in ("of", "to", "like", "than", "about", "between", "up", "out", "off", "down", "into")
    return adds and tags[at - 1] in ("NOUN", "PROPN", "NUM") and any(tag in ("VERB", "AUX") for tag in tags[1:at])


def _stands_alone(sentence: TaggedSentence, end: int) -> bool:
    words, tags = sentence.lower[: end + 1], sentence.tags[: end + 1]
    if not words or POINTING.intersection(words[1:]) or (words[0] in POINTING and words[0] not in _EXISTS):
        return False
    if words[0] in _EXISTS:
        return words[0] != "there" or any(word in ("is", "are", "was", "were", "be") for word in words[1:6])
    begins = tags[0] in ("DET", "NOUN", "PROPN", "ADJ", "NUM") or words[0] in (
        "i",
        "we",
        "you",
        "my",
        "our",
        "your",
        "i'm",
        "we're",
        "i've",
    )
    acts = any(tag in ("VERB", "AUX") for tag in tags[1:]) or any("'" in word for word in words[:1])
    depends = any(tag == "VERB" and word in _REPORTS for tag, word in zip(tags[-1:], words[-1:], strict=True))
    first_act = next((at for at, tag in enumerate(tags) if at and tag in ("VERB", "AUX")), 0)
    waits = any(tag == "SCONJ" or word in ("who", "which") for tag, word in zip(tags[1:first_act], words[1:first_act], strict=True))
    return begins and acts and not depends and not waits


_SIGNS_WITHOUT_SPACES = 24
_EXISTS = ("there", "there's")
_SPEAKERS = ("i", "we", "you", "my", "our", "your", "i'm", "we're", "i've")
_CLAUSE_MARKS = ",;:—–、，；：،"
"""Where a sentence of a language that is not known may be cut."""
_LAST_WORDS = """
der die das den dem des ein eine einen einem einer eines und oder aber denn weil dass wenn ob als wie zu zum zur im in am an auf aus bei
beim mit nach von vom vor für über unter durch gegen ohne um bis seit hinter neben zwischen ich du er sie es wir ihr man sich mich dich
uns euch ihm ihn ihnen mein meine meinen dein sein seine unser nicht kein keine sehr auch noch nur schon ist sind war waren hat haben
hatte wird werden kann können el la los las un una unos unas lo y e o u pero que si como cuando donde porque de del al a en con por para
sin sobre entre hasta desde hacia yo tú él ella nosotros me te se nos le les mi mis tu tus su sus no muy más es son era fue ha han he está
están ser le la les un une des du de et ou mais donc car que qui quoi dont où si comme quand à au aux en dans sur sous avec pour par sans
chez vers entre depuis je tu il elle on nous vous ils elles me te se mon ma mes ton ta tes son sa ses ce cet cette ces ne pas plus très
est sont était a ont ai avons être l d qu n s c j m t il lo gli i uno dei delle della dello degli e ed o ma perché che se come quando dove
di del da dal a al ad in nel con su per tra fra io noi mi ti si ci vi mio mia suo sua non più molto è sono era ha hanno o os as um uma uns
umas e ou mas que se como quando onde de do da dos das em no na nos nas com por pelo pela para sem sobre entre até eu ele ela nós meu
minha seu sua não muito mais é são era foi tem de het een en of maar want dat die als om te in op aan uit bij met naar van voor over onder
door tegen zonder ik jij hij zij wij we je ze mijn jouw zijn niet geen ook nog is zijn was heeft hebben wordt kan
"""
_LAST = frozenset(_LAST_WORDS.split())
_ENGLISH_TOO = "die war hat den son ton car con sin per pour die bis a i s t m n d l"
FOREIGN = _LAST - NEVER_LAST - STOPWORDS - frozenset(_ENGLISH_TOO.split())
"""Function words of other languages that no English text has."""


def first_strong(texts: Sequence[str]) -> Iterator[str]:
    """Yields the sentences of a language that is not known, shortened, in their own case: the first one that says much, then the others.

    A sentence says much when it has at least half as many long words as the moment's richest.
    """
    plain = [" ".join(text.split()).lstrip("—–-,;: ") for text in texts]
    weights = [_weight(text) for text in plain]
    strong = max(weights, default=0.0) / 2
    order = sorted((at for at, weight in enumerate(weights) if weight), key=lambda at: (weights[at] < strong, at))
    for at in order:
        if title := _cut(plain[at]):
            yield title


def _weight(text: str) -> float:
    words = text.split()
    if len(words) < 3:
        return float(len(text)) / 8 if not text.isascii() and len(text) >= 8 else 0.0
    return min(6.0, float(sum(len(word.strip(".,;:!?¿¡")) > 4 for word in words)))


def _cut(text: str) -> str:
    ends = text[-1:] in "?？" and text[-1:]
    text = text.rstrip(" .。!！?？…,;:")
    whole = text
    if len(text.split()) <= 2 and len(text) > _SIGNS_WITHOUT_SPACES and not text.isascii():
        cut = max(text.rfind(mark, 0, _SIGNS_WITHOUT_SPACES) for mark in _CLAUSE_MARKS)
        text = text[:cut] if cut >= 6 else text[:_SIGNS_WITHOUT_SPACES] + "…"
        return text
    words = text.split()
    if len(words) > MOST_WORDS or len(text) > MOST_SIGNS:
        fitting = [at for at in range(3, min(len(words), MOST_WORDS) + 1) if len(" ".join(words[:at])) < MOST_SIGNS]
        clauses = [at for at in fitting if words[at - 1][-1] in _CLAUSE_MARKS and at >= _FEWEST]
        at = clauses[-1] if clauses else fitting[-1] if fitting else 0
        while at > 2 and words[at - 1].strip(_CLAUSE_MARKS).lower() in _LAST:
            at -= 1
        text = " ".join(words[:at]).rstrip(_CLAUSE_MARKS + " ")
        text += "" if clauses and at == clauses[-1] else "…"
    if not any(map(str.isalpha, text)) or (words[-1].lower() in _LAST and text == whole):
        return ""
    return text[:1].upper() + text[1:] + (ends if ends and text == whole else "")
