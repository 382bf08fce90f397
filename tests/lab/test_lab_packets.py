"""The shared lab's sessions as packets: with keys they show what the dumps show, without they say why not.

One table says what is in each capture of packets beside the dumps of the same session.
"""

import json
import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from auditor.audit import Audit
from auditor.judge import judge
from auditor.model import Answer, Contact, Event, Finding, Parcel, Problem, Road
from auditor.needles import Needles
from auditor.report import Capture
from auditor.rulebook.book import Rulebook
from auditor.shelf import load_rules
from auditor.sources import read
from auditor.sources.heads import Place
from auditor.sources.pcap.keys import Keys

LAB = Path(__file__).parents[3] / "shared" / "lab" / "captures"
pytestmark = [pytest.mark.lab, pytest.mark.skipif(not LAB.is_dir(), reason=f"no shared lab at {LAB}")]

CARRY = sorted(LAB.glob("*/direct-dsb.pcapng")) if LAB.is_dir() else []
SECRETS = 10  # the kind of a block of pcapng
NAMES = {
    "signal-libsignal-e2ee": {"localhost": "chat.signal.org"},
    "whatsapp-baileys-e2ee": {"localhost": "web.whatsapp.com"},
}
KEPT = "its keys were not kept"


@dataclass(frozen=True)
class Row:
    """What a capture shows beside the dumps of its session: the same findings, and as many of them."""

    findings: bool = True
    counts: bool = True
    clear: bool = False  # said in the open: what is readable is cleartext
    legs: int = 0  # connections that a proxy passed on
    besides: str = ""  # why it shows less


SAME, CLEAR = Row(), Row(clear=True)
LESS = "the capture ends before the receiver's last answer"
TABLE = {
    "irc-ngircd-plain": {"cleartext": CLEAR, "direct": SAME, "intercepted": Row(legs=2)},
    **{f"lib-{name}": {"proxy-leg": SAME} for name in (
        "discord", "instagrapi", "line", "mattermost", "slack", "telegram_bot", "tiktok",
    )},
    "mail-deltachat-e2ee": {
        "cleartext": CLEAR, "intercepted": Row(legs=7),
        "direct": Row(False, False, besides=KEPT), "starttls": Row(False, False, besides=KEPT),
    },
    "matrix-nio-e2ee": {
        "cleartext-http": Row(False, False, clear=True, besides=LESS),
        "direct": SAME, "intercepted": Row(legs=2),
    },
    "matrix-nio-plain": {
        "cleartext-http": CLEAR, "direct": Row(False, False, besides=LESS), "intercepted": Row(legs=2),
    },
    "nostr-nip04": {"direct": SAME, "intercepted": Row(legs=2)},
    "signal-libsignal-e2ee": {"direct": SAME, "intercepted": Row(legs=18)},
    "whatsapp-baileys-e2ee": {"direct": SAME, "intercepted": Row(legs=2)},
    "xmpp-omemo": {"cleartext": CLEAR, "direct": SAME, "intercepted": Row(legs=3), "starttls": SAME},
    "xmpp-plain": {
        "cleartext": Row(False, False, clear=True, besides="the file was uploaded over TLS, without keys"),
        "direct": SAME, "intercepted": Row(legs=3), "starttls": SAME,
    },
}  # fmt: skip
EACH = pytest.mark.parametrize(
    ("session", "name"), [(session, name) for session, rows in TABLE.items() for name in rows]
)


@dataclass
class Shown:
    findings: Counter[tuple[object, ...]] = field(default_factory=Counter)
    verdicts: dict[tuple[str, str, str], Answer] = field(default_factory=dict)
    roads: set[Road] = field(default_factory=set)
    contacts: list[Contact] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    parcels: int = 0


@lru_cache
def book() -> Rulebook:
    return load_rules(None)


def truth(session: str) -> dict[str, Any]:
    known: dict[str, Any] = json.loads((LAB / session / "truth.json").read_text(encoding="utf-8"))
    return known


def shown(session: str, found: Iterator[Event]) -> Shown:
    audit, result = Audit(book(), Needles(truth(session)["canaries"].values())), Shown()

    def count(findings: list[Finding]) -> None:
        for one in findings:
            result.findings[one.rule, one.content, one.path, one.texts, one.direction] += 1
            result.roads.add(one.road)

    for event in found:
        result.parcels += isinstance(event, Parcel)
        result.contacts += [event] if isinstance(event, Contact) else []
        result.problems += [event] if isinstance(event, Problem) else []
        count(audit.feed(event))
    count(audit.finish())
    verdicts = judge(audit.report(Capture("0" * 64, session, "packets", 1, 0, ())), book())
    result.verdicts = {(v.platform, v.surface, v.direction.value): v.verdict for v in verdicts if v.counts}
    return result


@lru_cache
def dumped(session: str) -> Shown:
    names = NAMES.get(session, {})
    files = sorted((LAB / session).glob("*.mitm"))
    return shown(session, (event for file in files for event in read(file, renamed=names)))


@lru_cache
def caught(session: str, name: str, opened: bool = True) -> Shown:
    log = LAB / session / f"{name}.keys"
    keys = Keys([log.read_bytes()] if opened and log.is_file() else [])
    path = LAB / session / f"{name}.pcap"
    place = Place(keys=keys, renamed=NAMES.get(session, {}), search=True)
    return shown(session, iter(read(path, said=place)))


def test_every_capture_of_packets_is_in_the_table_and_no_other() -> None:
    found = {(f.parent.name, f.stem) for f in LAB.rglob("*.pcap")}
    assert found == {(session, name) for session, rows in TABLE.items() for name in rows}


@EACH
def test_packets_with_keys_show_what_the_dumps_of_the_session_show(session: str, name: str) -> None:
    row, packed, dump = TABLE[session][name], caught(session, name), dumped(session)
    extra = set(packed.findings) - set(dump.findings)
    assert not extra
    assert (set(packed.findings) == set(dump.findings)) == row.findings, row.besides
    assert (packed.findings == dump.findings) == row.counts, row.besides


@EACH
def test_the_verdicts_are_those_of_the_dumps_and_cleartext_where_all_was_said_in_the_open(
    session: str, name: str
) -> None:
    row, packed, dump = TABLE[session][name], caught(session, name), dumped(session)
    open_now = {Answer.TRANSPORT_ONLY: Answer.CLEARTEXT} if row.clear else {}
    expected = {key: open_now.get(verdict, verdict) for key, verdict in dump.verdicts.items()}
    assert set(packed.verdicts.items()) <= set(expected.items())
    if row.findings:
        assert packed.verdicts == expected
    assert packed.roads <= {Road.CLEAR if row.clear else Road.PROTECTED}


@EACH
def test_what_a_proxy_passed_on_is_named_and_not_counted_again(session: str, name: str) -> None:
    passed_on = [one for one in caught(session, name).contacts if "far leg of a proxy" in one.reason]
    assert len(passed_on) == TABLE[session][name].legs
    assert all(one.facts for one in passed_on)


@EACH
def test_without_keys_nothing_is_read_and_every_connection_says_why(session: str, name: str) -> None:
    if TABLE[session][name].clear:
        pytest.skip("nothing hides it")
    packed = caught(session, name, opened=False)
    assert not packed.findings
    assert not packed.verdicts
    shut = [one.reason for one in packed.contacts if one.channel.road is Road.PROTECTED and one.received]
    assert any(reason.startswith("no key for this connection") for reason in shut)
    assert all(one.reason for one in packed.contacts)


@EACH
def test_nothing_of_a_whole_capture_is_damaged(session: str, name: str) -> None:
    assert {problem.kind for problem in caught(session, name).problems} <= {"failed"}


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("path", CARRY, ids=lambda path: path.parent.name)
def test_what_carries_its_secrets_opens_itself_wherever_they_stand(
    path: Path, late: bool, tmp_path: Path
) -> None:
    session = path.parent.name
    if late:
        (moved := tmp_path / path.name).write_bytes(at_the_end(path.read_bytes()))
        path = moved
    found = shown(session, iter(read(path, renamed=NAMES.get(session, {}))))
    beside = caught(session, "direct")
    assert (found.findings, found.verdicts) == (beside.findings, beside.verdicts)
    assert found.parcels


def at_the_end(file: bytes) -> bytes:
    """The same pcapng with its secrets behind all packets."""
    secrets, others, at = b"", b"", 0
    while at < len(file):
        kind, size = struct.unpack_from("<II", file, at)
        if kind == SECRETS:
            secrets += file[at : at + size]
        else:
            others += file[at : at + size]
        at += size
    assert secrets
    return others + secrets


def test_the_table() -> None:
    lines = []
    for session, rows in TABLE.items():
        for name, row in rows.items():
            with_keys, without = caught(session, name), caught(session, name, opened=False)
            verdicts = ", ".join(f"{'/'.join(k)}: {v.value}" for k, v in with_keys.verdicts.items()) or "none"
            counts = f"{with_keys.parcels:4} parcels, {without.parcels:4} without keys"
            lines.append(f"{session}/{name:<16} {counts}, {row.legs} far legs; {verdicts} {row.besides}")
    print("", *lines, sep="\n")
    assert lines
