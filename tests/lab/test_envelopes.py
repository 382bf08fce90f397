"""Real bytes of the shared lab and its vectors: recognised as what they are, or not, never as another."""

import base64
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from auditor.decoders.unwrap import Forced, Node, Opening, not_forced
from auditor.rulebook.book import Rulebook
from auditor.rulebook.contents import Judge
from auditor.shelf import load_rules

SHARED = Path(__file__).parents[3] / "shared"
LAB, VECTORS = SHARED / "lab" / "captures", SHARED / "facts" / "vectors.json"
pytestmark = [pytest.mark.lab, pytest.mark.skipif(not LAB.is_dir(), reason=f"no shared lab at {LAB}")]


@cache
def book() -> Rulebook:
    return load_rules(None)


@cache
def weak() -> tuple[str, ...]:
    return tuple(e.id for e in book().envelopes.values() if e.only_in_slot)


def seals(value: Any, forced: Forced = not_forced) -> set[str]:
    """Every envelope that is found shut in a value, wherever it lies, where all weak ones are accepted."""
    root = Node(())
    root.children = [Opening(book().recogniser(weak()), forced).open(value, ("body",))]
    trees = {envelope.id for envelope, _ in Judge(book(), root, {}).trees}
    return trees | {n.seal.name for n in root.walk() if n.seal is not None and n.seal.shut}


def believed(value: Any, forced: Forced = not_forced) -> set[str]:
    """Those of them that a recipient opens and that need nothing around them."""
    found = (book().envelopes[name] for name in seals(value, forced))
    return {e.id for e in found if e.opened_by == "recipient" and e.alone}


def pieces(session: str, pattern: bytes) -> list[bytes]:
    found: list[bytes] = []
    for file in sorted((LAB / session).glob("*.mitm")):
        found += re.findall(pattern, file.read_bytes(), re.DOTALL)
    return found


def test_omemo_stanzas_are_omemo_and_empty_ones_are_not() -> None:
    found = pieces("xmpp-omemo", rb"<encrypted [^>]*>.*?</encrypted>")
    names = {True: 0, False: 0}
    for stanza in found:
        full = b"<payload>" in stanza
        names[full] += 1
        assert ("omemo" in seals(stanza.decode()) or "omemo-2" in seals(stanza.decode())) == full
    assert names[True] > 10
    assert names[False] > 0


def test_mail_of_deltachat_is_openpgp() -> None:
    found = pieces("mail-deltachat-e2ee", rb"-----BEGIN PGP MESSAGE-----.*?-----END PGP MESSAGE-----")
    assert len(found) > 10
    for armor in found:
        assert seals(armor.decode()) == {"openpgp-armored"}
        inner = b"".join(x for x in armor.split() if re.fullmatch(rb"[A-Za-z0-9+/]{5,}=*", x))
        assert believed(base64.b64decode(inner)) == {"openpgp"}


def test_nostr_messages_are_nip04() -> None:
    found = {x.decode() for x in pieces("nostr-nip04", rb"[A-Za-z0-9+/=]{24,}\?iv=[A-Za-z0-9+/=]{24}")}
    assert len(found) > 5
    assert {name for text in found for name in seals(text)} == {"nip04"}


def contents(tree: Any) -> Iterator[str]:
    match tree:
        case dict():
            for value in tree.values():
                yield from contents(value)
        case list():
            for value in tree:
                yield from contents(value)
        case str():
            yield tree


SIGNAL = {"signal-message", "signal-prekey", "sealed-sender"}
MATRIX = {"olm-message", "olm-prekey", "megolm-message"}


@pytest.mark.parametrize(
    ("session", "names"), [("signal-libsignal-e2ee", SIGNAL), ("matrix-nio-e2ee", MATRIX)]
)
def test_ratchet_messages_are_what_they_are(session: str, names: set[str]) -> None:
    bodies = pieces(session, rb"(\{\".*?\})(?=[,;\]]\d)")
    found: set[str] = set()
    for body in bodies:
        try:
            tree = json.loads(body)
        except ValueError:
            continue
        for text in contents(tree):
            found |= seals(text)
    assert found
    assert found <= names


@cache
def vectors() -> list[dict[str, Any]]:
    known: list[dict[str, Any]] = json.loads(VECTORS.read_text(encoding="utf-8")) if VECTORS.is_file() else []
    return known


def value(vector: dict[str, Any]) -> str | bytes:
    data = str(vector["data"])
    match vector["encoding"]:
        case "hex":
            return bytes.fromhex(data)
        case "base64":
            return base64.b64decode(data)
    return data


def qualified(path: tuple[str, ...]) -> str:
    """Wire's protobuf around Proteus, as a rule would order it to be opened."""
    return "protobuf" if len(path) < 5 and set(path[1:]) <= {"2"} else ""


# What vectors marked as end-to-end are; the others have no shape, or their reader is not built yet.
KNOWN = {
    "deltachat_mail": set(),  # "PGP packet bytes are fake"
    "otr_v3_spec_data_message": {"otr"},
    "xmpp_omemo03": {"omemo", "signal-message", "signal-prekey"},
    "xmpp_ox": set(),  # made of random bytes: the session key claims to be 2,000 bytes of 76
    "xmpp_0027": set(),
    "nip44_payload": {"nip44"},
    "nostr_giftwrap": {"nip44"},
    "wire_proteus_envelope": {"wire-proteus"},
    "wire_proteus_qualified": {"wire-proteus"},  # inside protobuf
    "saltpack_binary": {"saltpack"},
    "rc_e2e_v1": {"rocketchat-e2e"},
    "line_letter_sealing_v2": {"line-letter-sealing"},
    "matrix_megolm": {"megolm"},
    "olm_prekey_vodozemac": {"olm-prekey"},
}


@pytest.mark.parametrize("vector", vectors(), ids=lambda v: str(v["name"]))
def test_a_vector_is_what_it_is_or_honestly_nothing(vector: dict[str, Any]) -> None:
    found = believed(value(vector), qualified if vector["name"] == "wire_proteus_qualified" else not_forced)
    if not vector["expect"].startswith("e2ee"):
        assert found == set()
    elif vector["name"] in KNOWN:
        assert found == KNOWN[vector["name"]]
    else:
        print(vector["name"], found or "not recognised")
        assert found <= SIGNAL | {"ids-pair", "ids-pair-ec"}


SERVED = {
    "wa_client_hello": {"whatsapp-noise"},
    "tg_abridged_req_pq": {"mtproto"},
    "tg_intermediate_req_pq": {"mtproto"},
    "tg_encrypted_message": {"mtproto"},
    "mmtls_client_early": {"mmtls"},
    "loco_handshake": {"loco"},
    "qq_sso_p12": {"qq-sso"},
}


@pytest.mark.parametrize("name", SERVED)
def test_what_a_server_opens_is_known_as_that(name: str) -> None:
    vector = next(v for v in vectors() if v["name"] == name)
    assert {s for s in seals(value(vector)) if book().envelopes[s].opened_by == "server"} == SERVED[name]
