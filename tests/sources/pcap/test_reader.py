"""Whole captures of packets: from the file to what is known of every connection in it."""

import gzip
import struct
from collections.abc import Callable, Iterable, Sequence
from ipaddress import ip_address
from pathlib import Path
from random import Random

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.errors import CaptureError
from auditor.model import Contact, Event, Parcel, Problem, Road
from auditor.sources import read
from auditor.sources.heads import Place
from auditor.sources.pcap.keys import Keys
from auditor.sources.pcap.window import SIZE
from auditor.sources.pcap.wire import End, Packet
from tests.sources.pcap.building import (
    PHONE,
    SERVER,
    block,
    ethernet,
    interface,
    ipv4,
    packet,
    pcap,
    section,
    tcp,
    udp,
)
from tests.sources.pcap.connections import Wire
from tests.sources.pcap.handshakes import Spoken, contexts, speak
from tests.sources.pcap.http3.test_http3 import Talk

APP, FAR, OTHER = End(PHONE, 40_000), End(SERVER, 6667), End(bytes([192, 168, 1, 21]), 41_000)
CHAT = [
    (True, b"NICK ada\r\nUSER ada 0 * :Ada\r\n"),
    (True, b"PRIVMSG bob :meet at 7\r\n"),
    (False, b":s 001 ada :hi\r\n"),
]
ASKED = b"GET /send?to=bob HTTP/1.1\r\nHost: chat.example\r\n\r\n"
HTTP = [(True, ASKED), (False, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")]
ADDRESS = b"\0\1\0\1\0\0\0\x3c\0\4" + SERVER
ANSWER = b"\x12\x34\x81\x80\0\1\0\1\0\0\0\0\4chat\7example\0\0\1\0\1\xc0\x0c" + ADDRESS


def frame(one: Packet) -> bytes:
    inside = tcp(one.source.port, one.target.port, one.sequence, one.flags, one.payload)
    inside = inside[:8] + one.acknowledged.to_bytes(4) + inside[12:]
    return ethernet(ipv4(inside, 6, one.source.address, one.target.address))


def talked(said: Iterable[tuple[bool, bytes]], client: End = APP, server: End = FAR) -> list[bytes]:
    return [frame(one) for one in Wire(client, server).open().tell(said).close().packets]


def datagram(data: bytes, source: End = APP, target: End = FAR) -> bytes:
    return ethernet(ipv4(udp(source.port, target.port, data), 17, source.address, target.address))


@pytest.fixture
def told(tmp_path: Path):  # type: ignore[no-untyped-def]
    def tell(packets: Sequence[bytes] | bytes, **said: object) -> list[Event]:
        path = tmp_path / "x.pcap"
        path.write_bytes(packets if isinstance(packets, bytes) else pcap(packets))
        return list(read(path, said=Place(**said)))  # type: ignore[arg-type]

    return tell


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Spoken:
    return speak(*contexts(tmp_path_factory.mktemp("keys") / "log"), says=HTTP)


def test_what_lies_open_is_told_with_the_packet_it_begins_in(told) -> None:  # type: ignore[no-untyped-def]
    parcels = [one for one in told(talked(CHAT)) if isinstance(one, Parcel)]
    assert {(one.protocol, one.channel.road, one.channel.opened_by) for one in parcels} == {
        ("irc", Road.CLEAR, "nobody")
    }
    said = next(one for one in parcels if one.head.method == "PRIVMSG")
    assert (str(said.ref), said.outgoing, said.channel.port) == ("x.pcap#1.2>@5", True, 6667)


def test_a_key_opens_and_without_one_the_reason_names_the_hello(told, sealed: Spoken) -> None:  # type: ignore[no-untyped-def]
    asked, answer = told(talked(sealed.wire), keys=Keys([sealed.log]))
    assert (asked.head.path, asked.channel.host, answer.body) == (("send",), "chat.example", b"ok")
    assert (asked.channel.road, asked.channel.opened_by) == (Road.PROTECTED, "key log")
    (shut,) = told(talked(sealed.wire))
    assert isinstance(shut, Contact)
    assert shut.reason.startswith("no key for this connection")
    assert (shut.channel.host, shut.transport, shut.carrier) == ("chat.example", "tls", "tcp")
    assert dict(shut.facts)["tls"] == "1.3"
    assert dict(shut.facts)["client random"].rstrip("…") in sealed.log.decode()


@pytest.mark.parametrize("late", [False, True])
def test_a_capture_opens_itself_where_its_keys_are_in_it(told, sealed: Spoken, late: bool) -> None:  # type: ignore[no-untyped-def]
    secrets = block(10, struct.pack("<II", 0x544C534B, len(sealed.log)) + sealed.log)
    packets = [packet(one) for one in talked(sealed.wire)]
    between = [*packets, secrets] if late else [secrets, *packets]
    found = told(section() + interface() + b"".join(between))
    assert [type(one) for one in found] == [Parcel, Parcel]


def test_secrets_at_the_end_of_a_large_file_open_its_beginning(told, sealed: Spoken) -> None:  # type: ignore[no-untyped-def]
    secrets = block(10, struct.pack("<II", 0x544C534B, len(sealed.log)) + sealed.log)
    rest = packet(datagram(bytes(60_000))) * (SIZE // 60_000 + 1)
    whole = section() + interface() + b"".join(map(packet, talked(sealed.wire))) + rest + secrets
    found = [one for one in told(whole, search=False) if isinstance(one, Parcel)]
    assert [one.protocol for one in found] == ["http", "http"]


def test_secrets_that_are_not_for_tls_are_said_to_be_of_no_use(told) -> None:  # type: ignore[no-untyped-def]
    (problem,) = told(section() + block(10, struct.pack("<II", 0x57474B4C, 4) + b"keys"))
    assert problem.message == "secrets that are not for TLS (WGKL): what they open stays shut"


@pytest.mark.parametrize("squeezed", [gzip.compress, zstandard.compress])
def test_a_capture_may_be_compressed_as_a_whole(tmp_path: Path, squeezed: Callable[[bytes], bytes]) -> None:
    """Also where the first block is large, for chance cannot be compressed."""
    path = tmp_path / "x.pcap.gz"
    noise = Random(4).randbytes(200_000)
    path.write_bytes(squeezed(pcap([*talked(CHAT), *map(datagram, (noise[:60_000], noise[60_000:90_000]))])))
    source = read(path)
    assert {one.protocol for one in source if isinstance(one, Parcel)} == {"irc", "udp"}
    assert (source.kind, source.entries) == ("pcap", len(talked(CHAT)) + 2)


def test_who_only_looks_on_sees_the_far_end(told, sealed: Spoken) -> None:  # type: ignore[no-untyped-def]
    packets = talked(sealed.wire)
    (seen,) = told(packets, outside=True, keys=Keys([sealed.log]))
    assert isinstance(seen, Contact)
    assert (seen.channel.host, dict(seen.facts)["alpn" if "alpn" in dict(seen.facts) else "offers"]) != (
        "",
        "",
    )
    assert seen.sent + seen.received == sum(map(len, packets))


def test_names_from_dns_are_those_of_later_connections(told) -> None:  # type: ignore[no-untyped-def]
    far = End(SERVER, 9_000)
    look_up = datagram(ANSWER, End(bytes([192, 168, 1, 1]), 53), APP)
    found = told(
        [look_up, *talked([(True, b"\7\7 what is this"), (False, b"\1\2\3")], server=far)], search=False
    )
    assert [(one.channel.host, one.transport) for one in found if isinstance(one, Contact)] == [
        ("", "dns"),
        ("chat.example", "tcp"),
    ]


def test_quic_is_opened_and_stays_the_same_where_its_address_changes(told) -> None:  # type: ignore[no-untyped-def]
    talk = Talk()
    talk.answer(talk.ask(b"hello"), b"well")
    for _ in range(2):
        talk.ends.client.request_key_update()
        talk.answer(talk.ask(b"again"), b"well")
    half, moved = len(talk.ends.seen) - 4, End(PHONE, 50_123)
    packets = []
    for number, one in enumerate(talk.ends.seen):
        near, far = (APP if number < half else moved), End(SERVER, 443)
        packets.append(datagram(one.data, *((near, far) if one.from_client else (far, near))))
    found = told(packets, keys=talk.ends.keys)
    parcels = [one for one in found if isinstance(one, Parcel)]
    assert [one.body for one in parcels] == [b"hello", b"well", b"again", b"well", b"again", b"well"]
    assert {one.ref.entry for one in parcels} == {1}
    (moved_on,) = [one for one in found if isinstance(one, Contact)]
    assert "another address" in moved_on.reason
    (shut,) = [one for one in told(packets[:half]) if isinstance(one, Contact)]
    assert shut.reason.startswith("no key for this connection")


def test_what_is_no_conversation_is_a_contact_too(told) -> None:  # type: ignore[no-untyped-def]
    (ping,) = told([ethernet(ipv4(b"\x08\0\0\0\0\1\0\1hello", 1))])
    assert (ping.transport, ping.carrier, ping.channel.address) == ("icmp", "icmp", "93.184.216.34")


def test_a_connection_that_says_nothing_is_told(told) -> None:  # type: ignore[no-untyped-def]
    (silent,) = told(talked([]))
    assert (silent.reason, silent.channel.address) == ("nothing was said on it", "93.184.216.34")


def test_the_rest_of_a_damaged_file_is_a_problem(told) -> None:  # type: ignore[no-untyped-def]
    whole = pcap(talked(CHAT))
    found = told(whole[:-20])
    assert any(isinstance(one, Problem) and one.kind == "cut off" for one in found)
    assert any(isinstance(one, Parcel) for one in found)


# Whose traffic it is


def test_of_others_than_the_named_device_nothing_is_read(told) -> None:  # type: ignore[no-untyped-def]
    packets = [*talked(CHAT), *talked(CHAT, client=OTHER)]
    found = told(packets, devices=("192.168.1.20",))
    assert {one.ref.entry for one in found if isinstance(one, Parcel)} == {1}
    (other,) = [one for one in found if isinstance(one, Contact)]
    assert other.reason == "neither end is a device that was named"


@pytest.mark.parametrize(
    "names", [("192.168.1.20", "192.168.1.21"), ("02:00:00:00:00:20", "02:00:00:00:00:21")]
)
def test_two_named_devices_are_two_subjects(told, names: tuple[str, str]) -> None:  # type: ignore[no-untyped-def]
    def from_hardware(frames: list[bytes], last: int) -> list[bytes]:
        mine = bytes([2, 0, 0, 0, 0, last])
        ours = bytes([192, 168, 1, last - 0x20 + 20])
        return [one[:6] + (mine if one[26:30] == ours else one[6:12]) + one[12:] for one in frames]

    packets = [*from_hardware(talked(CHAT), 0x20), *from_hardware(talked(CHAT, client=OTHER), 0x21)]
    found = told(packets, devices=names)
    devices = {one.ref.entry: one.channel.device for one in found if isinstance(one, Parcel)}
    assert list(devices.values()) == list(names)


def test_what_waited_for_other_connections_is_of_its_own_device(told: Callable[..., list[Event]]) -> None:
    """A phone that others connect to could be a proxy, so what it says waits until theirs are over."""
    devices = (str(ip_address(PHONE)), str(ip_address(OTHER.address)))
    visitor = talked(CHAT, client=End(bytes([192, 168, 1, 99]), 50_000), server=End(PHONE, 8080))
    for last in ([], talked(CHAT, client=OTHER)):
        found = told([*visitor, *talked([(True, b"NICK eve\r\n")]), *last], devices=devices)
        (mine,) = [one for one in found if isinstance(one, Parcel) and b"eve" in one.body]
        assert (mine.outgoing, mine.channel.device) == (True, devices[0])


@pytest.mark.parametrize("named", [True, False])
def test_what_a_named_phone_says_is_outgoing_also_where_it_is_the_server(told, named: bool) -> None:  # type: ignore[no-untyped-def]
    devices = ("192.168.1.20",) if named else ()
    found = told(talked(CHAT, client=End(SERVER, 50_000), server=End(PHONE, 6667)), devices=devices)
    ways = {one.head.method: one.outgoing for one in found if isinstance(one, Parcel)}
    assert (ways["PRIVMSG"], ways["001"]) == (not named, named)


def test_a_wrong_guess_of_who_began_is_noticed_by_what_is_said(told) -> None:  # type: ignore[no-untyped-def]
    """Without the first packets, both ends at home and the smaller port at the client."""
    near, far = End(OTHER.address, 5_000), End(PHONE, 6_667)
    mail = [(False, b"220 a ESMTP\r\n"), (True, b"EHLO x\r\n"), (False, b"250 ok\r\n")]
    for said, name in ((mail, "smtp"), (HTTP, "http")):
        found = told([frame(one) for one in Wire(near, far).tell(said).packets])
        parcels = [one for one in found if isinstance(one, Parcel)]
        assert {one.protocol for one in parcels} == {name}
        assert [one.outgoing for one in parcels] == [way for way, _ in said]
        assert {one.channel.port for one in parcels} == {6_667}


def test_what_a_connection_ends_in_is_read_too(told) -> None:  # type: ignore[no-untyped-def]
    mail = b"EHLO x\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<d@e.f>\r\nDATA\r\nSubject: x\r\n\r\nmeet at 7"
    parcels = [one for one in told(talked([(True, mail)])) if isinstance(one, Parcel)]
    assert b"meet at 7" in parcels[-1].body


@pytest.mark.parametrize("search", [True, False])
def test_what_makes_no_message_of_http_is_searched_where_texts_were_planted(told, search: bool) -> None:  # type: ignore[no-untyped-def]
    found = told(talked([HTTP[0], HTTP[1], (True, b"GET / HTTP/1.1\r\nX: meet at 7\r\n")]), search=search)
    texts = [one.body for one in found if isinstance(one, Parcel) and one.protocol == "tcp"]
    assert [b"meet at 7" in text for text in texts] == [True] * search
    assert [one.kind for one in found if isinstance(one, Problem)] == ["damaged"]


def test_packets_that_cannot_be_read_are_problems_with_their_number(told) -> None:  # type: ignore[no-untyped-def]
    found = told([*talked(CHAT), *[bytes(9)] * 3])
    assert [one.message for one in found if isinstance(one, Problem)] == ["3 packets: cut inside a header"]


def test_a_guess_whose_phone_it_is_is_said(tmp_path: Path) -> None:
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap(talked(CHAT)))
    list(source := read(path))
    assert source.phones == {"192.168.1.20": 1}


def test_a_device_that_is_no_address_is_one_line(told) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(CaptureError, match="not an address of a device"):
        told(talked(CHAT), devices=("my phone",))


# Damage


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
    max_examples=60,
)
@given(st.data())
def test_no_damage_makes_it_raise(told, sealed: Spoken, data: st.DataObject) -> None:  # type: ignore[no-untyped-def]
    packets = [*talked(CHAT), *talked(sealed.wire), datagram(ANSWER), *talked(HTTP)]
    order = data.draw(st.lists(st.integers(0, len(packets) - 1), max_size=60))
    whole = bytearray(pcap([packets[at] for at in order]))
    for at, value in data.draw(st.lists(st.tuples(st.integers(24, 4_000), st.integers(0, 255)), max_size=20)):
        if at < len(whole):
            whole[at] = value
    for event in told(bytes(whole), keys=Keys([sealed.log])):
        assert isinstance(event, Parcel | Contact | Problem)
