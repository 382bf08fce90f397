"""The budgets of streams."""

import re
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import zstandard

from auditor import streams as all_streams
from auditor.streams import (
    STREAMS,
    Sorter,
    apns,
    imap,
    irc,
    loco,
    mqtt,
    msnp,
    msrp,
    mtproto,
    nmdc,
    pop3,
    sip,
    smpp,
    smtp,
    talk,
    xmpp,
    zlib_stream,
    zstd_stream,
)  # fmt: skip
from auditor.streams.talk import Buffer, Talk
from tests.budgets.made import BIG, LIFTED, Budget, noise
from tests.streams.test_talk import SESSIONS


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


def joined(_: Path) -> object:
    talk = msnp.Stream()
    talk.feed(False, b"".join(b"JOI %d@b.example x\r\n" % n for n in range(4)))
    (message,) = talk.feed(True, b"MSG 1 N 0\r\n")
    return message.head.header("members").encode()


def unclear(_: Path) -> object:
    sorter = Sorter()
    sorter.feed(True, b"PING x\n" * 12_000)
    return f"refused {sorter.refused}"


def shortened(_: Path) -> object:
    talk = Talk(lambda *_: False)
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


def framed(*fields: bytes) -> bytes:
    """A frame of APNs that connects."""
    written = b"".join(b"\1" + len(field).to_bytes(2) + field for field in fields)
    return b"\7" + len(written).to_bytes(4) + written


def flushed(data: bytes, window: int = 20) -> bytes:
    settings = zstandard.ZstdCompressionParameters.from_level(3, window_log=window)
    packer = zstandard.ZstdCompressor(compression_params=settings).compressobj()
    packed: bytes = packer.compress(data) + packer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
    return packed


def poured(_: Path) -> object:
    return sum(map(len, zstd_stream.Inflater().pieces(flushed(bytes(30_000_000)))))


LITERALS = b"z " + b"".join(b"{1+}\r\n%d " % n for n in range(5)) + b"\r\n"
MOST = "streams/talk.py MOST"
STREAMING = [
    Budget("streams/__init__.py START", all_streams, "refused True", unclear),
    Budget("streams/talk.py EXCERPT", talk, "short", shortened),
    Budget(MOST, Buffer.block, "kept 16384", held_back,
           attribute="__defaults__", low=Buffer.block.__defaults__, lifted=(LIFTED,)),
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
    Budget(MOST, zlib_stream, "Message",
           lambda _: zstd_stream.Stream().feed(False, flushed(noise(2_000))[:-1]), low=1_000),
    Budget(MOST, apns, LONG, hears("apns", (True, framed(BIG))), low=1_000),
    Budget("streams/apns.py _CONNECT", apns, "False", lambda _: apns.recognises(True, framed(BIG))),
    Budget("streams/apns.py FIELDS", apns, LONG, hears("apns", (True, framed(*[b""] * 10_001)))),
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
    Budget("streams/mqtt.py _SMALL", mqtt, "False",
           lambda _: mqtt.recognises(True, b"\x82\x80\x80\x08\0\1\0\3a/b")),
    Budget("streams/mqtt.py STEPS", mqtt, "steps 256", topics(published(b"a/" * 300))),
    Budget("streams/mqtt.py ALIASES", mqtt, "'PUBLISH'",
           topics(published(b"one", 1), published(b"two", 2), published(b"", 2)), low=1),
    Budget("streams/mqtt.py TOPIC", mqtt, "'PUBLISH'", topics(published(b"a" * 2_000, 1), published(b"", 1))),
    Budget("streams/msnp.py LONGEST", msnp, LONG, hears("msnp", (True, b"CHG 1 " + b"x" * 9_000 + b"\r\n"))),
    Budget("streams/msnp.py PAYLOAD", msnp, "longer than any", hears("msnp", (True, b"MSG 1 N 3000000\r\n"))),
    Budget("streams/msnp.py PEOPLE", msnp, "b'2'", joined, low=2),
    Budget("streams/nmdc.py LONGEST", nmdc, LONG, hears("nmdc", (True, b"x" * 1_100_000 + b"|"))),
    Budget("streams/smpp.py LONGEST", smpp, "length cannot be",
           hears("smpp", (True, (1_100_000).to_bytes(4) + bytes(12)))),
    Budget("streams/msrp.py LONGEST", msrp, LONG,
           hears("msrp", (True, b"MSRP abcf SEND\r\nA: " + b"x" * 66_000 + b"\r\n"))),
    Budget("streams/msrp.py LINES", msrp, LONG,
           hears("msrp", (True, b"MSRP abcf SEND\r\n" + b"A: b\r\n" * 1_001))),
    Budget("streams/msrp.py OPEN", msrp, "SEND-PART", hears("msrp", chunk(1), chunk(2), chunk(3)), low=2),
    Budget("streams/mtproto.py _LARGEST", mtproto, "False",
           lambda _: mtproto.recognises(True, b"\xee" * 4 + (1 << 25).to_bytes(4, "little"))),
    Budget("streams/mtproto.py _FIRST", mtproto, "False",
           lambda _: mtproto.recognises(True, (5_000).to_bytes(4, "little") + bytes(4))),
    Budget("streams/pop3.py ASKED", pop3, "wait for an answer", hears("pop3", (True, b"NOOP\r\n" * 10_001))),
    Budget("streams/pop3.py LONGEST", pop3, LONG, hears("pop3", (True, b"USER " + b"x" * 66_000 + b"\r\n"))),
    Budget("streams/sip.py LONGEST", sip, LONG,
           hears("sip", (True, b"MESSAGE sip:b@c SIP/2.0\r\nA: " + b"x" * 66_000 + b"\r\n"))),
    Budget("streams/sip.py LINES", sip, LONG,
           hears("sip", (True, b"MESSAGE sip:b@c SIP/2.0\r\n" + b"A: b\r\n" * 1_001))),
    Budget("streams/smtp.py ASKED", smtp, "wait for an answer", hears("smtp", (True, b"NOOP\r\n" * 10_001))),
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
    *(Budget(f"streams/zlib_stream.py {name}", zstd_stream, "gives more than", poured)
      for name in ("RATIO", "FREE")),
    Budget("streams/zstd_stream.py WINDOW", zstd_stream, re.escape(r"b'(\xb5/\xfd"),
           lambda _: zstd_stream.Stream().feed(False, flushed(b"hello", 27)), lifted=1 << 27),
]  # fmt: skip
