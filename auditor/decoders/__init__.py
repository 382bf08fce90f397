"""Decoders: bytes to a tree, and back. Drop a file here and it is found.

A decoder is a module with

    EXAMPLES             pairs (bytes, tree)
    order                who is asked first (default 50): low for what rarely errs
    reads                "bytes", "text" or "both": what kind of value it may open
    needs_clue           True: only asked where a header or a rule names it
    least, mark, starts  optional, for speed: the fewest bytes, a byte that must be there, and those that
                         it may begin with where no header says anything
    unwrap(data, clue)   the tree; ValueError when the bytes are not of this kind,
                         TooMuch when more than `clue.limit` bytes would come out
    wrap(tree)           bytes such that unwrap(wrap(tree)) == tree

Laws: nothing is guessed (a format without a magic asks for a clue, or accepts only
what comes out as text); a key that stands twice yields both values, as a list;
every byte is accounted for, or it is not this format.
"""

import importlib
import pkgutil
from typing import Protocol

from msgspec import Struct

from auditor.model import Tree


class Clue(Struct, frozen=True):
    """What the surroundings say about some bytes."""

    kinds: tuple[str, ...] = ()  # decoders that a header, a parent or a rule names
    media: str = ""  # type/subtype, lower case
    boundary: str = ""
    charset: str = ""
    limit: int = 64_000_000  # bytes that may come out


NO_CLUE = Clue()


class Decoder(Protocol):
    EXAMPLES: list[tuple[bytes, Tree]]
    order: int
    reads: str
    needs_clue: bool

    def unwrap(self, data: bytes, clue: Clue) -> Tree: ...
    def wrap(self, tree: Tree) -> bytes: ...


def _discover() -> dict[str, Decoder]:
    skip = {"unwrap", "clues"}
    names = [m.name for m in pkgutil.iter_modules(__path__) if m.name not in skip and not m.ispkg]
    found = {name: importlib.import_module(f"{__name__}.{name}") for name in names}
    return dict(sorted(found.items(), key=lambda item: (item[1].order, item[0])))


DECODERS = _discover()
