"""What a connection is, by how it begins; never by its port.

The streams of auditor/streams know their own beginnings. Here is what carries something
else: TLS, HTTP, and the few words with which a way through somebody is asked for.
"""

import re

from msgspec import Struct

from auditor.sources import heads
from auditor.sources.pcap import records

SEARCHED = 8192  # bytes of a line that could still become a request
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_REQUEST = re.compile(rb"[A-Z][A-Z-]{2,19} [^ \r\n]+ HTTP/1\.[01]\r?\n")
_COULD_BE = re.compile(rb"[A-Z][A-Z-]{0,19}|[A-Z][A-Z-]{2,19} [^\r\n]*\r?")
_PROXY = re.compile(
    rb"PROXY (?:TCP[46] ([0-9A-Fa-f.:]+) ([0-9A-Fa-f.:]+) \d{1,5} (\d{1,5})|UNKNOWN[^\r\n]*)\r\n"
)
_PROXY_2 = b"\r\n\r\n\0\r\nQUIT\n"


class Asked(Struct, frozen=True):
    """A way through somebody else, and how many bytes each side spent on it."""

    sent: int
    received: int
    host: str = ""
    port: int = 0


def http1(client: bytes, server: bytes) -> bool | None:
    if _REQUEST.match(client):
        return True
    if _COULD_BE.fullmatch(client) and len(client) < SEARCHED:
        return None
    return None if not client else False


def http2(client: bytes, server: bytes) -> bool | None:
    if client.startswith(_PREFACE):
        return True
    return None if _PREFACE.startswith(client) else False


def tls(client: bytes, server: bytes) -> bool | None:
    answers = [records.looks_like(start) for start in (client, server) if start]
    if True in answers or any(records.goes_on(start) for start in (client, server) if start):
        return True
    return None if None in answers or not answers else False


def socks(client: bytes, server: bytes) -> Asked | bool | None:
    """SOCKS 4, 4a and 5: asked for by the client and granted by the server."""
    if not client:
        return None
    try:
        if client[0] == 4:
            return _socks4(client, server)
        return _socks5(client, server) if client[0] == 5 else False
    except IndexError:
        return None


def _socks4(client: bytes, server: bytes) -> Asked | bool | None:
    if client[1] not in (1, 2):
        return False
    name, end = b"", client.find(b"\0", 8)
    if end < 0:
        return None if len(client) < 300 else False
    if client[4:7] == b"\0\0\0" and client[7]:
        begin, end = end + 1, client.find(b"\0", end + 1)
        if end < 0:
            return None if len(client) < 600 else False
        name = client[begin:end]
    if len(server) < 8:
        return None
    host = heads.words(name) if name else ".".join(str(byte) for byte in client[4:8])
    return Asked(end + 1, 8, host, int.from_bytes(client[2:4])) if server[:2] == b"\0\x5a" else False


def _socks5(client: bytes, server: bytes) -> Asked | bool | None:
    sent, received = 2 + client[1], 2
    if not client[1] or len(client) < sent or len(server) < 2:
        return None if client[1] else False
    if server[0] != 5 or server[1] not in client[2:sent]:
        return False
    if server[1] == 2:  # a name and a password (RFC 1929)
        name = client[sent + 1]
        sent += 3 + name + client[sent + 2 + name]
        received += 2
    elif server[1] != 0:
        return False
    if client[sent] != 5 or client[sent + 1] != 1:
        return False
    host, size = _address(client, sent + 3)
    _, answer = _address(server, received + 3)
    if len(client) < sent + 5 + size or len(server) < received + 5 + answer or server[received + 1]:
        return False if server[received + 1] else None
    port = int.from_bytes(client[sent + 3 + size : sent + 5 + size])
    return Asked(sent + 5 + size, received + 5 + answer, host, port)


def _address(data: bytes, at: int) -> tuple[str, int]:
    """An address of SOCKS 5 as text, and its length with its kind."""
    match data[at]:
        case 1:
            return ".".join(str(byte) for byte in data[at + 1 : at + 5]), 5
        case 3:
            size = data[at + 1]
            return heads.words(data[at + 2 : at + 2 + size]), 2 + size
        case 4:
            return data[at + 1 : at + 17].hex(":", 2), 17
    return "", 1


def proxied(client: bytes) -> Asked | bool | None:
    """The line with which a load balancer says for whom it speaks (PROXY protocol, 1 and 2)."""
    if found := _PROXY.match(client):
        return Asked(found.end(), 0)
    if client.startswith(_PROXY_2):
        if len(client) < 16:
            return None
        size = 16 + int.from_bytes(client[14:16])
        return Asked(size, 0) if len(client) >= size else None
    could = b"PROXY ".startswith(client[:6]) or _PROXY_2.startswith(client)
    return None if could and len(client) < 108 else False
