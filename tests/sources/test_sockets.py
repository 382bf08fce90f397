"""What travels in a WebSocket: its own messages, or another protocol's."""

import zlib
from collections.abc import Callable

import pytest
import zstandard
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from auditor.model import Channel, Event, Head, Parcel, Problem
from auditor.sources import sockets
from auditor.sources.heads import Place
from auditor.sources.sockets import Frame

UPGRADE = Head(method="WS", path=("chat",))
OPEN = b'<open xmlns="urn:ietf:params:xml:ns:xmpp-framing" to="a"/>'
CONNECT = b"\x10\x0d\0\4MQTT\4\2\0\x3c\0\1a"


def heard(*pieces: tuple[bool, bytes]) -> list[Event]:
    frames = [Frame(i, out, data, float(i)) for i, (out, data) in enumerate(pieces)]
    return list(sockets.events(frames, 14, Place("a.mitm"), Channel("a.example"), UPGRADE))


def seen(events: list[Event]) -> list[tuple[str, str, str, bytes]]:
    parcels = [event for event in events if isinstance(event, Parcel)]
    return [(str(p.ref), p.protocol, p.head.method, p.body) for p in parcels]


def test_what_no_stream_knows_are_the_messages_of_the_websocket() -> None:
    assert seen(heard((True, b'{"a":1}'), (False, b""), (False, b"\x16"))) == [
        ("a.mitm#14.0>", "websocket", "WS", b'{"a":1}'),
        ("a.mitm#14.1<", "websocket", "WS", b""),
        ("a.mitm#14.2<", "websocket", "WS", b"\x16"),
    ]


def test_stanzas_keep_the_ref_of_their_message_and_several_count_on() -> None:
    stanza = b"<iq xmlns='jabber:client'/>"
    assert seen(heard((True, OPEN), (False, stanza * 2))) == [
        ("a.mitm#14.0>", "xmpp", "open", OPEN),
        ("a.mitm#14.1.0<", "xmpp", "iq", b"<iq/>"),
        ("a.mitm#14.1.1<", "xmpp", "iq", b"<iq/>"),
    ]


def test_a_packet_may_lie_in_two_messages() -> None:
    events = heard((True, CONNECT), (True, b"\x30\x07\0\1t"), (True, b"hell\x30"))
    assert seen(events)[1:] == [("a.mitm#14.2>", "mqtt", "PUBLISH", b"hell")]
    (problem,) = [event for event in events if isinstance(event, Problem)]
    assert problem.kind == "cut"


def test_what_a_stream_cannot_read_is_the_websockets_again() -> None:
    events = heard((True, CONNECT), (True, b"\x30\xff\xff\xff\xff"), (True, b"more"))
    assert seen(events)[1:] == [
        ("a.mitm#14.1.rest>", "websocket", "WS", b"\x30\xff\xff\xff\xff"),
        ("a.mitm#14.2>", "websocket", "WS", b"more"),
    ]
    (problem,) = [event for event in events if isinstance(event, Problem)]
    assert problem.kind == "damaged"


TEXTS = (b'{"op":10}', b'{"op":0}')


def zlib_stream() -> list[bytes]:
    packer = zlib.compressobj()
    return [packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH) for text in TEXTS]


def zstd_stream() -> list[bytes]:
    packer = zstandard.ZstdCompressor().compressobj()
    return [packer.compress(text) + packer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK) for text in TEXTS]


@pytest.mark.parametrize("pack", [zlib_stream, zstd_stream])
def test_a_shared_compression_is_undone(pack: Callable[[], list[bytes]]) -> None:
    pieces = pack()
    events = heard((False, pieces[0]), (True, b'{"op":2}'), (False, pieces[1]))
    assert [body for _, protocol, _, body in seen(events)] == [b'{"op":10}', b'{"op":2}', b'{"op":0}']
    assert {method for _, _, method, _ in seen(events)} == {"WS"}


def test_a_veil_of_mtproto_is_lifted_in_a_websocket() -> None:
    start = bytes(range(101, 157)) + b"\xee" * 4 + b"\2\0ab"
    veil = Cipher(algorithms.AES(start[8:40]), modes.CTR(start[40:56])).encryptor()
    hidden = veil.update(start)
    frame = b"\1\2\3\4\5\6\7\x08" + bytes(32)
    pieces = [start[:56] + hidden[56:], veil.update(len(frame).to_bytes(4, "little") + frame)]
    assert seen(heard(*((True, piece) for piece in pieces))) == [
        ("a.mitm#14.0>", "mtproto", "HEADER", pieces[0]),
        ("a.mitm#14.1>", "mtproto", "FRAME", frame),
    ]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("", set()),
        ("chat", set()),
        ("xmpp", {"xmpp"}),
        ("mqttv3.1, MQTT", {"mqtt"}),
        ("sip,msrp", {"sip", "msrp"}),
    ],
)
def test_what_is_to_travel_in_a_websocket_its_request_says(words: str, names: set[str]) -> None:
    asked = Head("GET", headers=(("sec-websocket-protocol", words),))
    assert sockets.offered(asked) == names
    problem = sockets.unrecorded(14, Place("a.mitm"), Channel("a.example"), asked)
    assert set(problem.protocols) == {"websocket", *names}
