"""GraphQL needs no part of its own: the decoders open it, and `each` and `where` tell operations apart.

One rule serves a single request and a batch, with `variables` as JSON or as a text, in a body or a
form; uploads (the GraphQL multipart request specification) and addresses need a rule each, for the
operations lie elsewhere. Where the query itself is sent it is words beside a seal: a placeholder.
"""

import base64
import json
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

import pytest

from auditor.audit import Audit
from auditor.decoders import DECODERS
from auditor.model import Channel, Content, Finding, Head, Parcel, Ref, Road
from auditor.rulebook.book import Rulebook
from auditor.rulebook.build import sealed
from auditor.shelf import load_rules

TEXT = "the boat leaves at seven"
RULE = """title: T
surface: dm
when: {direction: out, method: %s, path: /graphql}
each: %s
where: {.operationName: SendMessage}
slot: .variables.input.text
placeholder: "mutation SendMessage(*"
sees: {recipient: .variables.input.to}
why:
  - {fact: f, source: s}
tests: []
"""
PERSISTED = {"persistedQuery": {"version": 1, "sha256Hash": "ab" * 32}}


@lru_cache
def book() -> Rulebook:
    envelope = load_rules(None).envelopes["signal-message"]
    made = Rulebook.of(
        {
            "platforms/x/platform.yaml": "title: X\nhosts: [x.org]\nwhy:\n  - {fact: f, source: s}\n",
            "platforms/x/send.yaml": RULE % ("POST", "body"),
            "platforms/x/upload.yaml": RULE % ("POST", "body.operations"),
            "platforms/x/address.yaml": (RULE % ("GET", "query")),
        }
    )
    return Rulebook(made.platforms, made.rules, {"signal-message": envelope})


def operation(text: str = TEXT, name: str = "SendMessage", **more: Any) -> dict[str, Any]:
    query = f"mutation {name}($input: Input!) {{ {name}(input: $input) {{ id }} }}"
    return {"operationName": name, "query": query, "variables": {"input": {"text": text, "to": "7"}}} | more


def written(one: dict[str, Any]) -> dict[str, Any]:
    """With its variables as a text."""
    return one | {"variables": json.dumps(one["variables"])}


def persisted(one: dict[str, Any]) -> dict[str, Any]:
    """With the hash of its query in place of the query."""
    return {key: value for key, value in one.items() if key != "query"} | {"extensions": PERSISTED}


def form(one: dict[str, Any]) -> bytes:
    return urlencode({k: v if isinstance(v, str) else json.dumps(v) for k, v in one.items()}).encode()


def upload(operations: object) -> bytes:
    file = {"@filename": "crane.png", "@type": "image/png", "#body": b"\x89PNG\r\n\x1a\n" + bytes(20)}
    tree = {"operations": json.dumps(operations), "map": '{"0": ["variables.input.file"]}', "0": file}
    return DECODERS["multipart"].wrap(tree)


def post(body: object, media: str = "application/json") -> list[Finding]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = Head("POST", ("graphql",), headers=(("content-type", media),))
    return Audit(book()).feed(
        Parcel(Ref("a", 1, ">"), Channel("x.org", 443, Road.PROTECTED), True, data, head=head)
    )


FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=" + str(getattr(DECODERS["multipart"], "BOUNDARY", ""))
ONE = {
    "JSON": (operation(), "application/json"),
    "a response in GraphQL's own media type": (operation(), "application/graphql+json"),
    "JSON without a media type": (operation(), ""),
    "variables as a text": (written(operation()), "application/json"),
    "a persisted query": (persisted(operation()), "application/json"),
    "a form": (form(operation()), FORM),
    "a form with a persisted query": (form(persisted(operation())), FORM),
    "a batch of one": ([operation()], "application/json"),
    "a batch with others": (
        [operation("hello there", "LikePost"), operation(), operation("and there", "Search")],
        "application/json",
    ),
    "a batch of persisted queries with variables as a text": (
        [persisted(written(operation("hello there", "LikePost"))), persisted(written(operation()))],
        "application/json",
    ),
    "an upload": (upload(operation()), MULTIPART),
    "an upload of a batch": (upload([operation("hello there", "LikePost"), operation()]), MULTIPART),
}


@pytest.mark.parametrize("how", ONE)
def test_a_message_is_found_however_it_is_asked(how: str) -> None:
    (finding,) = post(*ONE[how])
    assert (finding.content, finding.surface) == (Content.READABLE, "dm")
    assert finding.excerpt.endswith(f"({len(TEXT)} characters, masked)")
    assert finding.path.endswith("variables.input.text")


def test_variables_in_an_address_are_opened() -> None:
    for one in (operation(), persisted(operation())):
        pairs = tuple((k, v if isinstance(v, str) else json.dumps(v)) for k, v in one.items())
        head = Head("GET", ("graphql",), pairs)
        channel = Channel("x.org", 443, Road.PROTECTED)
        (finding,) = Audit(book()).feed(Parcel(Ref("a", 1, ">"), channel, True, b"", head=head))
        assert (finding.rule, finding.content) == ("x/address", Content.READABLE)


@pytest.mark.parametrize("pack", ["batch", "upload"])
def test_every_message_of_a_batch_is_judged_by_itself(pack: str) -> None:
    seal = sealed("signal-message", load_rules(None), "1")
    batch = [
        operation(),
        operation(base64.b64encode(seal).decode()),
        {**operation(), "variables": {"input": {"words": TEXT}}},
        operation("what a picture", "LikePost"),
    ]
    findings = post(batch) if pack == "batch" else post(upload(batch), MULTIPART)
    assert [f.content for f in findings] == [Content.READABLE, Content.SEALED, Content.MISSING]


NONE = {
    "another operation": operation("hello there", "LikePost"),
    "a batch of others": [operation("hello there", "LikePost"), operation("and there", "Search")],
    "an empty batch": [],
    "another's name beside these variables": [
        {"operationName": "SendMessageDraft", "variables": {"input": {"text": TEXT}}},
        {"variables": {"input": {"text": TEXT}}},
    ],
    "the word in another place": {"operationName": "Search", "variables": {"operationName": "SendMessage"}},
}


@pytest.mark.parametrize("what", NONE)
def test_other_operations_are_no_messages(what: str) -> None:
    assert post(NONE[what]) == []
