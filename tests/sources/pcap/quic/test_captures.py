"""Captures of other people, with tshark as the one who knows: names, and streams where there are keys."""

import json
import random
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from auditor.sources.flows import Side
from auditor.sources.heads import Place
from auditor.sources.pcap.http3 import Http3
from auditor.sources.pcap.keys import Keys
from auditor.sources.pcap.quic import Quic, google
from auditor.sources.pcap.quic.connections import Connections
from auditor.sources.pcap.quic_conversation import QuicConversation
from auditor.sources.pcap.wire import End
from tests.sources.pcap.quic.sessions import Datagram
from tests.sources.pcap.quic.test_quic import damaged

CORPUS = Path(__file__).parents[5] / "shared" / "corpus"
CATALOGUE = CORPUS / "catalogue.json"
TSHARK = shutil.which("tshark")
pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not CATALOGUE.is_file(), reason=f"no shared corpus at {CORPUS}"),
    pytest.mark.skipif(TSHARK is None, reason="no tshark to compare with"),
]


@cache
def captures() -> tuple[str, ...]:
    if not CATALOGUE.is_file():
        return ()
    listed = json.loads(CATALOGUE.read_text(encoding="utf-8"))
    return tuple(one["path"] for one in listed if any("quic" in what for what in one["what_it_exercises"]))


# Every sixth in every run: for each of them tshark has to start.
EACH = [
    pytest.param(path, marks=() if at % 6 == 0 else pytest.mark.slow) for at, path in enumerate(captures())
]


class Seen(NamedTuple):
    """What tshark says of one datagram."""

    number: int
    source: End
    target: End
    payload: bytes
    asked: set[str]  # names, as TLS in QUIC says them
    tagged: set[str]  # and as Google's QUIC did


FIELDS = (
    "frame.number", "ip.src", "ipv6.src", "ip.dst", "ipv6.dst", "udp.srcport", "udp.dstport", "udp.payload",
    "tls.handshake.extensions_server_name", "gquic.tag.sni", "quic.packet_number",
)  # fmt: skip


@cache
def datagrams(path: str) -> tuple[Seen, ...]:
    """Of tunnelled packets, the innermost."""
    asked = [argument for name in FIELDS for argument in ("-e", name)]
    command = [TSHARK or "", "-r", str(CORPUS / path), "-Y", "udp.payload", "-T", "fields", *asked]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    found = []
    for line in said.splitlines():
        *values, names, tags, quic = line.split("\t")
        number, near, near6, far, far6, source, target, payload = (value.split(",")[-1] for value in values)
        found.append(
            Seen(
                int(number),
                End((near or near6).encode(), int(source)), End((far or far6).encode(), int(target)),
                bytes.fromhex(payload.replace(":", "")),
                set(names.lower().split(",")) - {""} if quic else set(), set(tags.split(",")) - {""},
            )
        )  # fmt: skip
    return tuple(found)


def connections(path: str, keys: Keys) -> dict[Quic, list[tuple[int, bool, bytes]]]:
    known, found = Connections(keys), dict[Quic, list[tuple[int, bool, bytes]]]()
    for number, source, target, payload, *_ in datagrams(path):
        place = known.find(source, target, payload)
        if place is not None:
            quic, from_client = place
            pieces = quic.feed(from_client, payload, number)
            found.setdefault(quic, []).extend((p.stream, p.from_client, p.data) for p in pieces)
            known.learn(quic)
    return found


@pytest.mark.parametrize("path", EACH)
def test_the_names_that_are_asked_for_are_those_of_tshark(path: str) -> None:
    """Some versions tshark does not open, so there may be more names than it has."""
    found = connections(path, Keys())
    ours = {quic.server_name for quic in found} - {""}
    seen = datagrams(path)
    assert set().union(*(one.asked for one in seen)) <= ours
    # tshark checks no hash and no tag of Google's, so it believes what somebody made up.
    hashed = {hello.server_name for one in seen if (hello := google.hello(one.payload)) is not None}
    tagged = set().union(*(one.tagged for one in seen))
    assert hashed - {""} <= ours & tagged
    assert len(tagged - ours) <= 1
    for quic in found:
        assert quic.shut and quic.facts and quic.proven


def secrets(path: str) -> list[bytes]:
    """What the decryption-secrets blocks of a capture hold."""
    data, at, found = (CORPUS / path).read_bytes(), 0, []
    while at + 12 <= len(data):
        kind, size = (
            int.from_bytes(data[at : at + 4], "little"),
            int.from_bytes(data[at + 4 : at + 8], "little"),
        )
        if kind == 10:
            length = int.from_bytes(data[at + 12 : at + 16], "little")
            found.append(data[at + 16 : at + 16 + length])
        at += max(size, 12)
    return found


def followed(path: str, stream: int) -> set[bytes]:
    """Both directions of a stream of the first connection; what was sent again, tshark shows again."""
    command = [TSHARK or "", "-r", str(CORPUS / path), "-q", "-z", f"follow,quic,raw,0,{stream}"]
    lines = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
    raw = [line for line in lines if line and set(line.strip()) <= set("0123456789abcdef")]
    sides = ([line for line in raw if (line[0] == "\t") is back] for back in (False, True))
    return {bytes.fromhex("".join(dict.fromkeys(line.strip() for line in side))) for side in sides} - {b""}


@pytest.mark.parametrize("path", EACH)
def test_damaged_captures_give_no_traceback(path: str) -> None:
    seen = [one for one in datagrams(path) if one.payload][:400]
    keys = Keys(secrets(path)) if path in OPENED else Keys()
    for seed in range(3):
        chance, known, found = random.Random(seed), Connections(keys), dict[Quic, QuicConversation]()
        listed = [Datagram(one.source < one.target, one.payload, ("", at)) for at, one in enumerate(seen)]
        for number, one in enumerate(damaged(listed, chance) if listed else ()):
            real = seen[one.address[1]]
            place = known.find(real.source, real.target, one.data)
            if place is not None:
                quic, way = place
                talk = found.setdefault(
                    quic, QuicConversation(Place(path), keys, number, real.source, real.target, quic=quic)
                )
                talk.feed(way, one.data, number, 0.0)
                known.learn(quic)
        for talk in found.values():
            assert talk.finish()


OPENED = ["ndpi/quic-v2.pcapng", "wireshark/captures/quic_follow_multistream.pcapng"]


@pytest.mark.parametrize("path", OPENED)
def test_streams_that_open_are_those_of_tshark(path: str) -> None:
    if path not in captures():
        pytest.skip(f"{path} is not in this corpus")
    ((quic, said),) = connections(path, Keys(secrets(path))).items()
    assert quic.shut == "" and quic.remarks == [] and quic.alpn.startswith("h3")
    compared = 0
    for stream in (0, 4, 8, 12):
        ours = {
            b"".join(data for number, way, data in said if (number, way) == (stream, from_client))
            for from_client in (True, False)
        } - {b""}
        assert ours == followed(path, stream)
        compared += len(ours)
    assert compared > 4


@pytest.mark.parametrize("path", OPENED)
def test_questions_and_answers_come_of_them(path: str) -> None:
    if path not in captures():
        pytest.skip(f"{path} is not in this corpus")
    known, http, found = Connections(Keys(secrets(path))), Http3(Side(), Side(sni="fallback")), []
    for number, source, target, payload, *_ in datagrams(path):
        place = known.find(source, target, payload)
        if place is not None:
            for piece in place[0].feed(place[1], payload, number):
                found += http.feed(piece)
    found += http.finish()
    flows = [one.flow for one in found]
    asked = [flow.request.path for flow in flows if flow.request]
    assert len(asked) >= 3 and all(path.startswith(b"/") for path in asked)
    statuses = {flow.response.status_code for flow in flows if flow.response}
    assert 200 in statuses and not any("cannot be opened" in remark for remark in http.remarks)
