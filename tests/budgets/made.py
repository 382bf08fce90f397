"""What a budget is, and how it is tried."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LIFTED = 1 << 40
BIG = b"x" * 5_000
OUT = "would come out"


@dataclass(frozen=True)
class Budget:
    """`exceed` is given an empty folder and says what happened; `sign` is in it while the budget holds."""

    name: str  # file and constant
    holder: Any  # what has the constant when the program runs
    sign: str
    exceed: Callable[[Path], object]
    low: Any = None  # instead of the real one, where that takes long to exceed
    lifted: Any = LIFTED
    attribute: str = ""


def noise(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


def lists(levels: int) -> Any:
    tree: Any = []
    for _ in range(levels):
        tree = [tree]
    return tree
