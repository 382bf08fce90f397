"""MQTT 3.1, 3.1.1, 5.0 and MQTToT, packet by packet."""

import json
import zlib

import pytest

from auditor.decoders import DECODERS
from auditor.decoders.unwrap import Node, Opening
from auditor.model import Channel, Parcel, Ref
from auditor.needles import Needles
from auditor.rulebook.opening import open_parcel
from auditor.streams import Message, mqtt
from auditor.streams.talk import Talk

CONNECT = b"\x10\x0d\0\4MQTT\4\2\0\x3c\0\1a"
CONNECT_5 = b"\x10\x13\0\4MQTT\5\2\0\x3c\5\x11\0\0\0\x0a\0\1a"


def session(connect: bytes = CONNECT) -> Talk:
    talk = mqtt.Stream()
    talk.feed(True, connect)
    return talk


def packet(first: int, body: bytes) -> bytes:
    size, length = len(body), bytearray()
    while True:
        size, byte = size >> 7, size & 127
        length.append(byte | (128 if size else 0))
        if not size:
            return bytes((first, *length)) + body


def headers(message: Message) -> dict[str, str]:
    return dict(message.head.headers)


def test_a_text_that_is_published_has_its_topic_as_the_path() -> None:
    (message,) = session().feed(True, packet(0x3B, b"\0\7/a/b/cd\0\x09hello"))
    assert (message.head.method, message.head.path, message.body) == ("PUBLISH", ("a", "b", "cd"), b"hello")
    assert headers(message) == {"qos": "1", "id": "9", "dup": "1", "retain": "1", "topic": "/a/b/cd"}


@pytest.mark.parametrize("size", [0, 1, 124, 125, 16_380, 16_390, 2_100_000])
def test_a_length_has_one_to_four_bytes(size: int) -> None:
    (message,) = session().feed(True, packet(0x30, b"\0\1t" + b"x" * size))
    assert message.body == b"x" * size


def test_properties_of_version_5_are_headers_and_a_topic_has_an_alias() -> None:
    talk = session(CONNECT_5)
    properties = b"\x23\0\7\x03\0\4text\x26\0\1K\0\1v"
    first = packet(0x30, b"\0\1t" + bytes([len(properties)]) + properties + b"one")
    second = packet(0x30, b"\0\0\3\x23\0\7two")
    one, two = talk.feed(False, first + second)
    assert (one.head.path, one.body, two.head.path, two.body) == (("t",), b"one", ("t",), b"two")
    assert headers(one)["content-type"] == "text"
    assert headers(one)["user-k"] == "v"


@pytest.mark.parametrize("topic", [b"\0\0\3\x23\0\7", b"\0\0\0"])
def test_a_text_whose_topic_nobody_heard_is_unreadable_and_so_in_doubt(topic: bytes) -> None:
    (message,) = session(CONNECT_5).feed(True, packet(0x30, topic + b"two"))
    assert (message.head.method, message.body) == ("UNREADABLE", b"\x30" + topic + b"two")


def test_connect_says_who_and_what_is_left_behind() -> None:
    body = b"\0\4MQTT\4\xce\0\x3c\0\1a\0\1w\0\4gone\0\3bob\0\2pw"
    message, will = mqtt.Stream().feed(True, packet(0x10, body))
    assert (will.head.method, will.head.path, will.body) == ("PUBLISH", ("w",), b"gone")
    assert headers(will) == {"will": "1", "topic": "w"}
    assert message.head.path == ("a",)
    assert json.loads(message.body) == {
        "client": "a", "will-topic": "w", "user": "bob", "password": "pw",
    }  # fmt: skip


def test_connect_of_version_5_has_properties() -> None:
    (message,) = mqtt.Stream().feed(True, CONNECT_5)
    assert json.loads(message.body) == {"properties": {"session-expiry": "10"}, "client": "a"}


def test_connect_of_mqttot_keeps_its_payload() -> None:
    (message,) = mqtt.Stream().feed(True, packet(0x10, b"\0\6MQTToT\3\xc2\0\x3c\x78\xdaxyz"))
    assert (message.head.method, message.body) == ("CONNECT", b"\x78\xdaxyz")
    assert headers(message) == {
        "protocol": "MQTToT",
        "level": "3",
        "keep-alive": "60",
        "content-type": mqtt.THRIFT,
    }


MQTTOT = b"\0\6MQTToT\3\xc2\0\x3c"
CLIENT = {1: "android-1234", 4: {1: 777, 2: "Example 1.0", 14: [132, 146]}, 5: "sessionid=1", 10: {"k": "v"}}


def opened(message: Message, outgoing: bool = True) -> Node:
    parcel = Parcel(Ref("a", 1), Channel("mqtt.example"), outgoing, message.body, "mqtt", message.head)
    body = open_parcel(parcel, Opening()).child("body")
    assert body is not None
    return body


def value(node: Node, *path: str) -> object:
    for step in path:
        inner = node.child(step)
        assert inner is not None, (step, [child.step for child in node.children])
        node = inner
    return node.value


def test_connect_of_mqttot_is_opened_to_what_it_says() -> None:
    payload = zlib.compress(DECODERS["thrift_compact"].wrap(CLIENT), 9)
    (message,) = mqtt.Stream().feed(True, packet(0x10, MQTTOT + payload))
    body = opened(message)
    assert body.trail == ("zlib", "thrift_compact")
    assert (value(body, "1"), value(body, "4", "2"), value(body, "10", "k")) == (
        CLIENT[1],
        "Example 1.0",
        "v",
    )


PAYLOADS = {
    "JSON": (b'{"action":"send_item","text":"platform two"}', ("json",)),
    "JSON in zlib": (zlib.compress(b'{"action":"send_item","text":"platform two"}'), ("zlib", "json")),
    "JSON in a list": (b'[{"text":"platform two"}]', ("json",)),
}


@pytest.mark.parametrize("what", PAYLOADS)
@pytest.mark.parametrize("qos", [0, 1])
def test_what_is_published_after_mqttot_is_opened(what: str, qos: int) -> None:
    payload, trail = PAYLOADS[what]
    head = b"\x00\x03132" + (b"\0\1" if qos else b"")
    talk = session(packet(0x10, MQTTOT + zlib.compress(b"\0")))
    for outgoing in (True, False):
        (message,) = talk.feed(outgoing, packet(0x30 | qos << 1, head + payload))
        assert (message.head.path, message.body) == (("132",), payload)
        assert opened(message, outgoing).trail == trail


def test_thrift_that_is_published_is_opened_up_to_the_thrift() -> None:
    """Only a rule can say that these bytes are Thrift; a planted text is found in them all the same."""
    inner = b"\0" + DECODERS["thrift_compact"].wrap({1: "platform two", 2: True})
    talk = session(packet(0x10, MQTTOT + zlib.compress(b"\0")))
    (message,) = talk.feed(True, packet(0x30, b"\x00\x03102" + zlib.compress(inner)))
    body = opened(message)
    assert (body.trail, body.value) == (("zlib",), inner)
    assert [hit.text for hit in Needles(["platform two"]).search(body.layers[-1].data)] == ["platform two"]


def test_a_connect_of_mqttot_that_is_no_thrift_stays_shut() -> None:
    for payload in (b"", b"\x78\xdaxyz", zlib.compress(b"\x0f" * 9), b"plain words"):
        (message,) = mqtt.Stream().feed(True, packet(0x10, MQTTOT + payload))
        assert message.body == payload
        assert "thrift_compact" not in opened(message).trail


def test_other_packets_have_their_names() -> None:
    found = session().feed(True, packet(0x82, b"\0\1\0\3a/#\0") + packet(0xC0, b"") + packet(0xE0, b""))
    assert [m.head.method for m in found] == ["SUBSCRIBE", "PINGREQ", "DISCONNECT"]
    assert json.loads(found[0].body) == {"id": 1, "topics": ["a/#"], "properties": {}}


def test_a_packet_against_its_format_is_told_with_its_bytes() -> None:
    bad, good = session().feed(True, packet(0x30, b"\0\x99a") + packet(0x30, b"\0\1ab"))
    assert (bad.head.method, bad.head.path, bad.body) == ("UNREADABLE", ("PUBLISH",), b"\x30\0\x99a")
    assert good.body == b"b"


def test_a_packet_that_is_too_long_is_reported_and_reading_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mqtt, "MOST", 1000)
    long, after = session().feed(True, packet(0x30, b"\0\1t" + b"x" * 5000) + packet(0x30, b"\0\1ab"))
    assert (long.head.method, json.loads(long.body)["length"], after.body) == ("TOO-LONG", 5003, b"b")


def test_a_length_without_an_end_ends_the_reading() -> None:
    talk = session()
    assert talk.feed(True, b"\x30\xff\xff\xff\xff") == []
    assert "length" in talk.handed_over


KNOWN = [
    (True, CONNECT, True),
    (True, b"\x10\x80\x01\0\6MQTToT", True),
    (True, b"\x10\x20\0\6MQIsdp", True),
    (True, b"\x10\x20\0\6M", None),
    (True, b"\x10", None),
    (True, b"\x10\xff\xff\xff\xff", False),
    (True, b"\x10\x20\0\4HTTP", False),
    (True, b"{", False),
    (False, b"\x20\2\0\0", None),
    (False, b"HTTP", False),
    # In the midst of a connection:
    (True, packet(0x30, b"\0\3a/bhi"), True),
    (False, b"\x20\2\0\0\x90\3\0\1\0" + packet(0x33, b"\0\3a/b\0\7hi"), True),
    (True, b"\xc0\0" * 40 + packet(0x82, b"\0\1\0\3a/b\0"), True),
    (True, packet(0x82, b"\0\1\0\0\3a/b\0"), True),
    (True, packet(0xA2, b"\0\1\0\3a/#"), True),
    (True, b"\xc0\0\xc0\0", None),
    (True, packet(0x30, b"\0\3a/bhi")[:5], None),
    (True, packet(0x30, b"\0\x09a/bhi"), False),
    (True, packet(0x30, b"\0\3a/#hi"), False),
    (True, packet(0x30, b"\0\3a\xff\xfehi"), False),
    (True, packet(0x36, b"\0\3a/bhi"), False),
    (False, packet(0x82, b"\0\1\0\3a/b\0"), False),
    (True, packet(0x82, b"\0\0\0\3a/b\0"), False),
    (True, packet(0x82, b"\0\1\0\3a/b\x7f"), False),
    (False, b"\x20\2\7\0", False),
    (False, b"\x20\1\0", False),
    (True, b"0\x1d\x02\x01\x01`\x18\x02\x01\x03\x04\x0bcn=admin,dc=\x80\x04pass", False),  # LDAP
    (True, b"040 is a number\r\n", False),
]


@pytest.mark.parametrize(("outgoing", "start", "answer"), KNOWN)
def test_mqtt_is_known_by_its_name(outgoing: bool, start: bytes, answer: bool | None) -> None:
    assert mqtt.recognises(outgoing, start) is answer


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (packet(0x30, b"\0\3a/bhi"), b"hi"),
        (packet(0x30, b"\0\3a/b\0hi"), b"hi"),  # of version 5, without properties
        (packet(0x82, b"\0\1\0\0\3a/b\0") + packet(0x30, b"\0\3a/b\3\x23\0\7hi"), b"hi"),
        (packet(0x82, b"\0\1\0\3a/b\0") + packet(0x30, b"\0\3a/b\0hi"), b"\0hi"),
        (packet(0x20, b"\0\0\0") + packet(0x30, b"\0\3a/b\3\x23\0\7hi"), b"hi"),
        (packet(0x20, b"\0\0") + packet(0x30, b"\0\3a/b\0hi"), b"\0hi"),
    ],
)
def test_in_the_midst_of_a_connection_its_version_is_known_by_what_was_said(said: bytes, text: bytes) -> None:
    *_, last = mqtt.Stream().feed(False, said)
    assert (last.head.path, last.body) == (("a", "b"), text)
