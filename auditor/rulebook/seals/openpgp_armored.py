"""OpenPGP in armor, alone: text before or after it is text."""

import random

from auditor.rulebook.armor import armored, opened
from auditor.rulebook.seals import openpgp
from auditor.rulebook.shut import Part

_LABEL = "PGP MESSAGE"
starts = tuple(blank + b"-----BEGIN PGP MESSAGE-----" for blank in (b"", b"\n", b"\r\n"))


def cut(data: bytes) -> list[Part] | None:
    inside, headers = opened(data, _LABEL)
    parts = openpgp.cut(inside)
    return None if parts is None else [*headers, *parts]


def sample(rng: random.Random) -> bytes:
    return armored(openpgp.sample(rng), _LABEL)
