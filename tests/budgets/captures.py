"""The budgets of sources."""

import base64
import json
import re
import threading
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

from auditor import sources
from auditor.model import Problem
from auditor.sources import cutter, heads, journal, keylogs, mitm, parcels, sniff, tnetstring
from auditor.sources import read as read_capture
from auditor.sources.heads import Place
from auditor.sources.pcap import devices
from auditor.sources.pcap.window import Window
from auditor.sources.pcap.wire import End
from auditor.sources.records import Closed, Opened, Said
from auditor.sources.tape import Tape
from tests.budgets.made import LIFTED, Budget, lists
from tests.sources.pcap.building import items

CAPTURE = Path(__file__).parents[2] / "captures" / "matrix-e2ee" / "alice.mitm"
PLACE = Place("made")


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


def large_key_log(folder: Path) -> object:
    (folder / "a.keys").write_text("CLIENT_RANDOM " + "ab" * 32 + " " + "cd" * 48)
    return len(keylogs.keys_of([folder / "a.keys"]))


def many_devices(_: Path) -> object:
    guess = devices.Devices()
    for number in range(5):
        guess.of(End(bytes([10, 0, 0, number])), End(bytes([8, 8, 8, 8])))
    return len(guess.talks())


def loud(folder: Path) -> object:
    """A listener gives as much of a packet as it is asked for."""

    class Ear:
        def recv_raw(self, most: int = 0) -> tuple[type | None, bytes | None, float | None]:
            over.set()
            return None, bytes(min(most, 100)), 1.0

        def close(self) -> None: ...

    over = threading.Event()
    (folder / "a.pcapng").unlink(missing_ok=True)
    sniff.record(Ear(), "lo", folder / "a.pcapng", threading.Event(), over, None)
    (window,) = [one for one in items((folder / "a.pcapng").read_bytes()) if isinstance(one, Window)]
    return f"heard {int(window.kept[0])}"


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
    Budget("sources/keylogs.py LARGEST", keylogs, "too large for a key log", large_key_log, low=10),
    Budget("sources/pcap/devices.py MOST", devices, "^2$", many_devices, low=2),
    Budget("sources/sniff.py LONGEST", sniff, "^heard 40$", loud, low=40),
    Budget("sources/parcels.py LONGEST", parcels, "is longer than", written("made.jsonl", PARCELS), low=100),
    Budget("sources/tnetstring.py DEPTH", tnetstring, "nested too deeply",
           lambda _: tnetstring.loads(netstring(lists(40)))),
    Budget("sources/tnetstring.py _DIGITS", tnetstring, "a length is missing",
           lambda _: tnetstring.loads(b"0" * 20 + b"5:hello,"), attribute="_LENGTH",
           lifted=re.compile(rb"([0-9]+):")),
]  # fmt: skip


def held_messages() -> str:
    reader = journal.Reader(PLACE)
    for _ in range(2):
        list(reader.take(Said("f", True, b"hello there")))
    return f"lost {reader._open['f'].lost}"


def netstring(tree: Any) -> bytes:
    inner = b"".join(map(netstring, tree))
    return b"%d:%b]" % (len(inner), inner)
