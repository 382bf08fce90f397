"""The budgets of captures of packets."""

import gzip
from collections.abc import Callable
from functools import cache
from io import BytesIO
from pathlib import Path

from auditor.model import Problem
from auditor.sources import read
from auditor.sources.heads import Place
from auditor.sources.pcap import (
    classic,
    flows,
    fragments,
    keys,
    notes,
    packed,
    packets,
    pcapng,
    reader,
    table,
    views,
    window,
)
from auditor.sources.pcap.flow import Flow
from auditor.sources.pcap.fragments import Fragments
from auditor.sources.pcap.known import Known
from auditor.sources.pcap.links import Unread
from auditor.sources.pcap.onlooker import Onlooker
from auditor.sources.pcap.table import Batch, Table
from auditor.sources.pcap.window import Comment, Window
from auditor.sources.pcap.wire import End
from auditor.sources.tape import Tape
from tests.budgets.made import Budget
from tests.sources.pcap.building import (
    PHONE,
    SERVER,
    block,
    ethernet,
    interface,
    ipv4,
    items,
    option,
    packet,
    pcap,
    said,
    section,
    tcp,
    troubles,
)  # fmt: skip
from tests.sources.pcap.connections import Wire
from tests.sources.pcap.test_reader import frame

ZEROS = gzip.compress(pcap([bytes(1 << 20)] * 5))
SMALL = gzip.compress(pcap([said(b"x")]))
INSIDE = ipv4(tcp(1, 2, 3, 24, b"x"))


def key_log(lines: int) -> bytes:
    return b"".join(b"CLIENT_RANDOM %064x %096x\n" % (number, 1) for number in range(lines))


def saying(data: bytes) -> Callable[[Path], object]:
    return lambda _: " ".join(troubles(data))


def many_interfaces(_: Path) -> object:
    file = section() + interface() * 4 + packet(b"x", face=3)
    return [w.links.tolist() for w in items(file) if isinstance(w, Window)]


def many_comments(_: Path) -> object:
    file = section(options=option(1, b"hello") * 5)
    return f"kept {sum(isinstance(item, Comment) for item in items(file))}"


def many_options(_: Path) -> object:
    return f"seen {len(list(notes.options(option(1, b'x') * 1_200, '<')))}"


def far_clock(_: Path) -> object:
    return notes.interface(bytes(8) + option(14, (1 << 38).to_bytes(8, "little")), "<").offset


def waiting(count: int, size: int) -> Callable[[Path], object]:
    def exceed(_: Path) -> str:
        held = Fragments()
        for name in range(count):
            held.add(name, 0, bytes(size), True)
        return f"lost {held.lost}"

    return exceed


def crumbs(_: Path) -> object:
    held = Fragments()
    try:
        for at in range(600):
            held.add("packet", 8 * at, bytes(8), True)
    except Unread as why:
        return str(why)
    return "waiting"


def tunnels_in_tunnels(_: Path) -> object:
    data = INSIDE
    for _level in range(30):
        data = ipv4(data, 4)
    row = packets.Packets().read(1, ethernet(data), len(data) + 14)
    return f"protocol {row.protocol}"


def reasons(_: Path) -> object:
    reader = packets.Packets()
    for broken in (bytes(5), ethernet(b"\x44" + INSIDE[1:])):
        reader.read(1, broken, 60)
    return dict(reader.reasons)


def many_tunnels(_: Path) -> object:
    capture = pcap([ethernet(ipv4(INSIDE, 4, bytes([10, 0, 0, n]))) for n in range(1, 6)])
    found = Table(Tape(BytesIO(capture)))
    names = {told.tunnel for batch in found if isinstance(batch, Batch) for _, told in batch.packets()}
    return f"tunnels {len(names)}"


@cache
def seventy_thousand() -> bytes:
    return pcap([said(b"x", n % 50_000, 1 + n // 50_000) for n in range(70_000)])


def many_flows(_: Path) -> object:
    capture = Table(Tape(BytesIO(seventy_thousand())))
    over = sum(len(item.over) for item in capture if isinstance(item, Batch))
    return f"given up {over > 0}"


def many_connections(folder: Path) -> object:
    """The first of five is silent while the others talk; then it goes on."""
    talks = [Wire(End(PHONE, 40_000 + n), End(SERVER, 6667)).open() for n in range(5)]
    for wire in talks:
        wire.tell([(True, b"NICK ada\r\n")])
    heard = [wire.packets[:] for wire in talks]
    heard.append(talks[0].tell([(True, b"USER ada 0 * :Ada\r\n")]).packets[len(heard[0]) :])
    (folder / "x.pcap").write_bytes(pcap([frame(one) for some in heard for one in some]))
    return [e.message for e in read(folder / "x.pcap") if isinstance(e, Problem)]


def many_views(_: Path) -> object:
    """Of five connections that said something else each: how many are looked at, how many known."""
    kept, began = views.Views(), bytes(60)
    for number in range(5):
        flow = Flow(Place(), number, End(PHONE, 40_000 + number), End(SERVER, 6667), 17)
        looker = Onlooker(flow, Known(keys.Keys()))
        looker.hear([(True, began)])
        kept.add(views.View(looker))
    looked = sum(kept[number].looker is not None for number in range(1, 6))
    for number in range(1, 6):
        kept.settle(number)
    starts = sum(bool(kept.settle(number).start) for number in range(1, 6))
    return f"looked at {looked}, known {starts}"


WALKING = [
    Budget("sources/pcap/reader.py MOST", reader, "was silent for longest", many_connections, low=2),
    Budget("sources/pcap/keys.py MOST", keys, "^3$", lambda _: len(keys.Keys([key_log(5)])), low=3),
    Budget("sources/pcap/window.py LARGEST", classic, "cannot be", saying(pcap([bytes(2 << 20)]))),
    Budget("sources/pcap/window.py SIZE", window, "passed over|bytes; ",
           saying(section() + block(77, bytes(200_000))), low=1 << 16, lifted=1 << 22),
    Budget("sources/pcap/pcapng.py INTERFACES", pcapng, "-1", many_interfaces, low=2),
    Budget("sources/pcap/pcapng.py REMARKS", pcapng, "^kept 2$", many_comments, low=2),
    Budget("sources/pcap/notes.py OPTIONS", notes, "^seen 1000$", many_options, lifted=1 << 20),
    Budget("sources/pcap/notes.py _OFFSETS", notes, f"^{1 << 33}$", far_clock),
    Budget("sources/pcap/packed.py MOST", packed, "would come out", saying(SMALL), low=50),
    Budget("sources/pcap/packed.py RATIO", packed, "would come out", saying(ZEROS)),
    Budget("sources/pcap/packed.py FREE", packed, "would come out", saying(ZEROS)),
    Budget("sources/pcap/fragments.py WAITING", fragments, "^lost 3$", waiting(1_027, 8)),
    Budget("sources/pcap/fragments.py HELD", fragments, "^lost [1-9]", waiting(300, 60_000)),
    Budget("sources/pcap/fragments.py PIECES", fragments, "too many fragments", crumbs),
    Budget("sources/pcap/packets.py DEPTH", packets, "^protocol 4$", tunnels_in_tunnels, lifted=100),
    Budget("sources/pcap/packets.py REASONS", packets, "others", reasons, low=1),
    Budget("sources/pcap/ends.py TUNNELS", table, "^tunnels 2$", many_tunnels, low=3),
    Budget("sources/pcap/views.py LOOKERS", views, "looked at 2", many_views, low=2),
    Budget("sources/pcap/views.py STARTS", views, "known 2", many_views, low=150),
    Budget("sources/pcap/flows.py LIVE", flows, "given up True", many_flows, low=1_000),
]  # fmt: skip
