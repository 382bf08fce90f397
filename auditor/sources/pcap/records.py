"""The records of TLS and DTLS: a kind, a version and a body, cut from what one direction says.

A stream is cut record by record. Where no record begins, reading stops for good and says
why: to look for the next one behind would be a guess. A datagram holds whole records, so
damage in one of them says nothing about the next.
"""

from msgspec import Struct

CHANGE, ALERT, HANDSHAKE, DATA, HEARTBEAT, CONNECTION_ID, ACKNOWLEDGED = 20, 21, 22, 23, 24, 25, 26
OLD_HELLO = 128  # what begins like SSL 2, only at the very start: its body is the message
LONGEST = 16384 + 2048  # bytes of a body (RFC 5246, 6.2.3)
TLCP = 0x0101

_KINDS = range(CHANGE, HEARTBEAT + 1)
_SOUND = bytes(number in _KINDS for number in range(256))
_DATAGRAM_KINDS = range(CHANGE, ACKNOWLEDGED + 1)
_DATAGRAM_MAJORS = (0xFE, 0x01)  # 01 00 was OpenSSL's, before the standard


class Record(Struct, frozen=True):
    kind: int
    version: int
    body: bytes
    epoch: int = 0  # DTLS: how often the keys have changed
    sequence: int = 0  # DTLS


class Records:
    """What one direction of a stream says, record by record."""

    def __init__(self, begun: bool = False) -> None:
        self.stopped = ""  # why nothing more is read
        self._data = bytearray()
        self._at = 0  # where in it the next one begins
        self._begun = begun  # what begins like SSL 2 stands at the very start only

    @property
    def waiting(self) -> int:
        """Bytes of a record that is not whole."""
        return len(self._data) - self._at

    @property
    def expected(self) -> int:
        """Bytes that the record at the front still lacks; nothing where none is begun."""
        if self.waiting < 5:
            return 0
        return 5 + int.from_bytes(self._data[self._at + 3 : self._at + 5]) - self.waiting

    def feed(self, data: bytes, lost: int = 0) -> list[Record]:
        """The records that these bytes make whole. Bytes that were lost before them end it."""
        self.add(data, lost)
        found: list[Record] = []
        while record := self.next():
            found.append(record)
        return found

    def add(self, data: bytes, lost: int = 0) -> None:
        """The same for who takes them one by one."""
        if lost:
            self.stop(f"{lost:,} bytes are missing")
        if not self.stopped:
            del self._data[: self._at]
            self._data += data
            self._at = 0

    def stop(self, why: str) -> None:
        self.stopped = self.stopped or why
        self.clear()

    def clear(self) -> None:
        """Forgets what waits."""
        self._data.clear()
        self._at = 0

    def next(self) -> Record | None:
        """The next one that is whole."""
        data, at = self._data, self._at
        if len(data) >= at + 5 and _SOUND[data[at]] and data[at + 1] == 3 and data[at + 3] < LONGEST >> 8:
            end = at + 5 + (data[at + 3] << 8 | data[at + 4])  # so nearly all begin
            if len(data) < end:
                return None
            self._at, self._begun = end, True
            return Record(data[at], 0x300 | data[at + 2], bytes(data[at + 5 : end]))
        head = bytes(data[at : at + 5])
        if not self._begun and head and head[0] & 128 and head[2:3] in (b"", b"\1"):
            end = at + 2 + (int.from_bytes(head[:2]) & 0x7FFF)
            if len(head) < 3 or len(data) < end:
                return None
            self._at, self._begun = end, True
            return Record(OLD_HELLO, 2, bytes(data[at + 2 : end]))
        if wrong := _wrong(head):
            self.stop(wrong)
            return None
        end = at + 5 + int.from_bytes(head[3:])
        if len(head) < 5 or len(data) < end:
            return None
        self._at, self._begun = end, True
        return Record(head[0], int.from_bytes(head[1:3]), bytes(data[at + 5 : end]))


def _wrong(head: bytes) -> str:
    """Why no record begins so, as far as can be seen."""
    if head and head[0] not in _KINDS:
        return "no record of TLS begins where one should"
    if len(head) > 1 and head[1] != 3 and not b"\1\1".startswith(head[1:3]):
        return "no version of TLS stands where one should"
    if len(head) == 5 and int.from_bytes(head[3:]) > LONGEST:
        return "a record is longer than TLS has any"
    return ""


def looks_like(start: bytes) -> bool | None:
    """Whether a stream that begins so is TLS; None while more bytes could tell."""
    if _wrong(start[:5]):
        return _old(start)
    if len(start) < 6:
        return None
    kind, first, size = start[0], start[5], int.from_bytes(start[3:5])
    if kind == HANDSHAKE:
        return size >= 4 and first in (0, 1, 2)
    return kind == ALERT and size == 2 and first in (1, 2)


def goes_on(start: bytes) -> bool:
    """Whether these are records from the middle of a connection, one behind the other."""
    at = count = 0
    while at + 5 <= len(start):
        head = start[at : at + 5]
        if _wrong(head) or head[1] != 3 or head[2] > 3:
            return False
        at += 5 + int.from_bytes(head[3:])
        count += 1
    return count > 2 or (count > 0 and at >= len(start))


def _old(start: bytes) -> bool | None:
    """A client that offers TLS in the words of SSL 2."""
    if not start or not start[0] & 128 or start[2:3] not in (b"\1", b""):
        return False
    if len(start) < 11:
        return None
    size = int.from_bytes(start[:2]) & 0x7FFF
    ciphers, session, challenge = (int.from_bytes(start[at : at + 2]) for at in (5, 7, 9))
    version = start[3:5] in (b"\0\2", b"\3\0", b"\3\1", b"\3\2", b"\3\3")
    return version and ciphers % 3 == 0 and ciphers > 0 and size == 9 + ciphers + session + challenge


def of_datagram(data: bytes) -> list[Record]:
    """The records of one datagram of DTLS. Sealed ones of DTLS 1.3 have no kind: they end it."""
    found: list[Record] = []
    at = 0
    while len(data) - at >= 13:
        kind, version = data[at], int.from_bytes(data[at + 1 : at + 3])
        size = int.from_bytes(data[at + 11 : at + 13])
        if kind not in _DATAGRAM_KINDS or version >> 8 not in _DATAGRAM_MAJORS or at + 13 + size > len(data):
            break
        epoch, sequence = int.from_bytes(data[at + 3 : at + 5]), int.from_bytes(data[at + 5 : at + 11])
        found.append(Record(kind, version, data[at + 13 : at + 13 + size], epoch, sequence))
        at += 13 + size
    return found
