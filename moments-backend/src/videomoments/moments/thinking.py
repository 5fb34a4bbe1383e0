"""Separates a model's answer from the thinking that it wrote around it."""

from __future__ import annotations

import re
from collections.abc import Iterator

_NAMES = r"(?:think|thinking|thought|thoughts|reasoning|analysis|reflection|scratchpad|inner_monologue|antthinking|seed:think)"
# Each model family has its own marks: (opening, closing).
_TAGS = tuple(
    (re.compile(opening, re.IGNORECASE), re.compile(closing, re.IGNORECASE))
    for opening, closing in (
        (rf"<{_NAMES}(?:\s[^<>/]{{0,100}})?>", rf"</{_NAMES}\s{{0,4}}>"),
        (r"\[THINK\]", r"\[/THINK\]"),
        (r"◁think▷", r"◁/think▷"),
        (r"<\|begin_of_thought\|>", r"<\|end_of_thought\|>"),
        (r"<\|(?:begin_of_)?think(?:ing)?\|>", r"<\|(?:/|end_of_|end_)think(?:ing)?\|>"),
        (r"<\|channel>\s{0,4}thought", r"<channel\|>"),
        (r"<\|START_THINKING\|>", r"<\|END_THINKING\|>"),
    )
)
# <|channel|>analysis<|message|>…<|end|><|start|>assistant<|channel|>final<|message|>…
_CHANNEL = re.compile(r"<\|channel\|>")
_MESSAGE = re.compile(r"<\|channel\|>\s*(\w{1,40})[^<]{0,200}(?:<\|constrain\|>\s*\w{0,20}\s*)?<\|message\|>")
_MESSAGE_END = re.compile(r"<\|(?:end|return|call|start)\|>")
_SWALLOWED = re.compile(r"\Aanalysis\b.*?assistant\s*final(?=\W)|\Aanalysis[A-Z].*?assistant\s*final", re.DOTALL)
# A string where JSON has one: after a bracket, comma or colon, and before one. In prose, quotes stand elsewhere.
_STRINGS = (
    re.compile(r'(?<=[:,\[{\s])"(?:[^"\\\n]|\\.)*"(?=\s*[,}\]:])'),
    re.compile(r"(?<=[:,\[{\s])'(?:[^'\\\n]|\\.)*'(?=\s*[,}\]:])"),
    re.compile(r"(?<=[:,\[{\s])“[^”\n]*”(?=\s*[,}\]:])"),
)
# A whole answer that was written as a JSON string, with its quotes escaped.
QUOTED_JSON = re.compile(r'(?:^|(?<=[>\]▷\s]))"[\[{](?:[^"\\\n]|\\.)*"(?=\s*(?:```\s*)?$)', re.MULTILINE)
_BEFORE_STRING = ":,[{"
_BRACKET = re.compile(r"[\[\]{}]")
_MAX_MARKS = 2000


class ThinkingUnclosed(ValueError):
    """Raised when the thinking never ends: after its opening mark there are only drafts, and no answer."""


def without_thinking(text: str) -> str:
    """Returns the text after the last thinking, or `text` itself when there is none.

    Marks inside JSON strings are text: a title may contain `</think>`. A closing mark without an opening one ends thinking too, because
    some chat templates drop the opening one. Raises ThinkingUnclosed.
    """
    text = _after_channels(text)
    for opening, closing in _TAGS:
        if opening.search(text) or closing.search(text):
            text = _after_tags(text, opening, closing)
    return text


def _after_tags(text: str, opening: re.Pattern[str], closing: re.Pattern[str]) -> str:
    strings = _strings(text)
    ends = [match.end() for match in _outside(closing, text, strings) if not _within_value(text, match.end())]
    begins = [match.start() for match in _outside(opening, text, strings)]
    last = ends[-1] if ends else 0
    if any(begin >= last for begin in begins):
        raise ThinkingUnclosed
    return text[last:]


def _after_channels(text: str) -> str:
    if swallowed := _SWALLOWED.match(text.lstrip()):
        return text.lstrip()[swallowed.end() :]
    if not _CHANNEL.search(text):
        return text
    strings = _strings(text)
    marks = list(_outside(_CHANNEL, text, strings))
    if not marks:
        return text
    message = _MESSAGE.match(text, marks[-1].start())
    if message is None or message[1].lower() != "final":
        raise ThinkingUnclosed
    ends = _outside(_MESSAGE_END, text, strings)
    return text[message.end() : next((end.start() for end in ends if end.start() >= message.end()), len(text))]


def _outside(pattern: re.Pattern[str], text: str, strings: list[tuple[int, int]]) -> Iterator[re.Match[str]]:
    """Yields the matches outside strings. Only the last 2000 marks are looked at."""
    index = 0
    for match in list(pattern.finditer(text))[-_MAX_MARKS:]:
        while index < len(strings) and strings[index][1] <= match.start():
            index += 1
        if index == len(strings) or match.start() < strings[index][0]:
            yield match


def _strings(text: str) -> list[tuple[int, int]]:
    spans = [match.span() for pattern in _STRINGS for match in pattern.finditer(text) if _in_json(text, match.start())]
    spans += [match.span() for match in QUOTED_JSON.finditer(text)]
    merged: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        if merged and begin < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


def _in_json(text: str, start: int) -> bool:
    before = text[max(0, start - 200) : start].rstrip()
    return bool(before) and before[-1] in _BEFORE_STRING


def _within_value(text: str, position: int) -> bool:
    """Returns whether a bracket closes after `position` before any opens: then the mark is in a string whose quotes were not escaped."""
    bracket = _BRACKET.search(text, position)
    return bracket is not None and bracket[0] in "]}"
