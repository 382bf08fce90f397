"""TCP connections made up for tests: what was said, as the packets that a capture of it would hold."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from auditor.sources.pcap.wire import ACK, FIN, PUSH, SYN, TCP, Chunk, End, Packet, Said

CLIENT, SERVER = End(b"\x0a\0\0\2", 50_000), End(b"\x0a\0\0\1", 6667)
TURN = 1 << 32


@dataclass
class Wire:
    """Both ends count as they should; `packets` is what somebody between them saw."""

    client: End = CLIENT
    server: End = SERVER
    base: tuple[int, int] = (1_000, 2_000)  # the first sequence numbers of the client and the server
    packets: list[Packet] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sent = {True: self.base[0], False: self.base[1]}

    def say(self, from_client: bool, data: bytes = b"", flags: int = ACK | PUSH, missing: int = 0) -> Packet:
        source, target = (self.client, self.server) if from_client else (self.server, self.client)
        number = len(self.packets) + 1
        packet = Packet(
            number, float(number), source, target, TCP, data, missing,
            self.sent[from_client] % TURN, self.sent[not from_client] % TURN, flags,
        )  # fmt: skip
        self.sent[from_client] += len(data) + missing + bool(flags & SYN) + bool(flags & FIN)
        self.packets.append(packet)
        return packet

    def open(self) -> "Wire":
        self.say(True, flags=SYN)
        self.say(False, flags=SYN | ACK)
        self.say(True, flags=ACK)
        return self

    def close(self) -> "Wire":
        self.say(True, flags=FIN | ACK)
        self.say(False, flags=FIN | ACK)
        self.say(True, flags=ACK)
        return self

    def tell(self, said: Iterable[Said], size: int = 1_000) -> "Wire":
        for way, data in said:
            for at in range(0, len(data), size):
                self.say(way, data[at : at + size])
        return self


def joined(chunks: Iterable[Chunk]) -> dict[bool, bytes]:
    """All of each direction, with nothing in place of what was lost."""
    found = {True: b"", False: b""}
    for chunk in chunks:
        found[chunk.from_client] += chunk.data
    return found


def said(chunks: Iterable[Chunk]) -> list[Said]:
    return [(chunk.from_client, chunk.data) for chunk in chunks]
