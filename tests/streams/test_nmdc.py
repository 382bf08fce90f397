"""NMDC: commands that end with a bar."""

import json
from typing import Any

import pytest

from auditor.streams import nmdc

COMMANDS: list[tuple[bytes, str, tuple[str, ...], dict[str, Any]]] = [
    (b"<al> hi &#124; &#36;5 &amp; you|", "CHAT", (), {"from": "al", "text": "hi | $5 & you"}),
    (b"<al> one\r\ntwo|", "CHAT", (), {"from": "al", "text": "one\r\ntwo"}),
    (b"$To: bob From: al $<al> hi you|", "PRIVATE", ("bob",), {"from": "al", "to": "bob", "text": "hi you"}),
    (b"$To: bob From: al $hi you|", "PRIVATE", ("bob",), {"from": "al", "to": "bob", "text": "hi you"}),
    (b"$MCTo: bob $al hi you|", "PRIVATE", ("bob",), {"from": "al", "to": "bob", "text": "hi you"}),
    (b"$MyINFO $ALL al text$ $DSL$$0$|", "MYINFO", (), {"params": "$ALL al text$ $DSL$$0$"}),
    ("<al> grün|".encode("latin-1"), "CHAT", (), {"from": "al", "text": "grün"}),
    (b"is away|", "NOTICE", (), {"params": "is away"}),
]


@pytest.mark.parametrize(("data", "method", "path", "body"), COMMANDS)
def test_a_command_becomes_a_message(
    data: bytes, method: str, path: tuple[str, ...], body: dict[str, Any]
) -> None:
    (message,) = nmdc.Stream().feed(True, b"|" + data)
    assert (message.head.method, message.head.path, json.loads(message.body)) == (method, path, body)


@pytest.mark.parametrize("end", [b"$ADCSND file TTH/A 0 12|", b"$ZOn|", b"$FileLength 12|", b"$Sending 12|"])
def test_where_a_file_or_packed_lists_begin_reading_ends(end: bytes) -> None:
    talk = nmdc.Stream()
    talk.feed(False, end + b"\x78\x9c|<al> x|")
    assert talk.handed_over.endswith(("follows", "follow"))
    assert talk.rest[False] == 10


def test_a_command_that_is_too_long_is_reported_and_reading_goes_on() -> None:
    for pieces in (
        [b"<al> " + b"x" * 2_000_000 + b"|<al> hi|"],
        [b"<al> ", *[b"x" * 100_000] * 20, b"|<al> hi|"],
    ):
        talk = nmdc.Stream()
        long, after = [message for piece in pieces for message in talk.feed(False, piece)]
        assert json.loads(long.body)["length"] == 2_000_005
        assert json.loads(after.body)["text"] == "hi"


KNOWN = [
    (b"$Lock EXTENDEDPROTOCOL_verlihub Pk=version0.9.8d-RC2|", True),
    (b"$Supports UserCommand NoGetINFO |$Key abc|$ValidateNick al|", True),
    (b"$MyNick al|$Lock EXTENDEDPROTOCOLABCABC Pk=DCPLUSPLUS0.306|", True),
    (b"$To: bob From: al $<al> in the midst|", True),
    (b"$MyINFO $ALL al $|", True),
    (b"$MyNick al|" * 5000, None),
    (b"$Key abc|", None),
    (b"$Lo", None),
    (b"", None),
    (b"<al> hi|", False),
    (b"$5 for you|", False),
    (b"$Unknown x|", False),
    (b"$1\r\n", False),
]


@pytest.mark.parametrize(("start", "answer"), KNOWN)
def test_nmdc_is_known_by_its_commands(start: bytes, answer: bool | None) -> None:
    assert nmdc.recognises(True, start) is answer
