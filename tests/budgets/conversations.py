"""The budgets of connections: packets that wait, channels in channels, what HTTP makes of a few bytes."""

from collections.abc import Callable
from pathlib import Path

from hpack import Encoder
from msgspec import structs
from wsproto.connection import Connection, ConnectionType
from wsproto.events import TextMessage

from auditor.model import Channel, Parcel, Ref, Road
from auditor.sources.flows import Request
from auditor.sources.pcap import assembly, datagrams, legs, line, midst, recognise, speech
from auditor.sources.pcap.assembly import Assembly
from auditor.sources.pcap.legs import Legs
from auditor.sources.pcap.line import Line
from auditor.sources.pcap.replay import exchange, http1, http2, websocket
from auditor.sources.pcap.wire import Chunk, End, Packet
from tests.budgets.made import BIG, Budget
from tests.sources.pcap.connections import CLIENT, Wire
from tests.sources.pcap.replay.test_http2 import Talk
from tests.sources.pcap.replay.test_http2 import run as run2
from tests.sources.pcap.replay.test_websocket import DEFLATE, extensions, heard, socket
from tests.sources.pcap.test_conversation import CONNECT
from tests.sources.pcap.test_conversation import heard as talked
from tests.sources.pcap.test_datagrams import HELLO, KEY, SIP
from tests.sources.pcap.test_datagrams import heard as datagrams_heard


def holes(size: int, count: int, answers: int = 0) -> Callable[[Path], object]:
    """Packets behind a hole; how much of them came out before the end."""

    def exceed(folder: Path) -> str:
        wire = Wire().open()
        wire.say(True, b"missed")
        missed = wire.packets.pop()
        packets: list[Packet] = [*wire.packets]
        for _ in range(count):
            said = wire.say(True, b"x" * size)
            packets.append(structs.replace(said, acknowledged=missed.acknowledged))
            wire.sent[True] += 1 if count > 100 else 0
        packets += [wire.say(False, b"y") for _ in range(answers)]
        one = Assembly(CLIENT)
        return f"lost {any(chunk.lost for packet in packets for chunk in one.feed(packet))}"

    return exceed


def bodies(_: Path) -> object:
    body = exchange.Body()
    body.add(BIG)
    return f"whole {body.whole}"


def hinted(_: Path) -> object:
    one = exchange.Exchange(Request(b"GET", b"https", "h.example", 443, b"/", []), exchange.Mark(1, 1.0))
    one.hint([(b"link", b"/%d" % number) for number in range(2_000)])
    return f"kept {len(one.hints)}, whole {one.received.whole}"


def asked(said: bytes) -> Callable[[Path], object]:
    def exceed(_: Path) -> str:
        http = http1.Http1(LINE)
        found = http.feed(Chunk(True, said, 1, 1.0))
        return f"{len(found)} {http.passed_over} passed over"

    return exceed


def early(_: Path) -> object:
    http = http1.Http1(LINE)
    http.feed(Chunk(False, b"HTTP/1.1 200 OK\r\n" + BIG, 1, 1.0))
    return f"{http.passed_over} passed over"


def many(_: Path) -> object:
    talk = Talk()
    for n in range(4):
        talk.ask(f"/{n}")
    return run2(talk.said)[0].broken


def named(size: int, table: int = 4096) -> Callable[[Path], object]:
    def exceed(_: Path) -> str:
        packer = Encoder()
        packer.header_table_size = table
        pairs = [(b":method", b"GET"), (b":scheme", b"https"), (b":path", b"/"), (b"x", b"y" * size)]
        block = packer.encode(pairs, huffman=False)
        frame = len(block).to_bytes(3) + b"\1\5" + (1).to_bytes(4) + block
        return run2([(True, http2.PREFACE + frame)])[0].broken

    return exceed


def said_in_a_socket(*texts: str) -> Callable[[Path], object]:
    def exceed(_: Path) -> str:
        client = Connection(ConnectionType.CLIENT, extensions(DEFLATE))
        one = socket(DEFLATE)
        heard(one, [(True, client.send(TextMessage(data=text))) for text in texts])
        return one.broken

    return exceed


def deep(_: Path) -> object:
    return f"{talked(CONNECT * 10)}"


def unsure(_: Path) -> object:
    return f"{recognise.http1(b'GET /' + b'x' * 9_000, b'')}"


def far(_: Path) -> object:
    return f"begins at {midst.begins(True, b'rest' + b'|x' * 100 + b'|NICK ada' + bytes((13, 10)))}"


LINE = Line("h.example", 80, "192.0.2.1", Road.CLEAR)


def late(_: Path) -> object:
    said = [(True, b"?")] * 20 + [(True, HELLO), (True, b"\x17\xfe\xfd" + SIP)]
    return f"{[type(event).__name__ for event in datagrams_heard(*said, keys=KEY)]}"


def endless(_: Path) -> object:
    told = datagrams_heard((True, b"x" * 600), (True, b"y" * 600), (True, b"z"), search=True)
    return f"{sum(len(event.body) for event in told if isinstance(event, Parcel))} searched"


PROXY = End(b"\1\1\1\1", 8_080)


def passed_on(count: int, lag: float = 0.0) -> Callable[[Path], object]:
    def exceed(_: Path) -> str:
        known, told = Legs(), []
        for entry, client, server, when in (
            (1, End(b"\2\2\2\2", 1), PROXY, 1.0),
            (2, End(PROXY.address, 1), End(b"\3\3\3\3", 1), 1.0 + lag),
        ):
            said = [
                Parcel(Ref("x", entry), Channel("h", 1, Road.CLEAR), True, b"%d " % n + BIG, "irc", when=when)
                for n in range(count)
            ]
            told += known.take(entry, client, server, list(said), over=False)
            told += known.take(entry, client, server, [], over=True)
        told += known.finish()
        return f"{sum(isinstance(event, Parcel) for event in told)} told"

    return exceed


def hosts(_: Path) -> object:
    channels: dict[Channel, None] = {}
    for n in range(2_000):
        line.remember(Channel(f"{n}.example"), channels)
    return f"{len(channels)} remembered"


PCAP = "sources/pcap/"
TALKING = [
    Budget(f"{PCAP}datagrams.py UNSURE", datagrams, r"\['Contact'\]", late),
    Budget(f"{PCAP}datagrams.py HELD", datagrams, "1200 searched", endless, low=1_000),
    Budget(f"{PCAP}assembly.py PATIENCE", assembly, "lost True", holes(10, 1, answers=70)),
    Budget(f"{PCAP}assembly.py WAITING", assembly, "lost True", holes(60_000, 80)),
    Budget(f"{PCAP}assembly.py PIECES", assembly, "lost True", holes(1, 200), low=100),
    Budget(f"{PCAP}legs.py HELD", legs, "4 told", passed_on(2), low=1_000),
    Budget(f"{PCAP}legs.py MOST", legs, "6 told", passed_on(3), low=2),
    Budget(f"{PCAP}legs.py LAG", legs, "2 told", passed_on(1, lag=100.0)),
    Budget(f"{PCAP}line.py CHANNELS", line, "1000 remembered", hosts),
    Budget(f"{PCAP}midst.py PLACES", midst, "begins at None", far),
    Budget(f"{PCAP}recognise.py SEARCHED", recognise, "False", unsure),
    Budget(f"{PCAP}speech.py DEPTH", speech, "channels inside each other", deep),
    Budget(f"{PCAP}replay/exchange.py LONGEST", exchange, "whole False", bodies, low=1_000),
    Budget(f"{PCAP}replay/exchange.py HINTS", exchange, "kept 20, whole False", hinted, low=20),
    Budget(
        f"{PCAP}replay/http1.py HEAD",
        http1,
        "0 5021 passed",
        asked(b"GET / HTTP/1.1\r\nCookie: " + BIG[:-3]),
        low=1_000,
    ),
    Budget(f"{PCAP}replay/http1.py EARLY", http1, "5017 passed", early, low=1_000),
    Budget(f"{PCAP}replay/http2.py OPEN", http2, "wait for an answer", many, low=3),
    Budget(f"{PCAP}replay/http2.py HEADERS", http2, "header", named(300_000), lifted=1 << 31),
    Budget(f"{PCAP}replay/http2.py TABLE", http2, "table", named(10, table=2_000_000)),
    Budget(
        f"{PCAP}replay/exchange.py LONGEST",
        websocket,
        "more was said in it",
        said_in_a_socket("a" * 900, "b" * 900),
        low=1_000,
    ),
    Budget("streams/zlib_stream.py FREE", websocket, "inflates to more", said_in_a_socket("a" * 30_000_000)),
    Budget("streams/zlib_stream.py RATIO", websocket, "inflates to more", said_in_a_socket("a" * 30_000_000)),
]
