"""What travels inside Threema's own transport: a kind, three bytes that are kept free, and a payload.

A message (1 sent, 2 received) is {"kind", "sender", "recipient", "id", "time", "flags", "nickname",
"metadata", "nonce", "box"}: only the box and the metadata are meant for the recipient, all else is read by
the server. What is no message (an acknowledgement, a token for notices) is {"kind", "data"}. There is no
magic, so this is only asked where a rule names it.
"""

import struct

from auditor.decoders import Clue
from auditor.errors import TooMuch
from auditor.model import Tree

CLUE = Clue(kinds=("threema_csp",))
EXAMPLES: list[tuple[bytes, Tree]] = [
    (
        bytes.fromhex("01000000")
        + b"ABCDEFGHZYXWVUTS"
        + bytes.fromhex("0102030405060708 40420f69 01 00 0300")
        + b"Ann".ljust(32, b"\0")
        + b"\xc0\xc1\xc2"
        + bytes(range(200, 224))
        + b"\xf0\xf1\xf2\xf3",
        {
            "kind": 1, "sender": "ABCDEFGH", "recipient": "ZYXWVUTS", "id": "0102030405060708",
            "time": 1762607680, "flags": 1, "nickname": "Ann", "metadata": b"\xc0\xc1\xc2",
            "nonce": bytes(range(200, 224)), "box": b"\xf0\xf1\xf2\xf3",
        },
    ),
    (b"\x81\0\0\0ABCDEFGH\1\2", {"kind": 0x81, "data": b"ABCDEFGH\1\2"}),
]  # fmt: skip
order = 50
reads = "bytes"
needs_clue = True

_MESSAGES = (1, 2)
_HEADER = struct.Struct("<B3s8s8s8sLBBH32s")
_NONCE = 24


def unwrap(data: bytes, clue: Clue) -> Tree:
    if len(data) > clue.limit:
        raise TooMuch(f"Threema: more than {clue.limit:,} bytes would come out")
    if len(data) < 4 or any(data[1:4]):
        raise ValueError("not Threema's: three bytes that are kept free are in use")
    if data[0] not in _MESSAGES:
        return {"kind": data[0], "data": data[4:]}
    if len(data) < _HEADER.size + _NONCE:
        raise ValueError("not Threema's: a message that is cut short")
    kind, _, sender, recipient, number, time, flags, free, size, nickname = _HEADER.unpack_from(data)
    nonce_at = _HEADER.size + size
    if free or len(data) < nonce_at + _NONCE:
        raise ValueError("not Threema's: metadata beyond the end")
    name = nickname.rstrip(b"\0").decode()
    return {
        "kind": kind, "sender": sender.decode("ascii"), "recipient": recipient.decode("ascii"),
        "id": number.hex(), "time": time, "flags": flags, "nickname": name,
        "metadata": data[_HEADER.size : nonce_at], "nonce": data[nonce_at : nonce_at + _NONCE],
        "box": data[nonce_at + _NONCE :],
    }  # fmt: skip


def wrap(tree: Tree) -> bytes:
    if tree["kind"] not in _MESSAGES:
        return bytes((tree["kind"], 0, 0, 0)) + _raw(tree["data"])
    metadata, box = (_raw(tree.get(name, b"")) for name in ("metadata", "box"))
    return (
        _HEADER.pack(
            tree["kind"], bytes(3), tree["sender"].encode(), tree["recipient"].encode(),
            bytes.fromhex(tree.get("id", "00" * 8)), tree.get("time", 0), tree.get("flags", 0), 0,
            len(metadata), tree.get("nickname", "").encode(),
        )
        + metadata
        + _raw(tree.get("nonce", bytes(_NONCE)))
        + box
    )  # fmt: skip


def _raw(value: Tree) -> bytes:
    return value.encode() if isinstance(value, str) else bytes(value)
