"""Damaged captures of packets, through the whole audit: cut, flipped, doubled, dropped and put in disorder.

What is damaged is the packets themselves, so that the file can still be read to its end; and the file.
"""

import random
import time
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.audit import Audit
from auditor.errors import CaptureError
from auditor.judge import judge
from auditor.model import MESSAGES, Answer
from auditor.needles import Needles
from auditor.report import Capture
from auditor.sources import read
from auditor.sources.heads import Place
from auditor.sources.keylogs import keys_of
from auditor.sources.pcap.frames import frames
from auditor.sources.pcap.keys import Keys
from auditor.sources.pcap.window import Window
from auditor.sources.tape import Tape
from tests.corpus.audits import CAPTURES, CATALOGUE, CORPUS, book
from tests.sources.pcap.building import pcap

SECONDS = 20  # for one file on a slow machine; most take a tenth of one
MOST_PACKETS = 1_500
FOREIGN = ("citizenlab-wechat/",)  # their logs are of other keys than those of TLS
SMALL = [path for path in CAPTURES if (CATALOGUE[path]["packets"] or 0) <= MOST_PACKETS]
pytestmark = [pytest.mark.corpus, pytest.mark.skipif(not SMALL, reason=f"no shared corpus at {CORPUS}")]


def packets(path: str) -> tuple[int, list[bytes]]:
    """The packets of a capture and the link type of most of them; none of what is no capture."""
    found: list[bytes] = []
    links: list[int] = []
    try:
        for item in frames(Tape(BytesIO((CORPUS / path).read_bytes()))):
            if isinstance(item, Window) and len(found) < MOST_PACKETS:
                found += [item.packet(at) for at in range(len(item))]
                links += item.links.tolist()
    except CaptureError:
        pass
    return max(set(links), key=links.count, default=1), found[:MOST_PACKETS]


def damaged(them: list[bytes], chance: random.Random) -> list[bytes]:
    """The same packets after an accident."""
    them = list(them)
    for _ in range(chance.randint(1, 8)):
        if not them:
            break
        at = chance.randrange(len(them))
        match chance.choice(("cut", "flip", "double", "drop", "swap", "shuffle")):
            case "cut":
                them[at] = them[at][: chance.randrange(len(them[at]) + 1)]
            case "flip" if them[at]:
                one = bytearray(them[at])
                for _ in range(chance.randint(1, 20)):
                    one[chance.randrange(len(one))] = chance.randrange(256)
                them[at] = bytes(one)
            case "double":
                them.insert(chance.randrange(len(them)), them[at])
            case "drop":
                del them[at : at + chance.randint(1, 5)]
            case "swap":
                other = chance.randrange(len(them))
                them[at], them[other] = them[other], them[at]
            case "shuffle":
                part = them[at : at + 30]
                chance.shuffle(part)
                them[at : at + 30] = part
    return them


def survives(path: Path, keys: Keys) -> None:
    """An audit comes to its end, soon, and proves no secrecy."""
    began = time.process_time()
    try:
        source = read(path, said=Place(keys=keys, search=True))
        audit = Audit(book(), Needles(["meet me at the blue door"]))
        for event in source:
            audit.feed(event)
    except CaptureError as refused:
        assert "\n" not in str(refused)
        return
    audit.finish()
    report = audit.report(Capture(source.sha256, source.name, source.kind, source.size, source.unread))
    for verdict in judge(report, book()):
        assert verdict.verdict is not Answer.END_TO_END or verdict.surface not in MESSAGES
    assert time.process_time() - began < SECONDS


def keys_beside(path: str) -> Keys:
    log = CATALOGUE[path].get("keys", "").removeprefix("files/")
    return keys_of([CORPUS / log] if log and not path.startswith(FOREIGN) else [])


def tried(path: str, seed: int, folder: Path) -> None:
    chance = random.Random(f"{path} {seed}")
    link, them = packets(path)
    file = folder / "damaged.pcap"
    if seed % 3:
        file.write_bytes(pcap(damaged(them, chance), link=link))
    else:
        whole = bytearray((CORPUS / path).read_bytes())
        for _ in range(chance.randint(1, 30)):
            whole[chance.randrange(len(whole))] = chance.randrange(256)
        file.write_bytes(whole[: chance.randrange(len(whole) + 1)] if chance.random() < 0.5 else whole)
    survives(file, keys_beside(path))


@pytest.mark.parametrize("path", SMALL[::40])
def test_an_accident_never_stops_an_audit(path: str, tmp_path: Path) -> None:
    for seed in range(2):
        tried(path, seed, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_accidents_of_every_capture_never_stop_an_audit(seed: int, tmp_path: Path) -> None:
    for path in SMALL:
        tried(path, seed, tmp_path)


@pytest.mark.slow
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(path=st.sampled_from(SMALL or [""]), seed=st.integers(6, 2**32))
def test_no_accident_stops_an_audit(path: str, seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    tried(path, seed, tmp_path_factory.mktemp("accident"))
