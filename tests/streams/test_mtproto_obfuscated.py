"""MTProto behind a veil: recognised by deciphering, and read as the transport inside."""

import random

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from auditor.streams import STREAMS, Message, Sorter, mtproto_obfuscated

KEY = bytes(range(1, 9))
ASKED = bytes(16) + (4).to_bytes(4, "little") + b"\xf1\x8e\x7e\xbe"
SEALED = KEY + bytes(16) + b"x" * 16
WORDS = {"abridged": b"\xef" * 4, "intermediate": b"\xee" * 4, "padded": b"\xdd" * 4}
SENT = {
    "abridged": b"\x06" + ASKED + b"\x0a" + SEALED,
    "intermediate": b"\x18\0\0\0" + ASKED + b"\x28\0\0\0" + SEALED,
    "padded": b"\x1b\0\0\0" + ASKED + b"pad" + b"\x28\0\0\0" + SEALED,
}
CAME = {
    "abridged": b"\x0a" + SEALED,
    "intermediate": b"\x28\0\0\0" + SEALED,
    "padded": b"\x28\0\0\0" + SEALED,
}
FRAMES = {
    "abridged": [ASKED, SEALED],
    "intermediate": [ASKED, SEALED],
    "padded": [ASKED + b"pad", SEALED],
}


def veiled(kind: str, secret: bytes = b"") -> tuple[bytes, bytes]:
    """What the app sends and what the server answers. With a secret the key is another one."""
    start = bytearray(random.Random(f"veil {kind}").randbytes(64))
    sent = Cipher(
        algorithms.AES(_mixed(bytes(start[8:40]), secret)), modes.CTR(bytes(start[40:56]))
    ).encryptor()
    back = bytes(start[55:7:-1])
    came = Cipher(algorithms.AES(back[:32]), modes.CTR(back[32:])).encryptor()
    start[56:60] = WORDS[kind]
    hidden = sent.update(bytes(start))
    return bytes(start[:56]) + hidden[56:] + sent.update(SENT[kind]), came.update(CAME[kind])


def _mixed(key: bytes, secret: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(key, secret.ljust(32, b"\0"), strict=True))


def told(messages: list[Message]) -> list[tuple[bool, str, tuple[str, ...], bytes]]:
    return [(m.outgoing, m.head.method, m.head.path, m.body) for m in messages]


@pytest.mark.parametrize("carrier", ["tcp", "websocket"])
@pytest.mark.parametrize("kind", WORDS)
def test_what_is_behind_the_veil_is_read_in_both_directions(kind: str, carrier: str) -> None:
    sent, came = veiled(kind)
    sorter = Sorter(carrier=carrier)
    found = [*sorter.feed(True, sent), *sorter.feed(False, came)]
    assert sorter.name == "mtproto"
    assert told(found) == [
        (True, "HEADER", ("obfuscated", kind), sent[:64]),
        *((True, "FRAME", (kind,), frame) for frame in FRAMES[kind]),
        (False, "FRAME", (kind,), SEALED),
    ]
    assert [m.part for m in found] == ["0>", "1>", "2>", "3<"]
    assert sorter.waiting == 0


@pytest.mark.parametrize("kind", WORDS)
def test_byte_by_byte_gives_the_same(kind: str) -> None:
    sent, came = veiled(kind)
    whole, single = mtproto_obfuscated.Stream(), mtproto_obfuscated.Stream()
    pieces = [(way, bytes((byte,))) for way, data in ((True, sent), (False, came)) for byte in data]
    found = [message for way, piece in pieces for message in single.feed(way, piece)]
    assert found == [*whole.feed(True, sent), *whole.feed(False, came)]


def test_an_answer_that_is_seen_before_the_header_is_kept() -> None:
    sent, came = veiled("intermediate")
    talk = mtproto_obfuscated.Stream()
    assert talk.feed(False, came) == []
    assert [m.head.method for m in talk.feed(True, sent)].count("FRAME") == 3


def test_it_is_known_as_soon_as_the_header_is_whole() -> None:
    sent, _ = veiled("padded")
    answers = [mtproto_obfuscated.recognises(True, sent[:size]) for size in range(len(sent) + 1)]
    assert answers == [None] * 64 + [True] * (len(sent) - 63)


def test_with_a_secret_of_a_proxy_it_stays_noise() -> None:
    sent, _ = veiled("padded", secret=b"a secret that we do not have")
    assert mtproto_obfuscated.recognises(True, sent) is False


@pytest.mark.parametrize(
    "start",
    [
        b"\xef\x0a" + bytes(70),
        b"\xee\xee\xee\xee\x28\0\0\0",
        b"\x16\x03\x01",
        b"POST /api HTTP/1.1",
        b"\x01\x02\x03\x04\0\0\0\0 more",
        b"NICK alice and many letters more than thirty-two",
        b"{" + b'"a": 1, ' * 20,
    ],
)
def test_what_begins_like_something_else_is_refused_early(start: bytes) -> None:
    assert mtproto_obfuscated.recognises(True, start) is False


def test_only_the_app_begins() -> None:
    sent, _ = veiled("padded")
    assert mtproto_obfuscated.recognises(False, sent) is None


def test_random_bytes_are_never_taken_for_it() -> None:
    dice = random.Random("no veil")
    assert not any(mtproto_obfuscated.recognises(True, dice.randbytes(64)) for _ in range(20_000))


def test_every_changed_bit_of_the_key_is_noticed() -> None:
    sent, _ = veiled("abridged")
    for bit in range(8 * 8, 60 * 8):
        changed = bytearray(sent[:64])
        changed[bit // 8] ^= 1 << bit % 8
        assert mtproto_obfuscated.recognises(True, bytes(changed)) is False


def test_a_stream_that_is_fed_without_having_been_known_says_what_is_wrong() -> None:
    talk = mtproto_obfuscated.Stream()
    assert talk.feed(True, random.Random(1).randbytes(100)) == []
    assert talk.handed_over
    assert talk.rest == {True: 36, False: 0}


def test_the_server_opens_what_is_inside() -> None:
    assert STREAMS["mtproto_obfuscated"].opened_by == "server"  # type: ignore[attr-defined]


# Headers that Telethon 1.45 made: another program's hand.
TELETHON = [
    (
        "abridged",
        "49623bb6db3e751f806c4f0f1cec72c2c2e8d73e919659432e4d6f393c00e33c"
        "5acec48f075b647f97959ebba19a89f24046e47e3daba771a44752c2c26a2cd0",
    ),
    (
        "intermediate",
        "3b5aed700943bdfee38b11b3476f53205ce749403f7bed708d6028e65a9b6b8b"
        "1ef61d02c413301083dfebe451d8377008d8d366e587163530337c3617198c16",
    ),
    (
        "padded",
        "c7ef490be01f472e3f2df440babd4de3bc2b43b9876af2586eee15cf67ab5e22"
        "60c9ab2ea7415e486eb7dea760fd93f6363ae24dd1a167b2bf8cac18e3251e66",
    ),
]


@pytest.mark.parametrize(("kind", "header"), TELETHON)
def test_the_headers_of_a_client_are_known(kind: str, header: str) -> None:
    sorter = Sorter()
    assert told(sorter.feed(True, bytes.fromhex(header))) == [
        (True, "HEADER", ("obfuscated", kind), bytes.fromhex(header))
    ]
