"""Nothing of a file is lost: a packet is in a conversation, or is none, or is counted as not read."""

from io import BytesIO

import pytest

from auditor.errors import CaptureError
from auditor.sources.pcap.sums import Flows
from auditor.sources.pcap.table import Batch, Table
from auditor.sources.tape import Tape
from tests.corpus.audits import CAPTURES, CORPUS, audited

pytestmark = [pytest.mark.corpus, pytest.mark.skipif(not CAPTURES, reason=f"no shared corpus at {CORPUS}")]
SOME = CAPTURES[::20]


def tabled(path: str) -> tuple[Table, int, int]:
    """The table of a file, how many packets the file has, and how many of them are in conversations."""
    tape = Tape(BytesIO((CORPUS / path).read_bytes()))
    table, inside = Table(tape), 0
    for item in table:
        if isinstance(item, Batch):
            inside += packets(item.over)
    inside += packets(table.finish())
    return table, tape.entries, inside


def packets(flows: Flows) -> int:
    return int(flows.one_packets.sum() + flows.two_packets.sum())


def checked(path: str) -> int:
    """How many packets could not be read: all others are accounted for, and the report says those."""
    try:
        table, entries, inside = tabled(path)
    except CaptureError:
        return 0
    assert inside + table.others == entries
    report = audited.__wrapped__(path)
    assert report.entries == entries
    said = [one.message for one in report.problems if one.kind == "not read"]
    for reason, count in table.reasons.items():
        assert any(reason in one and (one.startswith(f"{count} ") or count == 1) for one in said), reason
    return sum(table.reasons.values())


@pytest.mark.parametrize("path", SOME)
def test_every_packet_is_accounted_for(path: str) -> None:
    checked(path)


@pytest.mark.slow
def test_every_packet_of_every_capture_is_accounted_for() -> None:
    unread = {path: count for path in CAPTURES if (count := checked(path))}
    print("", *(f"{path}: {count} packets not read" for path, count in unread.items()), sep="\n")
    assert unread
