"""Who was talked to, one line a far end, for people and for other programs that read lines.

Laws: every far end has its line, however many there are; columns are parted by two spaces or
more; what a capture says is shown without control codes.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TextIO, TypeAlias

from auditor import words
from auditor.judge import Verdict
from auditor.report import Contacts, Peer, Report
from auditor.reporters import Options, phrases
from auditor.text import printable

name = "contacts"

HEADS = ("platform", "far end", "carried by", "times", "sent", "received", "what shows")
WIDEST = 60  # columns of a name before it pushes the others aside
_RIGHT = (3, 4, 5)

Said: TypeAlias = Callable[[Peer, Contacts], tuple[str, ...]]


def render(report: Report, verdicts: list[Verdict], stream: TextIO, options: Options) -> None:
    whole = report.whole()
    ranked = sorted(whole.contacts, key=lambda item: (item[0].platform or "~", -item[1].count, item[0]))
    widths = [len(head) for head in HEADS[:-1]]
    for row in _rows(ranked, _cells):
        widths = [max(width, min(WIDEST, len(cell))) for width, cell in zip(widths, row, strict=False)]
    for row in _rows(ranked, _row) if ranked else ():  # said twice, so that a long list is never held
        _write(stream, "  ".join(_aligned(row, widths)).rstrip())
    if not ranked:
        _write(stream, "Nobody was talked to, as far as this shows." if report else phrases.NOTHING_READ)
    for trouble, sums in whole.troubles:
        where = phrases.first(sums.refs, sums.count)
        _write(stream, f"! {trouble.kind}: {trouble.message} ({where})")


def _rows(ranked: Iterable[tuple[Peer, Contacts]], said: Said) -> Iterator[tuple[str, ...]]:
    yield HEADS
    yield from (said(peer, sums) for peer, sums in ranked)


def _row(peer: Peer, sums: Contacts) -> tuple[str, ...]:
    return (*_cells(peer, sums), words.facts(sums.facts))


def _cells(peer: Peer, sums: Contacts) -> tuple[str, ...]:
    """All but the last, which is as wide as it likes."""
    return (
        peer.platform or "-", printable(phrases.far_end(peer)), printable(peer.transport), f"{sums.count:,}",
        phrases.size(sums.sent), phrases.size(sums.received),
    )  # fmt: skip


def _aligned(row: tuple[str, ...], widths: list[int]) -> Iterable[str]:
    for at, (cell, width) in enumerate(zip(row, widths, strict=False)):
        yield cell.rjust(width) if at in _RIGHT else cell.ljust(width)
    yield row[-1]


def _write(stream: TextIO, line: str) -> None:
    encoding = stream.encoding or "utf-8"
    stream.write(printable(line).encode(encoding, "backslashreplace").decode(encoding) + "\n")
