# ruff: noqa: E501 - rule files in one line each
"""The real rules, read once, and a small book of envelopes that the real ones do not need yet."""

import pytest

from auditor.rulebook.book import Rulebook
from auditor.shelf import load_rules, own_rules

_END = "why:\n  - {fact: f, source: s}\ntests: []\n"
FIXTURE = {
    "envelopes/nip04.yaml": 'title: T\nopened-by: recipient\ntext: "{base64 secret[16n]}?iv={base64 bytes[16]}"\n',
    "envelopes/otr.yaml": 'title: T\nopened-by: recipient\ntext: "?OTR:{base64 secret[32..]}."\n',
    "envelopes/hexed.yaml": 'title: T\nopened-by: recipient\ntext: "enc:{hex bytes[16]}:{hex secret[16n]}"\n',
    "envelopes/served.yaml": "title: T\nopened-by: server\nshape: [{byte: 0xe1}, {byte: 0xe2}, {byte: 0xe3}, {secret: 32..}]\n",
    "envelopes/own.yaml": "title: T\nopened-by: own-device\nshape: [{byte: 0xd1}, {byte: 0xd2}, {byte: 0xd3}, {secret: 32..}]\n",
    "envelopes/whose.yaml": "title: T\nopened-by: unknown\nshape: [{byte: 0xc1}, {byte: 0xc2}, {byte: 0xc3}, {secret: 32..}]\n",
    "envelopes/weak.yaml": "title: T\nopened-by: recipient\nstrength: context\nshape: [{byte: 0xb1}, {secret: 32..}]\n",
    "envelopes/omemo.yaml": "title: T\nopened-by: recipient\ntree: {payload: 'secret[16..]', header.iv: 'bytes[12|16]', "
    "header.keys.*: '=inner, 1+', id: uint, label: token?}\n",
    "envelopes/inner.yaml": "title: T\nopened-by: recipient\nshape: [{byte: 0xa1}, {byte: 0xa2}, {byte: 0xa3}, {secret: 32..}]\n",
    "platforms/x/platform.yaml": "title: X\nhosts: [x.org]\nwhy:\n  - {fact: f, source: s}\n",
    "platforms/x/send.yaml": """title: T
surface: {from: body.kind, is: {"g*": group, ch: channel}, else: dm}
when: {direction: out, method: POST, path: /send}
where: {body.hidden: [no, 7, true, "a*"], body.there: "*"}
unless: {body.skip: "*"}
slot: [body.text, body.other]
placeholder: ["This message is sealed.", "I sent you a sealed message*"]
attachment: body.files
empty-when: {body.typing: "*"}
sees: {sender: body.from, device: header.x-device}
""",
    "platforms/x/batch.yaml": """title: T
surface: dm
when: {direction: in, path: /batch}
each: body.items
where: {.type: m}
slot: .text
sees: {sender: .from}
""",
}


@pytest.fixture(scope="session")
def real() -> Rulebook:
    return load_rules(own_rules())


@pytest.fixture(scope="session")
def small() -> Rulebook:
    return Rulebook.of(
        {path: text if "platform.yaml" in path else text + _END for path, text in FIXTURE.items()}
    )
