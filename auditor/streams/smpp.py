"""SMPP 3.3, 3.4 and 5.0: short messages between a company or an operator and an SMS centre.

A PDU is a message with its name and what is in it as JSON. submit_sm, submit_multi, deliver_sm and
data_sm have the first recipient as their path, and "text" in the alphabet that data_coding names, or
"data" in base64. Coding 0 means what the centre likes: bytes of seven bits are read in GSM's alphabet,
and where ASCII reads them otherwise that is "otherwise". "part" says which of how many parts it is, by
the user data header or by sar_*. A deliver_sm that only reports is DELIVERY-RECEIPT. What does not keep
to its format is UNREADABLE, with its bytes.
"""

import base64
from collections.abc import Mapping

from auditor.gsm import text_of
from auditor.model import Head
from auditor.streams.talk import Talk, words

name = "smpp"

LONGEST = 1_000_000  # bytes of a PDU; the longest text has 65535
_HEADER = 16
_NAMES = {
    0x01: "bind_receiver", 0x02: "bind_transmitter", 0x03: "query_sm", 0x04: "submit_sm", 0x05: "deliver_sm",
    0x06: "unbind", 0x07: "replace_sm", 0x08: "cancel_sm", 0x09: "bind_transceiver", 0x0B: "outbind",
    0x15: "enquire_link", 0x21: "submit_multi", 0x102: "alert_notification", 0x103: "data_sm",
    0x111: "broadcast_sm",
}  # fmt: skip
_ANSWER = 1 << 31
_BINDS = (0x01, 0x02, 0x09)
_TEXTS = (0x04, 0x05, 0x21, 0x103)
_PAYLOAD = 0x0424
_PARTS = {0x020C: "reference", 0x020E: "of", 0x020F: "number"}
_ALPHABETS = {
    1: "latin-1", 3: "latin-1", 5: "shift_jis", 6: "iso8859-5", 7: "iso8859-8", 8: "utf-16-be",
    10: "iso2022_jp", 13: "euc_jp", 14: "euc_kr",
}  # fmt: skip
_BYTES = (2, 4)
_HEADED = 0x40  # of esm_class: the text begins with a user data header
_RECEIPT = 0x3C


class _Fields:
    """Reads the parts of one PDU. ValueError where it is shorter than it says."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def take(self, size: int) -> bytes:
        if size > len(self.data):
            raise ValueError("a PDU that is shorter than it says")
        taken, self.data = self.data[:size], self.data[size:]
        return taken

    def number(self, size: int = 1) -> int:
        return int.from_bytes(self.take(size))

    def word(self) -> str:
        """A text with a zero behind it."""
        text, zero, self.data = self.data.partition(b"\0")
        if not zero:
            raise ValueError("a text without an end")
        return words(text)

    def address(self) -> str:
        self.take(2)  # the kind of number, and the plan
        return self.word()


def recognises(outgoing: bool, start: bytes) -> bool | None:
    """By a first PDU that binds, is bound or has a text, read to its last byte; others could be chance."""
    while len(start) >= _HEADER:
        size, number = int.from_bytes(start[:4]), int.from_bytes(start[4:8])
        kind, status = number & ~_ANSWER, int.from_bytes(start[8:12])
        if kind not in _NAMES or not _HEADER <= size <= LONGEST or (status and not number & _ANSWER):
            return False
        if status > 0xFFFF or not start[12:16].strip(b"\0"):
            return False
        if len(start) < size:
            return None
        if (proven := _proves(number, start[_HEADER:size])) is not None:
            return proven
        start = start[size:]
    return False if start[:1].strip(b"\0") else None


def Stream() -> Talk:  # noqa: N802
    return Talk(_Smpp().step)


class _Smpp:
    def __init__(self) -> None:
        self._want: dict[bool, tuple[int, int, int, int]] = {}

    def step(self, talk: Talk, outgoing: bool) -> bool:
        buffer = talk.sides[outgoing]
        if outgoing not in self._want:
            found = buffer.block(_HEADER)
            if found is None:
                return False
            size, *rest = (int.from_bytes(found[0][at : at + 4]) for at in (0, 4, 8, 12))
            if not _HEADER <= size <= LONGEST:
                raise ValueError("a PDU whose length cannot be")
            self._want[outgoing] = (size - _HEADER, rest[0], rest[1], rest[2])
        size, number, status, sequence = self._want[outgoing]
        body = buffer.block(size)
        if body is None:
            return False
        del self._want[outgoing]
        headers = (("sequence", str(sequence)), ("status", str(status)))
        try:
            _say(talk, outgoing, number, headers, body[0])
        except ValueError:
            talk.say(outgoing, Head("UNREADABLE", headers=headers), body[0])
        return True


def _say(talk: Talk, outgoing: bool, number: int, headers: tuple[tuple[str, str], ...], data: bytes) -> None:
    known = _NAMES.get(number & ~_ANSWER, f"command-{number & ~_ANSWER:x}")
    method = f"{known}_resp" if number & _ANSWER else known
    body = _body(number, data)
    people = body.get("to")
    path = tuple(people[:1]) if isinstance(people, list) else ()
    if number == 5 and isinstance(kind := body.get("class"), int) and kind & _RECEIPT in (4, 8, 0x18, 0x20):
        method = "DELIVERY-RECEIPT"
    talk.say(outgoing, Head(method, path, headers=headers), body)


def _body(number: int, data: bytes) -> dict[str, object]:
    fields = _Fields(data)
    if number in _BINDS:
        return {
            "user": fields.word(),
            "password": fields.word(),
            "system": fields.word(),
            "rest": fields.data.hex(),
        }
    if number & ~_ANSWER not in _TEXTS or not data:
        return {"hex": data.hex()}
    if number & _ANSWER:
        return {"id": fields.word(), "rest": fields.data.hex()}
    if number == 0x103:
        return _data(fields)
    service, sender, people = fields.word(), fields.address(), _people(fields, number)
    kind, _, _ = fields.take(3)
    scheduled, valid = fields.word(), fields.word()
    _, _, coding, _ = fields.take(4)
    short = fields.take(fields.number())
    body = {"service": service, "from": sender, "to": people, "class": kind, "coding": coding}
    body |= {key: value for key, value in (("scheduled", scheduled), ("valid", valid)) if value}
    return body | _text(kind, coding, short, _extras(fields))


def _people(fields: _Fields, number: int) -> list[str]:
    """submit_multi: addresses (1) and names of lists (2)."""
    if number != 0x21:
        return [fields.address()]
    return [fields.address() if fields.number() == 1 else fields.word() for _ in range(fields.number())]


def _data(fields: _Fields) -> dict[str, object]:
    service, sender, to = fields.word(), fields.address(), fields.address()
    kind, _, coding = fields.take(3)
    body: dict[str, object] = {
        "service": service,
        "from": sender,
        "to": [to],
        "class": kind,
        "coding": coding,
    }
    return body | _text(kind, coding, b"", _extras(fields))


def _extras(fields: _Fields) -> dict[int, bytes]:
    found = {}
    while fields.data:
        tag, size = fields.number(2), fields.number(2)
        found[tag] = fields.take(size)
    return found


def _text(kind: int, coding: int, short: bytes, extras: Mapping[int, bytes]) -> dict[str, object]:
    data = short or extras.get(_PAYLOAD, b"")
    part = {key: int.from_bytes(extras[tag]) for tag, key in _PARTS.items() if tag in extras}
    body: dict[str, object] = {}
    if kind & _HEADED and data:
        header, data = data[1 : 1 + data[0]], data[1 + data[0] :]
        body["header"] = header.hex()
        part = part or _parted(header)
    if len(part) == len(_PARTS):
        body["part"] = part
    others = {f"{tag:04x}": value.hex() for tag, value in extras.items() if tag not in (_PAYLOAD, *_PARTS)}
    if short and _PAYLOAD in extras:
        others |= {"payload": base64.b64encode(extras[_PAYLOAD]).decode()}
    return body | _words(coding, data) | ({"others": others} if others else {})


def _parted(header: bytes) -> dict[str, int]:
    """3GPP TS 23.040, 9.2.3.24: of its elements, those that number parts."""
    while len(header) > 1:
        kind, size = header[:2]
        field, header = header[2 : 2 + size], header[2 + size :]
        if (kind, len(field)) in ((0, 3), (8, 4)):
            return {"reference": int.from_bytes(field[:-2]), "of": field[-2], "number": field[-1]}
    return {}


def _words(coding: int, data: bytes) -> dict[str, object]:
    if coding > 0x0F:  # 3GPP TS 23.038, 4
        coding = {0: 0, 1: 4, 2: 8, 3: 4}[coding >> 2 & 3] if coding < 0xC0 else 4 * (coding > 0xEF) & coding
    if not coding:
        return _default(data)
    try:
        if coding not in _BYTES:
            return {"text": data.decode(_ALPHABETS.get(coding, "utf-8"))}
    except UnicodeDecodeError:
        pass
    return {"data": base64.b64encode(data).decode()}


def _default(data: bytes) -> dict[str, object]:
    if not data.isascii():
        return {"text": words(data)}
    text, ascii_text = text_of(data), data.decode()
    return {"text": text} if text == ascii_text else {"text": text, "otherwise": ascii_text}


def _proves(number: int, data: bytes) -> bool | None:
    """Whether this PDU is SMPP's alone; None where it says too little."""
    if number & ~_ANSWER in _BINDS and number & _ANSWER and data:
        fields = _Fields(data)
        return data.find(b"\0") in range(17) and fields.word().isprintable()
    if number not in (*_BINDS, *_TEXTS):
        return None
    try:
        body = _body(number, data)
    except ValueError:
        return False
    named = [body.get(key) for key in ("user", "system", "service", "from")]
    return all(text.isprintable() and len(text) < 22 for text in named if isinstance(text, str))
