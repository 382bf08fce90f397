"""Bytes that no stream knows: one parcel for all that one side said, and planted texts in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.audit import audit
from auditor.judge import judge
from auditor.model import Answer, Channel, Road
from auditor.needles import Needles
from auditor.report import Capture
from auditor.rulebook.book import Rulebook
from auditor.sources.heads import Place
from auditor.sources.raw import MOST, parcels, runs
from auditor.sources.sockets import Frame

TEXT = "meet me at the blue door"


def frames(*pieces: tuple[bool, bytes]) -> list[Frame]:
    return [Frame(number, outgoing, data) for number, (outgoing, data) in enumerate(pieces)]


def test_a_run_of_one_side_is_one_parcel_under_its_first_number() -> None:
    said = frames((True, b"a"), (True, b"b"), (False, b"c"), (True, b""), (True, b"d"), (False, b""))
    assert [(f.number, f.outgoing, f.data) for f in runs(said)] == [
        (0, True, b"ab"),
        (2, False, b"c"),
        (3, True, b"d"),
    ]


def test_a_run_without_end_is_cut_into_parcels() -> None:
    half = bytes(MOST // 2)
    assert [len(f.data) for f in runs(frames(*[(True, half)] * 5))] == [MOST, MOST, MOST // 2]


@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=5))))
def test_nothing_is_lost_and_nothing_changes_sides(pieces: list[tuple[bool, bytes]]) -> None:
    found = list(runs(frames(*pieces)))
    for way in (True, False):
        assert b"".join(f.data for f in found if f.outgoing is way) == b"".join(
            data for outgoing, data in pieces if outgoing is way
        )


@pytest.mark.parametrize(
    "road, verdict", [(Road.CLEAR, Answer.CLEARTEXT), (Road.PROTECTED, Answer.TRANSPORT_ONLY)]
)
def test_a_planted_text_in_a_protocol_nobody_knows_is_found_across_two_pieces(
    road: Road, verdict: Answer
) -> None:
    data = b"\x07\x00" + TEXT.encode() + b"\x00"
    channel = Channel("own.example", 9000, road)
    events = parcels(frames((True, data[:9]), (True, data[9:])), 4, Place("x.mitm"), channel, "tcp")
    book = Rulebook({}, {}, {})
    report = audit(events, book, Capture("", "x.mitm", "dump", 0), Needles([TEXT]))
    (one,) = judge(report, book)
    assert (one.platform, one.verdict) == ("unknown:own.example", verdict)
