"""The budgets of sources."""

import base64
import json
import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

from auditor import sources
from auditor.model import Problem
from auditor.sources import cutter, heads, journal, mitm, parcels, tnetstring
from auditor.sources import read as read_capture
from auditor.sources.heads import Place
from auditor.sources.records import Closed, Opened, Said
from auditor.sources.tape import Tape
from tests.budgets.made import LIFTED, Budget, lists

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
