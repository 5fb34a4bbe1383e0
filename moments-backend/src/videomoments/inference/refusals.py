"""Reads in an error of a chat server what it refuses of the question's form: a parameter, a role or a format.

Only what an error names, and what was sent, is learned. Servers word it in many ways; what they have in common is the name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from videomoments.inference.dialect import SAMPLING_FIELDS, Body, Dialect
from videomoments.inference.failures import Answered
from videomoments.inference.model_registry import ModelConfig

_LONGEST = 8000
# Statuses under which servers object to a request; the others concern keys, addresses and load.
_ABOUT_REQUEST = frozenset({400, 404, 405, 406, 409, 415, 422, 424, 500, 501})
_TOKENS = ("max_completion_tokens", "max_tokens")
# Other names of that field, as servers behind a gateway call it.
_TOKENS_NAMED = re.compile(r"\bmax(?:imum)?[_ ]?(?:completion|output|new)?[_ ]?tokens\b", re.IGNORECASE)
# A limit for question and answer together mentions the question.
_OF_QUESTION = re.compile(r"\b(?:input|prompts?|messages?|request(?:ed)?)\b", re.IGNORECASE)
_CONTEXT = re.compile(
    r"context[ _](?:length|window|size)|maximum context|(?:prompt|input|request)[^.]{0,40}too (?:long|large|many)"
    r"|too many (?:input )?tokens|input[ _]tokens|exceeds? the (?:model's )?(?:available )?context",
    re.IGNORECASE,
)
_TOO_MANY = re.compile(
    r"too (?:large|high|big|many)|at most|maximum|exceed|range|less than|<=|greater|above|up to|limit|no more than|between|larger",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?<![\w.])\d{1,3}(?:,\d{3})+(?![\w.]*\d)|(?<![\w.])\d+(?![\w]|\.\d)")
# A server error concerns the request only where it says so.
_REFUSES = re.compile(
    r"not (?:\w+ ){0,2}(?:support|allow|permit|enabled|available|implement|accept|recogni[sz]ed|valid|understood|known|found)|n't support|"
    r"unsupported|un(?:known|recogni[sz]ed|expected|available|implemented)|invalid|extra_forbidden|forbidden|deprecated|"
    r"\bonly\b|cannot|can't|must\b|no longer|refus|reject|illegal|disallowed|incompatible",
    re.IGNORECASE,
)
_RANGE = re.compile(
    r"\bbetween\b|\brange\b|less than|greater than|at (?:most|least)|[<>]=?|no (?:more|less) than|maximum|minimum|positive"
    r"|too (?:high|large|low|small)",
    re.IGNORECASE,
)
_FIXED = re.compile(
    r"\bonly\b|\bdefault\b|\bfixed\b|must be (?:set to |equal to |exactly )?[\d.]+\b(?! (?:and|to|or less|or more))", re.IGNORECASE
)
_ROLE = re.compile(
    r"\bsystem\b.{0,60}\b(?:role|messages?|prompts?|instructions?)\b|\broles?\b.{0,80}\bsystem\b|['\"`]system['\"`]"
    r"|developer instruction|system[ _]instruction|only user,? (?:and )?(?:/ ?)?assistant|roles? must alternate"
    r"|must (?:start|begin) with (?:an? )?['\"]?user|first message must|messages[\[.]\d+\]?\.role|unexpected (?:message )?role"
    r"|roles? of (?:the )?messages?\b|expected (?:one of )?['\"`]user",
    re.IGNORECASE | re.DOTALL,
)
_FORMAT = re.compile(
    r"response[ _]?format|json[ _]?schema|\bschema\b|grammar\b|guided[ _]|structured[ _](?:output|generation)|json[ _]mode|json_object",
    re.IGNORECASE,
)
_ROOT = re.compile(
    r"\b(?:type|root|top.?level)\b.{0,60}\b(?:object|array)\b|must be an? (?:json )?object\b|of type array", re.IGNORECASE | re.DOTALL
)
# pydantic repeats parts of the request, which may name every field.
_REPEATED = re.compile(r"input_value=.*?(?=, input_type=|$)|['\"]input['\"]\s*:.*?(?=\},?\s*\{\s*['\"]type|$)", re.DOTALL)
_STREAM = re.compile(r"\bstream(?:ing|ed)?\b", re.IGNORECASE)
_STREAM_WANTED = re.compile(
    r"non[- ]?stream|stream\W{0,4}(?:=|:|is|to|must be)?\W{0,4}(?:be )?(?:set to )?\W?true|only\b.{0,30}\bstream"
    r"|stream\w*\b.{0,20}\b(?:required|only|mandatory)|(?:requires?|must use|please use|enable|need)\b.{0,20}\bstream"
    r"|\bstream\b.{0,40}\btrue\b|when .?stream\W{0,4}false",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class ServerMessage:
    """An error in the server's words: `message`, and `param` where it names a parameter."""

    message: str
    param: str
    status: int

    def names(self, parameter: str) -> bool:
        if self.param:
            return re.split(r"[.\[]", self.param)[0] == parameter
        return re.search(rf"(?<![\w]){re.escape(parameter)}(?![\w])", self.message) is not None

    @property
    def refuses(self) -> bool:
        return self.status < 500 or _REFUSES.search(self.message) is not None


def said_by(error: Answered) -> ServerMessage:
    """Returns what the error's body says, without what it repeats of the request."""
    try:
        content = json.loads(error.body)
    except (ValueError, RecursionError):
        text = "" if error.body.lstrip()[:1] == "<" else error.body
        return ServerMessage(_REPEATED.sub("", text[:_LONGEST]), "", error.status)
    words: list[str] = []
    params: list[str] = []
    for name, value in _texts(content, depth=0):
        (params if name == "param" else words).append(value)
    param = next((one for one in params if re.fullmatch(r"[\w.\[\]]{1,60}", one)), "")
    message = " ".join(words + [one for one in params if one != param])[:_LONGEST]
    return ServerMessage(_REPEATED.sub("", message), param.removeprefix("body."), error.status)


def learned(error: Answered, sent: Body, known: Dialect, config: ModelConfig, *, asked_for: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Returns what to change in the dialect, so that the server accepts the question; empty where the error names nothing that was sent and
    can be left out. `asked_for` are sampling fields that the run itself sets: where a value is out of their range, the user chooses
    another."""
    said = said_by(error)
    if error.status not in _ABOUT_REQUEST or not said.refuses:
        return {}
    for rule in (_about_tokens, _about_sampling, _about_format, _about_role, _about_stream):
        if changes := rule(said, sent, known, asked_for):
            # What the entry sets is intended.
            return {} if any(getattr(config, name, None) is not None for name in changes if name not in SAMPLING_FIELDS) else changes
    return {}


def speaks_of_context(error: Answered) -> bool:
    """Returns whether the error says that question and answer together exceed the context."""
    return _CONTEXT.search(said_by(error).message) is not None


def speaks_of_streams(said: ServerMessage) -> bool:
    return said.names("stream") or _STREAM.search(said.message) is not None


def _about_tokens(said: ServerMessage, sent: Body, known: Dialect, _: frozenset[str]) -> dict[str, Any]:
    field = next((name for name in _TOKENS if name in sent), None)
    named = any(said.names(name) for name in _TOKENS) or (not said.param and _TOKENS_NAMED.search(said.message) is not None)
    if field is None or not named or (_CONTEXT.search(said.message) and _OF_QUESTION.search(said.message)):
        return {}
    wanted = int(sent[field])
    numbers = [_number(found) for found in _NUMBER.finditer(said.message)]
    smaller = [number for number in numbers if 16 <= number < wanted]
    if smaller and _TOO_MANY.search(said.message):
        return {"most_tokens": max(smaller)}
    if not said.names(field) or (wanted in numbers and _TOO_MANY.search(said.message)):
        return {}
    return {"tokens_field": "max_completion_tokens" if field == "max_tokens" and known.tokens_field is None else "none"}


def _number(found: re.Match[str]) -> int:
    number = int(found[0].replace(",", ""))
    return number - 1 if found.string[found.end() :].lstrip().startswith("(exclusive)") else number


def _about_sampling(said: ServerMessage, sent: Body, _: Dialect, asked_for: frozenset[str]) -> dict[str, Any]:
    named = [name for name in SAMPLING_FIELDS if name in sent and said.names(name)]
    # Of two fields that exclude each other, the first in SAMPLING_FIELDS is still sent.
    for name in reversed(named):
        if name in asked_for and _RANGE.search(said.message) and not _FIXED.search(said.message):
            continue
        return {name: "not_sent"}
    return {}


def _about_format(said: ServerMessage, sent: Body, known: Dialect, _: frozenset[str]) -> dict[str, Any]:
    if "response_format" not in sent or not (_FORMAT.search(said.message) or said.names("response_format")):
        return {}
    schema = sent["response_format"]["json_schema"]["schema"]
    if known.answer_format is None and schema.get("type") != "object" and _ROOT.search(said.message):
        return {"answer_format": "object_schema"}
    return {"answer_format": "none"}


def _about_role(said: ServerMessage, sent: Body, _: Dialect, __: frozenset[str]) -> dict[str, Any]:
    if not any(message["role"] == "system" for message in sent["messages"]):
        return {}
    return {"system_role": "user"} if _ROLE.search(f"{said.param} {said.message}") else {}


def _about_stream(said: ServerMessage, sent: Body, _: Dialect, __: frozenset[str]) -> dict[str, Any]:
    if not speaks_of_streams(said):
        return {}
    if "stream" not in sent:
        return {"stream": True} if _STREAM_WANTED.search(said.message) else {}
    return {"stream": False}


def _texts(content: Any, depth: int) -> Iterator[tuple[str, str]]:
    """Yields the names and texts of an error: messages, parameters, places. What a server repeats of the request (`input`, `ctx`) is left
    out."""
    if depth > 6:
        return
    if isinstance(content, list):
        for item in content[:50]:
            yield from _texts(item, depth + 1)
    elif isinstance(content, dict):
        for name, value in content.items():
            if name in ("input", "ctx", "url", "user_id", "request", "body"):
                continue
            if name == "loc" and isinstance(value, list):
                yield "message", ".".join(str(part) for part in value if part != "body")
            elif isinstance(value, str):
                inner = _inner(value)
                if inner is None:
                    yield str(name), value
                else:
                    yield from _texts(inner, depth + 1)
            else:
                yield from _texts(value, depth + 1)
    elif isinstance(content, str):
        yield "message", content


def _inner(text: str) -> Any:
    """Returns the JSON inside a string: gateways put the whole answer of the server behind them into one."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
