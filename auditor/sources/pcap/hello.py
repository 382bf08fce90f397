"""The hellos of TLS, as TLS, DTLS and QUIC carry them: what shows before anything is sealed.

All of it was written by a stranger: lengths are held against what is there, and whatever
does not fit is a ValueError.
"""

from functools import lru_cache
from struct import unpack

from msgspec import Struct

SERVER_NAME, GROUPS, POINTS, SIGNATURES, ALPN = 0, 10, 11, 13, 16
ENCRYPT_THEN_MAC, EXTENDED_MASTER_SECRET, SESSION_TICKET, PRE_SHARED_KEY, EARLY_DATA = 22, 23, 35, 41, 42
VERSIONS, KEY_SHARE, QUIC_PARAMETERS, ENCRYPTED_HELLO, ENCRYPTED_NAME = 43, 51, 57, 0xFE0D, 0xFFCE
REMEMBERED, SHORT = 64, 256  # lists of protocols, and bytes of each
GREASE = frozenset(number * 0x0101 for number in range(0x0A, 0x100, 0x10))
RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")  # RFC 8446, 4.1.3


class Cut:
    """Bytes that are taken from the front, never more than there are."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    @property
    def left(self) -> int:
        return len(self.data) - self.at

    def take(self, size: int) -> bytes:
        at, end = self.at, self.at + size
        if end > len(self.data):
            raise ValueError(f"{size} bytes expected, {self.left} are there")
        self.at = end
        return self.data[at:end]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size))

    def block(self, size: int) -> bytes:
        """What follows a length of `size` bytes."""
        begin = self.at + size
        if begin > len(self.data):
            return self.take(size)
        length, self.at = int.from_bytes(self.data[self.at : begin]), begin
        return self.take(length)


class ClientHello(Struct, frozen=True):
    version: int
    random: bytes
    session: bytes
    ciphers: tuple[int, ...]
    extensions: tuple[tuple[int, bytes], ...] = ()
    cookie: bytes = b""  # of DTLS

    def extension(self, kind: int) -> bytes | None:
        return _extension(self.extensions, kind)

    @property
    def server_name(self) -> str:
        """The name asked for; nothing where there is none, or none that could be one."""
        listed = self.extension(SERVER_NAME)
        return _name(listed) if listed else ""

    @property
    def protocols(self) -> tuple[bytes, ...]:
        """What it would speak inside, as in ALPN."""
        return _blocks(self.extension(ALPN))

    @property
    def versions(self) -> tuple[int, ...]:
        """The versions it speaks, as it lists them; the old field where it lists none."""
        listed = self.extension(VERSIONS)
        return _numbers(listed[1:]) if listed else (self.version,)

    @property
    def groups(self) -> tuple[int, ...]:
        return _numbers((self.extension(GROUPS) or b"")[2:])

    @property
    def signatures(self) -> tuple[int, ...]:
        return _numbers((self.extension(SIGNATURES) or b"")[2:])


class ServerHello(Struct, frozen=True):
    version: int
    random: bytes
    session: bytes
    cipher: int
    compression: int = 0
    extensions: tuple[tuple[int, bytes], ...] = ()

    def extension(self, kind: int) -> bytes | None:
        return _extension(self.extensions, kind)

    @property
    def agreed(self) -> int:
        """The version that is spoken from here on."""
        chosen = self.extension(VERSIONS)
        return int.from_bytes(chosen) if chosen and len(chosen) == 2 else self.version

    @property
    def retry(self) -> bool:
        return self.random == RETRY

    @property
    def protocol(self) -> bytes:
        """What is spoken inside, where the server says so in the open (up to TLS 1.2)."""
        return next(iter(_blocks(self.extension(ALPN))), b"")


def client_hello(body: bytes, datagrams: bool = False) -> ClientHello:
    """The body of a client's hello, without the header of the handshake message."""
    cut = Cut(body)
    version, random, session = cut.number(2), cut.take(32), cut.block(1)
    cookie = cut.block(1) if datagrams else b""
    ciphers = _numbers(cut.block(2))
    cut.block(1)  # compression
    return ClientHello(version, random, session, ciphers, _extensions(cut), cookie)


def server_hello(body: bytes) -> ServerHello:
    """The body of a server's hello, without the header of the handshake message."""
    cut = Cut(body)
    version, random, session = cut.number(2), cut.take(32), cut.block(1)
    cipher, compression = cut.number(2), cut.number(1)
    return ServerHello(version, random, session, cipher, compression, _extensions(cut))


def is_grease(number: int) -> bool:
    """Numbers that mean nothing, sent so that nobody grows stiff (RFC 8701)."""
    return number in GREASE


def _extension(listed: tuple[tuple[int, bytes], ...], kind: int) -> bytes | None:
    for number, data in listed:
        if number == kind:
            return data
    return None


def _extensions(cut: Cut) -> tuple[tuple[int, bytes], ...]:
    """Without `Cut` inside: half of what reading a capture of TLS costs is here."""
    if not cut.left:
        return ()
    data = cut.block(2)
    found = []
    at, end = 0, len(data)
    while at < end:
        begin = at + 4
        if begin > end:
            raise ValueError("an extension that is cut off")
        at = begin + (data[at + 2] << 8 | data[at + 3])
        if at > end:
            raise ValueError("an extension that is cut off")
        found.append((data[begin - 4] << 8 | data[begin - 3], data[begin:at]))
    return tuple(found)


def _numbers(data: bytes) -> tuple[int, ...]:
    count = len(data) // 2
    return unpack(f">{count}H", data[: 2 * count])


def _name(listed: bytes) -> str:
    try:
        names = Cut(Cut(listed).block(2))
        while names.left:
            kind, name = names.number(1), names.block(2)
            if kind == 0:
                return name.decode("ascii").lower()
    except ValueError:
        pass
    return ""


def _blocks(extension: bytes | None) -> tuple[bytes, ...]:
    """Programs are few, and each says the same again and again."""
    extension = extension or b""
    return _few_blocks(extension) if len(extension) <= SHORT else _all_blocks(extension)


def _all_blocks(extension: bytes) -> tuple[bytes, ...]:
    """As far as they are whole."""
    found = list[bytes]()
    try:
        listed = Cut(Cut(extension).block(2))
        while listed.left:
            found.append(listed.block(1))
    except ValueError:
        pass
    return tuple(found)


_few_blocks = lru_cache(REMEMBERED)(_all_blocks)
