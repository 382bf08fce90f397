"""MTProto behind a veil: a header of 64 random bytes that holds its own key, then a transport under AES-CTR.

Key and counter of the app's direction are bytes 8 to 40 and 40 to 56 of the header; of the server's, the
same 48 bytes backwards. Four deciphered bytes (56 to 60) name the transport inside: three words of 2^32, so
that chance takes fewer than one stream of random bytes in a billion for this. The veil hides nothing from
somebody who knows it, so HEADER and FRAMEs are shown as those of the bare transports.

With the secret of a proxy the key is hashed with it: that is not known here, and stays noise.
https://core.telegram.org/mtproto/mtproto-transports (general); LonamiWebs/Telethon
telethon/network/connection/tcpobfuscated.py, tdlib/td td/mtproto/TcpTransport.cpp (read 2026-11-21)
"""

from collections.abc import Callable, Iterator
from typing import Protocol

from auditor.model import Head
from auditor.streams.mtproto import Transport
from auditor.streams.talk import Talk

name = "mtproto_obfuscated"
protocol = "mtproto"
opened_by = "server"

_SIZE = 64
_KINDS = {b"\xef" * 4: "abridged", b"\xee" * 4: "intermediate", b"\xdd" * 4: "padded"}
# What an app may not begin with, because other protocols do; the fifth to eighth byte are not all zero.
_NEVER = (b"\xef", b"HEAD", b"POST", b"GET ", b"OPTI", b"\xee" * 4, b"\xdd" * 4, b"\x16\x03")
_PLAIN = 32  # letters after which it is text: of random headers one in 2^32 begins so


class _Cipher(Protocol):
    def update(self, data: bytes) -> bytes: ...


def recognises(outgoing: bool, start: bytes) -> bool | None:
    """By the word that comes out where the transport is named."""
    if not outgoing or not start:
        return None
    if (
        start.startswith(_NEVER)
        or start[4:8] == bytes(4)
        or (len(start) >= _PLAIN and start[:_SIZE].isascii())
    ):
        return False
    if len(start) < _SIZE:
        return None
    return _cipher(start[8:56]).update(start[:_SIZE])[56:60] in _KINDS


def Stream() -> Talk:  # noqa: N802
    return Talk(_Veil().step)


carriers = {"tcp": Stream, "websocket": Stream}


class _Veil:
    def __init__(self) -> None:
        self._inside: Transport | None = None

    def step(self, talk: Talk, outgoing: bool) -> bool:
        if self._inside:
            return self._inside.step(talk, outgoing)
        side = talk.sides[True]
        if not outgoing or len(side.data) < _SIZE:
            return False
        header = side.take(_SIZE)
        sent, received = _cipher(header[8:56]), _cipher(header[55:7:-1])
        kind = _KINDS.get(sent.update(header)[56:60])
        if kind is None:
            raise ValueError("the header names no transport")
        talk.say(True, Head("HEADER", ("obfuscated", kind)), header)
        self._inside = Transport(kind)
        talk.unpack({True: _opened(sent), False: _opened(received)})
        return True


def _opened(cipher: _Cipher) -> Callable[[bytes], Iterator[bytes]]:
    return lambda data: iter((cipher.update(data),))


def _cipher(seed: bytes) -> _Cipher:
    """Imported late: few connections get so far, and loading it takes as long as reading many."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    return Cipher(algorithms.AES(seed[:32]), modes.CTR(seed[32:])).decryptor()
