"""MTProto: the four transports that can be told from noise."""

import zlib

import pytest

from auditor.streams import mtproto

KEY = bytes(range(1, 9))
ASKED = bytes(8) + bytes(8) + (4).to_bytes(4, "little") + b"\xf1\x8e\x7e\xbe"  # a key exchange begins
SEALED = KEY + bytes(16) + b"x" * 16


def full(number: int, payload: bytes) -> bytes:
    frame = (len(payload) + 12).to_bytes(4, "little") + number.to_bytes(4, "little") + payload
    return frame + zlib.crc32(frame).to_bytes(4, "little")


WIRE = [
    ("abridged", b"\xef\x06" + ASKED + b"\x0a" + SEALED, [ASKED, SEALED]),
    ("abridged", b"\xef\x7f\x80\0\0" + KEY + bytes(504) + b"\x8a" + SEALED, [KEY + bytes(504), SEALED]),
    ("intermediate", b"\xee" * 4 + b"\x18\0\0\0" + ASKED + b"\x28\0\0\x80" + SEALED, [ASKED, SEALED]),
    ("padded", b"\xdd" * 4 + b"\x1b\0\0\0" + ASKED + b"pad", [ASKED + b"pad"]),
    ("full", full(0, ASKED) + full(1, SEALED), [full(0, ASKED), full(1, SEALED)]),
]


@pytest.mark.parametrize(("kind", "wire", "frames"), WIRE)
def test_every_transport_has_its_frames(kind: str, wire: bytes, frames: list[bytes]) -> None:
    found = mtproto.Stream().feed(True, wire)
    assert [(m.head.method, m.head.path, m.body) for m in found] == [
        ("FRAME", (kind,), frame) for frame in frames
    ]


@pytest.mark.parametrize(("kind", "wire", "frames"), WIRE)
def test_every_transport_is_known(kind: str, wire: bytes, frames: list[bytes]) -> None:
    assert kind == "padded" or frames
    answers = [mtproto.recognises(True, wire[:size]) for size in range(len(wire) + 1)]
    known = answers.index(True) if True in answers else None
    assert known is not None or wire.startswith(
        b"\xef\x7f"
    )  # whose second frame has a length of another kind
    assert False not in answers


@pytest.mark.parametrize(
    ("start", "answer"), [(WIRE[0][1], b"\x80\1\2\3"), (WIRE[2][1], b"\1\2\3\x80")], ids=["abridged", "other"]
)
def test_a_receipt_of_the_server_is_no_frame(start: bytes, answer: bytes) -> None:
    talk = mtproto.Stream()
    talk.feed(True, start)
    (receipt,) = talk.feed(False, answer)
    assert (receipt.head.method, receipt.body) == ("QUICK-ACK", answer)


KNOWN = [
    (True, b"", None),
    (True, b"\xef\x01abcd", False),
    (True, b"\xef\x0a" + SEALED, None),  # one frame of a key proves nothing
    (True, b"\xef\x0a" + SEALED + b"\x0a" + SEALED, True),
    (True, b"\xef\x0a" + SEALED + b"\x0a" + SEALED[::-1], False),
    (True, b"\xee\xee\xee\xee\2\0\0\0", False),
    (True, full(0, ASKED)[:-1] + b"!", False),
    (True, b"GET / HTTP/1.1", False),
    (True, b"\x16\3\1", False),
    (False, b"anything", None),
]


@pytest.mark.parametrize(("outgoing", "start", "answer"), KNOWN)
def test_mtproto_is_known_by_mark_and_first_frames(outgoing: bool, start: bytes, answer: bool | None) -> None:
    assert mtproto.recognises(outgoing, start) is answer
