"""What a certificate says about whose it is. Anybody can have written it.

Only two places of it are read, and no library is needed for them: certificates that were made to
confuse one would be met here first. Whatever does not fit ends reading; what was read until then stays.
"""

import ipaddress
from collections.abc import Iterator

LARGEST = 65536  # bytes of one certificate
MOST = 12  # names that are shown
LONGEST = 255  # characters of a name

_SEQUENCE, _OID, _OCTETS = 0x30, 0x06, 0x04
_VERSION, _EXTENSIONS = 0xA0, 0xA3
_COMMON_NAME, _OTHER_NAMES = bytes.fromhex("550403"), bytes.fromhex("551d11")
_DNS, _ADDRESS = 0x82, 0x87
_CODINGS = {12: "utf-8", 28: "utf-32-be", 30: "utf-16-be"}  # of texts; all others are Latin-1

Item = tuple[int, bytes]


def names(data: bytes) -> tuple[str, ...]:
    """For whom it is, the subject first; nothing where it cannot be read. It is not checked."""
    found: list[str] = []
    if len(data) <= LARGEST:
        try:
            for name in _names(data):
                if name and name not in found:
                    found.append(name[:LONGEST])
                if len(found) == MOST:
                    break
        except ValueError:
            pass
    return tuple(found)


def _names(data: bytes) -> Iterator[str]:
    fields = list(_inside(_first(_first(data, _SEQUENCE), _SEQUENCE)))
    if fields and fields[0][0] == _VERSION:
        del fields[0]
    for _, relative in _inside(fields[4][1] if len(fields) > 4 else b""):
        for _, pair in _inside(relative):
            parts = list(_inside(pair))
            if len(parts) == 2 and parts[0] == (_OID, _COMMON_NAME):
                yield parts[1][1].decode(_CODINGS.get(parts[1][0], "latin-1"), "replace")
    for _, listed in (field for field in fields if field[0] == _EXTENSIONS):
        for _, extension in _inside(_first(listed, _SEQUENCE)):
            parts = list(_inside(extension))
            if parts and parts[0] == (_OID, _OTHER_NAMES) and parts[-1][0] == _OCTETS:
                yield from _others(_first(parts[-1][1], _SEQUENCE))


def _others(data: bytes) -> Iterator[str]:
    for kind, name in _inside(data):
        if kind == _DNS:
            yield name.decode("latin-1")
        elif kind == _ADDRESS:
            yield str(ipaddress.ip_address(name))


def _first(data: bytes, kind: int) -> bytes:
    """The content of the first item, which is of this kind."""
    found = next(_inside(data), None)
    if found is None or found[0] != kind:
        raise ValueError("something else than expected")
    return found[1]


def _inside(data: bytes) -> Iterator[Item]:
    """The items of DER that stand one behind the other: a tag, and what is in it."""
    at = 0
    while at < len(data):
        tag, size, begin = data[at], data[at + 1 : at + 2], at + 2
        if not size or tag & 31 == 31:
            raise ValueError("no item")
        length = size[0]
        if length & 128:
            begin += length & 127
            length = int.from_bytes(data[at + 2 : begin]) if length & 127 <= 4 else len(data) + 1
        if begin + length > len(data):
            raise ValueError("an item that is cut off")
        yield tag, data[begin : begin + length]
        at = begin + length
