from __future__ import annotations

from pathlib import Path

import jsonschema

from videomoments.api.openapi import document, text

KEPT = Path(__file__).parents[3] / "docs" / "api" / "openapi.json"


def test_the_document_in_the_repository_is_the_current_one() -> None:
    assert KEPT.read_text() == text(), "run: python -m videomoments.api.openapi > docs/api/openapi.json"


def test_every_route_has_its_own_operation_id_and_problems() -> None:
    described = document()
    assert described["openapi"].startswith("3.1")
    operations = [operation for path in described["paths"].values() for operation in path.values()]
    ids = [operation["operationId"] for operation in operations]
    assert len(set(ids)) == len(ids)
    assert all(name.replace("_", "").isalpha() and name.islower() for name in ids)
    for operation in operations:
        for status, answer in operation["responses"].items():
            if int(status) >= 400 and operation["tags"] != ["health"]:
                assert list(answer["content"]) == ["application/problem+json"], (operation["operationId"], status)


def test_f78_the_document_names_no_secret_and_no_machine() -> None:
    kept = KEPT.read_text()
    for word in ("localhost", "password", "/home/", "/root/"):
        assert word not in kept


def test_every_json_body_has_an_example_that_is_valid() -> None:
    described = document()
    schemas = described["components"]["schemas"]
    seen = set()
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
            if schema is None:
                continue
            [name] = [one["$ref"].rpartition("/")[2] for one in schema.get("anyOf", [schema]) if "$ref" in one]
            assert schemas[name].get("examples"), (method, path, name)
            judge = jsonschema.Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": described["components"]})
            for example in schemas[name]["examples"]:
                judge.validate(example)
                assert not judge.is_valid(example | {"misspelt": 1}), name
            seen.add(name)
    assert len(seen) >= 8
