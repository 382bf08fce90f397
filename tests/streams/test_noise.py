"""Noise: a prologue and frames."""

from collections import Counter
from pathlib import Path

import pytest

from auditor.model import Parcel
from auditor.sources import read
from auditor.streams import noise

LAB = Path(__file__).parents[3] / "shared/lab/captures"
HELLO = b"WA\6\3\0\0\4\x12\2\n\0"
ROUTED = b"ED\0\1\0\0\4\x08\5\x08\2"


@pytest.mark.parametrize("prologue", [b"", ROUTED])
def test_a_prologue_and_frames(prologue: bytes) -> None:
    talk = noise.Stream()
    found = talk.feed(True, prologue + HELLO + b"\0\0\1x\0\0") + talk.feed(False, b"\0\0\2ab")
    assert [(m.outgoing, m.head.method, m.body) for m in found] == [
        (True, "PROLOGUE", prologue + b"WA\6\3"),
        (True, "FRAME", b"\x12\2\n\0"),
        (True, "FRAME", b"x"),
        (False, "FRAME", b"ab"),
    ]
    assert talk.waiting == 2


KNOWN = [
    (True, HELLO, True),
    (True, ROUTED + HELLO, True),
    (True, ROUTED, None),
    (True, b"ED\0\1", None),
    (True, b"W", None),
    (True, HELLO[:7], None),
    (True, b"WAIT for me", False),
    (True, b"WA\1\5\0\0\x55\xf8\5", False),  # the channel of 2013, which is not Noise
    (True, b"EDIT", False),
    (False, b"\0\1\x42", None),
]


@pytest.mark.parametrize(("outgoing", "start", "answer"), KNOWN)
def test_noise_is_known_by_its_prologue(outgoing: bool, start: bytes, answer: bool | None) -> None:
    assert noise.recognises(outgoing, start) is answer


@pytest.mark.lab
@pytest.mark.parametrize("name", ["alice.mitm", "alice.har"])
def test_a_recorded_websocket_gives_its_frames(name: str) -> None:
    path = LAB / "whatsapp-baileys-e2ee" / name
    if not path.exists():
        pytest.skip("needs the shared lab")
    count = Counter(
        (e.protocol, e.direction.value, e.head.method) for e in read(path) if isinstance(e, Parcel)
    )
    print(name, dict(count))
    assert count["noise", "out", "FRAME"] == 8
    assert not [key for key in count if key[0] == "websocket"]
