"""The budgets of QUIC and HTTP/3."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

from auditor.sources.flows import Side
from auditor.sources.heads import Place
from auditor.sources.pcap import http3, quic, quic_conversation
from auditor.sources.pcap.http3 import exchange, framed, tables
from auditor.sources.pcap.keys import Keys
from auditor.sources.pcap.quic import connections, google, handshake, lock, ordered, outside, streams
from auditor.sources.pcap.quic.frames import Stream
from auditor.sources.pcap.quic.headers import Sealed, split
from auditor.sources.pcap.quic.protection import SUITES, Opener
from auditor.sources.pcap.quic.streams import DATAGRAM, StreamPiece
from auditor.sources.pcap.wire import End
from tests.budgets.made import Budget, noise
from tests.sources.pcap.http3.test_tables import BLOCKS, FILLING, SIZE, bomb
from tests.sources.pcap.quic.sessions import Session, session
from tests.sources.pcap.quic.test_google import chlo
from tests.sources.pcap.quic.test_lock import Speaker
from tests.sources.pcap.quic.test_lock import lock as made_lock

FAR = End(b"far", 443)
HEAD = b"\1\6\0\0\xd4\xd7\xc1\xc0"  # POST, https, / and an empty authority: all of the fixed table


@cache
def sessions() -> tuple[Session, ...]:
    return tuple(session() for _ in range(5))


def hello_last(keys: bool) -> Callable[[Path], object]:
    def exceed(_: Path) -> object:
        made = sessions()[0]
        reader = quic.Quic(made.keys if keys else Keys())
        for one in (*made.seen[1:], made.seen[0]):
            reader.feed(one.from_client, one.data)
        return reader.remarks

    return exceed


def greeted(_: Path) -> object:
    reader = quic.Quic(Keys())
    for made in sessions():
        reader.feed(True, made.seen[0].data)
    return f"greetings {len(reader._greetings)}"


def named(_: Path) -> object:
    reader = quic.Quic(sessions()[0].keys)
    for one in sessions()[0].seen:
        reader.feed(one.from_client, one.data)
    return f"ids {len(reader.ids)}"


def followed(_: Path) -> object:
    known = connections.Connections(Keys())
    for port, made in enumerate(sessions()):
        known.find(End(b"near", port), FAR, made.seen[0].data)
    return f"kept {len(known._known)}"


def hopped(_: Path) -> object:
    known, first = connections.Connections(Keys()), sessions()[0].seen[0].data
    for port in range(5):
        place = known.find(End(b"near", port), FAR, first)
        assert place
        place[0].feed(True, first)
        known.learn(place[0])
    return f"ways {len(known._ends)}"


def spoken(_: Path) -> object:
    made = sessions()[0].seen
    first = next(iter(split(made[0].data)))
    assert isinstance(first, Sealed)
    greeting = handshake.Greeting(first.target)
    for one in made[:2]:
        packet = next(iter(split(one.data)))
        assert isinstance(packet, Sealed)
        greeting.open(one.from_client, packet)
    return f"locks {len(greeting._locks)}"


def missed(_: Path) -> object:
    one = lock.Lock([Opener(bytes(32), SUITES[0x1301])])
    for number in range(5):
        one.open(b"\x41" + noise(60, number), 9)
    return f"given up {one.given_up}"


def remembered(_: Path) -> object:
    speaker, one = Speaker(), made_lock()
    for number in range(5):
        one.open(speaker.packet(number), 9)
    return f"seen {len(one._seen)}"


def behind_a_gap(pieces: int, size: int) -> Callable[[Path], object]:
    def exceed(_: Path) -> object:
        one = ordered.Ordered()
        for at in range(pieces):
            one.add(1 + at * (size + 1), bytes(size))
        return f"full {one.full}"

    return exceed


def kinds(_: Path) -> object:
    seen = outside.Seen()
    for number in range(5):
        seen.not_read(f"damage {number}")
        seen.speaks(number)
        seen.packet(Sealed("initial", b"", number))
    return f"kinds {len(seen.unread)} {len(seen.spoken)} {len(seen.met)}"


def opened(*said: tuple[int, int, bytes, bool]) -> Callable[[Path], object]:
    def exceed(_: Path) -> object:
        several = streams.Streams()
        pieces = [
            piece for number, at, data, last in said
            for piece in several.said(True, Stream(number, at, data, last), 1, 0.0)
        ]  # fmt: skip
        return f"{several.remarks()} over {len(several._over)} early {sum(piece.lost for piece in pieces)}"

    return exceed


def heard(*pieces: StreamPiece) -> Callable[[Path], object]:
    def exceed(_: Path) -> object:
        reader = http3.Http3(Side(), Side())
        found = [one for piece in pieces for one in reader.feed(piece)] + reader.finish()
        flows = [len(one.flow.messages) for one in found]
        return f"{reader.remarks} flows {flows} whole {[one.asked_whole for one in found]}"

    return exceed


def asked(stream: int, body: bytes, last: bool = True) -> StreamPiece:
    return StreamPiece(stream, True, HEAD + b"\0" + (0x4000 | len(body)).to_bytes(2) + body, last)


def beside(*said: bytes) -> list[StreamPiece]:
    return [StreamPiece(DATAGRAM, True, b"\0" + data) for data in said]


def turns(count: int) -> list[StreamPiece]:
    return [StreamPiece(0, bool(number % 2), b"\0\1x") for number in range(count)]


def waiting(_: Path) -> object:
    one = tables.Tables()
    for number, (fill, block) in enumerate(zip(FILLING, BLOCKS, strict=False)):
        one.filled(fill)
        one.block(number, block)
    return one.broken


def blocked(_: Path) -> object:
    one = tables.Tables()
    one.sized(SIZE)
    pointing = [block for block in BLOCKS if block[0]]
    return [found for number, block in enumerate(pointing) for found in one.block(number, block)]


def many_lines(_: Path) -> object:
    return tables.Tables().block(1, b"\0\0" + b"\xd1" * 3_000)[0][1] is None


def table(_: Path) -> object:
    one = tables.Tables()
    one.sized((1 << 20) + 1)
    return one.broken


def conversed(alpn: str, *pieces: StreamPiece) -> Callable[[Path], object]:
    def exceed(_: Path) -> object:
        one = quic_conversation.QuicConversation(Place("made"), Keys(), 1, End(b"near"), FAR)
        one.quic.alpn = alpn
        one._waiting += pieces
        early = one.feed(True, b"", 1, 0.0)
        return (
            f"early {len(early)} {[getattr(event, 'message', '') for event in one.finish()]} {one._remarks}"
        )

    return exceed


SEALED = [
    Budget("sources/pcap/quic_conversation.py WAITING", quic_conversation, "early [1-9]",
           conversed("", asked(0, bytes(500)), StreamPiece(0, False, b"", True)), low=100),
    Budget("sources/pcap/quic_conversation.py ROOM", quic_conversation, "too many",
           conversed("chat", StreamPiece(0, True, bytes(5_000), True)), low=2_000),
    Budget("sources/pcap/quic/__init__.py LATER", quic, "waited for keys", hello_last(True), low=100),
    Budget("sources/pcap/quic/__init__.py LATER_WITHOUT", quic, "waited for keys",
           hello_last(False), low=100),
    Budget("sources/pcap/quic/__init__.py GREETINGS", quic, "greetings 3", greeted, low=3),
    Budget("sources/pcap/quic/__init__.py NAMES", quic, "ids 3$", named, low=3),
    Budget("sources/pcap/quic/connections.py MOST", connections, "kept 3", followed, low=3),
    Budget("sources/pcap/quic/connections.py PATHS", connections, "ways 4$", hopped, low=4),
    Budget("sources/pcap/quic/google.py TAGS", google, "server_name=''",
           lambda _: google.tags(chlo(**{f"T{n:03}": b"" for n in range(200)}, SNI=b"a.example"), "Q050")),
    Budget("sources/pcap/quic/handshake.py LONGEST", handshake, "a message of",
           lambda _: (talk := handshake.Talk(), talk.feed(0, b"\1\xff\0\0"), talk.broken)[2]),
    Budget("sources/pcap/quic/handshake.py VERSIONS", handshake, "locks 1$", spoken, low=1),
    Budget("sources/pcap/quic/lock.py MISSES", lock, "given up True", missed, low=3),
    Budget("sources/pcap/quic/lock.py REMEMBERED", lock, "seen 2$", remembered, low=2),
    Budget("sources/pcap/quic/ordered.py HELD", ordered, "full True", behind_a_gap(1, 2_000_000)),
    Budget("sources/pcap/quic/ordered.py PIECES", ordered, "full True", behind_a_gap(5_000, 1)),
    Budget("sources/pcap/quic/outside.py KINDS", outside, "kinds 3 2 2", kinds, low=2),
    Budget("sources/pcap/quic/streams.py MOST", streams, "more streams than are followed",
           opened(*((number * 4, 0, b"x", False) for number in range(5))), low=3),
    Budget("sources/pcap/quic/streams.py REMEMBERED", streams, "over 2 ",
           opened(*((number * 4, 0, b"x", True) for number in range(5))), low=2),
    Budget("sources/pcap/quic/streams.py WAITING", streams, "early [1-9]",
           opened((0, 5, b"x" * 50, False), (4, 5, b"x" * 60, False)), low=100),
    Budget("sources/pcap/http3/__init__.py ROOM", http3, "whole .False",
           heard(asked(0, bytes(5_000))), low=2_000),
    Budget("sources/pcap/http3/__init__.py OPEN", http3, "too many streams are open",
           heard(*(asked(number * 4, b"", False) for number in range(5))), low=3),
    Budget("sources/pcap/http3/__init__.py REASONS", http3, "other damage",
           heard(*(StreamPiece(n * 4, True, b"\0\1x", lost=n + 1) for n in range(5))), low=2),
    Budget("sources/pcap/http3/exchange.py BODY", exchange, "whole .False",
           heard(asked(0, bytes(5_000))), low=2_000),
    Budget("sources/pcap/http3/exchange.py TURNS", exchange, "not read",
           heard(asked(0, b"", False), *turns(9), StreamPiece(0, True, b"", True)), low=3),
    Budget("sources/pcap/http3/exchange.py BLOCKS", http3, "too many blocks",
           heard(StreamPiece(0, True, HEAD * 5)), low=3, attribute="BLOCKS"),
    Budget("sources/pcap/http3/exchange.py DATAGRAMS", exchange, "too long",
           heard(asked(0, b"", False), *beside(b"one", b"two", b"three")), low=2),
    Budget("sources/pcap/http3/framed.py LONGEST", framed, "a frame of",
           heard(StreamPiece(0, True, b"\1" + (0x8000_0000 | 300_000).to_bytes(4)))),
    Budget("sources/pcap/http3/tables.py TABLE", tables, "a table of", table),
    Budget("sources/pcap/http3/tables.py EXPANDED", tables, "None", lambda _: bomb(300)),
    Budget("sources/pcap/http3/tables.py WAITING", tables, "too much waits", waiting, low=100),
    Budget("sources/pcap/http3/tables.py BLOCKED", tables, "None", blocked, low=3, lifted=1 << 15),
    Budget("sources/pcap/http3/tables.py LINES", tables, "True", many_lines),
]  # fmt: skip
