"""What editors are told is what the reader takes."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from auditor.rulebook.book import Rulebook
from auditor.rulebook.grammar import FILES, keys, order, schema
from auditor.rulebook.layout import kind_of
from auditor.shelf import own_rules, texts_of

SCHEMAS = Path(__file__).parents[2] / "rules" / "schema"


@pytest.mark.parametrize("kind", FILES)
def test_the_schema_that_is_checked_in_is_made_of_the_types(kind: str) -> None:
    file = SCHEMAS / f"{kind}.json"
    if os.environ.get("REGOLD"):
        SCHEMAS.mkdir(exist_ok=True)
        file.write_bytes(schema(kind))
    assert file.read_bytes() == schema(kind)


@pytest.mark.parametrize("kind", FILES)
def test_a_schema_refuses_unknown_keys_and_explains_known_ones(kind: str) -> None:
    made = json.loads(schema(kind))
    top = made["$defs"][made["$ref"].rpartition("/")[2]]
    assert top["additionalProperties"] is False
    assert list(top["properties"]) == sorted(order(FILES[kind]))
    assert sorted(top["required"]) == sorted(keys(FILES[kind])[0].split())
    assert '"description"' in schema(kind).decode()


def test_every_key_that_our_rules_use_is_in_the_schema() -> None:
    """The schema is walked beside each file, as an editor would; values of tests may be anything."""
    texts = texts_of(own_rules())
    _, blocks = Rulebook.with_files(texts)
    for file, block in blocks.items():
        made = json.loads(schema(kind_of(file)))
        assert wrong(block, made, made["$defs"]) == [], file


def wrong(value: Any, form: dict[str, Any], named: dict[str, Any]) -> list[str]:
    """What an editor would underline: as much of JSON Schema as ours use."""
    if "$ref" in form:
        return wrong(value, named[form["$ref"].rpartition("/")[2]], named)
    if "anyOf" in form:
        tried = [wrong(value, one, named) for one in form["anyOf"]]
        return [] if [] in tried else min(tried, key=len)
    if "enum" in form and value not in form["enum"]:
        return [f"{value!r} is none of {form['enum']}"]
    match form.get("type"):
        case "object" if isinstance(value, dict):
            inner = form.get("properties", {})
            rest = form.get("additionalProperties", {})
            found = [f"missing {key}" for key in form.get("required", []) if key not in value]
            for key, one in value.items():
                if str(key) in inner:
                    found += wrong(one, inner[str(key)], named)
                elif rest is False:
                    found.append(f"unknown {key}")
                else:
                    found += wrong(one, rest, named)
            return found
        case "array" if isinstance(value, list):
            return [w for one in value for w in wrong(one, form.get("items", {}), named)]
        case "string" if isinstance(value, str):
            return []
        case "integer" if isinstance(value, int):
            return []
        case "boolean" if isinstance(value, bool):
            return []
        case None:
            return []
    return [f"{value!r} is no {form['type']}"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"slott": "body.x"}, "unknown slott"),
        ({"surface": "dms"}, "'dms' is none of"),
        ({"when": {}}, "missing direction"),
        ({"tests": "none"}, "'none' is no array"),
    ],
)
def test_an_editor_underlines_what_the_reader_refuses(change: dict[str, Any], said: str) -> None:
    made = json.loads(schema("rule"))
    good = {
        "title": "t",
        "surface": "dm",
        "when": {"direction": "out"},
        "slot": "body",
        "why": [],
        "tests": [],
    }
    assert wrong(good, made, made["$defs"]) == []
    assert said in " ".join(wrong(good | change, made, made["$defs"]))
