"""Connections that begin alike show the same, whoever they are between, and go on each by itself."""

from collections.abc import Iterable
from itertools import zip_longest

import numpy as np
import pytest

from auditor.model import Contact
from auditor.sources.pcap import crowd, views
from auditor.sources.pcap.lanes import lane
from auditor.sources.pcap.onlooker import Onlooker
from auditor.sources.pcap.wire import ACK, FIN, SYN
from tests.sources.pcap.building import SERVER, ethernet, ipv4, tcp, udp
from tests.sources.pcap.test_glance import contacts, told
from tests.sources.pcap.test_reader import ANSWER

HELLO, BANNER = b"SSH-2.0-one\r\n", b"SSH-2.0-other\r\n"
Says = tuple[bool, int, bytes, int]
FULL = [(True, 0, b"", SYN), (False, 0, b"", SYN | ACK), (True, 1, HELLO, ACK), (False, 1, BANNER, ACK)]
LATE = [(True, 1, b"GET / HTTP/1.1\r\n", ACK), (False, 1, bytes(2100), ACK), (True, 40, b"late", ACK)]


def between(phone: int, port: int, begins: tuple[int, int], says: Iterable[Says]) -> list[bytes]:
    """A connection from one of many phones; both ends count from where they like."""
    frames, mine = [], bytes([192, 168, 1, phone])
    for out, at, data, flags in says:
        ends = (port, 22) if out else (22, port)
        here, there = begins if out else begins[::-1]
        segment = tcp(*ends, (here + at) % 2**32, flags, data)
        segment = segment[:8] + ((there + 1) % 2**32).to_bytes(4) + segment[12:]
        frames.append(ethernet(ipv4(segment, 6, *((mine, SERVER) if out else (SERVER, mine)))))
    return frames


def many(says: list[Says], ends: int = 6) -> list[list[bytes]]:
    return [between(9 + n, 40_000 + n, (2**32 - 9 * n - 1, 77 * n), says) for n in range(ends)]


@pytest.mark.parametrize("says", [FULL, LATE, FULL + LATE[1:]])
@pytest.mark.parametrize("packets", [1, 4, 1000])
def test_those_that_begin_alike_show_what_each_would_show_alone(
    says: list[Says], packets: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    talks = many(says)
    frames = [frame for talk in talks for frame in talk]
    frames += between(99, 50_000, (5, 6), [*says[:-1], (True, 4000, b"something else", ACK)])
    alone = told(contacts(frames, by_packets=True))
    monkeypatch.setattr("auditor.sources.pcap.window.MOST", packets)
    assert told(contacts(frames, by_packets=False)) == alone


@pytest.mark.parametrize("name", ["ALIKE", "HELD", "LOOKERS"])
@pytest.mark.parametrize("packets", [2, 5])
def test_what_is_forgotten_in_between_changes_nothing(
    name: str, packets: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of connections that nobody saw open, too, and of those that pause."""
    late = [(True, 1, HELLO, ACK), (False, 1, BANNER, ACK), (True, 15, b"key", ACK), (False, 17, b"key", ACK)]
    talks = [*many(late), *many(FULL, 2), *many(LATE, 3)]
    frames = [frame for step in zip_longest(*talks) for frame in step if frame]
    wanted = told(contacts(frames, by_packets=True))
    monkeypatch.setattr(views, name, 0 if name != "LOOKERS" else 30)
    monkeypatch.setattr("auditor.sources.pcap.window.MOST", packets)
    assert told(contacts(frames, by_packets=False)) == wanted


def test_one_that_began_like_others_goes_on_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """All begin in one window; then one says what nobody else says."""
    talks = many(LATE[:1] + [(False, 1, b"x", ACK)] * 3, ends=3)
    more = between(10, 40_001, (2**32 - 10, 77), [(False, 2, b"SSH-2.0-late\r\n", ACK)])
    frames = [frame for talk in talks for frame in talk] + more
    monkeypatch.setattr("auditor.sources.pcap.window.MOST", len(frames) - 1)
    found = contacts(frames, by_packets=False)
    assert told(found) == told(contacts(frames, by_packets=True))
    assert [1 + len(one.also) for one in found] == [2, 1]


def test_what_begins_alike_is_looked_at_once_in_every_lane(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = []

    def begin(*said: object) -> Onlooker:
        looked.append(said)
        return Onlooker(*said)  # type: ignore[arg-type]

    monkeypatch.setattr(crowd, "Onlooker", begin)
    (one,) = contacts([frame for talk in many(FULL) for frame in talk], by_packets=False)
    used = np.unique(lane(np.arange(40_000, 40_006), np.full(6, 22)))
    assert (len(looked), 1 + len(one.also), one.transport) == (len(used), 6, "ssh")


def test_contacts_that_look_alike_are_told_as_one_with_the_sums_of_all() -> None:
    talks = many([*FULL, (True, 14, b"", FIN | ACK)])
    (one,) = contacts([frame for talk in talks for frame in talk], by_packets=False)
    assert (one.ref.entry, one.also) == (1, (6, 11, 16, 21, 26))
    assert one.sent == 6 * (one.sent // 6) > 6 * len(HELLO)


def test_a_name_that_was_told_between_is_the_name_of_what_follows() -> None:
    asked = ethernet(ipv4(udp(53, 40_000, ANSWER), 17, bytes([9, 9, 9, 9]), bytes([192, 168, 1, 9])))
    found = contacts([asked, *between(9, 40_000, (5, 6), FULL)], by_packets=False)
    assert [one.channel.host for one in found if isinstance(one, Contact)][1:] == ["chat.example"]
