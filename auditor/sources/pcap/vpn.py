"""Tunnels that hide everything: WireGuard, OpenVPN, IKE and ESP; and SSH. Known by how both ends begin.

What goes through them has no names and no kinds any more, so an audit of the app behind one
has to look before the tunnel or behind it.
"""

from collections.abc import Sequence
from itertools import pairwise

from msgspec import Struct

from auditor.sources.pcap.wire import Facts

HIDES = "a VPN hides everything that goes through it"

_INITIATION, _RESPONSE, _COOKIE, _TRANSPORT = 1, 2, 3, 4  # of WireGuard
_SIZES = {_INITIATION: 148, _RESPONSE: 92, _COOKIE: 64}
_RESETS = (7 << 3, 10 << 3)  # of OpenVPN's client, with or without a key of its own
_ANSWERS = (8 << 3,)
_SEALED = (54, 66)  # bytes of a reset and its answer whose insides are sealed, too
_DAY = 86400
_HEAD = 28  # bytes of IKE's header
ENOUGH = 3  # packets that are numbered one by one
_LONGEST_BANNER = 255


class Piece(Struct, frozen=True):
    """One datagram, of which perhaps only the beginning is kept."""

    head: bytes
    size: int


Pieces = Sequence[Piece]


def wireguard(sent: Pieces, received: Pieces) -> bool:
    """A handshake of the right sizes that its answer refers to; or sealed data both ways."""
    kinds = [_wireguard_kind(one) for one in (*sent[:4], *received[:4])]
    if not kinds or 0 in kinds:
        return False
    if kinds[0] == _INITIATION:
        answers = [one.head for one in received if one.head[0] == _RESPONSE]
        return any(one[8:12] == asked.head[4:8] for one in answers for asked in sent) or not answers
    return bool(sent and received) and len(kinds) > 3


def _wireguard_kind(one: Piece) -> int:
    if one.size < 32 or one.head[1:4] != bytes(3):
        return 0
    if one.head[0] == _TRANSPORT:
        return _TRANSPORT if one.size % 16 == 0 else 0
    return one.head[0] if _SIZES.get(one.head[0]) == one.size else 0


def openvpn(sent: bytes, received: bytes) -> bool:
    """A reset of the client, and the server's answer to the very session; or both sealed, at one time."""
    if len(sent) < 14 or len(received) < 22 or sent[0] not in _RESETS or received[0] not in _ANSWERS:
        return False
    session = sent[1:9]
    if any(session) and session in received[9:]:
        return True
    sizes = len(sent) >= _SEALED[0] and len(received) >= _SEALED[1]
    times = [int.from_bytes(one[13:17]) for one in (sent, received)]
    return sizes and received[9:13] == b"\0\0\0\1" and abs(times[0] - times[1]) < _DAY


def behind_length(data: bytes) -> bytes:
    """The first packet of a stream whose packets stand behind a length of two bytes."""
    size = int.from_bytes(data[:2])
    return data[2 : 2 + size] if 12 <= size <= len(data) - 2 else b""


def ike(data: bytes) -> Facts | None:
    """A message of IKE, with or without the four zeroes that tell it from ESP."""
    body = data[4:] if data[:4] == bytes(4) else data
    if len(body) < _HEAD or body[17] not in (0x10, 0x20) or body[:8] == bytes(8):
        return None
    version, exchange, size = body[17], body[18], int.from_bytes(body[24:28])
    known = range(34, 44) if version == 0x20 else (0, 1, 2, 4, 5, 6, 32, 33)
    if exchange not in known or size != len(body):
        return None
    return (("ike", "2" if version == 0x20 else "1"),)


def esp(sent: Pieces, received: Pieces) -> bool:
    """Sealed packets with one index each way, numbered one by one."""
    ways = [way for way in (sent, received) if way]
    return bool(ways) and all(_numbered(way) for way in ways)


def _numbered(pieces: Pieces) -> bool:
    if len(pieces) < ENOUGH or any(one.size < 24 for one in pieces):
        return False
    indices = {one.head[:4] for one in pieces}
    numbers = [int.from_bytes(one.head[4:8]) for one in pieces]
    steps = {after - before for before, after in pairwise(numbers)}
    return len(indices) == 1 and int.from_bytes(pieces[0].head[:4]) > 255 and steps == {1}


def ssh(start: bytes) -> str:
    """The name of the program that greets; nothing where it is no SSH."""
    if not start.startswith((b"SSH-1.", b"SSH-2.")):
        return ""
    line = start[: _LONGEST_BANNER + 1].partition(b"\n")[0].rstrip(b"\r")
    if len(line) > _LONGEST_BANNER or b"\n" not in start:
        return ""
    return line.decode("latin-1")


BY_NUMBER = {  # protocols of IP that have no ports: what a contact over them is
    47: ("GRE", "a tunnel"), 50: ("ESP", HIDES), 51: ("AH", "signed and not sealed: protects nothing"),
}  # fmt: skip
