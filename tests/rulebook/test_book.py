"""Broken rule files: every fault at once, each with its place and the nearest right word."""

import os
from pathlib import Path

import pytest

from auditor.errors import RuleError
from auditor.rulebook.book import Rulebook
from auditor.rulebook.files import unreasoned, untested
from auditor.shelf import own_rules, texts_of

GOLDEN = Path(__file__).parent.parent / "golden" / "broken-rules.txt"
RULES = Path(__file__).parent.parent.parent / "rules"

PLATFORM = "title: X\nhosts: [x.org]\nwhy:\n  - {fact: f, source: s}\n"
RULE = """title: T
surface: dm
when: {direction: out}
slot: body.text
why:
  - {fact: f, source: s}
tests:
  - {name: n, expect: nothing}
"""
ENVELOPE = """title: T
opened-by: recipient
shape:
  - byte: 3
  - secret: 16n
why:
  - {fact: f, source: s}
tests: []
"""


def faults(**files: str) -> list[str]:
    """Of files named by a short name: p = the platform, r.. = rules, e.. = envelopes."""
    texts = {"platforms/x/platform.yaml": PLATFORM}
    for name, text in files.items():
        match name[0]:
            case "p":
                texts["platforms/x/platform.yaml"] = text
            case "r":
                texts[f"platforms/x/{name}.yaml"] = text
            case _:
                texts[f"envelopes/{name}.yaml"] = text
    try:
        Rulebook.of(texts)
    except RuleError as exc:
        return [str(fault) for fault in exc.faults]
    return []


def rule(old: str, new: str) -> dict[str, str]:
    assert old in RULE
    return {"r": RULE.replace(old, new)}


def envelope(old: str, new: str) -> dict[str, str]:
    assert old in ENVELOPE
    return {"e": ENVELOPE.replace(old, new)}


def platform(old: str, new: str) -> dict[str, str]:
    assert old in PLATFORM
    return {"p": PLATFORM.replace(old, new)}


BROKEN = {
    "unknown key": rule("slot:", "slott:"),
    "unknown key in when": rule("{direction: out}", "{direction: out, metod: POST}"),
    "headers that are a list": rule("{direction: out}", "{direction: out, header: [x-signature]}"),
    "missing key": rule("title: T\n", ""),
    "missing surface": rule("surface: dm\n", ""),
    "missing direction": rule("{direction: out}", "{method: POST}"),
    "wrong type": rule("{direction: out}", "[out]"),
    "a title that is a list": rule("title: T", "title: [T]"),
    "a slot that is a mapping": rule("slot: body.text", "slot: {body: text}"),
    "tests that are a text": rule("tests:\n  - {name: n, expect: nothing}", "tests: none"),
    "bad path": rule("slot: body.text", "slot: body..text"),
    "path with brackets": rule("slot: body.text", 'slot: "body.a[0]"'),
    "bad surface": rule("surface: dm", "surface: dms"),
    "surface without else": rule("surface: dm", "surface: {from: body.c, is: {a: dm}}"),
    "bad surface in a case": rule("surface: dm", "surface: {from: body.c, is: {a: grup}, else: dm}"),
    "bad action": rule("slot: body.text", "action: typin"),
    "bad role in sees": rule("slot: body.text", "slot: body.text\nsees: {sendr: body.from}"),
    "bad path in sees": rule("slot: body.text", 'slot: body.text\nsees: {sender: "body."}'),
    "bad path in where": rule("slot: body.text", 'slot: body.text\nwhere: {".": 1}'),
    "unknown decoder in open": rule("slot: body.text", "slot: body.text\nopen: {body: protobof}"),
    "relative path without each": rule("slot: body.text", "slot: .text"),
    "relative path in sees without each": rule("slot: body.text", "slot: body.text\nsees: {sender: .from}"),
    "neither slot nor action": rule("slot: body.text\n", ""),
    "both slot and action": rule("slot: body.text", "slot: body.text\naction: typing"),
    "bad direction": rule("{direction: out}", "{direction: outgoing}"),
    "placeholder too wide": rule("slot: body.text", 'slot: body.text\nplaceholder: "This*"'),
    "unknown expectation": rule("expect: nothing", "expect: seald"),
    "not YAML": {"r": "title: [T\n"},
    "key twice": {"r": RULE + "title: again\n"},
    "unknown opener": envelope("recipient", "recipent"),
    "bad size": envelope("16n", "16m"),
    "bad size of nothing": envelope("16n", "0"),
    "bad byte": envelope("byte: 3", "byte: 256"),
    "a byte that is a word": envelope("byte: 3", "byte: true"),
    "unknown piece": envelope("byte: 3", "bite: 3"),
    "bad field": envelope("- secret: 16n", "- protobuf: {1: bites}"),
    "beginning longer than the field": envelope("- secret: 16n", '- protobuf: {1: "bytes[1] 05 06"}'),
    "bad field number": envelope("- secret: 16n", "- protobuf: {one: uint}"),
    "unknown envelope in a shape": envelope("- secret: 16n", "- protobuf: {1: =megolm}"),
    "two open sizes": envelope("byte: 3", "secret: 16n"),
    "no shape at all": {"e": ENVELOPE.replace("shape:\n  - byte: 3\n  - secret: 16n\n", "")},
    "an empty shape": {"e": ENVELOPE.replace("shape:\n  - byte: 3\n  - secret: 16n\n", "shape: []\n")},
    "bad text shape": {
        "e": ENVELOPE.replace("shape:\n  - byte: 3\n  - secret: 16n\n", 'text: "{base32 secret}"\n')
    },
    "bad tree": {
        "e": ENVELOPE.replace("shape:\n  - byte: 3\n  - secret: 16n\n", "tree: {a: 'secret[16m]'}\n")
    },
    "unknown envelope in a tree": {
        "e": ENVELOPE.replace("shape:\n  - byte: 3\n  - secret: 16n\n", "tree: {a: =megolm-mesage}\n"),
        "megolm-message": ENVELOPE,
    },
    "an envelope in itself": envelope("- secret: 16n", "- protobuf: {1: =e}"),
    "envelopes in a circle": {
        "ea": ENVELOPE.replace("- secret: 16n", "- protobuf: {1: =eb}"),
        "eb": ENVELOPE.replace("- secret: 16n", "- protobuf: {1: =ec}"),
        "ec": ENVELOPE.replace("- secret: 16n", "- protobuf: {1: =ea}"),
    },
    "unknown platform in speaks": platform("hosts: [x.org]", "speaks: [xx]"),
    "bad far end": platform("hosts: [x.org]", "far-end: servce"),
    "bad claim": platform(
        "hosts: [x.org]", "claims:\n  - {surface: dm, says: e2e, since: 2020-01-01, source: s}"
    ),
    "bad flag": platform(
        "hosts: [x.org]",
        "claims:\n  - {surface: dm, says: end-to-end, since: 2020-01-01, source: s, optional: yes}",
    ),
}


def printed() -> str:
    lines = []
    for name, files in BROKEN.items():
        if name == "unknown decoder in open":
            continue  # its words grow with every decoder
        lines += [f"# {name}", *faults(**files), ""]
    return "\n".join(lines)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_says_where_and_what(name: str) -> None:
    found = faults(**BROKEN[name])
    assert found
    for fault in found:
        file, line, column, message = fault.split(":", 3)
        assert file.endswith(".yaml")
        assert int(line) >= 1
        assert int(column) >= 1
        assert len(message) > 10


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("unknown key", "slot"),
        ("unknown key in when", "method"),
        ("bad surface", "dm"),
        ("bad surface in a case", "group"),
        ("bad action", "typing"),
        ("bad role in sees", "sender"),
        ("unknown decoder in open", "protobuf"),
        ("unknown expectation", "sealed"),
        ("unknown opener", "recipient"),
        ("unknown piece", "byte"),
        ("unknown envelope in a tree", "megolm-message"),
        ("unknown platform in speaks", "x"),
        ("bad far end", "service"),
    ],
)
def test_the_nearest_right_word_is_offered(name: str, word: str) -> None:
    assert any(f"did you mean {word!r}?" in fault for fault in faults(**BROKEN[name]))


def test_the_words_are_those_that_were_agreed() -> None:
    if os.environ.get("REGOLD"):
        GOLDEN.write_text(printed())
    assert printed() == GOLDEN.read_text()


def test_all_faults_of_all_files_come_at_once_and_in_order() -> None:
    files = {
        f"r{i}": RULE.replace("surface: dm", "surface: dms").replace("slot:", "slott:") for i in range(3)
    }
    files |= {"e": ENVELOPE.replace("16n", "16m"), "p": PLATFORM.replace("title: X\n", "")}
    found = faults(**files)
    assert {f.split(":")[0] for f in found} == {
        "envelopes/e.yaml",
        "platforms/x/platform.yaml",
        *(f"platforms/x/r{i}.yaml" for i in range(3)),
    }
    places = [(f.split(":")[0], int(f.split(":")[1]), int(f.split(":")[2])) for f in found]
    assert places == sorted(places)
    assert len([f for f in found if "either a `slot`" in f]) == 3


def test_a_fault_in_one_file_does_not_hide_one_in_another() -> None:
    alone = faults(**BROKEN["neither slot nor action"])
    both = faults(e=ENVELOPE.replace("16n", "16m"), **BROKEN["neither slot nor action"])
    assert set(alone) < set(both)


@pytest.mark.parametrize(
    "path",
    ["a.yaml", "rules/x.yaml", "platforms/x.yaml", "platforms/x/y/z.yaml", "envelopes/a/b.yaml", ".yaml"],
)
def test_a_file_elsewhere_is_refused(path: str) -> None:
    with pytest.raises(RuleError, match="not a place for a rule file"):
        Rulebook.of({path: RULE})


def test_a_rule_without_its_platform_is_refused() -> None:
    with pytest.raises(RuleError, match=r"platforms/y/platform\.yaml is missing"):
        Rulebook.of({"platforms/y/send.yaml": RULE})


def test_whole_files_are_no_fault() -> None:
    assert faults(r=RULE, e=ENVELOPE) == []


def test_hostile_text_is_a_fault_and_no_crash() -> None:
    with pytest.raises(RuleError):
        Rulebook.of({"envelopes/\ud800.yaml": "a: \ud800"})


def test_our_own_rules_are_whole_and_have_one_name() -> None:
    texts = {str(p.relative_to(RULES)): p.read_text() for p in RULES.rglob("*.yaml")}
    book, again = Rulebook.of(texts), Rulebook.of(dict(reversed(texts.items())))
    assert book.rules
    assert book.digest == again.digest
    assert Rulebook.of(texts | {"envelopes/e.yaml": ENVELOPE}).digest != book.digest


def test_a_host_is_whose_it_is_whoever_is_asked_first() -> None:
    """The index by the last label passes over nobody."""
    asked = {"a": "[a.example, '*.a.example']", "b": "[b.*]", "c": "[localhost]", "d": "[a.EXAMPLE]"}
    files = {
        f"platforms/{name}/platform.yaml": f"title: {name}\nhosts: {hosts}\nwhy: [{{fact: f, source: s}}]\n"
        for name, hosts in asked.items()
    }
    book = Rulebook.of(files)
    hosts = (
        "a.example",
        "A.Example.",
        "x.a.example",
        "b.example",
        "b.net",
        "LOCALHOST",
        "10.0.0.1",
        "",
        "::1",
    )
    for host in hosts:
        naive = next((one for one in book.platforms.values() if one.at(host)), None)
        assert book.platform_at(host) is naive
    assert [one and one.id for one in map(book.platform_at, hosts)] == [
        "a",
        "a",
        "a",
        "b",
        "b",
        "c",
        None,
        None,
        None,
    ]


def test_whose_connection_it_is_needs_no_rule_to_be_read() -> None:
    texts = texts_of(own_rules())
    whole, outside = Rulebook.of(texts), Rulebook.of_outside(texts)
    assert (outside.digest, outside.platforms, outside.transports) == (
        whole.digest, whole.platforms, whole.transports,
    )  # fmt: skip
    assert whole.rules and not outside.rules


def test_rules_that_were_tested_are_read_without_their_tests_and_prove_as_much() -> None:
    texts = texts_of(own_rules())
    whole, tested = Rulebook.of(texts), Rulebook.of_tested(texts)
    assert (tested.digest, tested.platforms, tested.rules, tested.envelopes) == (
        whole.digest, whole.platforms, whole.rules, whole.envelopes,
    )  # fmt: skip
    for kind in ("rules", "envelopes"):
        proven = [{name: one.status for name, one in getattr(book, kind).items()} for book in (whole, tested)]
        assert proven[0] == proven[1]
        assert {"recorded", "constructed"} <= set(proven[0].values())
    assert [one.grade for one in tested.transports.values()] == [
        one.grade for one in whole.transports.values()
    ]
    left = [sum(len(rule.tests) for rule in book.rules.values()) for book in (whole, tested)]
    assert 0 < left[1] < left[0] / 4


@pytest.mark.parametrize(
    "rest",
    [
        "  - {name: a, body: !capture captures/a.mitm#1>}\n",
        "  - {published: b}\n",
    ],
    ids=["recorded", "published"],
)
def test_tests_that_say_how_well_a_rule_is_proven_are_kept(rest: str) -> None:
    assert untested(f"title: a\ntests:\n{rest}") == f"title: a\ntests:\n{rest}"


def test_others_are_read_without_their_tests_and_without_what_they_say_for_people() -> None:
    whole = "title: a\nwhy:\n\n  - {fact: b}\n# why\nslot: body\ntests:\n- name: a\n  body: c"
    assert untested(whole) == "title: a\nwhy:\n\n  - {fact: b}\n# why\nslot: body\ntests: []\n"
    assert unreasoned(whole) == "title: a\nwhy: []\nslot: body\ntests: []\n"
