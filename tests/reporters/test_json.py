"""The document: its keys, its bytes, the way back, and what is refused."""

import io
import json
import random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.errors import CaptureError
from auditor.facts import first
from auditor.judge import Verdict, judge
from auditor.ledger import STATES
from auditor.model import Content, Direction, Finding, Grade, Ref, Road, first_refs
from auditor.peers import Contacts, Peer, Peers
from auditor.report import (
    Account,
    Capture,
    Digest,
    Digests,
    Report,
    Row,
    Sight,
    Sightings,
    Slice,
    Tally,
    Trouble,
    Troubles,
    added,
    ordered,
)
from auditor.reporters import Options, reporter
from auditor.reporters.fields import FIELDS
from auditor.reporters.json import decode, encode, line
from auditor.rulebook.book import Rulebook
from auditor.stretches import Stretches

EMPTY = Rulebook({}, {}, {})
WORDS = {"sees", "counts", "facts"}  # objects whose keys are words of the report

names = st.text(max_size=6)
numbers = st.integers(0, 2**40)
few = st.integers(1, 5)
parts = st.sampled_from(["", ">", "<", ".3>", ".10<"])
refs = st.builds(Ref, names, numbers, parts)
times = st.none() | st.floats(0, 4e9)
directions = st.sampled_from([Direction.OUT, Direction.IN])
findings = st.builds(
    Finding,
    ref=refs, platform=names, surface=st.sampled_from(["dm", "group"]), direction=directions,
    road=st.sampled_from(Road), content=st.sampled_from(Content), grade=st.sampled_from(Grade), rule=names,
    slot=names, seal=names, path=names, trail=st.tuples(names), excerpt=names, offset=st.none() | numbers,
    note=names, texts=st.tuples(names), when=times,
)  # fmt: skip
places = st.lists(refs, max_size=5).map(first_refs)


def table(key: st.SearchStrategy[Any], value: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.dictionaries(key, value, max_size=3).map(ordered)


def tally(found: list[Finding]) -> tuple[tuple[Row, Tally], ...]:
    sums: tuple[tuple[Row, Tally], ...] = ()
    for f in found:
        row = Row(
            f.platform,
            f.surface,
            f.direction,
            f.content,
            f.road,
            f.grade,
            f.rule,
            f.slot,
            f.seal,
            texts=f.texts,
        )
        sums = added(sums, [(row, Tally(1, (f,), f.when, f.when))])
    return sums


def add(capture: Capture, found: list[Finding]) -> Slice:
    return Slice(capture, Stretches.of([(0, 40)]), tally=tally(found))


facts = st.lists(st.tuples(st.sampled_from(["tls", "ja4"]), names), max_size=9).map(first)
counts = st.dictionaries(names, few, max_size=3)
slices = st.builds(
    Slice,
    st.builds(Capture, names, names, names, numbers, numbers, st.lists(st.tuples(names, names)).map(tuple)),
    st.sampled_from([(), ((0, 4),), ((0, 2), (5, 9)), ((10, 12),)]).map(Stretches.of),
    st.sets(names, max_size=2).map(lambda rules: tuple(sorted(rules))),
    few,
    st.lists(findings, max_size=12).map(tally),
    table(st.builds(Sight, names, names, directions, names), st.builds(Sightings, few, counts, places)),
    table(
        st.builds(Peer, names, st.integers(0, 65535), names, names, names),
        st.builds(Contacts, few, numbers, numbers, places, facts),
    ).map(Peers.of),
    table(st.sampled_from(sorted(STATES)), st.builds(Account, few, numbers)),
    table(st.builds(Trouble, names, names), st.builds(Troubles, few, places)),
    table(names, few).map(lambda rows: tuple(sorted(rows))),
    table(names, few).map(lambda rows: tuple(sorted(rows))),
    table(st.builds(Digest, names, names, directions, names, names), st.builds(Digests, few, places)),
)
reports = st.lists(slices, max_size=4).map(lambda many: sum((Report((one,)) for one in many), Report()))


def written(report: Report, book: Rulebook = EMPTY) -> bytes:
    return encode(report, judge(report, book))


def keys(value: Any, around: str = "") -> set[str]:
    """All keys of a document, dotted; lists are passed through."""
    if isinstance(value, list):
        return {key for item in value for key in keys(item, around)}
    if not isinstance(value, dict):
        return set()
    found: set[str] = set()
    for key, inner in value.items():
        name = "*" if around.rpartition(".")[2] in WORDS else key
        dotted = f"{around}.{name}" if around else name
        found |= {dotted} | keys(inner, dotted)
    return found


def test_the_keys_at_the_top_stand_in_their_order(sample: Report, book: Rulebook) -> None:
    document = json.loads(written(sample, book))
    assert list(document) == [
        "schema", "tool", "captures", "verdicts", "observations", "digests", "contacts", "ledger", "problems",
    ]  # fmt: skip
    assert list(document["tool"]) == ["name", "version", "rules"]
    assert [capture["name"] for capture in document["captures"]] == [
        "laptop.har",
        "phone.mitm",
        "tablet.mitm",
    ]


def test_every_kind_of_item_has_exactly_its_keys(sample: Report, book: Rulebook) -> None:
    document = json.loads(written(sample, book))
    expected = {
        "captures": "sha256 name kind size unread renamed note covers planted state",
        "verdicts": "platform surface direction verdict detail grade reason counts checks claim would_change "
        "limits evidence app",
        "observations": "platform surface direction rule count sees refs",
        "digests": "platform host direction algorithm text count refs",
        "contacts": "host port transport reason platform connections sent received facts refs",
        "ledger": "state meaning parcels bytes",
        "problems": "kind message count refs",
    }
    for key, fields in expected.items():
        assert document[key], key
        assert all(list(item) == fields.split() for item in document[key])
    evidence = next(v["evidence"] for v in document["verdicts"] if v["evidence"])
    assert " ".join(evidence[0]) == "rule content grade path trail excerpt ref offset note"
    assert list(document["verdicts"][0]) == list(Verdict.__struct_fields__)


def test_every_key_is_explained_and_nothing_else_is(sample: Report, book: Rulebook) -> None:
    assert keys(json.loads(written(sample, book))) == set(FIELDS)


def test_the_ledger_stands_in_its_order(sample: Report) -> None:
    rows = json.loads(written(sample))["ledger"]
    assert [(row["state"], row["meaning"]) for row in rows] == list(STATES.items())


def test_refs_are_written_as_people_quote_them(sample: Report) -> None:
    document = json.loads(written(sample))
    assert document["contacts"][0]["refs"] == ["phone.mitm#31"]
    assert document["problems"][0]["refs"] == ["phone.mitm#33"]


def test_facts_stand_by_their_kind(sample: Report) -> None:
    shown = {one["host"]: one["facts"] for one in json.loads(written(sample))["contacts"]}
    assert shown["203.0.113.9"] == {}
    assert shown["chat.signal.org"]["alert"] == ["the app: unknown authority"]
    assert list(shown["chat.signal.org"]) == ["alert", "alpn", "ja4", "tls"]


def test_a_document_read_and_written_again_is_the_same(sample: Report, book: Rulebook) -> None:
    document = written(sample, book)
    assert written(decode(document), book) == document
    assert document.endswith(b"}\n")


@settings(max_examples=60, deadline=None)
@given(reports)
def test_any_report_comes_back_byte_for_byte(report: Report) -> None:
    document = written(report)
    back = decode(document)
    assert written(back) == document
    assert back.whole() == report.whole()


@settings(max_examples=60, deadline=None)
@given(slices, slices)
def test_documents_of_different_captures_add_up_like_their_reports(one: Slice, other: Slice) -> None:
    one = msgspec.structs.replace(one, capture=msgspec.structs.replace(one.capture, sha256="1"))
    other = msgspec.structs.replace(other, capture=msgspec.structs.replace(other.capture, sha256="2"))
    a, b = Report((one,)), Report((other,))
    assert written(decode(written(a)) + decode(written(b))) == written(a + b)
    assert written(decode(written(a)) + a) == written(a)


def test_slices_of_one_capture_add_up_through_their_documents(sample: Report) -> None:
    phone = next(one for one in sample.slices if one.capture.name == "phone.mitm")
    later = msgspec.structs.replace(phone, covers=Stretches.of([(40, 60)]))
    a, b = Report((phone,)), Report((later,))
    both = decode(written(a)) + decode(written(b))
    assert written(both) == written(a + b)
    assert sum(tally.count for _, tally in both.whole().tally) == 32


@settings(max_examples=40, deadline=None)
@given(st.lists(findings, max_size=20), st.randoms(use_true_random=False))
def test_the_order_of_feeding_leaves_no_trace(found: list[Finding], chance: random.Random) -> None:
    capture = Capture("1", "a", "har", 1)
    again = chance.sample(found, len(found))
    assert written(Report((add(capture, found),))) == written(Report((add(capture, again),)))


def test_the_order_of_reports_leaves_no_trace(sample: Report) -> None:
    backwards = Report(tuple(reversed(sample.slices)))
    assert written(backwards) == written(sample)


def test_a_document_is_safe_to_print(sample: Report) -> None:
    peer = Peer("\x1b[31m\x9b2J\u202e\u2028🍜é", 1, "TLS", "x")
    one = Slice(Capture("1", "a", "har", 1), contacts=Peers.of([(peer, Contacts(1, 1, 1, ()))]))
    text = written(Report((one,))).decode()
    assert "🍜é" in text
    assert all(char.isprintable() or char == "\n" for char in text)
    assert decode(text.encode()).slices[0].contacts == one.contacts


def test_a_stream_without_utf8_gets_the_same_document_in_ascii() -> None:
    one = Slice(Capture("1", "a🍜é", "har", 1))
    stream = io.TextIOWrapper(io.BytesIO(), "ascii", newline="\n")
    reporter("json").render(Report((one,)), [], stream, Options())
    stream.seek(0)
    assert json.loads(stream.read()) == json.loads(encode(Report((one,)), []))


def broken(sample: Report, *path: Any, value: Any) -> bytes:
    document = json.loads(written(sample))
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return json.dumps(document).encode()


STATE = ("captures", 1, "state")
TALLY = (*STATE, "tally", 0)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schema",), 2),
        (("schema",), "1"),
        (("schema",), 10**30),
        (("captures",), {}),
        (("captures", 0, "size"), -1),
        (("captures", 0, "extra"), 1),
        (("captures", 0, "covers"), [[5, 2]]),
        (("captures", 0, "covers"), [[0, 5], [3, 9]]),
        (("captures", 0, "sha256"), "ab" * 32),
        (("captures", 0, "renamed"), [["one"]]),
        (("captures", 0, "state", "rules"), ["b", "a"]),
        (("captures", 0, "state", "ledger"), [["nowhere", {"parcels": 1, "bytes": 1}]]),
        (("captures", 0, "state", "platforms"), [["a", 1], ["a", 2]]),
        ((*TALLY, 0, "content"), "\x1b[31m"),
        ((*TALLY, 0, "platform"), "another"),
        ((*TALLY, 1, "findings"), []),
        ((*TALLY, 1, "count"), 0),
        ((*TALLY, 1, "first"), "yesterday"),
        ((*TALLY, 1, "findings", 0, "ref", "part"), "9" * 5000),
        ((*TALLY, 1, "findings", 0, "ref", "entry"), -1),
        (("captures", 2, "state", "contacts", 0, 1, "sent"), -5),
        (("captures", 2, "state", "sightings", 0, 1, "sees"), {"time": -5}),
        (("verdicts",), [1]),
    ],
    ids=str,
)
def test_a_document_that_is_wrong_is_refused_in_one_line(
    sample: Report, path: tuple[Any, ...], value: Any
) -> None:
    with pytest.raises(CaptureError) as caught:
        decode(broken(sample, *path, value=value))
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    "data",
    [
        b"", b"{", b"[]", b"null", b"{}", b"\xff", b"[" * 100_000, b'{"schema":1}', b'{"schema":1e999}',
        b'{"schema":' + b"[" * 100_000,
        b'{"schema":1,"x":' + b'{"a":' * 100_000,
        b'{"schema":' + b"1" * 9000 + b"}",
        b'{"schema":1,"tool":"\\ud800x"}',
    ],
    ids=lambda data: str(data[:12]),
)  # fmt: skip
def test_what_is_no_document_is_refused_in_one_line(data: bytes) -> None:
    with pytest.raises(CaptureError) as caught:
        decode(data)
    assert str(caught.value).isprintable()


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damage_anywhere_is_refused_or_still_a_report(data: st.DataObject) -> None:
    finding = data.draw(findings)
    document = bytearray(written(Report((add(Capture("1", "a", "har", 1), [finding]),))))
    for _ in range(data.draw(few)):
        document[data.draw(st.integers(0, len(document) - 1))] = data.draw(st.integers(0, 255))
    try:
        back = decode(bytes(document))
    except CaptureError:
        return
    assert decode(written(back)).whole() == back.whole()


@given(findings)
def test_a_finding_is_one_line_with_all_its_fields(finding: Finding) -> None:
    text = line(finding)
    assert len(text.splitlines()) == 1
    fields = json.loads(text)
    assert list(fields) == list(Finding.__struct_fields__)
    assert fields["ref"] == str(finding.ref)
    assert fields["trail"] == list(finding.trail)


def test_sums_of_equal_rows_are_what_added_says(sample: Report) -> None:
    one = sample.slices[0]
    assert decode(written(Report((one,)))).slices[0].tally == added(one.tally, ())
