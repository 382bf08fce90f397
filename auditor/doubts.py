"""What counts of a table: all that was found, and the doubts about it.

A doubt that knows its rule and host is about messages of the kind that were found there. One that
is nobody's (an entry that could not be read) is about everybody who was found in the same capture.
"""

from collections.abc import Iterable, Iterator
from typing import TypeAlias
from zlib import crc32

from msgspec import structs

from auditor.model import App, Direction
from auditor.report import Row, Tally

NEAR = 4096  # hosts that are told apart where any host will do: endless ones must not fill the memory
Kind: TypeAlias = tuple[Row, Tally]


def nearby(host: str) -> str:
    """The same for a host whenever it is asked; hosts that share it share their doubts."""
    return str(crc32(host.encode(errors="replace")) % NEAR)


def settled(tally: Iterable[Kind]) -> list[Kind]:
    """What was found, and the doubts that are about it."""
    rows = list(tally)
    found = [(row, sums) for row, sums in rows if not row.doubt]
    spoken = {_about(row) for row, _ in found}
    doubts = [(row, sums) for row, sums in rows if row.doubt]
    return [*found, *(one for one in doubts if _about(one[0]) in spoken), *_nobodys(found, doubts)]


def _about(row: Row) -> tuple[str, str, Direction, str]:
    return row.platform, row.surface, row.direction, row.near


def _nobodys(found: list[Kind], doubts: list[Kind]) -> Iterator[Kind]:
    nobodys = [(row, sums) for row, sums in doubts if not row.platform]
    groups: dict[tuple[str, str, Direction, App], set[str]] = {}
    for row, sums in found if nobodys else ():
        seen = groups.setdefault((row.platform, row.surface, row.direction, row.app), set())
        # Where more were found than are kept, they may be in any capture.
        seen |= _captures(found) if sums.count > len(sums.findings) else _captures([(row, sums)])
    for row, sums in nobodys:
        for (platform, surface, direction, app), captures in groups.items():
            if captures & _captures([(row, sums)]):
                yield (
                    structs.replace(row, platform=platform, surface=surface, direction=direction, app=app),
                    sums,
                )


def _captures(rows: list[Kind]) -> set[str]:
    return {finding.ref.capture for _, sums in rows for finding in sums.findings}
