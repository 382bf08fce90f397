"""Who was talked to, one line a far end, for people and for other programs that read lines.

Laws: every far end has its line, however many there are; columns are parted by two spaces or
more; what a capture says is shown without control codes; in a terminal what has no room in its
line stands under it.
"""

import shutil
from collections.abc import Iterator, Sequence
from functools import lru_cache
from textwrap import wrap
from typing import TextIO

from auditor import words
from auditor.facts import REMEMBERED, Facts
from auditor.judge import Verdict
from auditor.peers import Contacts, Peer
from auditor.piles import Pile
from auditor.report import Report
from auditor.reporters import Options, phrases
from auditor.text import printable

name = "contacts"

HEADS = ("platform", "far end", "carried by", "times", "sent", "received", "what shows")
WIDEST = 60  # columns of a name before it pushes the others aside
LEAST, OTHERS = 20, 52  # columns that it gets in any terminal; those that the others take
BEYOND = 1 << 64  # all numbers of connections
_RIGHT = (3, 4, 5)


def render(report: Report, verdicts: list[Verdict], stream: TextIO, options: Options) -> None:
    whole = report.whole()
    room = shutil.get_terminal_size().columns if stream.isatty() else 0
    rows, longest = Pile(), (0,) * len(HEADS)
    for number, (peer, sums) in enumerate(whole.contacts):
        cells = _cells(peer, sums)
        longest = tuple(map(max, longest, map(len, cells)))
        order = (printable(peer.platform or "~"), f"{BEYOND - sums.count:020}", f"{number:012}")
        rows.add("\0".join((*order, *cells)).encode())
    widest = max(LEAST, min(WIDEST, room - OTHERS)) if room else WIDEST
    widths = tuple(max(len(head), min(widest, size)) for head, size in zip(HEADS[:-1], longest, strict=False))
    if whole.contacts:
        _show(stream, HEADS, widths, room)
    for row in rows:
        _show(stream, row.decode().split("\0")[-len(HEADS) :], widths, room)
    if not whole.contacts:
        _write(stream, "Nobody was talked to, as far as this shows." if report else phrases.NOTHING_READ)
    for trouble, found in whole.troubles:
        where = phrases.first(found.refs, found.count)
        _write(stream, printable(f"! {trouble.kind}: {trouble.message} ({where})"))


def _cells(peer: Peer, sums: Contacts) -> tuple[str, ...]:
    """The last is as wide as it likes."""
    return (
        printable(peer.platform or "-"), printable(phrases.far_end(peer)), printable(peer.transport),
        f"{sums.count:,}", phrases.size(sums.sent), phrases.size(sums.received), _facts(sums.facts),
    )  # fmt: skip


@lru_cache(REMEMBERED)
def _facts(shown: Facts) -> str:
    return printable(words.facts(shown))


def _show(stream: TextIO, row: Sequence[str], widths: tuple[int, ...], room: int) -> None:
    line = _layout(widths).format(*row).rstrip()
    for part in _fitted(line, row, widths, room) if room else (line,):
        _write(stream, part)


def _fitted(line: str, row: Sequence[str], widths: tuple[int, ...], room: int) -> Iterator[str]:
    """A line of a terminal, or several."""
    if len(row[1]) > widths[1]:
        yield f"{row[0]:<{widths[0]}}  {row[1]}"
        row = ("", "", *row[2:])
        line = _layout(widths).format(*row).rstrip()
    if len(line) <= room:
        yield line
    else:
        yield _layout(widths).format(*row[:-1], "").rstrip()
        yield from wrap(row[-1], room, initial_indent="    ", subsequent_indent="    ")


@lru_cache(1)
def _layout(widths: tuple[int, ...]) -> str:
    sides = [f"{'>' if at in _RIGHT else '<'}{width}" for at, width in enumerate(widths)]
    return "  ".join((*(f"{{:{side}}}" for side in sides), "{}"))


def _write(stream: TextIO, line: str) -> None:
    if not line.isascii():
        encoding = stream.encoding or "utf-8"
        line = line.encode(encoding, "backslashreplace").decode(encoding)
    stream.write(line + "\n")
