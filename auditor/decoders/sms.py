"""A short message on its way through a phone network: 3GPP TS 24.011 (RP) around TS 23.040 (the TPDU).

This is the body `application/vnd.3gpp.sms` of a SIP MESSAGE (TS 24.341): {"rp": "data", "to-network": True,
"reference": 7, "to": centre, "kind": "submit", "recipient": whom, ...}, with its words as "text" (seven bits
or UCS-2) or its bytes as "data" (eight bits, or what was compressed). A number is {"number", "type"};
"header" is the user data header, "part" which of how many parts this is, where the header says so. What
only answers has its TPDU as "report". Bits that fill are not kept.

There is no magic, so this is only asked where a header or a rule names it.
"""

from auditor.decoders import Clue
from auditor.errors import TooMuch
from auditor.gsm import packed, septets_of, text_of, unpacked
from auditor.model import Tree

CLUE = Clue(kinds=("sms",))
EXAMPLES: list[tuple[bytes, Tree]] = [
    (
        bytes.fromhex("00070004912143651501050c91947121436587000009ed72990e0ad34137"),
        {
            "rp": "data", "to-network": True, "reference": 7, "to": {"number": "123456", "type": 145},
            "kind": "submit", "flags": 1, "id": 5, "recipient": {"number": "491712345678", "type": 145},
            "protocol": 0, "coding": 0, "text": "meet at 7",
        },
    ),
    (
        bytes.fromhex("01020491214365001e4406d0c5f01d0008621112913000400e05000309020100680069d83ddd10"),
        {
            "rp": "data", "to-network": False, "reference": 2, "from": {"number": "123456", "type": 145},
            "kind": "deliver", "flags": 0x44, "sender": {"number": "Eaw", "type": 0xD0},
            "protocol": 0, "coding": 8, "time": "26112119030004", "header": b"\0\3\x09\2\1",
            "part": {"reference": 9, "of": 2, "number": 1}, "text": "hi🔐",
        },
    ),
    (b"\3\7\x41\2\0\0", {"rp": "ack", "to-network": False, "reference": 7, "report": b"\0\0"}),
]  # fmt: skip
order = 50
reads = "bytes"
needs_clue = True

_KINDS = ("data", "ack", "error")
_DIGITS = "0123456789*#abc"
_HEADER = 0x40  # of the flags: the user data begins with a header
_VALIDITY = {0x00: 0, 0x10: 1, 0x08: 7, 0x18: 7}
_NAMED = 5  # the type of a sender who is a word
_REPORT = 0x41


class _Bytes:
    """Takes one part after the other off the message."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def take(self, size: int) -> bytes:
        if size > len(self.data):
            raise ValueError("a short message that is cut")
        taken, self.data = self.data[:size], self.data[size:]
        return taken

    def number(self) -> int:
        return self.take(1)[0]

    def block(self) -> bytes:
        return self.take(self.number())


def unwrap(data: bytes, clue: Clue) -> Tree:
    left = _Bytes(data)
    first, reference = left.number(), left.number()
    if first > 6:
        raise ValueError("not RP: a kind of message that does not exist")
    tree: dict[str, Tree] = {"rp": "memory" if first == 6 else _KINDS[first // 2]}
    tree |= {"to-network": first % 2 == 0, "reference": reference}
    if tree["rp"] == "data":
        tree |= _numbers(left)
        inner = _Bytes(left.block())
        tree |= _tpdu(inner, to_network=first == 0)
        left.data += inner.data
    elif tree["rp"] != "memory":
        tree |= {"cause": left.block()} if tree["rp"] == "error" else {}
        tree |= _report(left)
    if left.data:
        raise ValueError("a short message with bytes behind it")
    inside = [
        *tree.values(),
        *(v for value in tree.values() if isinstance(value, dict) for v in value.values()),
    ]
    if sum(len(value) for value in inside if isinstance(value, str | bytes)) > clue.limit:
        raise TooMuch(f"SMS: more than {clue.limit:,} bytes would come out")
    return tree


def wrap(tree: Tree) -> bytes:
    kind, down = tree["rp"], not tree.get("to-network", True)
    start = bytes((6 if kind == "memory" else 2 * _KINDS.index(kind) + down, tree.get("reference", 0)))
    if kind == "data":
        return (
            start
            + b"".join(_block(_centre(tree.get(name))) for name in ("from", "to"))
            + _block(_packet(tree))
        )
    cause = _block(tree["cause"]) if kind == "error" else b""
    return start + cause + (bytes((_REPORT,)) + _block(tree["report"]) if "report" in tree else b"")


def _block(data: bytes) -> bytes:
    return bytes((len(data),)) + data


def _numbers(left: _Bytes) -> dict[str, Tree]:
    """24.011, 8.2.5: a length in bytes, which of the two that nobody needs is 0."""
    found = {"from": left.block(), "to": left.block()}
    return {
        name: {"number": _digits(data[1:], 2 * len(data) - 2 - (data[-1] > 0xEF)), "type": data[0]}
        for name, data in found.items()
        if data
    }


def _centre(one: Tree) -> bytes:
    return bytes((one.get("type", 0x91),)) + _semi(one["number"]) if one else b""


def _report(left: _Bytes) -> dict[str, Tree]:
    if not left.data:
        return {}
    if left.number() != _REPORT:
        raise ValueError("an answer with something else than a report")
    return {"report": left.block()}


def _tpdu(left: _Bytes, *, to_network: bool) -> dict[str, Tree]:
    """23.040, 9.2.2: which of six it is, the first two bits and the direction say."""
    flags = left.number()
    match flags & 3, to_network:
        case 0, False:
            head: dict[str, Tree] = {"kind": "deliver", "flags": flags, "sender": _address(left)}
        case 1, True:
            head = {"kind": "submit", "flags": flags, "id": left.number(), "recipient": _address(left)}
        case 2, False:
            head = {"kind": "status-report", "flags": flags, "id": left.number(), "recipient": _address(left)}
            head |= {"time": _time(left), "done": _time(left), "status": left.number()}
            return head | {"rest": left.take(len(left.data))}
        case 2, True:
            return {"kind": "command", "flags": flags, "rest": left.take(len(left.data))}
        case _:
            raise ValueError("a TPDU that does not go this way")
    head |= {"protocol": left.number(), "coding": left.number()}
    if head["kind"] == "deliver":
        head["time"] = _time(left)
    elif size := _VALIDITY[flags & 0x18]:
        head["validity"] = left.take(size)
    return head | _words(left, head["coding"], headed=bool(flags & _HEADER))


def _packet(tree: Tree) -> bytes:
    kind, flags = tree["kind"], tree.get("flags", 1 if tree["kind"] == "submit" else 0)
    out = bytes((flags,))
    if kind == "command":
        return out + bytes(tree["rest"])
    out += b"" if kind == "deliver" else bytes((tree.get("id", 0),))
    out += _addressed(tree["sender" if kind == "deliver" else "recipient"])
    if kind == "status-report":
        return (
            out
            + _timed(tree["time"])
            + _timed(tree["done"])
            + bytes((tree["status"], *tree.get("rest", b"")))
        )
    out += bytes((tree.get("protocol", 0), tree.get("coding", 0)))
    out += _timed(tree.get("time", "0" * 14)) if kind == "deliver" else tree.get("validity", b"")
    return out + _worded(tree, tree.get("coding", 0), headed=bool(flags & _HEADER))


def _address(left: _Bytes) -> dict[str, Tree]:
    """9.1.2.5: a length in digits; of a word, in half bytes of its septets."""
    size, kind = left.number(), left.number()
    data = left.take((size + 1) // 2)
    if kind >> 4 & 7 == _NAMED:
        return {"number": text_of(unpacked(data, size * 4 // 7)), "type": kind}
    return {"number": _digits(data, size), "type": kind}


def _addressed(one: Tree) -> bytes:
    kind, number = one.get("type", 0x91), one["number"]
    if kind >> 4 & 7 == _NAMED:
        septets = septets_of(number)
        return bytes(((7 * len(septets) + 3) // 4, kind)) + packed(septets)
    return bytes((len(number), kind)) + _semi(number)


def _digits(data: bytes, size: int) -> str:
    halves = [half for byte in data for half in (byte & 15, byte >> 4)][:size]
    if 15 in halves:
        raise ValueError("a number with a hole")
    return "".join(_DIGITS[half] for half in halves)


def _semi(number: str) -> bytes:
    halves = [*map(_DIGITS.index, number), 15][: len(number) + len(number) % 2]
    return bytes(low | high << 4 for low, high in zip(halves[::2], halves[1::2], strict=True))


def _time(left: _Bytes) -> str:
    """Year, month, day, hour, minute, second and the zone in quarters of an hour, two digits each."""
    return "".join(f"{byte & 15:x}{byte >> 4:x}" for byte in left.take(7))


def _timed(text: str) -> bytes:
    return bytes(int(text[at + 1] + text[at], 16) for at in range(0, 14, 2))


def _alphabet(coding: int) -> str:
    """23.038, 4. What is reserved is read as seven bits, as it says."""
    group = coding >> 4
    if group < 8:
        return "data" if coding & 0x20 else ("gsm", "data", "ucs2", "data")[coding >> 2 & 3]
    return {14: "ucs2", 15: "data" if coding & 4 else "gsm"}.get(group, "gsm")


def _words(left: _Bytes, coding: int, *, headed: bool) -> dict[str, Tree]:
    alphabet, size = _alphabet(coding), left.number()
    data = _Bytes(left.take((7 * size + 7) // 8 if alphabet == "gsm" else size))
    head: dict[str, Tree] = {}
    if headed:
        head["header"] = header = data.block()
        head |= {"part": part} if (part := _part(header)) else {}
    if alphabet == "gsm":
        used, fill = _beside(head)
        if used > size:
            raise ValueError("a short message whose header is longer than it")
        return head | {"text": text_of(unpacked(data.data, size - used, fill))}
    if alphabet == "ucs2" and len(data.data) % 2 == 0:
        return head | {"text": data.data.decode("utf-16-be", "replace")}
    return head | {"data": data.data}


def _worded(tree: Tree, coding: int, *, headed: bool) -> bytes:
    start = _block(tree.get("header", b"")) if headed else b""
    if "data" in tree:
        data = tree["data"]
        return _block(start + (data.encode() if isinstance(data, str) else bytes(data)))
    if _alphabet(coding) == "ucs2":
        return _block(start + tree["text"].encode("utf-16-be"))
    used, fill = _beside({"header": start[1:]} if headed else {})
    septets = septets_of(tree["text"])
    return bytes((used + len(septets),)) + start + packed(septets, fill)


def _beside(head: dict[str, Tree]) -> tuple[int, int]:
    """How many septets the header takes up, and how many bits fill the last of them."""
    bits = 8 * (1 + len(head["header"])) if "header" in head else 0
    return (bits + 6) // 7, -bits % 7


def _part(header: bytes) -> dict[str, Tree]:
    """23.040, 9.2.3.24.1 and .8: a number for all parts, how many there are, and which this is."""
    at = 0
    while at + 2 <= len(header):
        kind, size = header[at], header[at + 1]
        field = header[at + 2 : at + 2 + size]
        if (kind, len(field)) in ((0, 3), (8, 4)):
            return {"reference": int.from_bytes(field[:-2]), "of": field[-2], "number": field[-1]}
        at += 2 + size
    return {}
