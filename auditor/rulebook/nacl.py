"""The ciphers of NaCl and libsodium that the library for all others lacks: XSalsa20, the way to XChaCha20.

Python takes some 200 microseconds for one block of 64 bytes, so what is checked is checked first: a
wrong key costs two blocks. Bernstein, "Extending the Salsa20 nonce"; draft-irtf-cfrg-xchacha-03.
"""

from collections.abc import Callable
from struct import Struct as Layout

NONCE = 24
_WORDS = Layout("<16I")
_HALF = Layout("<8I")
_SIGMA = Layout("<4I").unpack(b"expand 32-byte k")
_MASK = 0xFFFFFFFF
Quarter = Callable[[list[int], int, int, int, int], None]
_SALSA = (
    (0, 4, 8, 12), (5, 9, 13, 1), (10, 14, 2, 6), (15, 3, 7, 11),
    (0, 1, 2, 3), (5, 6, 7, 4), (10, 11, 8, 9), (15, 12, 13, 14),
)  # fmt: skip
_CHACHA = (
    (0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
    (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14),
)  # fmt: skip


def xchacha_key(key: bytes, nonce: bytes) -> bytes:
    """The key for ChaCha20, whose nonce is four zeros and the last eight bytes of this one."""
    x = _mixed([*_SIGMA, *_HALF.unpack(key), *Layout("<4I").unpack(nonce[:16])], _CHACHA, _chacha)
    return _HALF.pack(*x[:4], *x[12:])


def xsalsa_start(key: bytes, nonce: bytes) -> tuple[bytes, bytes]:
    """The key of what follows, and the first block: the key of the check, and 32 bytes for the text."""
    x = _mixed(_salsa_state(key, nonce[:16]), _SALSA, _salsa)
    inner = _HALF.pack(x[0], x[5], x[10], x[15], *x[6:10])
    return inner, _block(inner, nonce[16:], 0)


def xsalsa_text(inner: bytes, start: bytes, nonce: bytes, data: bytes) -> bytes:
    """What lies under the stream, which begins in the middle of the first block."""
    blocks = (_block(inner, nonce[16:], number) for number in range(1, (len(data) + 95) // 64))
    stream = (start[32:] + b"".join(blocks))[: len(data)]
    return (int.from_bytes(data) ^ int.from_bytes(stream)).to_bytes(len(data))


def _block(key: bytes, nonce: bytes, number: int) -> bytes:
    state = _salsa_state(key, nonce + number.to_bytes(8, "little"))
    mixed = _mixed(list(state), _SALSA, _salsa)
    return _WORDS.pack(*((a + b) & _MASK for a, b in zip(state, mixed, strict=True)))


def _salsa_state(key: bytes, place: bytes) -> list[int]:
    k, c = _HALF.unpack(key), _SIGMA
    return [c[0], *k[:4], c[1], *Layout("<4I").unpack(place), c[2], *k[4:], c[3]]


def _mixed(x: list[int], order: tuple[tuple[int, int, int, int], ...], quarter: Quarter) -> list[int]:
    for _ in range(10):
        for a, b, c, d in order:
            quarter(x, a, b, c, d)
    return x


def _salsa(x: list[int], a: int, b: int, c: int, d: int) -> None:
    for to, one, other, by in ((b, a, d, 7), (c, b, a, 9), (d, c, b, 13), (a, d, c, 18)):
        added = (x[one] + x[other]) & _MASK
        x[to] ^= (added << by & _MASK) | added >> 32 - by


def _chacha(x: list[int], a: int, b: int, c: int, d: int) -> None:
    for one, other, turned, by in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        x[one] = (x[one] + x[other]) & _MASK
        mixed = x[turned] ^ x[one]
        x[turned] = (mixed << by & _MASK) | mixed >> 32 - by
