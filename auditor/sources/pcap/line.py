"""The connection that something was said on, before its host is known by name or has been renamed."""

from functools import lru_cache
from ipaddress import ip_address

from msgspec import Struct, structs

from auditor.model import Channel, Road
from auditor.sources.pcap.wire import End

CHANNELS = 1_000  # of one connection that are remembered, in case something is lost on it


class Line(Struct, frozen=True):
    host: str  # as far as the connection itself shows it
    port: int
    address: str
    road: Road = Road.CLEAR
    alpn: str = ""
    opened_by: str = "nobody"

    @property
    def scheme(self) -> bytes:
        return b"https" if self.road is Road.PROTECTED else b"http"

    def channel(self) -> Channel:
        return Channel(self.host, self.port, self.road, self.address, self.alpn, self.opened_by)

    def to(self, host: str, port: int) -> "Line":
        """The same line, which somebody leads on to another host."""
        return structs.replace(self, host=host or self.host, port=port or self.port)


def remember(channel: Channel, channels: dict[Channel, None]) -> None:
    """What was said on where, for who must say where something is missing."""
    if len(channels) < CHANNELS:
        channels[channel] = None


def line_to(server: End, host: str) -> Line:
    return Line(host, server.port, shown(server.address))


def shown(address: bytes) -> str:
    if len(address) == 4:
        return f"{address[0]}.{address[1]}.{address[2]}.{address[3]}"
    return _shown(address)


@lru_cache(maxsize=1024)
def _shown(address: bytes) -> str:
    return str(ip_address(address)) if len(address) == 16 else address.hex(":")
