"""OTR in fragments: sealed when all pieces were seen, opaque when not, and never hidden when it is text."""

import base64
import json
import random
from collections.abc import Iterable
from functools import lru_cache
from itertools import permutations
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor import fragments, ledger
from auditor.audit import Audit
from auditor.fragments import Fragments, fragment_of
from auditor.judge import Verdict, judge
from auditor.model import Answer, Channel, Content, Direction, Finding, Grade, Head, Parcel, Ref, Road
from auditor.needles import Needles
from auditor.report import Capture
from auditor.rulebook.book import Rulebook
from auditor.rulebook.build import sealed
from auditor.shelf import load_rules

TEXT = "Harbor-4471 meet me by the old crane"
FILE = Capture("ab" * 32, "made.mitm", "mitmproxy dump", 1000)
TAGS = "|5a73a599|27e31597"


@lru_cache
def book() -> Rulebook:
    return load_rules(None)


def otr(seed: str = "1") -> str:
    return str(sealed("otr", book(), seed).decode())


def cut(message: str, number: int, tags: str = TAGS) -> list[str]:
    """As libotr cuts: pieces of one size, the rest at the end."""
    size = -(-len(message) // number)
    pieces = [message[at : at + size] for at in range(0, len(message), size)]
    return [f"?OTR{tags},{k:05},{len(pieces):05},{piece}," for k, piece in enumerate(pieces, 1)]


def said(text: str, part: int = 0, **more: Any) -> Parcel:
    """One line of IRC."""
    target = more.pop("target", "bob")
    body: dict[str, Any] = {"target": target, "text": text}
    if not more.get("outgoing", True):
        body["prefix"] = more.pop("prefix", "bob!b@example.org")
    made = Parcel(
        Ref("made.mitm", 0, f".{part}>"),
        Channel("irc.example.org", 6697, Road.PROTECTED),
        True,
        json.dumps(body).encode(),
        "irc",
        Head("PRIVMSG", (target,)),
    )
    return msgspec.structs.replace(made, **more)


def run(
    parcels: Iterable[Parcel], planted: tuple[str, ...] = ()
) -> tuple[list[Finding], Audit, list[Verdict]]:
    one = Audit(book(), Needles(planted))
    findings = [finding for parcel in parcels for finding in one.feed(parcel)]
    verdicts = judge(one.report(FILE), book())
    findings += one.finish()
    assert judge(one.report(FILE), book()) == verdicts  # asking early takes nothing away
    return findings, one, verdicts


def lines(texts: Iterable[str], **more: Any) -> list[Parcel]:
    return [said(text, part, **more) for part, text in enumerate(texts)]


# Whole messages


@pytest.mark.parametrize("tags", [TAGS, ""])
@pytest.mark.parametrize("number", [1, 2, 3, 9, 40])
def test_a_message_whose_pieces_were_all_seen_is_one_sealed_message(number: int, tags: str) -> None:
    pieces = cut(otr(), number, tags)
    findings, audit, (verdict,) = run(lines(pieces), planted=(TEXT,))
    (finding,) = findings
    assert (finding.content, finding.seal, finding.rule) == (Content.SEALED, "otr", "irc/message-send")
    assert finding.ref == Ref("made.mitm", 0, f".{len(pieces) - 1}>")
    assert (finding.path, finding.offset, finding.note) == ("body.text", None, "joined from its pieces")
    assert (verdict.verdict, verdict.counts) == (Answer.END_TO_END, {"sealed": 1})
    assert dict(audit.ledger.accounts)[ledger.READ].parcels == len(pieces)


def test_messages_one_after_the_other_are_each_their_own() -> None:
    texts = [piece for seed in "123" for piece in cut(otr(seed), 4)]
    findings, _, (verdict,) = run(lines(texts))
    assert [f.content for f in findings] == [Content.SEALED] * 3
    assert verdict.verdict is Answer.END_TO_END


def test_pieces_of_two_directions_and_of_two_people_are_kept_apart() -> None:
    mine, hers, his = (cut(otr(seed), 3, "") for seed in "123")
    parcels = []
    for part, (one, two, three) in enumerate(zip(mine, hers, his, strict=True)):
        parcels += [
            said(one, 3 * part),
            said(two, 3 * part + 1, outgoing=False, prefix="ann!a@example.org"),
            said(three, 3 * part + 2, outgoing=False, prefix="bob!b@example.org"),
        ]
    findings, _, verdicts = run(parcels)
    assert [(f.content, f.direction) for f in findings] == [
        (Content.SEALED, Direction.OUT),
        (Content.SEALED, Direction.IN),
        (Content.SEALED, Direction.IN),
    ]
    assert {v.verdict for v in verdicts} == {Answer.END_TO_END}


def test_pieces_to_two_people_are_kept_apart() -> None:
    one, two = cut(otr("1"), 2, ""), cut(otr("2"), 2, "")
    pairs = [(one[0], "bob"), (two[0], "ann"), (one[1], "bob"), (two[1], "ann")]
    findings, _, _ = run(said(text, part, target=target) for part, (text, target) in enumerate(pairs))
    assert [f.content for f in findings] == [Content.SEALED] * 2


def test_in_xmpp_they_are_joined_as_well() -> None:
    parcels = [
        msgspec.structs.replace(
            said("", part),
            protocol="xmpp",
            head=Head("message"),
            body=f"<message to='b@c.lit' from='a@c.lit' type='chat'><body>{text}</body></message>".encode(),
        )
        for part, text in enumerate(cut(otr(), 3))
    ]
    findings, _, (verdict,) = run(parcels)
    assert [(f.rule, f.content) for f in findings] == [("xmpp/message-send", Content.SEALED)]
    assert verdict.verdict is Answer.END_TO_END
    copy = b"<note xmlns='urn:x'>bring the spare oars to the north gate</note></message>"
    beside = msgspec.structs.replace(parcels[0], body=parcels[0].body.replace(b"</message>", copy))
    findings, _, (verdict,) = run([beside, *parcels[1:]])
    assert Content.READABLE in {f.content for f in findings}
    assert verdict.verdict is not Answer.END_TO_END


def test_keys_on_their_way_are_no_sealed_message() -> None:
    keys = str(sealed("otr-handshake", book(), "1").decode())
    (finding,), _, (verdict,) = run(lines(cut(keys, 3)))
    assert finding.content is Content.OPAQUE
    assert verdict.verdict is Answer.OPAQUE


# Messages that were not seen whole

PIECES = cut(otr(), 4)
LOST = {
    "the end": PIECES[:3],
    "the beginning": PIECES[1:],
    "the middle": [PIECES[0], PIECES[3]],
    "all but one": PIECES[2:3],
    "all but the first": PIECES[:1],
}


@pytest.mark.parametrize("what", LOST)
def test_without_all_its_pieces_a_message_is_opaque_and_says_why(what: str) -> None:
    findings, _, (verdict,) = run(lines(LOST[what]), planted=(TEXT,))
    assert {f.content for f in findings} == {Content.OPAQUE}
    assert {f.grade for f in findings} == {Grade.CONSISTENT}
    assert all("of 4 of what may be an OTR message: that proves nothing" in f.note for f in findings)
    assert verdict.verdict is Answer.OPAQUE


@pytest.mark.parametrize("order", [o for o in permutations(range(3)) if o != (0, 1, 2)])
def test_pieces_in_another_order_make_no_message(order: tuple[int, ...]) -> None:
    pieces = cut(otr(), 3)
    findings, _, (verdict,) = run(lines(pieces[number] for number in order))
    assert {f.content for f in findings} == {Content.OPAQUE}
    assert verdict.verdict is Answer.OPAQUE


def test_pieces_of_two_messages_make_none() -> None:
    one, two = cut(otr("1"), 3), cut(otr("2"), 4)
    findings, _, _ = run(lines([one[0], one[1], two[2], two[3]]))
    assert {f.content for f in findings} == {Content.OPAQUE}


def test_pieces_from_two_connections_make_none() -> None:
    one, two = cut(otr(), 2)
    findings, _, _ = run([said(one), said(two, ref=Ref("made.mitm", 1, ".0>"))])
    assert [f.content for f in findings] == [Content.OPAQUE] * 2


def test_a_message_that_was_not_seen_whole_weakens_those_that_were() -> None:
    findings, _, (verdict,) = run(lines([*PIECES, *cut(otr("2"), 4)[:2]]))
    assert [f.content for f in findings] == [Content.SEALED, Content.OPAQUE]
    assert (verdict.verdict, verdict.counts) == (Answer.OPAQUE, {"opaque": 1, "sealed": 1})


def test_a_short_piece_alone_could_be_anything() -> None:
    (finding,), _, (verdict,) = run(lines([f"?OTR{TAGS},3,3,Q==.,"]))
    assert finding.content is Content.UNDECIDED
    assert verdict.verdict is Answer.INCONCLUSIVE


# What only looks like it

DRESSED = {
    "words": "?OTR|1|2,1,1,?OTR:meet me at seven by the north gate.,",
    "words without spaces": "?OTR,1,1,?OTR:meetmeatsevenbythenorthgate.,",
    "words in base64": f"?OTR,1,1,?OTR:{base64.b64encode(TEXT.encode()).decode()}.,",
    "a piece beyond the last": "?OTR,3,2,AAMDmeet7at8by9the0gate,",
    "a piece number nothing": "?OTR,0,2,?OTR:AAMDmeet7at8by9the0gate,",
    "no end": "?OTR,1,2,?OTR:AAMDmeet7at8by9the0gate",
    "words before it": "look: ?OTR,1,2,?OTR:AAMDmeet7at8by9the0gate,",
    "a second piece that begins anew": "?OTR,2,2,?OTR:AAMDmeet7at8by9the0gate,",
    "a first piece that does not begin": "?OTR,1,2,AAMDmeet7at8by9the0gate,",
    "a question": "?OTRv23? Alice would like to talk in private",
}


@pytest.mark.parametrize("what", DRESSED)
def test_a_text_in_the_dress_of_a_fragment_is_read(what: str) -> None:
    findings, _, (verdict,) = run(lines([DRESSED[what]]))
    assert [f.content for f in findings] == [Content.READABLE]
    assert verdict.verdict is Answer.TRANSPORT_ONLY


def test_a_text_over_dressed_pieces_is_read() -> None:
    words = "?OTR:meetmeatsevenbythenorthgateandbringtwolamps."
    findings, _, (verdict,) = run(lines(cut(words, 8)))
    assert Content.READABLE in {f.content for f in findings}
    assert verdict.verdict is Answer.TRANSPORT_ONLY


@pytest.mark.parametrize("number", [1, 2, 5])
def test_a_planted_text_in_what_is_joined_is_read(number: int) -> None:
    """An envelope of the right form around a text that is no ciphertext."""
    size = 192
    data = b"\0\3\3" + bytes(8) + b"\0" + b"\0\0\0\1\0\0\0\2" + size.to_bytes(4)
    data += random.Random(1).randbytes(size) + b"\0\0\0\0\0\0\0\1"
    data += len(TEXT).to_bytes(4) + TEXT.encode() + bytes(20) + bytes(4)
    message = f"?OTR:{base64.b64encode(data).decode()}."
    for planted in ((), (TEXT,)):
        findings, _, (verdict,) = run(lines(cut(message, number)), planted=planted)
        assert Content.READABLE in {f.content for f in findings}
        assert verdict.verdict is Answer.TRANSPORT_ONLY


def test_a_fragment_is_taken_apart() -> None:
    one = fragment_of(" ?OTR|5a73a599|27e31597,00001,00003,?OTR:AAMDJ+MVmSfjFZcAAAAA,\r\n")
    assert one == fragments.Fragment("|5a73a599|27e31597", 1, 3, "?OTR:AAMDJ+MVmSfjFZcAAAAA")
    assert fragment_of("?OTR,2,3,JSfjFZcAAAAAAQ,") == fragments.Fragment("", 2, 3, "JSfjFZcAAAAAAQ")


@given(st.text(max_size=80))
def test_no_text_makes_it_raise(text: str) -> None:
    fragment_of(text)
    fragment_of(f"?OTR,1,2,{text},")


# Bounds


def test_what_is_held_is_bounded_and_nothing_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fragments, "MOST", 10)
    monkeypatch.setattr(fragments, "LONGEST", 2_000)
    first = cut(otr(), 2)[0]
    one = fragment_of(first)
    assert one is not None
    (finding,), _, _ = run(lines([first]))
    held, settled = Fragments(), []
    for number in range(40):
        whole, found = held.add(("made.mitm", number, True, "r", "", ""), one, finding)
        assert not whole
        settled += found
        assert len(held.unfinished()) <= 10
    assert len(settled + held.finish()) == 40
    assert held.unfinished() == []
    monkeypatch.setattr(fragments, "HELD", 3 * len(one.piece))
    for number in range(40):
        held.add(("made.mitm", number, True, "r", "", ""), one, finding)
        assert len(held.unfinished()) <= 3
    for number in range(40):  # what was put together is held no longer
        for piece in map(fragment_of, cut(otr(), 2)):
            assert piece is not None
            held.add(("made.mitm", number, False, "r", "", ""), piece, finding)
    assert len(held.finish()) == 2
    monkeypatch.setattr(fragments, "HELD", 1_000_000)
    endless = [fragments.Fragment("", number, 9_000, "aB3" * 300) for number in range(1, 20)]
    key = ("made.mitm", 0, True, "r", "", "")
    count = sum(len(held.add(key, piece, finding)[1]) for piece in endless)
    assert count + len(held.finish()) == 10  # of two pieces each, and one of the last
