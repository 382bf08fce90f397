"""MMTLS, the channel between WeChat and its server: records like those of TLS, with versions of its own.

A record is a message FRAME with its header; its path is its kind, as in TLS: handshake, data,
alert or early (the first flight of the app). Only the server opens what is inside.
"""

from auditor.model import Head
from auditor.streams.talk import Talk

name = "mmtls"
opened_by = "server"

_KINDS = {0x15: "alert", 0x16: "handshake", 0x17: "data", 0x19: "early"}
_VERSIONS = (b"\xf1\x03", b"\xf1\x04")


def recognises(outgoing: bool, start: bytes) -> bool | None:
    """By the header of the first record: a handshake."""
    if not start:
        return None
    known = start[0] in (0x16, 0x19) and any(version.startswith(start[1:3]) for version in _VERSIONS)
    return known and (True if len(start) >= 5 else None)


def Stream() -> Talk:  # noqa: N802
    return Talk(_step)


def _step(talk: Talk, outgoing: bool) -> bool:
    data = talk.sides[outgoing].data
    if len(data) < 5:
        return False
    if data[0] not in _KINDS or data[1:3] not in _VERSIONS:
        raise ValueError("no record begins where one should")
    record = talk.sides[outgoing].block(5 + int.from_bytes(data[3:5]))
    if record is None:
        return False
    talk.say(outgoing, Head("FRAME", (_KINDS[record[0][0]],)), record[0])
    return True
