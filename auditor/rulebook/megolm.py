"""Megolm, opened with the key of a room: whoever sees that key reads every later message of its session.

A session is shared as 0x02, a number, a ratchet of four times 32 bytes, a public key and a signature;
in exports and backups as 0x01 without the signature. matrix-org/matrix-spec content/olm-megolm/megolm.md.
"""

import hmac
from collections.abc import Callable

SESSIONS = {229: 2, 165: 1}  # bytes of a shared and of an exported session, and how each begins
_PART = 32
_MAC, _SIGNATURE = 8, 64
_INFO = b"MEGOLM_KEYS"
Decrypt = Callable[[bytes, str, bytes, bytes], bytes]  # AES: key, mode, start, data


def is_session(data: bytes) -> bool:
    return SESSIONS.get(len(data)) == data[:1][0] if data else False


def is_message(data: bytes) -> bool:
    return data[:2] == b"\x03\x08" and len(data) > 2 + _MAC + _SIGNATURE


def opened(session: bytes, message: bytes, decrypt: Decrypt) -> bytes:
    """What the message says, where its check holds; nothing where another key is needed."""
    number, at = _varint(message, 2)
    tag, at = message[at : at + 1], at + 1
    size, at = _varint(message, at)
    start = int.from_bytes(session[1:5])
    if tag != b"\x12" or at + size + _MAC + _SIGNATURE != len(message) or number < start:
        return b""
    key, check, chain = _keys(_turned(session[5 : 5 + 4 * _PART], start, number))
    body = message[: at + size]
    if not hmac.compare_digest(_hash(check, body)[:_MAC], message[at + size : at + size + _MAC]):
        return b""
    return decrypt(key, "CBC", chain, body[at:])


def _turned(ratchet: bytes, at: int, number: int) -> bytes:
    """The ratchet of a later message: its first part turns every 2**24 messages, its last with each."""
    parts = [ratchet[_PART * n : _PART * (n + 1)] for n in range(4)]
    for part in range(4):
        shift = 8 * (3 - part)
        steps = ((number >> shift) - (at >> shift)) & 0xFF
        if not steps:
            continue
        for _ in range(steps - 1):
            parts[part] = _hash(parts[part], bytes([part]))
        for later in range(3, part - 1, -1):
            parts[later] = _hash(parts[part], bytes([later]))
        at = number >> shift << shift
    return b"".join(parts)


def _keys(ratchet: bytes) -> tuple[bytes, bytes, bytes]:
    """HKDF with SHA-256: the key of the cipher, that of the check, and the start of the chain."""
    secret, block, out = _hash(bytes(_PART), ratchet), b"", b""
    for number in (1, 2, 3):
        block = _hash(secret, block + _INFO + bytes([number]))
        out += block
    return out[:32], out[32:64], out[64:80]


def _hash(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, "sha256")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 35, 7):
        byte = data[at] if at < len(data) else 0
        value, at = value | (byte & 0x7F) << shift, at + 1
        if byte < 0x80:
            break
    return value, at
