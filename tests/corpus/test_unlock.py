"""Public captures that come with their keys, and the lab's: what is opened is what Wireshark opens.

Every connection of TLS that Wireshark opens is opened here too, with the same bytes, or its reason
is named in the table.
"""

import json
import shutil
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pytest

from auditor.sources.pcap.dtls import Dtls
from auditor.sources.pcap.keys import Keys
from auditor.sources.pcap.records import ALERT, looks_like
from auditor.sources.pcap.tls import Tls
from tests.sources.pcap.talks import Talk, datagrams, embedded, talks

SHARED = Path(__file__).parents[3] / "shared"
CORPUS, LAB = SHARED / "corpus", SHARED / "lab" / "captures"
TSHARK = shutil.which("tshark")
NO_TLS = ("citizenlab-wechat/", "wireguard", "quic", "dtls")  # what the keys there are for
REASONS = {"RSA_EXPORT_WITH_RC2_CBC_40_MD5 is a cipher that cannot be opened here"}


def with_keys() -> dict[str, str]:
    """Captures of the corpus, and the key log of each; those that carry it themselves have none."""
    if not CORPUS.is_dir():
        return {}
    found = {}
    for one in json.loads((CORPUS / "catalogue.json").read_text(encoding="utf-8")):
        path, exercises = one["path"], one.get("what_it_exercises", ())
        if any(word in path for word in NO_TLS) or "tls" not in exercises:
            continue
        if one.get("keys"):
            found[path] = one["keys"].removeprefix("files/")
        elif "pcapng-DSB-embedded-secrets" in exercises:
            found[path] = ""
    return found


def in_lab() -> list[Path]:
    return sorted(path.with_suffix(".pcap") for path in LAB.glob("*/*.keys")) if LAB.is_dir() else []


FILES, SESSIONS = with_keys(), in_lab()
needs_tshark = pytest.mark.skipif(TSHARK is None, reason="no program `tshark` is installed")


@dataclass
class Opened:
    talk: Talk
    tls: Tls
    said: dict[bool, bytes]
    holes: int


@lru_cache(maxsize=1)
def opened(capture: Path, log: Path | None) -> list[Opened]:
    """Every connection of TLS in a capture, wherever in its conversation it begins."""
    keys = embedded(capture)
    keys.add(log.read_bytes() if log else b"")
    return [read(talk, keys) for talk in talks(capture) if any(begins(data) for _, data, _ in talk.said)]


def begins(data: bytes) -> bool:
    """A client's hello, in the words of any version."""
    return looks_like(data) is True and data[5:6] != b"\2" and data[0] != ALERT


def read(talk: Talk, keys: Keys) -> Opened:
    tls, said, holes, begun = Tls(keys), {True: b"", False: b""}, 0, False
    for way, data, lost in talk.said:
        begun = begun or begins(data)
        for who, words in tls.feed(way, data, lost) if begun else ():
            said[who] += words
            holes += not words
    tls.finish()
    return Opened(talk, tls, said, holes)


def followed(capture: Path, log: Path | None, streams: int) -> list[bytes]:
    """What Wireshark opens, connection by connection: both directions, in its order.

    Behind a proxy's CONNECT it counts some of them twice, so their numbers are no help.
    """
    assert TSHARK
    command = [TSHARK, "-r", str(capture), "-q", "-o", "tcp.reassemble_out_of_order:TRUE"]
    command += ["-o", f"tls.keylog_file:{log}"] if log else []
    for number in range(streams):
        command += ["-z", f"follow,tls,raw,{number}"]
    shown = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300).stdout
    parts = [part.splitlines() for part in shown.split("=" * 67 + "\n") if part.startswith("Follow:")]
    return [said for lines in parts if (said := b"".join(map(bytes.fromhex, lines[4:])))]


def both(one: Opened, keys: Keys) -> bytes:
    """What was said, in the order in which it was caught."""
    tls, begun, found = Tls(keys), False, b""
    for way, data, lost in one.talk.said:
        begun = begun or begins(data)
        for _, words in tls.feed(way, data, lost) if begun else ():
            found += words
    return found


corpus = [pytest.mark.corpus, pytest.mark.skipif(not FILES, reason=f"no shared corpus at {CORPUS}")]
lab = [pytest.mark.lab, pytest.mark.skipif(not SESSIONS, reason=f"no shared lab at {LAB}")]
CASES = [pytest.param(CORPUS / path, CORPUS / log if log else None, marks=corpus, id=path)
         for path, log in FILES.items()]  # fmt: skip
CASES += [pytest.param(path, path.with_suffix(".keys"), marks=lab, id=f"{path.parent.name}/{path.name}")
          for path in SESSIONS]  # fmt: skip
if not CASES:
    CASES = [pytest.param(CORPUS, None, marks=corpus)]


@pytest.mark.parametrize(("capture", "log"), CASES)
def test_what_comes_with_its_keys_opens(capture: Path, log: Path | None) -> None:
    found = opened(capture, log)
    assert [one for one in found if any(one.said.values())]
    shut = {one.tls.shut for one in found if one.tls.shut and one.tls.server}
    unknown = {why for why in shut if not why.startswith("no secret for client random")}
    assert unknown <= REASONS


@needs_tshark
@pytest.mark.parametrize(("capture", "log"), CASES)
def test_what_is_opened_is_what_wireshark_opens(capture: Path, log: Path | None) -> None:
    found = opened(capture, log)
    keys = embedded(capture)
    keys.add(log.read_bytes() if log else b"")
    ours = {bytes(sorted(both(one, keys))) for one in found}
    theirs = {bytes(sorted(said)) for said in followed(capture, log, 2 * found[-1].talk.number + 2)}
    assert theirs
    named = [one for one in found if one.tls.shut in REASONS]
    assert len(theirs - ours) == len(named)


DATAGRAMS = {
    "wireshark/captures/dtls12-aes128ccm8-dsb.pcapng": ("", b"Works for me!\n"),
    "wireshark/captures/udt-dtls.pcapng.gz": ("wireshark/keys/udt-dtls.key", b"\x80\x06"),
}


@pytest.mark.corpus
@pytest.mark.skipif(not FILES, reason=f"no shared corpus at {CORPUS}")
@pytest.mark.parametrize("path", DATAGRAMS)
def test_datagrams_that_come_with_their_keys_open(path: str) -> None:
    log, said = DATAGRAMS[path]
    keys = embedded(CORPUS / path)
    keys.add((CORPUS / log).read_bytes() if log else b"")
    found, dtls = [], Dtls(keys)
    for way, datagram in datagrams(CORPUS / path):
        found += [words for _, words in dtls.feed(way, datagram)]
    assert any(words.startswith(said) for words in found)
    assert dtls.shut == ""
