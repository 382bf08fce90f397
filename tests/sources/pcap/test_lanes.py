"""Several who look at one capture say together what one says alone."""

from io import BytesIO
from pathlib import Path
from random import Random

import numpy as np
import pytest

from auditor.audit import Audit
from auditor.cli.shares import Done, together
from auditor.report import Capture, Report
from auditor.shelf import load_outside
from auditor.sources import Source, read
from auditor.sources.heads import Place, Share
from auditor.sources.pcap import columns, flows, views
from auditor.sources.pcap.frames import frames
from auditor.sources.pcap.lanes import LANES, lane, naming, own, sifted
from auditor.sources.pcap.nested import Tunnels
from auditor.sources.pcap.window import Window
from auditor.sources.pcap.wire import ACK
from auditor.sources.tape import Tape
from tests.sources.pcap.building import PHONE, SERVER, ethernet, ipv4, pcap, udp
from tests.sources.pcap.corpus import CAPTURES, CORPUS
from tests.sources.pcap.test_crowd import FULL, LATE, between, many
from tests.sources.pcap.test_glance import TALKS, said
from tests.sources.pcap.test_reader import ANSWER

RULES = load_outside()
OUTSIDE = Place(outside=True)
NAMED = ethernet(ipv4(udp(53, 50_000, ANSWER), 17, SERVER, PHONE))
SILENT = [ethernet(ipv4(bytes(8), number, PHONE, SERVER)) for number in (1, 47, 50, 132)]


def done(source: Source) -> Done:
    audit = Audit(RULES)
    for event in source:
        audit.feed(event)
    capture = Capture(source.sha256, source.name, source.kind, source.size, source.unread)
    return Done(audit.report(capture), source.phones)


def report(source: Source) -> Report:
    return together(done(source), ())


def shares(path: Path, of: int, said_of_it: Place = OUTSIDE) -> list[Done]:
    source = read(path, said=said_of_it)
    assert source.shared
    return [done(source.part(number, of)) for number in range(of)]


def assert_same(path: Path, devices: tuple[str, ...] = ()) -> None:
    place = Place(outside=True, devices=devices)
    alone = report(read(path, said=place))
    for of in (2, 3):
        first, *rest = shares(path, of, place)
        assert together(first, rest) == alone, of


def day(seed: int) -> list[bytes]:
    """Connections of all kinds at the same time, in which packets are lost."""
    chance = Random(seed)
    talks = [*TALKS.values(), *many(FULL), *many(LATE), SILENT, [NAMED], [said(3), said(4), NAMED]]
    talks += [between(60 + n, 30_000 + n, (n, n), [(True, 1, b"hello %d" % n, ACK)]) for n in range(40)]
    waiting = [list(talk) for talk in talks]
    found = []
    while waiting:
        one = chance.choice(waiting)
        if chance.random() < 0.95:
            found.append(one.pop(0))
        else:
            one.pop(0)
        waiting = [talk for talk in waiting if talk]
    return found


def written(folder: Path, packets: list[bytes], cut: int = 0) -> Path:
    path = folder / "day.pcap"
    data = pcap(packets)
    path.write_bytes(data[: len(data) - cut])
    return path


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("packets", [1000, 20])
def test_shares_add_up_to_what_one_process_says(
    seed: int, packets: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auditor.sources.pcap.window.MOST", packets)
    path = written(tmp_path, day(seed), cut=5 * (seed % 2))
    assert_same(path)
    assert_same(path, ("192.168.1.9", "192.168.1.11"))


@pytest.mark.parametrize(
    ("room", "name", "low"),
    [
        (views, "LOOKERS", 2),
        (views, "STARTS", 40),
        (views, "ALIKE", 1),
        (views, "HELD", 50),
        (flows, "LIVE", 24),
    ],
)
def test_what_is_too_much_is_the_same_whoever_looks(
    room: object, name: str, low: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, [frame for seed in range(2) for frame in day(seed)])
    free = report(read(path, said=OUTSIDE))
    monkeypatch.setattr("auditor.sources.pcap.window.MOST", 25)
    monkeypatch.setattr(room, name, low)
    assert_same(path)
    if name in ("LOOKERS", "STARTS", "LIVE"):
        assert report(read(path, said=OUTSIDE)) != free


def test_each_looks_at_a_part_and_only_the_first_speaks_of_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, day(1), cut=5)
    alone, parts = report(read(path, said=OUTSIDE)).whole(), shares(path, 3)
    counts = [sum(one.count for _, one in part.report.whole().contacts) for part in parts]
    assert all(counts)
    assert sum(counts) == sum(one.count for _, one in alone.contacts)
    assert [bool(part.report.whole().troubles) for part in parts] == [True, False, False]
    assert [part.report.slices[0].capture.unread > 0 for part in parts] == [True, False, False]


def test_both_ends_are_in_one_lane_and_lanes_are_used_alike() -> None:
    ports = np.arange(1024, 65536)
    found = lane(ports, np.full_like(ports, 443))
    assert (found == lane(np.full_like(ports, 443), ports)).all()
    shares_of_all = np.bincount(found, minlength=LANES) / len(ports)
    assert (abs(shares_of_all * LANES - 1) < 0.05).all()


@pytest.mark.parametrize("seed", range(4))
def test_what_is_passed_over_would_have_been_read_as_somebody_elses(seed: int) -> None:
    """Whatever is damaged in it: what could be read in another way, or not at all, is looked at closely."""
    chance, packets = Random(seed), [bytearray(frame) for frame in day(seed)]
    for one in packets:
        one[chance.randrange(12, min(len(one), 60))] ^= chance.choice((0, 0, 1, 0x80, 0xFF))
    cut = [bytes(one[: chance.choice((len(one), len(one), 33, 41, 53))]) for one in packets]
    passed = 0
    for window in frames(Tape(BytesIO(pcap(cut)))):
        assert isinstance(window, Window)
        rows, left = columns.read(window, Tunnels(9), together=False)
        for number in range(3):
            kept = sifted(window, Share(number, 3))
            assert kept is not None
            gone = np.setdiff1d(np.arange(len(window)), kept)
            passed += len(gone)
            assert not np.isin(gone, left).any()
            assert not np.isin(gone, naming(rows)).any()
            theirs = rows.take(gone)
            assert (theirs.family == 4).all()
            assert len(own(theirs, Share(number, 3))) == 0
    assert passed > len(packets) // 2


def test_messages_are_not_divided(tmp_path: Path) -> None:
    """What is read of one connection may rest on another; and what a MAC address sends from, on all."""
    path = written(tmp_path, day(1))
    assert not read(path).shared
    assert not read(path, said=Place(outside=True, devices=("3c:22:fb:01:02:03",))).shared
    assert read(path, said=Place(outside=True, devices=("192.168.1.9",))).shared


@pytest.mark.corpus
@pytest.mark.slow
def test_shares_of_all_captures_of_the_corpus_add_up() -> None:
    if not CAPTURES:
        pytest.skip("the shared corpus is absent")
    for entry in CAPTURES:
        assert_same(CORPUS / entry["path"])
