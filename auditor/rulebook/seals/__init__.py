"""Seals that are a walk and not a shape: a file here, named by an envelope with `function: its-name`.

Each file has
    starts         how the bytes may begin, as a tuple; empty: in any way
    mark           optional, for speed: bytes that must stand in them somewhere
    cut(data)      the parts when it is this seal; None or ValueError when it is not.
                   Every stretch that could hold a message is a part, and all parts together
                   leave only numbers, lengths and fixed bytes out; those that must look
                   random are secret.
    sample(rng)    a genuine example, without the key

Like a shape, a function never says that something *is* sealed: shut.py searches the parts.
"""

import importlib
import pkgutil
import random
from collections.abc import Callable

from msgspec import Struct

from auditor.rulebook.shut import Part


class Function(Struct, frozen=True):
    """A recogniser that looks like a shape from outside."""

    name: str
    starts: tuple[bytes, ...]
    walk: Callable[[bytes], list[Part] | None]
    make: Callable[[random.Random], bytes]
    mark: bytes = b""

    @property
    def first_bytes(self) -> tuple[int, ...]:
        return tuple(sorted({start[0] for start in self.starts}))

    def cut(self, data: bytes, _: object = None) -> list[Part] | None:
        if self.starts and not data.startswith(self.starts):
            return None
        try:
            return self.walk(data)
        except ValueError:
            return None

    def sample(self, rng: random.Random, _: object = None) -> bytes:
        return self.make(rng)

    @classmethod
    def parse(cls, name: str) -> "Function":
        if name not in SEALS:
            raise ValueError(f"no such function: {name!r}; there are {', '.join(sorted(SEALS))}")
        return SEALS[name]


def _found() -> dict[str, Function]:
    found = {}
    for file in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{file.name}")
        name = file.name.replace("_", "-")
        mark = getattr(module, "mark", b"")
        found[name] = Function(name, module.starts, module.cut, module.sample, mark)
    return found


SEALS = _found()
