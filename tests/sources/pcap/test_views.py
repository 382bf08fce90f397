"""Views are kept as long as a connection rests on them or others may be known by them, and no longer."""

import numpy as np
import pytest

from auditor.sources.heads import Place
from auditor.sources.pcap import views
from auditor.sources.pcap.flow import Flow
from auditor.sources.pcap.glance import Script
from auditor.sources.pcap.keys import Keys
from auditor.sources.pcap.known import Known
from auditor.sources.pcap.onlooker import Onlooker
from auditor.sources.pcap.views import View, Views
from auditor.sources.pcap.wire import UDP, End


def view(digest: bytes = b"", said: bytes = b"hello") -> View:
    looker = Onlooker(Flow(Place(), 1, End(b"abcd", 1), End(b"efgh", 2), UDP), Known(Keys()))
    looker.hear([(True, said)])
    found = View(looker, digest)
    found.script = Script(bytes(4), bytes(24), said)
    return found


def test_one_that_nobody_is_known_by_goes_with_its_last_connection() -> None:
    kept = Views()
    number = kept.add(view())
    kept[number].uses += 1
    kept.release(np.array([0, number]))
    assert len(kept) == 1
    kept.release(np.array([number, 0]))
    assert len(kept) == 0


def test_one_that_others_are_known_by_stays_without_any() -> None:
    kept = Views()
    number = kept.add(view(b"so"))
    kept.release(np.array([number]))
    assert (kept.known(b"so"), kept.known(b"not so"), len(kept)) == (number, 0, 1)
    kept.forget(number)
    assert (kept.known(b"so"), len(kept)) == (0, 0)


@pytest.mark.parametrize(("name", "most"), [("ALIKE", 2), ("HELD", 60)])
def test_the_oldest_beginnings_are_forgotten_first(
    name: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, name, most)
    kept = Views()
    numbers = [kept.add(view(bytes([n]))) for n in range(4)]
    assert [kept.known(bytes([n])) for n in range(4)] == [0, 0, *numbers[2:]]
    assert len(kept) == 4, "connections rest on them"


def test_who_was_silent_for_longest_is_looked_at_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "LOOKERS", 2)
    kept = Views()
    first, second = kept.add(view()), kept.add(view())
    kept[first].script = kept[second].script = None
    kept.alone(first)
    kept.add(view())
    assert (kept[first].over, kept[second].over) == (False, True)
    assert kept.settle(second).start == ((True, b"hello"),)


def test_how_the_oldest_began_is_dropped_where_all_is_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "STARTS", 25)
    kept = Views()
    numbers = [kept.add(view(said=bytes(10))) for _ in range(3)]
    for number in numbers:
        kept.settle(number)
    assert [bool(kept.settle(number).start) for number in numbers] == [False, True, True]
