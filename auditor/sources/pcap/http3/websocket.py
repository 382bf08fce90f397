"""The messages of a WebSocket in a stream of HTTP/3 (RFC 9220): unmasked, joined, inflated."""

import zlib

from auditor.sources.flows import Fields, Frame

MESSAGE = 64_000_000  # bytes of one message, also after it was inflated

_CONTINUED, _TEXT, _BINARY = 0, 1, 2
_CONTROL = 8  # kinds from here on are about the socket itself


class Sockets:
    """Both directions. `lines` are those of the answer: they say whether messages are deflated."""

    def __init__(self, lines: Fields) -> None:
        said = b",".join(value for name, value in lines if name.lower() == b"sec-websocket-extensions")
        deflated = b"permessage-deflate" in said
        self._ways = {
            True: _Way(deflated, b"client_no_context_takeover" in said),
            False: _Way(deflated, b"server_no_context_takeover" in said),
        }

    @property
    def broken(self) -> str:
        return next((way.broken for way in self._ways.values() if way.broken), "")

    @property
    def left(self) -> int:
        """Bytes that made no message."""
        return sum(way.left for way in self._ways.values())

    def feed(self, from_client: bool, data: bytes, when: float | None) -> list[Frame]:
        way = self._ways[from_client]
        return [Frame(kind, from_client, body, when) for kind, body in way.feed(data)]


class _Way:
    def __init__(self, deflated: bool, forgets: bool) -> None:
        self._deflated, self._forgets = deflated, forgets
        self._inflater = zlib.decompressobj(-15)
        self._buffer = bytearray()
        self._message = bytearray()
        self._kind = 0
        self._packed = False
        self.broken = ""

    @property
    def left(self) -> int:
        return len(self._buffer) + (len(self._message) if self._kind else 0)

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        self._buffer += data
        if self.broken:
            return []
        found: list[tuple[int, bytes]] = []
        at = 0
        try:
            while (size := self._frame(at, found)) > 0:
                at += size
        except (ValueError, zlib.error) as error:
            self.broken = f"the WebSocket: {error}"
        del self._buffer[:at]
        return found

    def _frame(self, at: int, found: list[tuple[int, bytes]]) -> int:
        """Reads the frame that begins there; its size, or nothing where it is not whole."""
        buffer = self._buffer
        if len(buffer) < at + 2:
            return 0
        first, second = buffer[at], buffer[at + 1]
        wide = {126: 2, 127: 8}.get(second & 0x7F, 0)
        masked = second >> 7
        body = at + 2 + wide + 4 * masked
        if len(buffer) < body:
            return 0
        size = int.from_bytes(buffer[at + 2 : at + 2 + wide]) if wide else second & 0x7F
        if size > MESSAGE:
            raise ValueError(f"a frame of {size} bytes")
        if len(buffer) < body + size:
            return 0
        data = bytes(buffer[body : body + size])
        if masked:
            data = _unmasked(data, bytes(buffer[body - 4 : body]))
        self._take(first, data, found)
        return body + size - at

    def _take(self, first: int, data: bytes, found: list[tuple[int, bytes]]) -> None:
        kind = first & 0x0F
        if kind >= _CONTROL:
            return
        if kind > _BINARY or (kind == _CONTINUED and not self._kind):
            raise ValueError(f"a frame of the kind {kind} that nothing announced")
        if kind != _CONTINUED:
            self._kind, self._packed, self._message = kind, bool(first & 0x40) and self._deflated, bytearray()
        self._message += data
        if len(self._message) > MESSAGE:
            raise ValueError("a message that is too long")
        if first & 0x80:
            found.append((self._kind, self._whole()))
            self._kind = 0

    def _whole(self) -> bytes:
        if not self._packed:
            return bytes(self._message)
        plain = self._inflater.decompress(bytes(self._message) + b"\0\0\xff\xff", MESSAGE)
        if self._inflater.unconsumed_tail:
            raise ValueError("a message that is too long once it is inflated")
        if self._forgets:
            self._inflater = zlib.decompressobj(-15)
        return plain


def _unmasked(data: bytes, mask: bytes) -> bytes:
    whole = (mask * (len(data) // 4 + 1))[: len(data)]
    return (int.from_bytes(data) ^ int.from_bytes(whole)).to_bytes(len(data))
