"""Captures of other people, with tshark as the one who knows: its names, and its streams where there are keys."""

import json
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from auditor.sources.flows import Side
from auditor.sources.pcap.http3 import Http3
from auditor.sources.pcap.keys import Keys
from auditor.sources.pcap.quic import Quic, google
from auditor.sources.pcap.quic.connections import Connections
from auditor.sources.pcap.wire import End

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


def fields(path: str, only: str, *names: str, occurrence: str = "a") -> list[list[str]]:
    asked = [argument for name in names for argument in ("-e", name)]
    command = [TSHARK or "", "-r", str(CORPUS / path), "-Y", only, "-T", "fields", "-E", f"occurrence={occurrence}"]
    said = subprocess.run([*command, *asked], capture_output=True, text=True, check=False).stdout
    return [line.split("\t") for line in said.splitlines()]


def datagrams(path: str) -> Iterator[tuple[int, End, End, bytes]]:
    names = ("frame.number", "ip.src", "ipv6.src", "ip.dst", "ipv6.dst", "udp.srcport", "udp.dstport", "udp.payload")
    for number, *rest, payload in fields(path, "udp.payload", *names, occurrence="l"):
        near, near6, far, far6, source, target = rest
        ends = (End((near or near6).encode(), int(source)), End((far or far6).encode(), int(target)))
        yield int(number), *ends, bytes.fromhex(payload.replace(":", ""))


def connections(path: str, keys: Keys) -> dict[Quic, list[tuple[int, bool, bytes]]]:
    known, found = Connections(keys), dict[Quic, list[tuple[int, bool, bytes]]]()
    for number, source, target, payload in datagrams(path):
        place = known.find(source, target, payload)
        if place is not None:
            quic, from_client = place
            pieces = quic.feed(from_client, payload, number)
            found.setdefault(quic, []).extend((p.stream, p.from_client, p.data) for p in pieces)
            known.learn(quic)
    return found


@pytest.mark.parametrize("path", captures())
def test_the_names_that_are_asked_for_are_those_of_tshark(path: str) -> None:
    """Some versions tshark does not open, so there may be more names than it has."""
    found = connections(path, Keys())
    ours = {quic.server_name for quic in found} - {""}
    named = fields(path, "quic && tls.handshake.extensions_server_name", "tls.handshake.extensions_server_name")
    theirs = {name.lower() for (names,) in named for name in names.split(",")}
    assert theirs <= ours
    hashed = {
        hello.server_name for *_, data in datagrams(path) if (hello := google.hello(data)) is not None
    }  # tshark checks no hash, and believes what was made up
    tagged = {name for (name,) in fields(path, "gquic.tag.sni", "gquic.tag.sni")}
    assert hashed - {""} <= ours & tagged
    for quic in found:
        assert quic.shut and quic.facts and quic.proven


def test_most_names_of_google_s_quic_are_found() -> None:
    ours, theirs = Counter[bool](), 0
    for path in captures():
        asked = {quic.server_name for quic in connections(path, Keys())}
        for name in {name for (name,) in fields(path, "gquic.tag.sni", "gquic.tag.sni")}:
            ours[name in asked] += 1
            theirs += 1
    assert theirs > 20 and ours[False] <= 1


def secrets(path: str) -> list[bytes]:
    """What the decryption-secrets blocks of a capture hold."""
    data, at, found = (CORPUS / path).read_bytes(), 0, []
    while at + 12 <= len(data):
        kind, size = int.from_bytes(data[at : at + 4], "little"), int.from_bytes(data[at + 4 : at + 8], "little")
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
    for number, source, target, payload in datagrams(path):
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
