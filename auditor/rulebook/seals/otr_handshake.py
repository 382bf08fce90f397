"""OTR key exchange (D-H commit, D-H key, reveal signature, signature): keys, but no message yet."""

import base64
import random

from auditor.rulebook.reader import Reader, check
from auditor.rulebook.seals.otr import payload
from auditor.rulebook.shut import Part

starts = tuple(b"?OTR:AA" + rest for rest in (b"MC", b"MK", b"MR", b"MS", b"IC", b"IK", b"IR", b"IS"))
_SIZED = {2: 2, 10: 1, 17: 2, 18: 1}  # how many stretches each kind has
_MAC = {17: 20, 18: 20}


def cut(data: bytes) -> list[Part] | None:
    reader = Reader(payload(data))
    version, kind = reader.number(2), reader.number()
    check(version in (2, 3) and kind in _SIZED)
    reader.take(8 if version == 3 else 0)
    parts = [Part(str(n), reader.sized(4)) for n in range(_SIZED[kind])]
    check(all(len(part.data) >= 16 for part in parts))
    parts.append(Part("mac", reader.take(_MAC.get(kind, 0))))
    reader.end()
    return [Part(p.label, p.data, secret=len(p.data) >= 32) for p in parts]


def sample(rng: random.Random) -> bytes:
    out = (
        b"\0\3\2" + rng.randbytes(8) + b"\0\0\0\xc4" + rng.randbytes(196) + b"\0\0\0\x20" + rng.randbytes(32)
    )
    return b"?OTR:" + base64.b64encode(out) + b"."
