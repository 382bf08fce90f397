"""What every step of reading a capture of packets speaks of.

A packet is what the table hands to the few flows that somebody asked for. A chunk is
what a conversation said next, in order. Numbers count packets from one, as every other
tool does, so that a finding can be looked up there.
"""

from typing import TypeAlias

from msgspec import Struct

TCP, UDP = 6, 17
FIN, SYN, RST, PUSH, ACK = 1, 2, 4, 8, 16


class End(Struct, frozen=True, order=True):
    """One end of a conversation: its packed address (4 or 16 bytes) and port."""

    address: bytes
    port: int = 0


class Packet(Struct, frozen=True):
    """The innermost transport payload of one packet, whatever tunnels it went through."""

    number: int
    when: float
    source: End
    target: End
    protocol: int  # of IP: 6 is TCP, 17 is UDP
    payload: bytes = b""
    missing: int = 0  # payload bytes that were on the wire and not kept
    sequence: int = 0
    acknowledged: int = 0
    flags: int = 0
    tunnel: str = ""  # packets in different tunnels never belong together


class Chunk(Struct, frozen=True):
    """The next bytes of one direction, in the order they were meant."""

    from_client: bool
    data: bytes
    number: int  # the packet in which they begin
    when: float
    lost: int = 0  # bytes that should stand before them (in a datagram: behind them) and never came


Said: TypeAlias = tuple[bool, bytes]  # from the client; what was said
Facts: TypeAlias = tuple[tuple[str, str], ...]  # what shows from outside: ("ja4", "t13d...")
