"""Where the length of a value moves with that of the texts that were sent: all that a draft can tell of
an app whose messages nobody on the way reads.

Laws: a length says where, never what; the texts are told in the order in which they were sent; a place
fits when parcels of one kind follow each other in which it grew and shrank with them, as bytes do that
are sealed (one byte for each, and some more), or that were written down in letters afterwards.
"""

import json
from collections.abc import Sequence

from msgspec import Struct

from auditor.decoders.unwrap import Node, Opening
from auditor.model import Parcel
from auditor.rulebook.drafts import Draft, kind_of, slot_of
from auditor.rulebook.opening import open_parcel

FEWEST = 5  # texts: four lengths agree by chance too often
SLACK = 20  # bytes: blocks of sixteen, and a counter that grew
SPREAD = 48  # bytes between the shortest and the longest text
MANY = 8  # texts, from which coarser padding can be told from chance
SCALES = (1.0, 4 / 3, 2.0)  # bytes as they are, in base64, in hexadecimal
BETWEEN = 1  # parcel of the same kind that may pass between two texts
SHOWN = 5  # drafts


class Fit(Struct, frozen=True):
    """How well the lengths at one place follow the texts, and which parcels carried them."""

    off: float  # bytes between the best and the worst
    at: tuple[int, ...]


class Kind(Struct):
    """The parcels of one kind: how long each value was, and the first parcel that had it."""

    lengths: dict[str, list[int]] = {}
    first: dict[str, Parcel] = {}


class Lengths:
    """Lengths of values over a whole capture, by kind of parcel and place."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = [len(text.encode()) for text in texts]
        self.escaped = [len(json.dumps(text)) for text in texts]  # as many programs write JSON
        self.kinds: dict[tuple[object, ...], Kind] = {}

    @property
    def told(self) -> bool:
        """Whether these texts can tell anything by their lengths."""
        return len(self.texts) >= FEWEST and max(self.texts) - min(self.texts) >= SPREAD

    def add(self, parcel: Parcel, root: Node) -> None:
        if not self.told:
            return
        longest: dict[str, int] = {}
        for node in root.walk():
            if not node.children and node.layers and (size := len(node.layers[-1].data)) >= min(self.texts):
                slot = slot_of(node.path)
                longest[slot] = max(size, longest.get(slot, 0))
        kind = self.kinds.setdefault(kind_of(parcel), Kind())
        for slot, size in longest.items():
            kind.lengths.setdefault(slot, []).append(size)
            kind.first.setdefault(slot, parcel)

    def drafts(self) -> list[Draft]:
        """A draft of each kind of parcel in which a value moved with the texts; the closest first."""
        best = [
            min(found, key=lambda pair: pair[0].off)
            for found in map(self._places, self.kinds.values())
            if found
        ]
        return [draft for _, draft in sorted(best, key=lambda pair: pair[0].off)[:SHOWN]]

    def _places(self, kind: Kind) -> list[tuple[Fit, Draft]]:
        return [
            (fit, self._draft(kind.first[slot], slot, [sizes[n] for n in fit.at]))
            for slot, sizes in kind.lengths.items()
            if (fit := fitting(self.texts, sizes) or fitting(self.escaped, sizes))
        ]

    def _draft(self, parcel: Parcel, slot: str, sizes: list[int]) -> Draft:
        root = open_parcel(parcel, Opening())
        nodes = tuple(n.path for n in root.walk() if not n.children and slot_of(n.path) == slot)
        moved = tuple(zip(self.texts, sizes, strict=True))
        return Draft(parcel, root, (slot,), nodes, len(sizes), moved)


def fitting(texts: Sequence[int], sizes: Sequence[int]) -> Fit | None:
    """The best run of sizes that moves as the texts do."""
    spread = max(texts) - min(texts)
    slack = SLACK if len(texts) < MANY else max(SLACK, spread // MANY)
    fits = [
        fit
        for scale in SCALES
        for start in range(len(sizes) - len(texts) + 1)
        if (fit := _run(texts, sizes, start, scale, slack * scale))
    ]
    return min(fits, key=lambda fit: fit.off, default=None)


def _run(texts: Sequence[int], sizes: Sequence[int], start: int, scale: float, slack: float) -> Fit | None:
    """The texts one after the other from here on, each in the next parcel that it fits."""
    at, rests = [start], [sizes[start] - scale * texts[0]]
    for text in texts[1:]:
        near = (
            (number, sizes[number] - scale * text)
            for number in range(at[-1] + 1, min(at[-1] + 2 + BETWEEN, len(sizes)))
        )
        found = next(((n, rest) for n, rest in near if max(*rests, rest) - min(*rests, rest) <= slack), None)
        if found is None or found[1] < 0:
            return None
        at.append(found[0])
        rests.append(found[1])
    return Fit(max(rests) - min(rests), tuple(at)) if rests[0] >= 0 else None
