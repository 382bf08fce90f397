"""Secrets that open connections: key logs and the secrets that a capture carries itself.

A secret belongs to one hello, known by its random number. What is no secret is counted,
never an error: key logs are written by many programs, and cut by some; pasted through a
shell, their lines end with a backslash.
"""

import re
from collections.abc import Iterable

MOST = 1_000_000  # secrets that are kept

_LINE = re.compile(rb"\s*([A-Z][A-Z0-9_]{2,63}) +([0-9A-Fa-f]{2,128}) +([0-9A-Fa-f]{2,512})\s*\\?\s*")


class Keys:
    """All secrets at hand, from however many places. The first one given for a hello stays."""

    def __init__(self, texts: Iterable[bytes] = ()) -> None:
        self._secrets: dict[tuple[str, bytes], bytes] = {}
        self._randoms: set[bytes] = set()
        self.passed_over = 0  # lines that are neither secrets nor remarks
        for text in texts:
            self.add(text)

    def __bool__(self) -> bool:
        return bool(self._secrets)

    def __len__(self) -> int:
        return len(self._secrets)

    def copy(self) -> "Keys":
        """These, to which others can be added that are nobody else's."""
        same = Keys()
        same._secrets, same._randoms = dict(self._secrets), set(self._randoms)
        return same

    def add(self, text: bytes) -> int:
        """Takes in the lines of a key log; how many new secrets there were."""
        before = len(self._secrets)
        for line in text.splitlines():
            found = _LINE.fullmatch(line)
            if found is None or len(found[2]) % 2 or len(found[3]) % 2 or len(self) >= MOST:
                self.passed_over += bool(line.strip()) and not line.lstrip().startswith(b"#")
                continue
            random = bytes.fromhex(found[2].decode())
            self._randoms.add(random)
            self._secrets.setdefault((found[1].decode(), random), bytes.fromhex(found[3].decode()))
        return len(self._secrets) - before

    def find(self, label: str, random: bytes) -> bytes | None:
        """The secret of this kind for the hello with this random number."""
        return self._secrets.get((label, random))

    def knows(self, random: bytes) -> bool:
        """Whether there is any secret for this hello."""
        return random in self._randoms
