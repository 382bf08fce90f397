"""All envelopes of rules/: who opens them, how seldom chance fits them, and that no two claim one sample."""

import base64
import gzip
import json
import random
import zlib
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from auditor.audit import Audit
from auditor.decoders import DECODERS, protobuf
from auditor.errors import RuleError
from auditor.model import Channel, Content, Finding, Grade, Head, Parcel, Ref, Road
from auditor.needles import Needles
from auditor.rulebook.book import Rulebook
from auditor.rulebook.build import sealed
from auditor.rulebook.seals import Function
from auditor.rulebook.shut import flaw
from auditor.shelf import own_rules, texts_of

PLATFORM = "title: X\nhosts: [x.example]\nwhy: [{fact: f, source: s}]\n"
RULE = (
    "title: Sent\nsurface: dm\nwhen: {direction: out, method: POST, path: /send}\n"
    "slot: [body.text, 'body.*|message.*|encrypted.payload']\nwhy: [{fact: f, source: s}]\ntests: []\n"
)


OURS = {path: text for path, text in texts_of(own_rules()).items() if path.startswith("envelopes/")}


@cache
def book(accept: tuple[str, ...] = ()) -> Rulebook:
    """All envelopes, and one platform."""
    extra = f"accept: [{', '.join(accept)}]\n" if accept else ""
    made = {"platforms/x/platform.yaml": PLATFORM, "platforms/x/send.yaml": extra + RULE}
    return Rulebook.of(OURS | made)


ENVELOPES = sorted(book().envelopes)
WEAK = [name for name in ENVELOPES if book().envelopes[name].only_in_slot]
SHAPED = [name for name in ENVELOPES if book().envelopes[name].shape is not None]
LOOSE = [name for name in SHAPED if name in WEAK and book().envelopes[name].alone]
STRICT = [name for name in SHAPED if name not in WEAK and book().envelopes[name].alone]


def sent(body: bytes) -> Parcel:
    head = Head("POST", ("send",))
    return Parcel(
        Ref("made", 1, ">"), Channel("x.example", 443, Road.PROTECTED), outgoing=True, body=body, head=head
    )


def finding(made: Any, accept: tuple[str, ...] = ()) -> Finding:
    if isinstance(made, bytes):
        made = made.decode() if made.isascii() else base64.b64encode(made).decode()
    return found(json.dumps({"text": made}).encode(), accept)


def found(body: bytes, accept: tuple[str, ...] = ()) -> Finding:
    findings = Audit(book(accept), Needles(())).feed(sent(body))
    return min(findings, key=lambda f: list(Content).index(f.content))


# Who opens it


@pytest.mark.parametrize("name", [n for n in ENVELOPES if n not in WEAK and book().envelopes[n].alone])
def test_who_opens_a_seal_decides_what_a_slot_holds(name: str) -> None:
    by = {"recipient": Content.SEALED, "server": Content.WRAPPED}
    seen = finding(sealed(name, book()))
    assert seen.content is by.get(book().envelopes[name].opened_by, Content.OPAQUE)
    assert seen.seal == (name if seen.content is Content.SEALED else "")


def test_what_the_server_or_nobody_known_opens_is_what_was_decided() -> None:
    by: dict[str, set[str]] = {}
    for envelope in book().envelopes.values():
        by.setdefault(envelope.opened_by, set()).add(envelope.id)
    transports = {"whatsapp-noise", "mtproto", "mmtls", "loco", "qq-sso", "line-legy", "line-legy-key"}
    assert by["server"] == transports
    assert by["unknown"] == {"jwe", "web-push", "otr-handshake"}


# Weak envelopes


@pytest.mark.parametrize("name", WEAK)
def test_a_weak_envelope_counts_only_in_slots_that_accept_it(name: str) -> None:
    sample = sealed(name, book())
    assert finding(sample).content is not Content.SEALED
    others = tuple(n for n in WEAK if n != name)
    assert finding(sample, others).content is not Content.SEALED
    accepted = finding(sample, (name,))
    envelope = book().envelopes[name]
    assert (accepted.content is Content.SEALED) == envelope.alone
    enough = envelope.alone and envelope.status == "recorded"
    assert accepted.grade is (Grade.RECOGNISED if enough else Grade.CONSISTENT)


@pytest.mark.parametrize("names", ["[omemo-3]", "[omemo]", "signal-message"])
def test_only_weak_envelopes_can_be_accepted_and_must_exist(names: str) -> None:
    rules = {"platforms/x/platform.yaml": PLATFORM, "platforms/x/send.yaml": f"accept: {names}\n{RULE}"}
    with pytest.raises(RuleError, match="no envelope that is only-in-slot; "):
        Rulebook.of(OURS | rules)


# Chance


def claims(data: bytes, names: list[str]) -> list[str]:
    """The envelopes whose shape these bytes have, and that are shut."""
    names = [n for n in names if (first := book().shape(n).first_bytes) == () or data[0] in first]
    return [n for n in names if (p := book().shape(n).cut(data, book().shape)) is not None and not flaw(p)]


def noise(number: int, seed: int) -> Iterator[bytes]:
    dice = random.Random(seed)
    return (dice.randbytes(dice.randint(60, 400)) for _ in range(number))


def lettered(name: str) -> bool:
    """Whether an envelope is written in letters, so that bytes are nothing to it but their base64 may be."""
    made = sealed(name, book())
    return isinstance(made, bytes) and made.isascii()


def fitting(name: str, number: int) -> int:
    """How many random blobs pass, as bytes or as the base64 of them."""
    if lettered(name):
        return sum(bool(claims(base64.b64encode(b), [name])) for b in noise(number, 7))
    return sum(bool(claims(b, [name])) for b in noise(number, 7))


def beginnings(name: str) -> list[bytes]:
    shape = book().shape(name)
    if isinstance(shape, Function) and lettered(name):
        return list(shape.starts)
    return [bytes([first]) for first in shape.first_bytes] or [b""]


def begun(name: str, number: int) -> int:
    """How many pass that begin as they must."""
    starts = beginnings(name)
    return sum(bool(claims(starts[n % len(starts)] + b, [name])) for n, b in enumerate(noise(number, 8)))


@pytest.mark.parametrize("name", LOOSE)
def test_of_random_blobs_at_most_one_in_4096_fits_a_weak_envelope(name: str) -> None:
    assert fitting(name, 20_000) <= 10


@pytest.mark.slow
@pytest.mark.parametrize("name", LOOSE)
def test_of_many_random_blobs_at_most_one_in_4096_fits_a_weak_envelope(name: str) -> None:
    number = 200_000
    passed = fitting(name, number)
    print(f"{name}: {passed} of {number:,}")
    assert passed <= number / 4096


@pytest.mark.parametrize("name", STRICT)
def test_what_begins_like_a_strong_envelope_is_never_one_by_chance(name: str) -> None:
    assert begun(name, 3_000) == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", STRICT)
def test_of_a_million_that_begin_like_a_strong_envelope_at_most_two_fit(name: str) -> None:
    passed = begun(name, 1_000_000)
    print(f"{name}: {passed} of 1,000,000 with its beginning")
    assert passed <= 2


def lookalikes() -> Iterator[bytes]:
    """Compressed, protobuf, pictures, base64, hexadecimal."""
    dice = random.Random(9)
    words = [dice.randbytes(3).hex() for _ in range(300)]
    for blob in noise(600, 9):
        text = " ".join(dice.choices(words, k=40)).encode()
        tree = {dice.randint(1, 9): dice.randbytes(dice.randint(1, 60)) for _ in range(dice.randint(1, 6))}
        yield from (gzip.compress(text, mtime=0), zlib.compress(text), protobuf.wrap(tree))
        yield from (b"\xff\xd8\xff\xe0\0\x10JFIF\0\1" + blob, b"\x89PNG\r\n\x1a\n" + blob)
        yield from (base64.b64encode(blob), blob.hex().encode(), base64.b64encode(text))
        yield from (bytes([dice.choice((0x02, 0x03, 0x33, 0xC1, 0x30))]) + protobuf.wrap(tree) + blob[:64],)


def test_what_only_looks_random_is_no_seal() -> None:
    data = list(lookalikes())
    strict = [(blob[:8], c) for blob in data if (c := claims(blob, STRICT))]
    loose = [(blob[:8], c) for blob in data if (c := claims(blob, LOOSE))]
    assert strict == []
    assert len(loose) <= 2


# One sample, one name


@pytest.mark.parametrize("name", SHAPED)
def test_no_other_envelope_claims_a_sample(name: str) -> None:
    for seed in range(100):
        data = sealed(name, book(), f"claimed{seed}")
        assert set(claims(data, SHAPED)) <= {name}


# OMEMO as it stands in a stanza


def stanza(namespace: str, encrypted: dict[str, Any]) -> bytes:
    return DECODERS["xml"].wrap(
        {"jabber:client|message": {"@to": "bob@b.org", f"{namespace}|encrypted": encrypted}}
    )


def keyed(name: str) -> dict[str, Any]:
    return {"@rid": "31415", "@prekey": "true", "#text": base64.b64encode(sealed(name, book())).decode()}


OLD, NEW = "eu.siacs.conversations.axolotl", "urn:xmpp:omemo:2"
PAYLOAD = base64.b64encode(random.Random(3).randbytes(48)).decode()
IV = base64.b64encode(random.Random(4).randbytes(12)).decode()


def old(keys: list[dict[str, Any]], **more: str) -> bytes:
    return stanza(OLD, {"header": {"@sid": "27183", "key": keys, "iv": IV}, **more})


def test_omemo_is_read_from_a_stanza() -> None:
    one, two = keyed("signal-message"), keyed("signal-prekey")
    assert found(old([one], payload=PAYLOAD)).seal == "omemo"
    assert found(old([one, two], payload=PAYLOAD)).content is Content.SEALED
    assert found(old([one], payload="qyQ=")).content is Content.SEALED  # a text of two letters


def test_omemo_without_a_payload_is_no_message() -> None:
    assert found(old([keyed("signal-message")])).content is Content.MISSING


def test_a_payload_whose_key_is_not_sealed_is_not_sealed() -> None:
    for text in ("the key is under the mat", base64.b64encode(random.Random(5).randbytes(48)).decode()):
        readable = keyed("signal-message") | {"#text": text}
        assert found(old([readable], payload=PAYLOAD)).content is not Content.SEALED
        assert found(old([keyed("signal-message"), readable], payload=PAYLOAD)).content is not Content.SEALED


def test_omemo_2_is_read_from_a_stanza_where_it_is_accepted() -> None:
    for inner in ("omemo-2-message", "omemo-2-exchange"):
        header = {"@sid": "27183", "keys": {"@jid": "bob@b.org", "key": keyed(inner)}}
        body = stanza(NEW, {"header": header, "payload": PAYLOAD})
        assert found(body, ("omemo-2",)).seal == "omemo-2"
        assert found(body).content is Content.OPAQUE


# Facts


def test_every_envelope_says_when_its_facts_were_read_and_has_a_near_miss() -> None:
    for envelope in book().envelopes.values():
        assert all(fact.read for fact in envelope.why), envelope.id
        assert {t.expect[0] for t in envelope.tests} - {envelope.id}, envelope.id
