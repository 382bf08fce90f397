"""Who was talked to, one line a far end, for people and for other programs that read lines.

Laws: every far end has its line, however many there are; columns are parted by two spaces or
more; what a capture says is shown without control codes; in a terminal what has no room in its
line stands under it.
"""

import shutil
from collections.abc import Iterator
from textwrap import wrap
from typing import TextIO

from auditor import words
from auditor.judge import Verdict
from auditor.peers import Contacts, Peer
from auditor.report import Report
from auditor.reporters import Options, phrases
from auditor.text import printable

name = "contacts"

HEADS = ("platform", "far end", "carried by", "times", "sent", "received", "what shows")
WIDEST = 60  # columns of a name before it pushes the others aside
LEAST, OTHERS = 20, 52  # columns that it gets in any terminal; those that the others take
_RIGHT = (3, 4, 5)


def render(report: Report, verdicts: list[Verdict], stream: TextIO, options: Options) -> None:
    whole = report.whole()
    room = shutil.get_terminal_size().columns if stream.isatty() else 0
    widest = max(LEAST, min(WIDEST, room - OTHERS)) if room else WIDEST
    widths = [len(head) for head in HEADS[:-1]]
    for contact in whole.contacts:  # said twice, so that a long list is never held
        widths = [
            max(width, min(widest, len(cell))) for width, cell in zip(widths, _cells(*contact), strict=False)
        ]
    if whole.contacts:
        _show(stream, HEADS, widths, room)
    for peer, sums in whole.contacts.ranked(lambda peer, sums: (peer.platform or "~", -sums.count)):
        _show(stream, (*_cells(peer, sums), words.facts(sums.facts)), widths, room)
    if not whole.contacts:
        _write(stream, "Nobody was talked to, as far as this shows." if report else phrases.NOTHING_READ)
    for trouble, found in whole.troubles:
        where = phrases.first(found.refs, found.count)
        _write(stream, f"! {trouble.kind}: {trouble.message} ({where})")


def _cells(peer: Peer, sums: Contacts) -> tuple[str, ...]:
    """All but the last, which is as wide as it likes."""
    return (
        peer.platform or "-", printable(phrases.far_end(peer)), printable(peer.transport), f"{sums.count:,}",
        phrases.size(sums.sent), phrases.size(sums.received),
    )  # fmt: skip


def _show(stream: TextIO, row: tuple[str, ...], widths: list[int], room: int) -> None:
    for line in _laid(row, widths, room):
        _write(stream, line)


def _laid(row: tuple[str, ...], widths: list[int], room: int) -> Iterator[str]:
    if room and len(row[1]) > widths[1]:
        yield f"{row[0]:<{widths[0]}}  {row[1]}"
        row = ("", "", *row[2:])
    line = _aligned(row, widths)
    if not room or len(line) <= room:
        yield line
    else:
        yield _aligned((*row[:-1], ""), widths)
        yield from wrap(printable(row[-1]), room, initial_indent="    ", subsequent_indent="    ")


def _aligned(row: tuple[str, ...], widths: list[int]) -> str:
    cells = [
        cell.rjust(width) if at in _RIGHT else cell.ljust(width)
        for at, (cell, width) in enumerate(zip(row[:-1], widths, strict=False))
    ]
    return "  ".join((*cells, row[-1])).rstrip()


def _write(stream: TextIO, line: str) -> None:
    encoding = stream.encoding or "utf-8"
    stream.write(printable(line).encode(encoding, "backslashreplace").decode(encoding) + "\n")
