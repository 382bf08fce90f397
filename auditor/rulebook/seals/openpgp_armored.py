"""OpenPGP in armor, alone: text before or after it is text."""

import random

from auditor.decoders.armor import armored, opened
from auditor.rulebook.reader import check
from auditor.rulebook.seals import openpgp
from auditor.rulebook.shut import Part

_LABEL = "PGP MESSAGE"
starts = tuple(blank + b"-----BEGIN PGP MESSAGE-----" for blank in (b"", b"\n", b"\r\n"))


def cut(data: bytes) -> list[Part] | None:
    label, inside, said = opened(data)
    check(label == _LABEL)
    parts = openpgp.cut(inside)
    return None if parts is None else [*(Part("header", text.encode()) for text in said), *parts]


def sample(rng: random.Random) -> bytes:
    return armored(openpgp.sample(rng), _LABEL)
