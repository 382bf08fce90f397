"""How fast a capture of packets is walked, beside the tools that people use for it.

    python -m tests.bench.packets [MEGABYTES [NAME ...]]
    python -m tests.bench.packets 4000 contacts     # what a second process gains

A capture of about 700 MB is made of the shared corpus' files of Ethernet, repeated with other addresses
each time, and removed afterwards; without the corpus there is nothing to measure. All tools read the same
file in turns in one run; tshark, Scapy and dpkt read the beginning of it, and their times are scaled.
Prints ratios of medians and what each took of memory; with NAMEs, only of those that are called so. Times
depend on the machine and are never asserted. What is said is the same in every repetition, so `contacts`,
which knows beginnings again, gains more than it would from a day of real traffic.
"""

import importlib.util
import json
import shutil
import statistics
import struct
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from auditor.sources.pcap.columns import ETHERNET
from auditor.sources.pcap.frames import frames
from auditor.sources.pcap.window import Window
from auditor.sources.tape import Tape
from tests.bench.analyze import Run, program

CORPUS = Path(__file__).parents[3] / "shared/corpus"
MEGABYTES, TURNS, PART = 700, 3, 12
HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)
ADDRESSES = {0x0800: (13, 17), 0x86DD: (11, 27)}  # a byte of each address that tells repetitions apart

WALK = """
import sys
from pathlib import Path
from auditor.sources.pcap.table import Batch, Table
from auditor.sources.pcap.flows import SHUT
from auditor.sources.tape import Tape
table = Table(Tape(open(sys.argv[1], "rb"), hashed=False), together=False)
flows = said = 0
for item in table:
    if isinstance(item, Batch):
        firsts = item.firsts()
        said += len(item.heads(firsts, 64))
        item.mark(item.part.slot[firsts], SHUT)
        flows += len(item.over)
print(flows + len(table.finish()), said)
"""
NEEDLES = """
import sys
from auditor.needles import Needles
needles = Needles(f"canary number {n:02} of the quiet harbour {n * 7919:x}" for n in range(20))
with open(sys.argv[1], "rb") as file:
    while data := file.read(8 << 20):
        needles.within(data)
"""
SCAPY = """
import sys
from scapy.all import PcapReader
for packet in PcapReader(sys.argv[1]): pass
"""
DPKT = """
import dpkt, sys
for when, data in dpkt.pcap.Reader(open(sys.argv[1], "rb")):
    try: dpkt.ethernet.Ethernet(data)
    except dpkt.UnpackError: pass
"""


def packets() -> Iterator[tuple[int, bytes]]:
    """Every packet of Ethernet in the corpus, with its time in microseconds."""
    for entry in json.loads((CORPUS / "catalogue.json").read_text()):
        if entry["kind"] != "capture" or entry.get("linktype") != ["EN10MB"]:
            continue
        with (CORPUS / entry["path"]).open("rb") as file:
            for item in frames(Tape(file, hashed=False)):
                if isinstance(item, Window) and (item.links == ETHERNET).all():
                    for index, when in enumerate(item.when.tolist()):
                        yield when // 1000, item.packet(index)


def once() -> tuple[bytearray, list[int]]:
    """The records of all packets, and where the bytes stand that change from one time to the next."""
    records, places = bytearray(), list[int]()
    for when, data in packets():
        begin = len(records) + 16
        records += struct.pack(
            "<IIII", when // 1_000_000 & 0xFFFFFFFF, when % 1_000_000, len(data), len(data)
        )
        records += data
        at, kind = 14, int.from_bytes(data[12:14])
        while kind in (0x8100, 0x88A8):
            at, kind = at + 4, int.from_bytes(data[at + 2 : at + 4])
        places += [begin + at + place for place in ADDRESSES.get(kind, ()) if at + place < len(data)]
    return records, places


def make(path: Path, megabytes: int) -> None:
    records, places = once()
    data, changing = np.frombuffer(records, np.uint8).copy(), np.array(places)
    with path.open("wb") as file:
        file.write(HEADER)
        for number in range(max(1, round(megabytes * 1_000_000 / len(data)))):
            data[changing] ^= np.uint8(number ^ (number - 1) if number else 0)
            file.write(data.data)


def beginning(path: Path, part: Path) -> float:
    """A part of the capture, and how many times larger the whole is."""
    size = path.stat().st_size // PART
    at = len(HEADER)
    with path.open("rb") as file:
        data = file.read(size)
    while at + 16 <= size:
        following = at + 16 + int.from_bytes(data[at + 8 : at + 12], "little")
        if following > size:
            break
        at = following
    part.write_bytes(data[:at])
    return path.stat().st_size / at


def commands(path: Path, part: Path, scale: float) -> dict[str, tuple[list[str], float]]:
    """What is measured, and by how much its time is scaled."""
    found: dict[str, tuple[list[str], float]] = {"the table": ([sys.executable, "-c", WALK, str(path)], 1)}
    for jobs in (1, 2):
        contacts = [sys.executable, "-m", "auditor", "contacts", "--jobs", str(jobs), str(path)]
        found[f"contacts, {jobs} job{'s' * (jobs > 1)}"] = (contacts, 1)
    found["20 canaries"] = ([sys.executable, "-c", NEEDLES, str(path)], 1)
    if tool := shutil.which("ndpiReader"):
        found["ndpiReader -q"] = ([tool, "-q", "-i", str(path)], 1)
    if tool := shutil.which("tshark"):
        fields = ["-T", "fields", "-e", "tls.handshake.extensions_server_name"]
        found["tshark"] = ([tool, "-n", "-r", str(part), *fields], scale)
    for name, code in (("scapy", SCAPY), ("dpkt", DPKT)):
        if importlib.util.find_spec(name):
            found[name] = ([sys.executable, "-c", code, str(part)], scale)
    return found


def main(megabytes: int, names: list[str]) -> None:
    if not CORPUS.is_dir():
        print("without the shared corpus there is nothing to measure")
        return
    with tempfile.TemporaryDirectory() as folder:
        path, part = Path(folder) / "day.pcap", Path(folder) / "part.pcap"
        make(path, megabytes)
        every = commands(path, part, beginning(path, part))
        asked = {name: every[name] for name in every if not names or any(map(name.__contains__, names))}
        runs: dict[str, list[Run]] = {name: [] for name in asked}
        for turn in range(TURNS):
            for name, (command, scale) in asked.items():
                if turn == 0 or scale == 1:  # the slow ones only once
                    runs[name].append(program(command))
        first = next(iter(asked))
        ours = statistics.median(run.seconds for run in runs[first])
        print(f"{path.stat().st_size / 1e6:.0f} MB; times as a multiple of {ours:.2f} s, of {first}")
        for name, (_, scale) in asked.items():
            seconds = statistics.median(run.seconds for run in runs[name]) * scale
            busy = statistics.median(run.busy for run in runs[name]) * scale
            memory = max(run.memory for run in runs[name])
            scaled = f"  (a part, scaled {scale:.0f} times)" if scale > 1 else ""
            print(f"{name:16} {seconds / ours:7.1f} x  {busy:7.2f} s busy  {memory:5} MB{scaled}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else MEGABYTES, sys.argv[2:])
