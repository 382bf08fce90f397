"""Messages of a WebSocket from the frames in a stream."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.sources.pcap.http3.websocket import MESSAGE, Sockets


def frame(kind: int, data: bytes, first: int = 0x80, mask: bytes = b"") -> bytes:
    size = len(data)
    lengths = (
        bytes((size,))
        if size < 126
        else b"\x7e" + size.to_bytes(2)
        if size < 1 << 16
        else b"\x7f" + size.to_bytes(8)
    )
    if not mask:
        return bytes((first | kind,)) + lengths + data
    veiled = bytes(byte ^ mask[at % 4] for at, byte in enumerate(data))
    return bytes((first | kind, lengths[0] | 0x80)) + lengths[1:] + mask + veiled


def deflated(packer: "zlib._Compress", text: bytes) -> bytes:
    return (packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]


SAID = [b"hello", b"x" * 300, b"y" * 70_000, b""]


@pytest.mark.parametrize("mask", [b"", b"\1\xff\0\7"])
@given(cut=st.integers(1, 5_000))
def test_messages_of_all_sizes_come_out_of_any_pieces(mask: bytes, cut: int) -> None:
    sockets = Sockets([])
    stream = b"".join(frame(1, text, mask=mask) for text in SAID)
    found = [
        one for at in range(0, len(stream), cut) for one in sockets.feed(True, stream[at : at + cut], 1.0)
    ]
    assert [(one.kind, one.content, one.from_client) for one in found] == [(1, text, True) for text in SAID]


def test_pieces_of_a_message_are_joined_around_what_is_about_the_socket() -> None:
    sockets = Sockets([])
    stream = frame(2, b"one ", first=0) + frame(9, b"ping") + frame(0, b"two ", first=0) + frame(0, b"three")
    (one,) = sockets.feed(False, stream, None)
    assert (one.kind, one.content) == (2, b"one two three")


@pytest.mark.parametrize(
    ("last", "broken"),
    [
        (frame(1, b"begun", first=0), False),
        (frame(1, b"cut")[:-1], False),
        (frame(3, b"of a new kind"), True),
        (frame(0, b"goes on with nothing"), True),
        (frame(8, b"") + frame(9, b"about the socket"), False),
    ],
)
def test_a_message_that_was_not_read_is_counted(last: bytes, broken: bool) -> None:
    sockets = Sockets([])
    (one,) = sockets.feed(True, frame(1, b"before") + last, None)
    assert one.content == b"before"
    assert (sockets.left > 0) is (b"socket" not in last)
    assert bool(sockets.broken) is broken


@pytest.mark.parametrize("forgets", [False, True])
def test_messages_are_inflated_with_what_was_said_before(forgets: bool) -> None:
    lines = b"permessage-deflate" + b"; client_no_context_takeover" * forgets
    sockets, packer = Sockets([(b"sec-websocket-extensions", lines)]), zlib.compressobj(wbits=-15)
    for _ in range(3):
        if forgets:
            packer = zlib.compressobj(wbits=-15)
        (one,) = sockets.feed(True, frame(1, deflated(packer, b"the same again"), first=0xC0), 1.0)
        assert one.content == b"the same again"


def test_what_inflates_without_end_is_given_up() -> None:
    sockets = Sockets([(b"sec-websocket-extensions", b"permessage-deflate")])
    packed = deflated(zlib.compressobj(9, wbits=-15), bytes(MESSAGE + 100))
    assert sockets.feed(True, frame(1, packed, first=0xC0), 1.0) == []
    assert "too long once it is inflated" in sockets.broken


def test_a_frame_that_is_too_long_is_given_up_at_its_beginning() -> None:
    sockets = Sockets([])
    assert sockets.feed(True, b"\x82\x7f" + (1 << 40).to_bytes(8), 1.0) == []
    assert "a frame of" in sockets.broken and sockets.feed(True, frame(1, b"later"), 1.0) == []


@given(st.lists(st.binary(max_size=60), max_size=8))
def test_noise_gives_no_traceback(noise: list[bytes]) -> None:
    sockets = Sockets([(b"sec-websocket-extensions", b"permessage-deflate")])
    for data in noise:
        sockets.feed(True, data, None)
