"""Connections of QUIC become parcels, contacts and problems."""

import random
from collections.abc import Iterable

from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.model import Contact, Event, Parcel, Problem, Road
from auditor.sources.heads import Place
from auditor.sources.pcap.keys import Keys
from auditor.sources.pcap.quic_conversation import OPENED_BY, QuicConversation
from auditor.sources.pcap.wire import End
from tests.sources.pcap.http3.test_http3 import Talk, room_of_webtransport, three
from tests.sources.pcap.quic.sessions import HOST, Datagram, session
from tests.sources.pcap.quic.test_quic import damaged

NEAR, FAR = End(bytes((192, 0, 2, 1)), 4000), End(bytes((192, 0, 2, 2)), 443)


def told(seen: Iterable[Datagram], keys: Keys, host: str = "") -> list[Event]:
    one = QuicConversation(Place("x.pcap"), keys, 17, NEAR, FAR, host)
    found = [e for n, d in enumerate(seen, 17) for e in one.feed(d.from_client, d.data, n, n / 10)]
    return found + one.finish()


def test_an_open_connection_gives_the_parcels_that_a_proxy_would_give() -> None:
    talk = three()
    events = told(talk.ends.seen, talk.ends.keys)
    parcels = [event for event in events if isinstance(event, Parcel)]
    assert parcels == events
    assert [(p.outgoing, p.body[:8]) for p in parcels[:2]] == [(True, b"question"), (False, b"answer 0")]
    first, second = parcels[:2]
    channel = first.channel
    assert (channel.host, channel.port, channel.road, channel.address) == (
        HOST,
        443,
        Road.PROTECTED,
        "192.0.2.2",
    )
    assert (channel.alpn, channel.opened_by) == ("h3", OPENED_BY)
    assert (first.head.method, first.head.path, first.head.query) == ("POST", ("send",), (("to", "ada"),))
    assert second.answers == first.head and second.head.status == 200
    seen = talk.ends.seen
    for parcel in parcels:
        stream, _, number = parcel.ref.part.partition("@")
        assert stream.endswith(">" if parcel.outgoing else "<") and parcel.whole
        assert seen[int(number) - 17].from_client is parcel.outgoing


def test_what_is_lost_before_anything_was_told_is_lost_on_the_same_channel() -> None:
    talk = three()
    one, said = QuicConversation(Place("x.pcap"), talk.ends.keys, 17, NEAR, FAR), list[Problem]()
    for number, datagram in enumerate(talk.ends.seen):
        if one.feed(datagram.from_client, datagram.data, number, 0.0):
            break
        said.append(one.unread("cut", "made up"))
    assert said[-1].protocols == ("http", "websocket")
    (channel,) = said[-1].channels
    assert (channel.host, channel.road, channel.opened_by) == (HOST, Road.PROTECTED, OPENED_BY)


def test_a_shut_connection_is_one_contact_with_its_reason_and_facts() -> None:
    (contact,) = told(three().ends.seen, Keys())
    assert isinstance(contact, Contact) and contact.reason.startswith("no secret for client random")
    assert (contact.transport, contact.channel.host, contact.channel.road) == ("quic", HOST, Road.PROTECTED)
    assert dict(contact.facts)["quic"] == "v1" and contact.sent and contact.received


def test_a_message_that_the_capture_cuts_is_not_whole() -> None:
    talk = Talk()
    talk.ask(b"half of a question", last=False)
    (parcel, problem) = told(talk.ends.seen, talk.ends.keys)
    assert isinstance(parcel, Parcel) and isinstance(problem, Problem)
    assert (parcel.body, parcel.whole) == (b"half of a question", False)


def test_what_nobody_understands_in_a_session_may_hold_messages() -> None:
    talk, *streams = room_of_webtransport()
    events = told(talk.ends.seen, talk.ends.keys)
    unread = [event for event in events if isinstance(event, Problem) and event.kind == "not read"]
    told_of = [one.message.partition("said in ")[2].partition(" is of")[0] for one in unread]
    assert sorted(told_of) == sorted(f"stream {stream} of HTTP/3" for stream in streams)
    for problem in unread:
        assert [channel.host for channel in problem.channels] == ["rooms.example"]
        assert problem.protocols == ("http", "websocket")


def test_another_protocol_is_known_by_how_its_streams_begin() -> None:
    ends = session(alpn=("chat",))
    ends.client.send_stream_data(0, b"NICK ada\r\nUSER ada 0 * :Ada\r\nPRIVMSG #room :meet at 7\r\n", True)
    ends.carry()
    ends.server.send_stream_data(0, b":irc.example 001 ada :Welcome\r\n", True)
    ends.client.send_datagram_frame(b"beside all")
    ends.carry()
    events = told(ends.seen, ends.keys)
    parcels = [event for event in events if isinstance(event, Parcel)]
    assert [parcel.protocol for parcel in parcels] == ["irc"] * 4 + ["udp"]
    assert {parcel.channel.road for parcel in parcels} == {Road.PROTECTED}
    (other,) = [event for event in events if isinstance(event, Contact)]
    assert (other.transport, other.sent) == ("udp", len(b"beside all"))


def test_what_was_lost_is_a_problem() -> None:
    """Every packet is lost once: all is still there, or a parcel is not whole, or something else is said."""
    talk = three()
    seen, lacking = talk.ends.seen, 0
    for gone in range(len(seen)):
        events = told(seen[:gone] + seen[gone + 1 :], talk.ends.keys)
        whole = sum(isinstance(event, Parcel) and event.whole for event in events)
        assert whole == 6 or len(events) > whole
        lacking += whole < 6
    assert lacking > 5


def test_a_connection_of_nothing_is_still_told() -> None:
    (contact,) = told([], Keys(), "named.by.dns")
    assert isinstance(contact, Contact) and contact.channel.host == "named.by.dns"
    assert contact.channel.road is Road.UNKNOWN


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 1 << 32), st.booleans())
def test_damage_is_never_silence_nor_a_traceback(seed: int, keys: bool) -> None:
    talk = three()
    events = told(damaged(talk.ends.seen, random.Random(seed)), talk.ends.keys if keys else Keys())
    assert any(isinstance(event, Parcel | Contact) for event in events)
