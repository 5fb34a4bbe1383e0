"""Describes what is wrong with a request, in one sentence that says what to send."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel

# The types of pydantic's errors for a body that is no object, by the kind of model that was expected.
_NO_OBJECT = frozenset({"model_type", "model_attributes_type", "dict_type", "dataclass_type"})
_SHOWN = 3


class FieldProblem(BaseModel):
    """What is wrong with one field of a request."""

    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem's status, stable code, sentence and advice."""

    status: int
    code: str
    detail: str
    advice: str | None = None


def finding(error: RequestValidationError, content_type: str) -> Finding:
    """Returns the finding for an invalid request. It leaves out the invalid values, which may be secrets or megabytes long."""
    found = error.errors()
    whole = next((entry for entry in found if tuple(entry["loc"]) == ("body",)), None)
    broken = next((entry for entry in found if entry["type"] == "json_invalid"), None)
    if broken is not None:
        why = str(broken.get("ctx", {}).get("error", "it is broken"))
        return Finding(
            422, "invalid_json", f"The body is not JSON: {why} at {_place(error.body, broken['loc'][-1])}.", "Send one JSON object."
        )
    if whole is not None and isinstance(error.body, bytes | bytearray) and not _is_json(content_type):
        complaint = (
            f"the body came as {content_type.partition(';')[0].strip()[:100]}" if content_type.strip() else "the body came without a type"
        )
        return Finding(415, "unsupported_media_type", f"JSON is expected here; {complaint}.", "Send Content-Type: application/json.")
    if whole is not None and whole["type"] == "missing":
        return Finding(
            422, "body_missing", "This needs a body, and there is none.", "Send a JSON object with Content-Type: application/json."
        )
    if whole is not None and whole["type"] in _NO_OBJECT:
        return Finding(422, "invalid_body", f"The body is {_kind(error.body)}; a JSON object is expected.", 'Send {"field": value, …}.')
    sentences = "; ".join(_sentence(entry) for entry in found[:_SHOWN])
    more = f" (and {len(found) - _SHOWN} more)" if len(found) > _SHOWN else ""
    code = "unknown_field" if found and all(entry["type"] == "extra_forbidden" for entry in found) else "invalid_input"
    return Finding(422, code, f"{sentences}{more}." if sentences else "The request is not valid.")


def unreadable(cause: BaseException | None) -> Finding:
    """Returns the finding for a body that could not be read as text."""
    if isinstance(cause, UnicodeDecodeError):
        return Finding(422, "invalid_json", f"The body is not UTF-8: byte {cause.start} can't be read.", "Send JSON in UTF-8.")
    if isinstance(cause, RecursionError):
        return Finding(422, "invalid_json", "The body is nested too deeply.")
    return Finding(422, "invalid_input", "The body can't be read.")


def fields_of(error: RequestValidationError) -> list[FieldProblem]:
    """Returns the problems field by field, twenty at most."""
    return [
        FieldProblem(field=".".join(str(part) for part in entry["loc"])[:200], message=str(entry["msg"])[:500])
        for entry in error.errors()[:20]
    ]


def _sentence(entry: Mapping[str, Any]) -> str:
    where, *path = [str(part) for part in entry["loc"]] or ["request"]
    name = ".".join(path)[:100]
    of = f"{name} in the {where}" if name else f"the {where}"
    message = str(entry["msg"])[:300].removeprefix("Value error, ")
    if entry["type"] == "missing":
        return f"{of} is missing"
    if entry["type"] == "extra_forbidden":
        return f"{of} is not a field that is known here"
    for subject in ("Input should", "String should", "List should", "Value should"):
        if message.startswith(subject):
            return f"{of} should{message.removeprefix(subject)}"
    return f"{of}: {message}"


def _place(document: Any, position: Any) -> str:
    """Returns line and column of a position, both from 1."""
    if not isinstance(document, str) or not isinstance(position, int):
        return "an unknown place"
    before = document[:position]
    return f"line {before.count(chr(10)) + 1}, column {position - before.rfind(chr(10))}"


def _is_json(content_type: str) -> bool:
    message = Message()
    message["content-type"] = content_type or "none"
    subtype = message.get_content_subtype()
    return message.get_content_maintype() == "application" and (subtype == "json" or subtype.endswith("+json"))


def _kind(body: Any) -> str:
    names = {list: "an array", str: "a string", bool: "true or false", int: "a number", float: "a number", type(None): "null"}
    return names.get(type(body), "something else")
