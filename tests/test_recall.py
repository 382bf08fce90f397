"""Keys that travel before or after what they open: in a login, a backup, an earlier message."""

import base64
import json
import random
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import aead

from auditor.audit import Audit
from auditor.decoders import DECODERS
from auditor.judge import Verdict, judge
from auditor.model import Answer, Channel, Finding, Head, Parcel, Ref, Road
from auditor.needles import Needles
from auditor.recall import LARGE, names_a_key
from auditor.report import Capture
from auditor.rulebook.book import Rulebook
from auditor.rulebook.build import sealed
from auditor.shelf import load_rules
from tests.rulebook import test_megolm as megolm
from tests.rulebook.test_megolm import decoded

TEXT = "meet me at seven by the north gate"
RNG = random.Random(3)
KEY, OTHER, NONCE = RNG.randbytes(16), RNG.randbytes(16), RNG.randbytes(12)
XMPP, WEB = "xmpp.example", "web.xmpp.example"


@lru_cache
def book() -> Rulebook:
    return load_rules(None)


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def stanza(number: int, body: str) -> Parcel:
    head = Head(body[1:].partition(" ")[0], ())
    place = Ref("made.pcap", number), Channel(XMPP, 5222, Road.PROTECTED)
    return Parcel(*place, True, body.encode(), protocol="xmpp", head=head)


def message(number: int = 1, key: bytes = KEY) -> Parcel:
    """OMEMO as it should be; its payload has a key of its own, sealed for each device."""
    payload = b64(aead.AESGCM(key).encrypt(NONCE, TEXT.encode(), None))
    keys = f"<key rid='2'>{b64(sealed('signal-message', book(), str(number)))}</key><iv>{b64(NONCE)}</iv>"
    seal = f"<header sid='1'>{keys}</header><payload>{payload}</payload>"
    omemo = f"<encrypted xmlns='eu.siacs.conversations.axolotl'>{seal}</encrypted>"
    return stanza(number, f"<message to='b@x' type='chat'>{omemo}</message>")


def answer(tree: Any, host: str = XMPP, **headers: str) -> Parcel:
    asked = Head("POST", ("login",))
    told = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    body = tree if isinstance(tree, bytes) else json.dumps(tree).encode()
    place = Ref("made.mitm", 90), Channel(host, 443, Road.PROTECTED)
    return Parcel(*place, False, body, head=Head(status=200, headers=told), answers=asked)


def heard(
    parcels: Iterable[Parcel], planted: tuple[str, ...] = (), surface: str = "dm"
) -> tuple[Verdict, list[Finding]]:
    one = Audit(book(), Needles(planted))
    found = [finding for each in parcels for finding in one.feed(each)]
    said = judge(one.report(Capture("ab" * 32, "made.mitm", "dump", 9)), book())
    return next(v for v in said if v.surface == surface), found


BACKUP = f"<iq type='set' id='1'><backup xmlns='x'><key>{b64(KEY)}</key></backup></iq>"
PLAIN = json.dumps({"roomKey": b64(KEY)}).encode()
SENT: dict[str, Parcel] = {
    "in the answer to a login": answer({"user": "a", "keys": {"b@x": b64(KEY)}}),
    "in hexadecimal": answer({"secret": KEY.hex()}),
    "in a compressed answer": answer(
        DECODERS["gzip"].wrap(json.dumps({"roomKey": b64(KEY)}).encode()), content_encoding="gzip"
    ),
    "in another stanza": stanza(2, BACKUP),
    "in the query of another call": Parcel(
        Ref("made.mitm", 91),
        Channel(XMPP, 443, Road.PROTECTED),
        True,
        b"",
        head=Head("GET", ("backup",), (("room_key", KEY.hex()),)),
    ),
    "in an answer that does not say it is compressed": answer(DECODERS["gzip"].wrap(PLAIN)),
    "compressed twice": answer(DECODERS["gzip"].wrap(DECODERS["gzip"].wrap(PLAIN)), content_encoding="gzip"),
    "compressed in another way than is said": answer(DECODERS["gzip"].wrap(PLAIN), content_encoding="br"),
    "in base64": answer(base64.b64encode(PLAIN)),
    "in base64, compressed": answer(base64.b64encode(DECODERS["gzip"].wrap(PLAIN))),
    "in base64, compressed by another means": answer(base64.b64encode(DECODERS["zlib"].wrap(PLAIN))),
    "in a value in base64": answer({"data": b64(PLAIN)}),
    "in a value in base64, compressed": answer({"data": b64(DECODERS["gzip"].wrap(PLAIN))}),
    "in a large answer": answer({"more": "-" * LARGE, "key": b64(KEY)}),
    "deep in an export": answer({"export": json.dumps([{"room": "r", "e2e_key": {"k": b64(KEY)}}])}),
}


@pytest.mark.parametrize("where", SENT)
@pytest.mark.parametrize("order", [tuple, lambda parcels: tuple(reversed(parcels))])
def test_a_key_that_was_sent_elsewhere_opens_the_message(
    where: str, order: Callable[[list[Parcel]], tuple[Parcel, ...]]
) -> None:
    verdict, found = heard(order([SENT[where], message()]))
    assert verdict.verdict is Answer.TRANSPORT_ONLY
    opened = [one for one in found if "opened (aes-gcm) with a key that was seen at" in one.note]
    assert len(opened) == 1
    assert str(SENT[where].ref) in opened[0].note
    assert TEXT not in opened[0].excerpt


def test_a_planted_text_is_found_in_what_opened() -> None:
    verdict, found = heard([message(), SENT["in another stanza"]], (TEXT,))
    assert [one.texts for one in found if one.texts] == [(TEXT,)]
    assert verdict.verdict is Answer.TRANSPORT_ONLY


INNOCENT: dict[str, list[Parcel]] = {
    "another key": [answer({"keys": {"b@x": b64(OTHER)}}), message()],
    "a key of a host that has nothing to do with it": [answer({"key": b64(KEY)}, "other.example"), message()],
    "what nobody calls a key": [answer({"etag": KEY.hex()}), message()],
    "a public key": [answer({"device_keys": {"public_key": b64(KEY)}}), message()],
}


@pytest.mark.parametrize("what", INNOCENT)
def test_what_opens_nothing_changes_nothing(what: str) -> None:
    assert heard(INNOCENT[what])[0].verdict is Answer.END_TO_END


def test_a_key_for_one_message_opens_that_one_and_no_other() -> None:
    _, found = heard([message(1, OTHER), message(2), message(3, OTHER), SENT["in hexadecimal"]])
    assert [one.ref.entry for one in found if one.note.startswith("opened")] == [2]


def test_each_message_is_opened_once() -> None:
    _, found = heard([SENT["in hexadecimal"], message(), SENT["in another stanza"], SENT["in hexadecimal"]])
    assert sum(one.note.startswith("opened") for one in found) == 1


@pytest.mark.parametrize("first", [0, 1])
def test_shares_of_a_capture_bring_together_what_belongs_together(first: int) -> None:
    parts = ([message()], [SENT["in another stanza"]])
    mine, theirs = Audit(book()), Audit(book())
    for audit, part in ((mine, parts[first]), (theirs, parts[1 - first])):
        for parcel in part:
            audit.feed(parcel)
    opened = mine.recalled(mine.recall.join(theirs.recall.kept))
    assert [one.ref.entry for one in opened] == [1]


def test_what_is_called_a_key_shows_in_the_bytes() -> None:
    for name in ("key", "roomKey", "KEYS", "secret", "sharedSecret", "password", "Passphrase", "ß-key"):
        assert names_a_key(f'{{"{name}": "{b64(KEY)}"}}'.encode()), name
        assert names_a_key(f"<x><{name}>1</{name}></x>".encode()), name


def test_for_halves_that_all_may_know_nothing_is_opened() -> None:
    for name in ("publicKey", "preKeyPublic", "identity_key", "device_keys", "one_time_keys", "monarch"):
        assert not names_a_key(f'{{"{name}": "{b64(KEY)}"}}'.encode()), name
    assert names_a_key(b"k" * 100 + b"publicKey, then " + b"key")


SESSION, ROOM = decoded(megolm.SESSION), "_matrix/client/v3/rooms/!r:hs.example/send/m.room.encrypted/1"
EXPORT = b64(b"\x01" + SESSION[1:165])
ROOM_KEYS: dict[str, Any] = {
    "in a backup": {"rooms": {"!r": {"sessions": {"abc": {"session_data": {"session_key": EXPORT}}}}}},
    "on its way to a device": {"messages": {"@b:hs": {"X": {"session_key": megolm.SESSION}}}},
    "without its padding": {"session_key": EXPORT.rstrip("=")},
}


def in_a_room(path: str, tree: Any) -> Parcel:
    head = Head("PUT", tuple(path.split("/")))
    place = Ref("made.mitm", 5), Channel("hs.example", 443, Road.PROTECTED)
    return Parcel(*place, True, json.dumps(tree).encode(), head=head)


@pytest.mark.parametrize("where", ROOM_KEYS)
@pytest.mark.parametrize("path", ["_matrix/client/v3/room_keys/keys", "_matrix/client/v3/account/x"])
def test_the_key_of_a_room_in_the_open_opens_its_messages(where: str, path: str) -> None:
    event = {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": megolm.MESSAGES[3]}
    verdict, found = heard([in_a_room(ROOM, event), in_a_room(path, ROOM_KEYS[where])], surface="room")
    assert verdict.verdict is Answer.TRANSPORT_ONLY
    assert [one.note.partition(" with")[0] for one in found if one.note] == ["opened (megolm)"]
