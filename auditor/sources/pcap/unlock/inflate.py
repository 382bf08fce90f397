"""Records that were compressed before they were sealed (RFC 3749), each hanging on all before it."""

import zlib

LONGEST = 1 << 14  # bytes of a record before it was compressed


class Inflate:
    def __init__(self) -> None:
        self._inflate = zlib.decompressobj()

    def open(self, data: bytes) -> bytes:
        try:
            plain = self._inflate.decompress(data, LONGEST + 1)
        except zlib.error as error:
            raise ValueError(f"compressed, and damaged: {error}") from None
        if len(plain) > LONGEST:
            raise ValueError(f"compressed to more than the {LONGEST:,} bytes of a record")
        return plain
