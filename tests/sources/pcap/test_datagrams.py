"""Conversations of UDP: what is a message is told, all else is a contact that says what it looks like."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model import Contact, Event, Parcel, Problem, Road
from auditor.sources.flows import Flow, Request, Response, Side
from auditor.sources.heads import Place
from auditor.sources.pcap.datagrams import Datagrams
from auditor.sources.pcap.hello import ClientHello
from auditor.sources.pcap.keys import Keys
from auditor.sources.pcap.wire import Chunk, End, Facts, Said
from auditor.sources.talk import STRANGE

CLIENT, SERVER = End(b"\x0a\0\0\2", 50_000), End(b"\xc0\0\2\1", 4_321)
SIP = (
    b"MESSAGE sip:bob@x.example SIP/2.0\r\nFrom: <sip:a@x>\r\nTo: <sip:b@x>\r\nContent-Length: 5\r\n\r\nhello"
)
LOOK_UP = b"\x12\x34\1\0\0\1\0\0\0\0\0\0\4chat\7example\0\0\1\0\1"
HELLO = b"\x16\xfe\xff" + bytes(8) + b"\0\x0c" + b"\1" + bytes(11)
QUIC = b"\xc3\0\0\0\1\x08abcdefgh\0" + bytes(1_180)


@dataclass
class Dtls:
    """Opens what follows the hello by taking away its first three bytes."""

    keys: Keys
    client: ClientHello | None = None
    alpn: str = ""
    shut: str = ""
    protects: bool = True

    @property
    def facts(self) -> Facts:
        return (("dtls", "1.2"),)

    def feed(self, from_client: bool, datagram: bytes) -> list[Said]:
        return [(from_client, datagram[3:])] if self.keys and datagram[0] == 23 else []

    def finish(self) -> None:
        self.shut = "" if self.keys else "no secret"


@dataclass
class Told:
    flow: Flow
    stream: int = 4
    asked: int = 101
    answered: int = 102
    asked_whole: bool = True
    answered_whole: bool = False


@dataclass
class Http3:
    keys: Keys
    server: Side
    host: str = "chat.example"
    shut: str = ""
    facts: Facts = (("quic", "1"),)
    remarks: list[str] = field(default_factory=list)
    fed: int = 0

    def feed(self, chunk: Chunk) -> list[Told]:
        self.fed += 1
        if not self.keys or self.fed != 2:
            return []
        side = Side("chat.example", b"h3", True, "TLSv1.3")
        asked = Request(
            b"POST", b"https", "chat.example", 443, b"/send", [], b"chat.example", b"HTTP/3", b"hello"
        )
        return [Told(Flow("http", side, side, request=asked, response=Response(200, [], b"ok")))]

    def finish(self) -> list[Told]:
        self.shut = "" if self.keys else "no secret for client random 3fa9…"
        return []


def heard(*said: Said, keys: bytes = b"", search: bool = False) -> list[Event]:
    talk = Datagrams(Place("x.pcap"), Keys([keys]), 17, CLIENT, SERVER, search=search, opener=Dtls)
    chunks = [Chunk(way, data, n, float(n)) for n, (way, data) in enumerate(said, 100)]
    return [event for chunk in chunks for event in talk.feed(chunk)] + talk.finish()


def shut(*said: Said) -> Contact:
    (contact,) = heard(*said)
    assert isinstance(contact, Contact)
    return contact


KEY = b"CLIENT_RANDOM " + b"ab" * 32 + b" " + b"cd" * 48


def test_a_message_of_sip_is_one_wherever_it_goes_to() -> None:
    (parcel,) = heard((True, SIP))
    assert isinstance(parcel, Parcel)
    assert (parcel.protocol, parcel.head.method, parcel.body) == ("sip", "MESSAGE", b"hello")
    assert (str(parcel.ref), parcel.channel.road) == ("x.pcap#17.0>@100", Road.CLEAR)


STUN = b"\0\1\0\0\x21\x12\xa4\x42" + bytes(12)


@pytest.mark.parametrize("first", [[STUN] * 100, [b"\r\n\r\n"], [b"\0"], [b"\x80\x08" + bytes(170)] * 9])
def test_signs_of_life_may_come_before_the_first_message(first: list[bytes]) -> None:
    events = heard(*((True, one) for one in first), (True, SIP))
    assert [one.body for one in events if isinstance(one, Parcel) and one.head.method == "MESSAGE"] == [
        b"hello"
    ]


def test_a_datagram_that_was_not_kept_to_its_end_is_not_whole() -> None:
    talk = Datagrams(Place("x.pcap"), Keys(), 17, CLIENT, SERVER)
    found = [one for lost in (0, 9) for one in talk.feed(Chunk(True, SIP, 1, 1.0, lost))]
    assert [one.whole for one in found if isinstance(one, Parcel)] == [True, False]


def test_what_dtls_seals_is_told_where_there_are_keys() -> None:
    sealed = (True, b"\x17\xfe\xfd" + SIP)
    (parcel,) = heard((True, HELLO), sealed, keys=KEY)
    assert isinstance(parcel, Parcel)
    assert (parcel.body, parcel.channel.road, parcel.channel.opened_by) == (
        b"hello",
        Road.PROTECTED,
        "key log",
    )
    (strange,) = heard((True, HELLO), (True, b"\x17\xfe\xfd\7\7\7"), keys=KEY)
    assert isinstance(strange, Contact)
    assert strange.reason == "a protocol this version does not know"
    contact = shut((True, HELLO), sealed)
    assert (contact.reason, contact.sent, ("dtls", "1.2") in contact.facts) == (
        "no secret",
        len(HELLO) + 3 + len(SIP),
        True,
    )


@pytest.mark.parametrize(
    ("said", "transport", "reason"),
    [
        (LOOK_UP, "dns", "a name look-up: no message in it"),
        (b"\0\1\0\0\x21\x12\xa4\x42" + bytes(12), "stun", "a way through is asked for: no message in it"),
        (b"hello", "udp", STRANGE),
    ],
)
def test_what_is_no_message_is_a_contact_with_its_reason(said: bytes, transport: str, reason: str) -> None:
    contact = shut((True, said))
    assert (contact.transport, contact.reason) == (transport, reason)
    assert (contact.sent, contact.received, contact.when) == (len(said), 0, 100.0)


def test_what_nobody_knows_is_searched_where_there_is_something_to_find() -> None:
    first, second, contact = heard((True, b"hello"), (True, b" you"), (False, b"no"), search=True)
    assert isinstance(first, Parcel)
    assert isinstance(second, Parcel)
    assert [(str(one.ref), one.body, one.protocol) for one in (first, second)] == [
        ("x.pcap#17.0>@100", b"hello you", "udp"),
        ("x.pcap#17.2<@102", b"no", "udp"),
    ]
    assert isinstance(contact, Contact)


@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=40)), max_size=20))
def test_no_datagrams_make_it_raise(said: list[Said]) -> None:
    starts = (b"", HELLO[:13], SIP[:20], QUIC[:8])
    events = heard(*((way, starts[n % 4] + data) for n, (way, data) in enumerate(said)), search=True)
    assert [one for one in events if isinstance(one, Contact | Parcel | Problem)]
