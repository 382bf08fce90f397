"""XMPP: stanzas that stand by themselves, however the stream was cut or packed."""

import zlib
from collections import Counter
from pathlib import Path

import pytest

from auditor.decoders import Clue, xml
from auditor.model import Parcel
from auditor.sources import read
from auditor.streams import TLS, Message, xmpp
from auditor.streams.talk import Talk

LAB = Path(__file__).parents[3] / "shared/lab/captures"
STREAM = (
    b"<stream:stream to='a.example' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
)

STANZAS = [
    (
        b"<message to='b@a'><body>hi</body></message>",
        "message",
        ("b@a",),
        {"message": {"@to": "b@a", "body": "hi"}},
    ),
    (
        b"<message xmlns='jabber:client' to='b@a/c&amp;d'><body xmlns='jabber:client'>hi</body></message>",
        "message",
        ("b@a/c&d",),
        {"message": {"@to": "b@a/c&d", "body": "hi"}},
    ),
    (
        b"<message><encrypted xmlns='urn:o'><header sid='1'/></encrypted></message>",
        "message",
        (),
        {"message": {"urn:o|encrypted": {"header": {"@sid": "1"}}}},
    ),
    (
        b'<message><f xmlns="urn:f"><message xmlns="jabber:client"><body>hi</body></message></f></message>',
        "message",
        (),
        {"message": {"urn:f|f": {"jabber:client|message": {"body": "hi"}}}},
    ),
    (
        b"<stream:features><x xmlns='urn:x'/></stream:features>",
        "features",
        (),
        {"http://etherx.jabber.org/streams|features": {"urn:x|x": ""}},
    ),
    (b"<message a='x>y'><!-- </message> --><body><![CDATA[</body>]]></body></message>", "message", (), None),
    (b"<presence/>", "presence", (), {"presence": ""}),
]  # fmt: skip


@pytest.mark.parametrize(("stanza", "method", "path", "tree"), STANZAS)
def test_a_stanza_is_a_message_that_the_xml_decoder_reads(
    stanza: bytes, method: str, path: tuple[str, ...], tree: object
) -> None:
    _, message = xmpp.Stream().feed(True, STREAM + stanza + b" ")
    assert (message.head.method, message.head.path) == (method, path)
    assert tree is None or xml.unwrap(message.body, Clue()) == tree


def test_the_namespace_of_another_stream_is_written_into_its_stanzas() -> None:
    start = STREAM.replace(b"jabber:client", b"urn:own")
    _, message = xmpp.Stream().feed(False, start + b"<message/>")
    assert xml.unwrap(message.body, Clue()) == {"urn:own|message": ""}


def test_a_websocket_carries_stanzas_without_a_stream() -> None:
    """RFC 7395, 3.3.3."""
    talk = xmpp.Stream()
    (opened,) = talk.feed(
        True, b'<open xmlns="urn:ietf:params:xml:ns:xmpp-framing" to="a.example" version="1.0"/>'
    )
    (message,) = talk.feed(True, b'<message xmlns="jabber:client" to="b@a"><body>hi</body></message>')
    assert (opened.head.method, opened.head.path) == ("open", ("a.example",))
    assert xml.unwrap(message.body, Clue()) == {"message": {"@to": "b@a", "body": "hi"}}


def test_a_stream_begins_anew_after_authentication_and_ends() -> None:
    talk = xmpp.Stream()
    text = STREAM + b"<auth xmlns='urn:s'>x</auth><?xml version='1.0'?>" + STREAM + b"<iq/></stream:stream>"
    assert [m.head.method for m in talk.feed(True, text)] == ["stream", "auth", "stream", "iq"]
    assert talk.waiting == 0


def test_what_follows_proceed_is_another_channel() -> None:
    talk = xmpp.Stream()
    talk.feed(True, STREAM + b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
    talk.feed(False, STREAM + b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>\x16\x03")
    assert talk.feed(True, b"\x16\x03\x01<message/>") == []
    assert (talk.handed_over, talk.rest) == (TLS, {True: 13, False: 2})


def test_only_the_server_ends_the_reading() -> None:
    talk = xmpp.Stream()
    talk.feed(True, STREAM + b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
    assert not talk.handed_over


def compressed() -> Talk:
    talk = xmpp.Stream()
    talk.feed(
        True,
        STREAM + b"<compress xmlns='http://jabber.org/protocol/compress'><method>zlib</method></compress>",
    )
    talk.feed(False, STREAM + b"<compressed xmlns='http://jabber.org/protocol/compress'/>")
    return talk


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_compression_is_undone_in_both_directions(size: int) -> None:
    talk = compressed()
    for way in (True, False):
        packer, found = zlib.compressobj(), list[Message]()
        for text in (STREAM, b"<message to='b@a'/>"):
            data = packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH)
            for i in range(0, len(data), size):
                found += talk.feed(way, data[i : i + size])
        assert [m.head.method for m in found] == ["stream", "message"]


def test_damaged_and_exploding_compression_end_the_reading_in_words() -> None:
    for data, why in (
        (b"no zlib", "damaged"),
        (zlib.compress(b"<a>" + bytes(40_000_000)), "gives more than"),
    ):
        talk = compressed()
        talk.feed(True, data)
        assert why in talk.handed_over


HOSTILE = [
    (b"<!DOCTYPE a [<!ENTITY b 'c'>]>", "document type"),
    (b"<message><!ENTITY b 'c'></message>", "document type"),
    (b"<message/>text<message/>", "text between"),
    (b"<a>" * (xmpp.DEPTH + 1), "nested"),
]


@pytest.mark.parametrize(("text", "why"), HOSTILE)
def test_what_is_no_xmpp_ends_the_reading_in_words(text: bytes, why: str) -> None:
    talk = xmpp.Stream()
    talk.feed(True, STREAM + text)
    assert why in talk.handed_over


@pytest.mark.parametrize(
    "long",
    [
        b"<message><body>" + b"x" * 20_000 + b"</body></message>",
        b"<message a='" + b"x>" * 10_000 + b"'><body/></message>",
        b"<message>" + b"<b/>" * 5_000 + b"<!--" + b"- " * 500 + b"></b>--></message>",
        b"<message" + b" " * 20_000 + b"/>",
        b"<message><b " + b"x=''" * 5_000 + b"></b " + b"  " * 5_000 + b"></message>",
    ],
)
def test_a_stanza_that_is_too_long_is_reported_and_reading_goes_on(
    long: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xmpp, "LONGEST", 10_000)
    monkeypatch.setattr(xmpp, "TAG", 5_000)
    whole, single = xmpp.Stream(), xmpp.Stream()
    found = whole.feed(True, long + b"<iq/>")
    again, most = list[Message](), 0
    for i in range(0, len(long) + 5, 3):
        again += single.feed(True, (long + b"<iq/>")[i : i + 3])
        most = max(most, len(single.sides[True].data))
    assert [m.head.method for m in found] == ["TOO-LONG", "iq"]
    assert f'"length": {len(long)}'.encode() in found[0].body
    assert found == again
    assert most < 15_100


KNOWN = [
    (STREAM, True),
    (b"<?xml version='1.0'?>\n" + STREAM, True),
    (b'<open xmlns="urn:ietf:params:xml:ns:xmpp-framing" to="a"/>', True),
    (b"<message xmlns='jabber:client'/>", True),
    # In the midst of a stream:
    (b"<iq type='set' id='p1' to='chat@a.example'><query/></iq>", True),
    (b"<presence xml:lang='en' to='bob@a.example/home' from='al@b.example/x'/>", True),
    (b"<message from='room@a.example' type='groupchat'><body>hi</body></message>", True),
    (b"<presence/><message to='bob@a.example'>", True),
    (b"<r xmlns='urn:xmpp:sm:3'/> <a h='4'/>", None),
    (b"<r xmlns='urn:xmpp:sm:3'/>" * 3 + b"<iq id='1' ty", None),
    (b"<presence/><html>", False),
    (b"<message to='bob@a.exa", None),
    (b"<message to='everybody'>", False),
    (b"<iq id='p1'>", False),
    (b"<iq type='clever' id='p1'>", False),
    (b"<messages to='bob@a.example'>", False),
    (b"", None),
    (b" <", None),
    (b"<?xm", None),
    (b"<stream:stream to='a'", None),
    (b"<stream:stream to='a'>", False),
    (b"<html><body>", False),
    (b"<?xml version='1.0'?><rss>", False),
    (b"{", False),
    (b"\x16\x03", False),
]


@pytest.mark.parametrize(("start", "answer"), KNOWN)
def test_xmpp_is_known_by_its_first_tag(start: bytes, answer: bool | None) -> None:
    assert xmpp.recognises(True, start) is answer


@pytest.mark.lab
@pytest.mark.parametrize(
    ("session", "sent"), [("xmpp-plain/alice", 7), ("xmpp-omemo/alice", 7), ("xmpp-plain/bob", 1)]
)
def test_a_recorded_session_gives_its_stanzas(session: str, sent: int) -> None:
    path = LAB / f"{session}.mitm"
    if not path.exists():
        pytest.skip("needs the shared lab")
    parcels = [event for event in read(path) if isinstance(event, Parcel)]
    count = Counter((p.direction.value, p.head.method) for p in parcels)
    print(session, dict(count))
    assert {p.protocol for p in parcels} == {"xmpp"}
    assert count["out", "message"] == sent
    for parcel in parcels:
        (root,) = xml.unwrap(parcel.body, Clue())
        assert root.endswith(parcel.head.method)
