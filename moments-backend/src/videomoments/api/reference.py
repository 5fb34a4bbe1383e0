"""Renders an OpenAPI document as one HTML page: operations by tag, each with its parameters, body, responses and an example request."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

_STYLE = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 62rem; margin: 0 auto; padding: 1rem; }
code, pre { font-family: ui-monospace, monospace; font-size: 0.9em; }
pre { overflow-x: auto; padding: 0.6rem; border: 1px solid #8886; border-radius: 4px; }
details { border-bottom: 1px solid #8884; padding: 0.35rem 0; }
summary { cursor: pointer; }
.verb { display: inline-block; min-width: 4.2rem; font-weight: 700; }
table { border-collapse: collapse; margin: 0.4rem 0; }
td, th { border: 1px solid #8885; padding: 0.2rem 0.5rem; text-align: left; vertical-align: top; }
"""
_CODE = re.compile(r"`([^`]+)`")


def page_of(document: Mapping[str, Any]) -> str:
    """Returns the whole page. Every text of the document is escaped."""
    info = document["info"]
    groups: dict[str, list[str]] = {}
    for path, operations in document["paths"].items():
        for verb, operation in operations.items():
            groups.setdefault((operation.get("tags") or ["other"])[0], []).append(_operation(document, path, verb, operation))
    title = escape(f"{info['title']} API")
    links = " · ".join(f'<a href="#{escape(name)}">{escape(name)}</a>' for name in groups)
    parts = "".join(f'<h2 id="{escape(name)}">{escape(name)}</h2>{"".join(shown)}' for name, shown in groups.items())
    schemas = "".join(_schema(name, schema) for name, schema in sorted(document["components"]["schemas"].items()))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body><h1>{title}</h1><p>{escape(info.get('summary', ''))}. "
        'For programs: <a href="/api/openapi.json">openapi.json</a>. Where keys are asked for, send '
        "<code>Authorization: Bearer vm_…</code>; <b>read</b>, <b>write</b> and <b>admin</b> say what a key must allow. Errors are "
        '<a href="#schema-Problem">problems</a> with a stable <code>code</code>.</p>'
        f'<p>{links} · <a href="#bodies">bodies</a></p>{parts}<h2 id="bodies">bodies</h2>{schemas}</body></html>'
    )


def _operation(document: Mapping[str, Any], path: str, verb: str, operation: Mapping[str, Any]) -> str:
    scope = f" <b>{escape(operation['x-scope'])}</b>" if "x-scope" in operation else ""
    summary = escape(operation.get("summary", ""))
    parts = _parameters(operation) + _body(operation) + _answers(operation)
    return (
        f'<details id="{escape(operation["operationId"])}"><summary><span class="verb">{escape(verb.upper())}</span> '
        f"<code>{escape(path)}</code>{scope} {summary}</summary><p>{_prose(operation.get('description', ''))}</p>"
        f"{parts}<pre>{escape(_curl(document, path, verb, operation))}</pre></details>"
    )


def _parameters(operation: Mapping[str, Any]) -> str:
    rows = [
        (
            f"<code>{escape(each['name'])}</code>",
            escape(each["in"]),
            _type(each["schema"]),
            _needed(each),
            _prose(each.get("description", "")),
        )
        for each in operation.get("parameters", ())
    ]
    return _table(("parameter", "in", "type", "", ""), rows)


def _body(operation: Mapping[str, Any]) -> str:
    content = operation.get("requestBody", {}).get("content", {})
    return "".join(f"<p>Body: <code>{escape(kind)}</code>, {_type(entry.get('schema', {}))}</p>" for kind, entry in content.items())


def _answers(operation: Mapping[str, Any]) -> str:
    rows = []
    for status, answer in operation["responses"].items():
        kinds = [_type(entry.get("schema", {})) for entry in answer.get("content", {}).values()]
        rows.append((f"<code>{escape(status)}</code>", _prose(answer.get("description", "")), ", ".join(dict.fromkeys(kinds))))
    return _table(("answer", "", "body"), rows)


def _schema(name: str, schema: Mapping[str, Any]) -> str:
    needed = schema.get("required", ())
    rows = [
        (f"<code>{escape(field)}</code>", _type(each), "needed" if field in needed else "", _prose(each.get("description", "")))
        for field, each in schema.get("properties", {}).items()
    ]
    shape = _table(("field", "type", "", ""), rows) or f"<p>{_type(schema)}</p>"
    return f'<h3 id="schema-{escape(name)}">{escape(name)}</h3><p>{_prose(schema.get("description", ""))}</p>{shape}'


def _type(schema: Mapping[str, Any]) -> str:
    """Describes a schema in a few words, with links to named schemas."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#schema-{name}">{name}</a>'
    for joined in ("anyOf", "oneOf", "allOf"):
        if joined in schema:
            return " or ".join(_type(each) for each in schema[joined])
    if "enum" in schema:
        return " | ".join(f"<code>{escape(json.dumps(value))}</code>" for value in schema["enum"])
    if "const" in schema:
        return f"<code>{escape(json.dumps(schema['const']))}</code>"
    if schema.get("type") == "array":
        return f"array of {_type(schema.get('items', {}))}"
    return escape(" ".join([str(schema.get("type", "anything")), *_bounds(schema)]))


def _bounds(schema: Mapping[str, Any]) -> Iterator[str]:
    names = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<", "maxLength": "up to", "format": "·"}
    return (f"{sign} {schema[name]}" for name, sign in names.items() if name in schema)


def _curl(document: Mapping[str, Any], path: str, verb: str, operation: Mapping[str, Any]) -> str:
    """Returns an example request; its body is the schema's own example."""
    flag = "" if verb == "get" else f"-X {verb.upper()} "
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" not in content:
        return f"curl {flag}localhost:7005{path}"
    example = json.dumps(_example(document, content["application/json"].get("schema", {})), ensure_ascii=False).replace("'", "\\u0027")
    return f"curl {flag}localhost:7005{path} -H 'Content-Type: application/json' -d '{example}'"


def _example(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Any:
    if "$ref" in schema:
        return _example(document, document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    if "anyOf" in schema:
        return _example(document, schema["anyOf"][0])
    return next(iter(schema.get("examples", ())), {})


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    if not rows:
        return ""
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    return f"<table><tr>{head}</tr>{''.join('<tr>' + ''.join(f'<td>{cell}</td>' for cell in row) + '</tr>' for row in rows)}</table>"


def _needed(parameter: Mapping[str, Any]) -> str:
    return "needed" if parameter.get("required") else ""


def _prose(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", escape(text))
