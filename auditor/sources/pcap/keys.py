"""Secrets that open connections: key logs and the secrets that a capture carries itself.

A secret belongs to one hello, known by its random number; some belong to an exchange of keys, a
session or a certificate. What is no secret is counted, never an error: key logs are written by
many programs, and cut by some; pasted through a shell, their lines end with a backslash.
"""

import re
from collections.abc import Iterable
from hashlib import sha256

MOST = 1_000_000  # secrets that are kept
SESSIONS = 100_000  # names of sessions that were opened: the eldest is forgotten first
PRIVATE = 64  # private keys, each of which is tried on every exchange of keys by RSA

_LABEL = rb"[A-Za-z][A-Za-z0-9_]{2,63}"
_HEX = rb"[0-9A-Fa-f]"
_LINE = re.compile(rb"\s*(%b)[ \t]+(%b{2,128})[ \t]+(%b{2,4096})\s*\\?\s*" % (_LABEL, _HEX, _HEX))
_SESSION = re.compile(rb"\s*RSA +Session-ID:(%b{2,64}) +Master-Key:(%b{96})\s*" % (_HEX, _HEX), re.I)
_IN_TEXT = re.compile(
    rb"\b(?:PMS_)?CLIENT_RANDOM[ \t]+%b{64}[ \t]+%b+|\b[A-Z_]+_SECRET(?:_\d+)?[ \t]+%b{64}[ \t]+%b+"
    rb"|\bRSA +(?:%b{16} +%b{96}\b|Session-ID:%b+ +Master-Key:%b+)" % ((_HEX,) * 8)
)
_PRIVATE = re.compile(rb"-----BEGIN ((?:RSA )?PRIVATE KEY)-----[^-]{1,32768}-----END \1-----")
_RANDOM, _EXCHANGE = 32, 8  # bytes of what names a secret: of a hello, of an exchange of keys by RSA


class Keys:
    """All secrets at hand, from however many places. The first one given for a hello stays."""

    def __init__(self, texts: Iterable[bytes] = ()) -> None:
        self.private: list[bytes] = []  # keys of certificates, as PEM
        self.passed_over = 0  # lines that are neither secrets nor remarks
        self._secrets: dict[str, dict[bytes, bytes]] = {}
        self._count = 0
        self._used: dict[bytes, bool] = {}  # by hello: whether anybody asked for it
        self._sessions: dict[bytes, bytes] = {}
        for text in texts:
            self.add(text)

    def __bool__(self) -> bool:
        return len(self) > 0

    def __len__(self) -> int:
        return self._count + len(self.private)

    @property
    def idle(self) -> int:
        """For how many hellos there are secrets that nobody asked for: they were said elsewhere."""
        return sum(not used for used in self._used.values())

    def add(self, text: bytes, remark: bool = False) -> int:
        """Takes in the lines of a key log; how many new secrets there were.

        A remark is a text in which secrets may stand among other words: nothing in it is passed over.
        """
        before = len(self)
        text = _PRIVATE.sub(self._keep_private, _in_bytes(text))
        if remark:
            text = b"\n".join(found[0] for found in _IN_TEXT.finditer(text))
        for line in text.splitlines():
            if not self._keep(line):
                self.passed_over += bool(line.strip()) and not line.lstrip().startswith((b"#", b";"))
        return len(self) - before

    def find(self, label: str, random: bytes) -> bytes | None:
        """The secret of this kind for the hello with this random number."""
        secret = self._secrets.get(label, {}).get(random)
        if secret is not None:
            self._used[random] = True
        return secret

    def knows(self, random: bytes) -> bool:
        """Whether there is any secret for this hello."""
        return random in self._used

    def remember(self, session: bytes, master: bytes) -> None:
        """That a session, known by its number or its ticket, has this secret: it may be taken up again."""
        name = sha256(session).digest()
        self._sessions.pop(name, None)
        if len(self._sessions) >= SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        self._sessions[name] = master

    def recall(self, session: bytes) -> bytes | None:
        return self._sessions.get(sha256(session).digest())

    def _keep(self, line: bytes) -> bool:
        """Whether this is a secret; one more that is too many counts as none."""
        found = _LINE.fullmatch(line)
        if found is None:
            return self._keep_session(line)
        if len(found[2]) % 2 or len(found[3]) % 2 or len(self) >= MOST:
            return False
        label, name = found[1].decode().upper(), bytes.fromhex(found[2].decode())
        secret = bytes.fromhex(found[3].decode())
        if len(name) != (_EXCHANGE if label == "RSA" else _RANDOM) or not _whole(label, secret):
            return False
        kept = self._secrets.setdefault(label, {})
        self._count += name not in kept
        kept.setdefault(name, secret)
        if label != "RSA":
            self._used.setdefault(name, False)
        return True

    def _keep_session(self, line: bytes) -> bool:
        found = _SESSION.fullmatch(line)
        if found is None or len(found[1]) % 2:
            return False
        self.remember(bytes.fromhex(found[1].decode()), bytes.fromhex(found[2].decode()))
        return True

    def _keep_private(self, found: re.Match[bytes]) -> bytes:
        if found[0] in self.private:
            return b""
        if len(self.private) >= PRIVATE:
            self.passed_over += 1
        else:
            self.private.append(found[0])
        return b""


def _whole(label: str, secret: bytes) -> bool:
    """Whether a secret has the size of its kind, or was cut off."""
    if label == "CLIENT_RANDOM":
        return len(secret) == 48
    return "_SECRET" not in label or label.startswith("ECH_") or len(secret) in (32, 48, 64)


def _in_bytes(text: bytes) -> bytes:
    """Some shells write what is redirected to a file in UTF-16."""
    if text.startswith((b"\xff\xfe", b"\xfe\xff")):
        return text.decode("utf-16", "ignore").encode("ascii", "ignore")
    return text.removeprefix(b"\xef\xbb\xbf")
