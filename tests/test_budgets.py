"""Every budget is exceeded once: it says so, and once it is lifted the same input passes.

Captures and rules are hostile, so what they can make the program do is bounded. Each number in
auditor/ that bounds it stands in BUDGETS with something that is beyond it; the other numbers
stand in OTHERS with what they are. Lifting shows that it was the budget that spoke.
"""

import ast
import base64
import json
import math
import random
import re
import string
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import brotli as brotli_library
import pytest
import zstandard

from auditor import excerpts, pieces, randomness, report, shelf, sources
from auditor import streams as all_streams
from auditor.audit import Audit
from auditor.decoders import (
    DECODERS,
    Clue,
    bson,
    cbor,
    etf,
    lz4,
    mime,
    msgpack,
    multipart,
    pblite,
    plist,
    socketio,
    thrift_binary,
    thrift_compact,
    unwrap,
    xml,
)  # fmt: skip
from auditor.decoders import json as json_decoder
from auditor.errors import CaptureError, RuleError, TooMuch
from auditor.model import Channel, Head, Parcel, Problem, Ref, Road
from auditor.needles import Needles
from auditor.report import Capture
from auditor.rulebook import book as books
from auditor.rulebook import build, shape, shut, yaml
from auditor.rulebook.book import Rulebook
from auditor.rulebook.build import BuildError, sealed
from auditor.rulebook.seals import age, jwe, nip44, saltpack, smime
from auditor.shelf import Recordings, load_rules, own_rules, session_of, texts_of
from auditor.sources import cutter, heads, journal, mitm, parcels, tnetstring
from auditor.sources import read as read_capture
from auditor.sources.heads import Place
from auditor.sources.records import Closed, Opened, Said
from auditor.sources.tape import Tape
from auditor.streams import (
    STREAMS,
    Buffer,
    Sorter,
    imap,
    irc,
    loco,
    mqtt,
    msrp,
    mtproto,
    pop3,
    sip,
    smtp,
    xmpp,
    zlib_stream,
)  # fmt: skip
from tests.streams.test_talk import SESSIONS

PACKAGE = Path(__file__).parents[1] / "auditor"
CAPTURE = Path(__file__).parents[1] / "captures" / "matrix-e2ee" / "alice.mitm"
LIFTED = 1 << 40
PLACE = Place("made")


@dataclass(frozen=True)
class Budget:
    """`exceed` is given an empty folder and says what happened; `sign` is in it while the budget holds."""

    name: str  # file and constant
    holder: Any  # what has the constant when the program runs
    sign: str
    exceed: Callable[[Path], object]
    low: Any = None  # instead of the real one, where that takes long to exceed
    lifted: Any = LIFTED
    attribute: str = ""


def noise(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


# Decoders


def opens(name: str, data: bytes, **clue: Any) -> Callable[[Path], object]:
    return lambda _: repr(DECODERS[name].unwrap(data, Clue((name,), **clue)))[:300]


def opening(value: Any) -> Callable[[Path], object]:
    def exceed(_: Path) -> str:
        made = unwrap.Opening(output=unwrap.OUTPUT)
        made.open(value, ("body",))
        return made.stopped

    return exceed


def lists(levels: int) -> Any:
    tree: Any = []
    for _ in range(levels):
        tree = [tree]
    return tree


@cache
def bomb(kind: str) -> bytes:
    data = bytes(30_000_000)
    match kind:
        case "brotli":
            packed: bytes = brotli_library.compress(data)
            return packed
        case "zstd":
            return zstandard.compress(data)
    return DECODERS[kind].wrap(data)


def bombed(kind: str) -> Callable[[Path], object]:
    return lambda _: len(DECODERS[kind].unwrap(bomb(kind), Clue((kind,))))


def etf_bomb(_: Path) -> object:
    term = b"m" + (30_000_000).to_bytes(4) + bytes(30_000_000)
    packed = b"\x83\x50" + len(term).to_bytes(4) + zlib.compress(term)
    return len(etf.unwrap(packed, Clue()))


def checked_lz4(_: Path) -> object:
    head, text = b"\x64\x40", b"meet at seven"  # a checksum of the content is promised
    frame = b"\x04\x22\x4d\x18" + head + bytes([lz4._hash(head) >> 8 & 255])
    block = (len(text) | 1 << 31).to_bytes(4, "little") + text
    return lz4.unwrap(frame + block + bytes(4) + b"oops", Clue(("lz4",)))


def shared_plist(_: Path) -> object:
    """Three lists, each of ten times the next."""
    body = b"".join(b"\xaa" + bytes([n + 1]) * 10 for n in range(3)) + b"\x51a"
    table = bytes(8 + 11 * n for n in range(4))
    trailer = bytes(6) + b"\x01\x01" + (4).to_bytes(8) + bytes(8) + (8 + len(body)).to_bytes(8)
    return repr(plist.unwrap(b"bplist00" + body + table + trailer, Clue()))[:100]


BIG = b"x" * 5_000
NESTED = "nested more than"
OUT = "would come out"
DECODING = [
    Budget("decoders/bson.py _DEPTH", bson, NESTED, opens("bson", bson.wrap({"a": lists(100)}))),
    Budget("decoders/cbor.py _DEPTH", cbor, NESTED, opens("cbor", b"\x81" * 100 + b"\x01")),
    Budget("decoders/etf.py _DEPTH", etf, NESTED, opens("etf", b"\x83" + b"h\x01" * 100 + b"j")),
    Budget("decoders/json.py _DEPTH", json_decoder, NESTED, opens("json", b"[" * 300 + b"]" * 300)),
    Budget("decoders/mime.py _DEPTH", mime, NESTED,
           opens("mime", b"From: a\nTo: b\n" + b"Content-Type: message/rfc822\n\n" * 40 + b"hi")),
    Budget("decoders/msgpack.py _DEPTH", msgpack, NESTED, opens("msgpack", b"\x91" * 100 + b"\xc0")),
    Budget("decoders/plist.py _DEPTH", plist, NESTED,
           opens("plist", b"<plist>" + b"<array>" * 100 + b"</array>" * 100 + b"</plist>")),
    Budget("decoders/plist.py _DEPTH", plist, "or 64 levels", opens("plist", plist.wrap(lists(100)))),
    Budget("decoders/thrift_binary.py _DEPTH", thrift_binary, NESTED,
           opens("thrift_binary", b"\x0c\x00\x01" * 100 + bytes(101))),
    Budget("decoders/thrift_compact.py _DEPTH", thrift_compact, NESTED,
           opens("thrift_compact", b"\x1c" * 100 + bytes(101))),
    Budget("decoders/xml.py _DEPTH", xml, NESTED, opens("xml", b"<a>" * 100 + b"x" + b"</a>" * 100)),
    *(Budget(f"decoders/{kind}.py {name}", DECODERS[kind], OUT, bombed(kind))
      for kind in ("brotli", "deflate", "gzip", "zlib", "zstd") for name in ("_RATIO", "_FREE")),
    *(Budget(f"decoders/etf.py {name}", etf, OUT, etf_bomb) for name in ("_RATIO", "_FREE")),
    Budget("decoders/etf.py _BYTES", etf, "not ETF: number",
           opens("etf", b"\x83l\0\0\0\1o\0\0\1\xf4\0" + b"\1" * 500 + b"j")),
    Budget("decoders/json.py _DIGITS", json_decoder, "'1111", opens("json", b"[" + b"1" * 2_000 + b"]")),
    Budget("decoders/lz4.py _CHECKED", lz4, "meet at seven", checked_lz4, low=5),
    Budget("decoders/multipart.py _LONGEST", multipart, "no boundary",
           opens("multipart", b"--%b\r\n\r\nhi\r\n--%b--\r\n" % (BIG[:300], BIG[:300]), boundary="x" * 300)),
    Budget("decoders/pblite.py _GAP", pblite, '"100"', lambda _: pblite.wrap({1: 7, 100: 8})),
    Budget("decoders/plist.py _MOST", plist, "more than 100 values", shared_plist, low=100),
    Budget("decoders/socketio.py _MOST", socketio, "packets",
           opens("socketio", b"\x1e".join([b"2"] * 20_001))),
    Budget("decoders/unwrap.py DEPTH", unwrap, "nested deeper", opening(lists(100))),
    Budget("decoders/unwrap.py LEAVES", unwrap, "values", opening([1] * 20_001)),
    Budget("decoders/unwrap.py OUTPUT", unwrap, OUT, opening(DECODERS["gzip"].wrap(noise(1_000) * 65_000))),
]  # fmt: skip


# Streams


def hears(name: str, *said: tuple[bool, bytes]) -> Callable[[Path], object]:
    """Its usual session, then this: the methods of what comes out, where reading ended, what waits."""

    def exceed(_: Path) -> str:
        talk: Any = STREAMS[name].Stream()
        for way, data in SESSIONS[name]:
            talk.feed(way, data)
        found = [message for way, data in said for message in talk.feed(way, data)]
        methods = [(message.head.method, message.body[:90]) for message in (*found[:5], *found[-5:])]
        return f"{methods} {getattr(talk, 'handed_over', '')}"

    return exceed


LONG = "TOO-LONG"
CONNECT5 = b"\x10\x0e\0\4MQTT\5\2\0\x3c\0\0\1a"


def published(topic: bytes, alias: int = 0) -> tuple[bool, bytes]:
    properties = b"\x03\x23" + alias.to_bytes(2) if alias else b"\0"
    body = len(topic).to_bytes(2) + topic + properties + b"hi"
    size = bytes([len(body) & 127 | 128, len(body) >> 7])
    return True, b"\x30" + size + body


def topics(*said: tuple[bool, bytes]) -> Callable[[Path], object]:
    def exceed(_: Path) -> object:
        talk = mqtt.Stream()
        found = [m for way, data in ((True, CONNECT5), *said) for m in talk.feed(way, data)]
        return f"steps {len(found[-1].head.path)}, {found[-1].head.path[0][:10]!r}"

    return exceed


def chunk(number: int) -> tuple[bool, bytes]:
    head = f"MSRP abc{number} SEND\r\nMessage-ID: {number}\r\nByte-Range: 1-2/4\r\n"
    return True, f"{head}\r\nhi\r\n-------abc{number}+\r\n".encode()


def unclear(_: Path) -> object:
    sorter = Sorter()
    sorter.feed(True, b"PING x\n" * 12_000)
    return f"refused {sorter.refused}"


def shortened(_: Path) -> object:
    talk = all_streams.Talk(lambda *_: False)
    talk.too_long(True, b"x" * 20_000, 20_000)
    (message,) = talk.feed(True, b"")
    return "short" if len(message.body) < 17_000 else "whole"


def held_back(_: Path) -> object:
    buffer = Buffer()
    buffer.data += b"z" * 65_000_000
    found = buffer.block(65_000_000)
    return f"kept {len(found[0]) if found else 0}"


def inflated(_: Path) -> object:
    return sum(map(len, zlib_stream.Inflater().pieces(zlib.compress(bytes(30_000_000)))))


LITERALS = b"z " + b"".join(b"{1+}\r\n%d " % n for n in range(5)) + b"\r\n"
MOST = "streams/__init__.py MOST"
STREAMING = [
    Budget("streams/__init__.py START", all_streams, "refused True", unclear),
    Budget("streams/__init__.py EXCERPT", all_streams, "short", shortened),
    Budget(MOST, Buffer.block, "kept 16384", held_back,
           attribute="__defaults__", low=all_streams.Buffer.block.__defaults__, lifted=(LIFTED,)),
    Budget(MOST, loco, LONG,
           hears("loco", (True, len(BIG).to_bytes(4, "little") + BIG)), low=1_000),
    Budget(MOST, mtproto, LONG,
           hears("mtproto", (True, b"\x7f" + (len(BIG) // 4).to_bytes(3, "little") + BIG)), low=1_000),
    Budget(MOST, sip, LONG,
           hears("sip", (True, b"MESSAGE sip:b@c SIP/2.0\r\nl: 5000\r\n\r\n" + BIG)), low=1_000),
    Budget(MOST, msrp, LONG,
           hears("msrp", (True, b"MSRP abcf SEND\r\n\r\n" + BIG + b"\r\n-------abcf$\r\n")), low=1_000),
    Budget(MOST, smtp, LONG, hears("smtp", (True, b"BDAT 5000 LAST\r\n" + BIG)), low=1_000),
    Budget(MOST, pop3, LONG,
           hears("pop3", (True, b"RETR 2\r\n"), (False, b"+OK\r\n" + b"line\r\n" * 400 + b".\r\n")),
           low=1_000),
    Budget(MOST, imap, LONG,
           hears("imap", (True, b"x APPEND Sent {5000+}\r\n" + BIG + b"\r\n")), low=1_000),
    Budget(MOST, zlib_stream, "b'x",
           lambda _: zlib_stream.Stream().feed(False, zlib.compress(noise(2_000))), low=1_000),
    Budget("streams/imap.py LONGEST", imap, LONG, hears("imap", (False, b"* " + b"x" * 1_000_001 + b"\r\n"))),
    Budget("streams/imap.py HELD", imap, "'APPEND'",
           hears("imap", (True, b"x APPEND Sent {70000}\r\n" + b"y" * 70_000 + b"\r\n"))),
    Budget("streams/imap.py TAGS", imap, '"to": ""',
           hears("imap", *((True, b"t%d NOOP\r\n" % n) for n in range(6)), (False, b"t0 OK done\r\n")),
           low=3),
    Budget("streams/imap.py PIECES", imap, LONG, hears("imap", (True, LITERALS)), low=2),
    Budget("streams/irc.py LONGEST", irc, LONG,
           hears("irc", (True, b"PRIVMSG a :" + b"x" * 17_000 + b"\r\n"))),
    Budget("streams/mqtt.py MOST", mqtt, LONG, hears("mqtt", (True, b"\x30\x88\x27" + BIG)), low=1_000),
    Budget("streams/mqtt.py STEPS", mqtt, "steps 256", topics(published(b"a/" * 300))),
    Budget("streams/mqtt.py ALIASES", mqtt, "''",
           topics(published(b"one", 1), published(b"two", 2), published(b"", 2)), low=1),
    Budget("streams/mqtt.py TOPIC", mqtt, "''", topics(published(b"a" * 2_000, 1), published(b"", 1))),
    Budget("streams/msrp.py LONGEST", msrp, LONG,
           hears("msrp", (True, b"MSRP abcf SEND\r\nA: " + b"x" * 66_000 + b"\r\n"))),
    Budget("streams/msrp.py LINES", msrp, LONG,
           hears("msrp", (True, b"MSRP abcf SEND\r\n" + b"A: b\r\n" * 1_001))),
    Budget("streams/msrp.py OPEN", msrp, "SEND-PART", hears("msrp", chunk(1), chunk(2), chunk(3)), low=2),
    Budget("streams/mtproto.py _LARGEST", mtproto, "False",
           lambda _: mtproto.recognises(True, b"\xee" * 4 + (1 << 25).to_bytes(4, "little"))),
    Budget("streams/mtproto.py _FIRST", mtproto, "False",
           lambda _: mtproto.recognises(True, (5_000).to_bytes(4, "little") + bytes(4))),
    Budget("streams/pop3.py LONGEST", pop3, LONG, hears("pop3", (True, b"USER " + b"x" * 66_000 + b"\r\n"))),
    Budget("streams/sip.py LONGEST", sip, LONG,
           hears("sip", (True, b"MESSAGE sip:b@c SIP/2.0\r\nA: " + b"x" * 66_000 + b"\r\n"))),
    Budget("streams/sip.py LINES", sip, LONG,
           hears("sip", (True, b"MESSAGE sip:b@c SIP/2.0\r\n" + b"A: b\r\n" * 1_001))),
    Budget("streams/smtp.py LONGEST", smtp, LONG, hears("smtp", (True, b"VRFY " + b"x" * 66_000 + b"\r\n"))),
    Budget("streams/smtp.py HELD", smtp, "'DATA'",
           hears("smtp", (True, b"DATA\r\n" + b"line of mail\r\n" * 6_000 + b".\r\n"))),
    Budget("streams/smtp.py LINES", smtp, "'REPLY'", hears("smtp", (False, b"250-more\r\n" * 1_001))),
    Budget("streams/xmpp.py LONGEST", xmpp, LONG,
           hears("xmpp", (True, b"<message>" + b"x" * 20_000 + b"</message>")), low=10_000),
    Budget("streams/xmpp.py TAG", xmpp, LONG, hears("xmpp", (True, b"<iq a='" + b"x" * 66_000 + b"'/>"))),
    Budget("streams/xmpp.py DEPTH", xmpp, "nested more than", hears("xmpp", (True, b"<a>" * 10_001))),
    *(Budget(f"streams/zlib_stream.py {name}", zlib_stream, "gives more than", inflated)
      for name in ("RATIO", "FREE")),
]  # fmt: skip


# Captures


def events(path: Path) -> str:
    return str([event for event in read_capture(path) if isinstance(event, Problem)])


def written(name: str, *data: bytes) -> Callable[[Path], object]:
    def exceed(folder: Path) -> str:
        (folder / name).write_bytes(b"".join(data))
        return events(folder / name)

    return exceed


def record(**fields: Any) -> bytes:
    return json.dumps(fields).encode() + b"\n"


SAID = base64.b64encode(b"hello there").decode()
JOURNAL = b'{"journal":1,"made_by":"mitmproxy 11.0.2"}\n'
PARCELS = b'{"parcels": 1}\n' + record(outgoing=True, body="hello " * 100)


def talked(count: int) -> list[bytes]:
    return [record(what="said", id=f"flow{n}", out=True, data=SAID, kind=1, when=5.0) for n in range(count)]


def silent(_: Path) -> object:
    """Handshakes after which nothing came: those that were forgotten are no contact."""
    reader = journal.Reader(PLACE)
    for number in range(5):
        opened = Opened(f"c{number}", "client", "a.example", 443, "", True, 5.0)
        list(reader.take(opened))
    return f"contacts {len(list(reader.take(Closed('c0', 'client'))))}"


def open_flows(_: Path) -> object:
    reader = journal.Reader(PLACE)
    return [event for n in range(5) for event in reader.take(Said(f"f{n}", True, b"hello"))]


def cut_off(_: Path) -> object:
    return cutter.Cutter(Tape(BytesIO(b'["' + b"x" * 3_000_000 + b'"]'))).value() is None


READING = [
    Budget("sources/__init__.py START", sources, "CaptureError",
           written("late.har", b" " * 70_000 + b'{"log": {"entries": []}}'), lifted=1 << 20),
    Budget("sources/cutter.py LIMIT", cutter.Cutter.__init__, "True", cut_off,
           attribute="__defaults__", low=(1_000_000,), lifted=(LIFTED,)),
    Budget("sources/heads.py STEPS", heads, "^256$", lambda _: len(heads.target("/" + "a/" * 300)[0])),
    Budget("sources/heads.py PAIRS", heads, "^1000$", lambda _: len(heads.target("/?" + "a=b&" * 1_100)[1])),
    Budget("sources/journal.py LONGEST", journal, "is longer than",
           written("made.mitm.journal", JOURNAL, *talked(1)),
           low=60),
    Budget("sources/journal.py HELD", journal, "lost 1", lambda _: held_messages(), low=15),
    Budget("sources/journal.py MOST", journal, "beginning is lost", open_flows, low=2),
    Budget("sources/journal.py MOST", journal, "contacts 0", silent, low=2),
    Budget("sources/mitm.py LIMIT", mitm.read, "passed over", lambda _: events(CAPTURE),
           attribute="__defaults__", low=(3_000,), lifted=(LIFTED,)),
    Budget("sources/parcels.py LONGEST", parcels, "is longer than", written("made.jsonl", PARCELS), low=100),
    Budget("sources/tnetstring.py DEPTH", tnetstring, "nested too deeply",
           lambda _: tnetstring.loads(netstring(lists(40)))),
    Budget("sources/tnetstring.py _DIGITS", tnetstring, "a length is missing",
           lambda _: tnetstring.loads(b"0" * 20 + b"5:hello,")),
]  # fmt: skip


def held_messages() -> str:
    reader = journal.Reader(PLACE)
    for _ in range(2):
        list(reader.take(Said("f", True, b"hello there")))
    return f"lost {reader._open['f'].lost}"


def netstring(tree: Any) -> bytes:
    inner = b"".join(map(netstring, tree))
    return b"%d:%b]" % (len(inner), inner)


# Rules


@cache
def book() -> Rulebook:
    return load_rules(None)


def hosts(_: Path) -> object:
    known = load_rules(None)
    for number in range(10):
        known.meeting(parcel_to(f"host{number}.example"))
    return f"known {max(len(known._by_host), len(known._platforms_at))}."


def parcel_to(host: str) -> Parcel:
    head = Head("POST", ("a",), headers=(("content-type", "text/plain"),))
    return Parcel(Ref("made", 0, ">"), Channel(host, 443, Road.PROTECTED), True, b"hello there", head=head)


def files(*names: str, text: str = "title: x\n") -> Callable[[Path], object]:
    def exceed(folder: Path) -> object:
        for name in names:
            (folder / name).write_text(text)
        return texts_of(folder)

    return exceed


def session(folder: Path) -> object:
    (folder / "session.yaml").write_text("app: Lighthouse\n")
    return session_of(folder / "client.har")


def stanzas(_: Path) -> object:
    def bare(size: int) -> bytes:
        return base64.b64encode(noise(size)).rstrip(b"=")

    many = b"".join(b"-> X25519 " + bare(32) + b"\n" + bare(32) + b"\n" for _ in range(101))
    return age.cut(b"age-encryption.org/v1\n" + many + b"--- " + bare(32) + b"\n" + noise(60))


def long_header(_: Path) -> object:
    header = json.dumps({"alg": "dir", "enc": "A256GCM", "kid": "k" * 5_000}).encode()
    pieces = (header, noise(256), noise(12), noise(60), noise(16))
    return jwe.cut(b".".join(base64.urlsafe_b64encode(piece).rstrip(b"=") for piece in pieces)) is not None


def long_note(_: Path) -> object:
    size = 2 + nip44.padded(70_000)
    return nip44.cut(base64.b64encode(b"\2" + noise(64 + size))) is not None


def armored(_: Path) -> object:
    """In letters, 43 for 32 bytes."""
    data, letters = saltpack.sample(random.Random(1)), ""
    signs = string.digits + string.ascii_uppercase + string.ascii_lowercase
    for at in range(0, len(data), 32):
        block = data[at : at + 32]
        number, count = int.from_bytes(block), math.ceil(8 * len(block) / math.log2(62))
        letters += "".join(signs[number // 62**n % 62] for n in reversed(range(count)))
    name = "SALTPACK ENCRYPTED MESSAGE"
    return saltpack.cut(f"BEGIN {name}. {letters}. END {name}.".encode()) is not None


def nested_values(levels: int) -> Callable[[Path], object]:
    data = b"\2\1\1"
    for _ in range(levels):
        data = smime._wrapped(0x30, data)
    return lambda _: smime._values(data, "deep")


def endless_values(levels: int) -> Callable[[Path], object]:
    return lambda _: smime._all(b"\x30\x80" * levels + bytes(2 * levels))


def long_name(_: Path) -> object:
    return smime._values(smime._wrapped(0x0C, b"n" * 200), "name")


def large_text(_: Path) -> object:
    """A part that is found out either way, and why its opening ended."""
    text = " ".join(random.Random(2).choices(["meet", "me", "at", "seven"], k=400_000))
    part = DECODERS["protobuf"].wrap({1: "meet at seven", 2: DECODERS["brotli"].wrap(text)})
    made: list[unwrap.Opening] = []

    def watched(output: int) -> unwrap.Opening:
        made.append(unwrap.Opening(output=output))
        return made[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shut, "Opening", watched)
        patch.setattr(shut, "habits", lambda _: "")
        assert shut.flaw([shut.Part("1", part)])
    return [opening.stopped for opening in made]


def ruled(text: str) -> Callable[[Path], object]:
    return lambda _: str(yaml.load(text, "f.yaml"))[:100]


def random_bytes(_: Path) -> object:
    return len(build.made_of(yaml.Tagged("random", 1_000_001, (1, 1)), book()))


RULES = [
    Budget("rulebook/book.py MOST_HOSTS", books, r"known [0-3]\.", hosts, low=3),
    Budget("rulebook/book.py LARGEST_SEAL", books, "None",
           lambda _: book().recognise(bytes(sealed("openpgp", book()))), low=100),
    Budget("rulebook/build.py LARGEST", build, "takes a number", random_bytes),
    Budget("rulebook/shape.py LARGEST", shape, "not a size", lambda _: shape.Field.parse("bytes[70000]")),
    Budget("rulebook/shut.py _OPENED", shut, "^64000$",
           lambda _: len(shut.squeezed(zlib.compress(b"a" * 99_000)))),
    Budget("rulebook/shut.py _READ", shut, OUT, large_text),
    Budget("rulebook/seals/age.py _MOST", age, "None", stanzas),
    Budget("rulebook/seals/jwe.py _LONGEST", jwe, "ValueError", long_header),
    Budget("rulebook/seals/nip44.py _LONGEST", nip44, "ValueError", long_note),
    Budget("rulebook/seals/saltpack.py _LONGEST", saltpack, "ValueError", armored, low=100),
    Budget("rulebook/seals/smime.py _DEEPEST", smime, "ValueError", nested_values(20)),
    Budget("rulebook/seals/smime.py _DEEPEST", smime, "ValueError", endless_values(20)),
    Budget("rulebook/seals/smime.py _LONGEST_NAME", smime, "ValueError", long_name),
    Budget("rulebook/yaml.py SIZE", yaml, "at most", ruled(f"title: {'x' * 300_000}")),
    Budget("rulebook/yaml.py DEPTH", yaml, "nested deeper", ruled(f"key: {'[' * 70}{']' * 70}")),
    Budget("shelf.py LARGEST", shelf, "too large", files("a.yaml", text="x" * 1_000_001)),
    Budget("shelf.py LARGEST", shelf, "too large", session, low=10),
    Budget("shelf.py MOST_FILES", shelf, "more than 1 rule files", files("a.yaml", "b.yaml"), low=1),
    Budget("shelf.py LARGEST_RECORDING", shelf, "too large",
           lambda _: Recordings(own_rules()).find("captures/matrix-e2ee/alice.mitm#9>"), low=1_000),
]  # fmt: skip


# What is kept and shown


def kept(_: Path) -> object:
    run = Audit(book())
    for number in range(30):
        body = json.dumps({"content": f"hello there {number}", "nonce": "1"}).encode()
        head = Head("POST", ("api", "v9", "channels", "77", "messages"))
        channel = Channel("discord.com", 443, Road.PROTECTED)
        run.feed(Parcel(Ref("made", number, ">"), channel, True, body, head=head))
    whole = run.report(Capture("0" * 64, "made", "mitm", 1)).whole()
    return f"kept {max(len(tally.findings) for _, tally in whole.tally)}."


def remembered(_: Path) -> object:
    known = pieces.Pieces(Needles(["harbor lighthouse"]))
    for number in range(5):
        known.add(("c", number, True, "r"), "harbor ")
    return known.add(("c", 0, True, "r"), "lighthouse")


def counted(_: Path) -> object:
    uneven = bytes(byte & 0xEF for byte in noise(70_000))
    return f"says {randomness.habits(noise(70_000, 2) + uneven + noise(70_000, 3))!r}"


KEEPING = [
    Budget("excerpts.py LONGEST", excerpts, "^80$", lambda _: len(excerpts.cut("x" * 1_000))),
    Budget("pieces.py CONNECTIONS", pieces, r"^\(\)$", remembered, low=2),
    Budget("randomness.py _SAMPLE", randomness, "says ''", counted),
    Budget("report.py KEPT", report, r"kept 8\.", kept),
]

BUDGETS = [*DECODING, *STREAMING, *READING, *RULES, *KEEPING]

# Numbers that bound nothing: (what they are): where they stand.
OTHERS = {
    "from where on something is believed or tested, so that raising it believes less": """
        decoders/base64.py _SHORTEST, decoders/brotli.py _SHORT, decoders/deflate.py _TEXT,
        decoders/protobuf.py _PLAUSIBLE, decoders/protobuf.py _LEVELS, decoders/protobuf.py _PROOF,
        needles.py SHORTEST, pieces.py SHORTEST, probes/canaries.py _LETTER, probes/canaries.py ENOUGH,
        randomness.py _DEVIATIONS, randomness.py _DEVIATIONS_PAIRS, randomness.py _CHANCE,
        rulebook/book.py SMALLEST_SEAL, rulebook/contents.py TESTABLE, rulebook/shut.py _SHORTEST,
        rulebook/shut.py _WHOLE, rulebook/shut.py _DIFFERENT""",
    "a number of a format": """
        decoders/base64.py _WIDTHS, decoders/grpc.py _HEADER, decoders/lz4.py _MASK, decoders/lz4.py _P1,
        decoders/lz4.py _P2, decoders/lz4.py _P3, decoders/lz4.py _P4, decoders/lz4.py _P5,
        decoders/pblite.py _LAST, decoders/plist.py _TRAILER, decoders/protobuf.py _LAST,
        decoders/quoted_printable.py _WIDTH, decoders/thrift_compact.py _MESSAGE, report.py SCHEMA,
        rulebook/shape.py COUNTER, sources/exchange.py _BODILESS, sources/flows.py FORMAT,
        sources/journal.py _TAIL, sources/parcels.py VERSION, sources/records.py VERSION,
        rulebook/seals/saltpack.py _BLOCK, rulebook/seals/web_push.py _KEY""",
    "how much is taken at once, which changes no result": """
        decoders/brotli.py _STEP, decoders/gzip.py _WINDOW, decoders/zstd.py _STEP, sources/tape.py CHUNK""",
    "how a page, an excerpt or an error looks": """
        excerpts.py _FIRST, reporters/json.py _LONGEST, reporters/terminal.py NARROWEST,
        reporters/terminal.py FILE, reporters/terminal.py WIDEST, reporters/terminal.py PROSE,
        reporters/terminal.py MOST, reporters/terminal.py LEAST, reporters/terminal.py GAP,
        rulebook/fields.py SHOWN, rulebook/match.py _SHOWN, report.py KEPT_REFS, cli/progress.py PATIENCE""",
    "how many samples a rule is tested with": "rulebook/selftest.py SAMPLES",
}
TYPES = re.compile(  # numbers that stand for a kind of value
    r"decoders/thrift_\w+\.py _[A-Z0-9]+"
    r"|rulebook/seals/(?:loco|mmtls|openpgp|qq_sso|smime|whatsapp_noise|xchat)\.py _[A-Z]+"
)


def told(exceed: Callable[[Path], object], folder: Path) -> str:
    try:
        return str(exceed(folder))
    except (ValueError, TooMuch, CaptureError, RuleError, BuildError) as error:
        return f"{type(error).__name__}: {error}"


@pytest.mark.parametrize("budget", BUDGETS, ids=lambda b: f"{b.name} {getattr(b.holder, '__name__', '')}")
def test_a_budget_that_is_exceeded_is_what_says_so(
    budget: Budget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = budget.attribute or budget.name.split()[1]
    if budget.low is not None:
        monkeypatch.setattr(budget.holder, name, budget.low)
    assert re.search(budget.sign, told(budget.exceed, tmp_path))
    monkeypatch.setattr(budget.holder, name, budget.lifted)
    assert not re.search(budget.sign, told(budget.exceed, tmp_path))


def numbers(file: Path) -> Iterable[str]:
    """The names of a module's numbers, but for those that order or select parts."""
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
            continue
        leaves = [n for n in ast.walk(node.value) if not isinstance(n, ast.expr_context | ast.operator)]
        plain = (ast.Constant, ast.BinOp, ast.UnaryOp, ast.USub, ast.Tuple)
        if not all(isinstance(n, plain) for n in leaves):
            continue
        if any(isinstance(n, ast.Constant) and not isinstance(n.value, int | float) for n in leaves):
            continue
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            yield from (n.id for n in ast.walk(target) if isinstance(n, ast.Name) and n.id.isupper())


def test_every_number_is_a_budget_or_says_what_it_is() -> None:
    found = {
        f"{file.relative_to(PACKAGE).as_posix()} {n}" for file in PACKAGE.rglob("*.py") for n in numbers(file)
    }
    others = {name.strip() for names in OTHERS.values() for name in names.split(",")}
    budgets = {budget.name for budget in BUDGETS}
    assert not budgets & others
    left = {name for name in found - budgets - others if not TYPES.fullmatch(name)}
    assert left == set()
    assert (budgets | others) - found == set()
