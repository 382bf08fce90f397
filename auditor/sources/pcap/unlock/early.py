"""What a client says before it was answered: it was said only if the server takes it (RFC 8446, 2.3)."""

HELD = 1 << 20  # bytes that wait for whether they were taken


class Early:
    def __init__(self) -> None:
        self.taken = False
        self.refused = False
        self._waiting: list[bytes] = []
        self._size = 0

    def say(self, data: bytes) -> bytes:
        """What is known to be taken of what was said so far."""
        self._size += len(data)
        if self._size > HELD:
            raise ValueError(f"more than {HELD:,} bytes wait for an answer")
        self._waiting.append(data)
        return self.take() if self.taken else b""

    def take(self) -> bytes:
        self.taken = True
        said, self._waiting, self._size = b"".join(self._waiting), [], 0
        return said

    def refuse(self) -> None:
        """The client says all of it again, under another key."""
        if not self.taken:
            self.refused = True
            self._waiting.clear()
