"""From the bytes of a connection to the answer: streams tell what the rules of their platforms ask for."""

from functools import lru_cache

import pytest

from auditor.audit import Audit
from auditor.decoders import sms
from auditor.judge import Verdict, judge
from auditor.model import LADDER, Answer, Channel, Parcel, Ref, Road
from auditor.report import Capture
from auditor.rulebook.book import Rulebook
from auditor.shelf import load_rules
from auditor.streams import Sorter
from tests.streams import test_msnp, test_oscar, test_smpp, test_ymsg
from tests.streams.test_msnp import PLAIN
from tests.streams.test_talk import SESSIONS, Session, pdu

TEXT = "the boat leaves at six"
FOREIGN = "лодка уходит в шесть 🛥"


@lru_cache
def book() -> Rulebook:
    return load_rules(None)


def verdicts(session: Session, carrier: str = "tcp") -> list[Verdict]:
    sorter, audit = Sorter(carrier=carrier), Audit(book())
    found = [message for out, data in session for message in sorter.feed(out, data)]
    channel = Channel("198.51.100.7", road=Road.CLEAR)
    for message in [*found, *sorter.finish()]:
        ref = Ref("a", 1, message.part)
        audit.feed(Parcel(ref, channel, message.outgoing, message.body, sorter.name, message.head))
    return [v for v in judge(audit.report(Capture("", "a", "pcap", 1)), book()) if v.verdict in LADDER]


def sip(verb: str, kind: str, body: bytes) -> bytes:
    head = f"{verb} sip:al@ims.example SIP/2.0\r\nf: <sip:b@ims.example>\r\nc: {kind}\r\nl: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


def short(text: str, header: bytes = b"") -> bytes:
    tree = {
        "rp": "data", "to-network": False, "reference": 9, "from": {"number": "4917", "type": 145},
        "kind": "deliver", "flags": 0x40 * bool(header), "sender": {"number": "491700001", "type": 145},
        "protocol": 0, "coding": 0 if text.isascii() else 8, "time": "26112119030004", "text": text,
    }  # fmt: skip
    return sip("MESSAGE", "application/vnd.3gpp.sms", sms.wrap(tree | ({"header": header} if header else {})))


CPIM = (
    b"From: <sip:bob@ims.example>\r\nTo: <sip:al@ims.example>\r\n\r\nContent-Type: text/plain\r\n\r\n"
    + TEXT.encode()
)
CHAT = (
    b"MSRP abcd SEND\r\nTo-Path: msrp://b\r\nMessage-ID: 1\r\nContent-Type: %b\r\n\r\n%b\r\n-------abcd$\r\n"
)
CUT = b"EHLO a\r\nMAIL FROM:<a@b>\r\nDATA\r\nFrom: a@b\r\nTo: c@d\r\nSubject: boats\r\n\r\nthe boa"
TEXTS: list[tuple[str, str, str, Session]] = [
    ("tcp", "icq", "dm", [(True, test_oscar.sent(1, test_oscar.text(TEXT.encode())))]),
    ("tcp", "icq", "dm", [(False, test_oscar.came(1, test_oscar.text(FOREIGN.encode("utf-16-be"), 2)))]),
    ("tcp", "icq", "dm", [(False, test_oscar.came(2, test_oscar.relayed(TEXT.encode())))]),
    ("tcp", "icq", "room", [(False, test_oscar.said_in_room(TEXT.encode()))]),
    ("tcp", "msn", "dm", [*SESSIONS["msnp"][:2], (True, test_msnp.behind(b"MSG 4 N", PLAIN + b"at six"))]),
    ("tcp", "msn", "dm", [(False, test_msnp.behind(b"MSG b@c.d B", PLAIN + FOREIGN.encode()))]),
    ("tcp", "yahoo", "dm", [(True, test_ymsg.packet(6, (1, "al"), (5, "bob"), (14, TEXT)))]),
    ("tcp", "yahoo", "group", [(False, test_ymsg.packet(0x1D, (57, "al-1"), (3, "bob"), (14, TEXT)))]),
    ("tcp", "yahoo", "room", [(False, test_ymsg.packet(0xA8, (104, "Boats:1"), (109, "bob"), (117, TEXT)))]),
    ("tcp", "directconnect", "room", [*SESSIONS["nmdc"][:2], (False, b"<bob> " + TEXT.encode() + b"|")]),
    ("tcp", "directconnect", "dm", [(True, b"$To: al From: bob $<bob> " + TEXT.encode() + b"|")]),
    ("tcp", "sms", "dm", [(True, pdu(4, test_smpp.short(0, TEXT.encode())))]),
    ("tcp", "sms", "dm", [(False, pdu(5, test_smpp.short(8, FOREIGN.encode("utf-16-be"))))]),
    ("udp", "sms", "dm", [(False, short(TEXT))]),
    ("udp", "sms", "dm", [(False, short(TEXT, b"\0\3\x2a\2\1"))]),
    ("udp", "sms", "dm", [(False, short(FOREIGN, b"\x08\4\1\x2a\2\1"))]),
    ("tcp", "sms", "dm", [(False, short(FOREIGN))]),
    ("udp", "sip", "dm", [(False, sip("MESSAGE", "text/plain;charset=UTF-8", FOREIGN.encode()))]),
    ("udp", "sip", "dm", [(False, sip("MESSAGE", "message/cpim", CPIM))]),
    ("udp", "sip", "dm", [(False, sip("INFO", "text/plain", TEXT.encode()))]),
    ("tcp", "sip", "dm", [(True, CHAT % (b"text/plain", TEXT.encode()))]),
    ("tcp", "sip", "dm", [(True, CHAT % (b"message/cpim", CPIM))]),
    ("tcp", "mail", "mail", [(True, CUT)]),
]  # fmt: skip


@pytest.mark.parametrize(("carrier", "platform", "surface", "session"), TEXTS)
def test_a_text_in_the_clear_is_found_and_said(
    carrier: str, platform: str, surface: str, session: Session
) -> None:
    (verdict,) = verdicts(session, carrier)
    assert (verdict.platform, verdict.surface, verdict.verdict) == (platform, surface, Answer.CLEARTEXT)


@pytest.mark.parametrize(
    ("carrier", "session"),
    [
        ("tcp", [(True, test_oscar.snac(1, 6, b"")), (False, test_oscar.flap(1, b"\0\0\0\1"))]),
        ("tcp", SESSIONS["msnp"][:2]),
        ("tcp", [(True, test_ymsg.packet(0x8A, (0, "al")))]),
        ("tcp", SESSIONS["nmdc"][:2]),
        ("tcp", [(True, pdu(0x15, b"")), *SESSIONS["smpp"][:2]]),
        ("udp", [(True, sip("REGISTER", "text/plain", b""))]),
        ("udp", [(True, sip("INFO", "application/dtmf-relay", b"Signal=5"))]),
        ("udp", [(False, sip("MESSAGE", "application/vnd.3gpp.sms", b"\3\1"))]),
    ],
)  # fmt: skip
def test_a_connection_without_a_text_answers_nothing(carrier: str, session: Session) -> None:
    assert verdicts(session, carrier) == []
