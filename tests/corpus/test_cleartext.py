"""Public captures of clear protocols: what a person can read there comes out as a message.

`cleartext_found` of the catalogue says what that is. Packets are put in order by a few lines here, so that
this is about streams alone; what lies in a tunnel or in HTTP is another room's.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import pytest
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.utils import PcapReader

from auditor.streams import Message, Sorter
from tests.corpus.audits import CATALOGUE, CORPUS

KINDS = ("mail", "irc", "mqtt", "xmpp")
TUNNELS = ("zeek/http/connect-with-smtp.pcap",)
# Bytes behind a text, that whoever made the catalogue took for a part of it.
BEHIND = re.compile(r"\s\.(?:\s\S?)?$|^\) A002 OK.*|^%b$|�.*", re.DOTALL)
TORN = {"[RFC v4] copyo": "[RFC v4] copy_file_range"}  # there by a command that stands between two chunks
FOUND = [
    (path, text)
    for path, one in sorted(CATALOGUE.items())
    for text in one.get("cleartext_found", ())
    if text.partition(":")[0] in KINDS and path not in TUNNELS
]
pytestmark = [pytest.mark.corpus, pytest.mark.skipif(not FOUND, reason=f"no shared corpus at {CORPUS}")]
End = tuple[str, int]


@dataclass
class Connection:
    """Both directions in order; what comes too early waits."""

    carrier: str
    client: End
    guessed: bool
    said: list[tuple[End, bytes]] = field(default_factory=list)
    next: dict[End, int] = field(default_factory=dict)
    early: dict[End, dict[int, bytes]] = field(default_factory=dict)

    def take(self, end: End, number: int, data: bytes) -> None:
        self.next.setdefault(end, number)
        waiting = self.early.setdefault(end, {})
        waiting[number] = max(waiting.get(number, b""), data, key=len)
        self.settle(end, patience=100)

    def settle(self, end: End, patience: int) -> None:
        waiting = self.early[end]
        while waiting:
            first = min(waiting, key=lambda one: self.ahead(end, one))
            gap = self.ahead(end, first)
            if gap > 0 and len(waiting) <= patience:
                return
            data = waiting.pop(first)
            fresh = data[max(0, -gap) :]
            if fresh:
                self.said.append((end, fresh))
                self.next[end] = (first + len(data)) % (1 << 32)

    def ahead(self, end: End, number: int) -> int:
        return (number - self.next[end] + (1 << 31)) % (1 << 32) - (1 << 31)

    def heard(self, *, turned: bool = False) -> tuple[str, list[Message]]:
        for end in self.early:
            self.settle(end, patience=0)
        sorter = Sorter(carrier=self.carrier)
        found = [m for end, data in self.said for m in sorter.feed((end == self.client) != turned, data)]
        return sorter.name, [*found, *sorter.finish()]


def packets(path: str) -> Iterator[Any]:
    with PcapReader(str(CORPUS / path)) as reader:
        yield from reader


def connections(path: str) -> list[Connection]:
    found: dict[tuple[Any, ...], Connection] = {}
    done = []
    for packet in packets(path):
        segment = packet.getlayer(TCP) or packet.getlayer(UDP)
        outer = segment.underlayer if segment is not None else None
        if not isinstance(outer, IP | IPv6):
            continue
        source, target = (outer.src, segment.sport), (outer.dst, segment.dport)
        carrier = "tcp" if isinstance(segment, TCP) else "udp"
        key = (carrier, *sorted((source, target)))
        opens = carrier == "tcp" and bool(segment.flags.S)
        if opens and not segment.flags.A and key in found and found[key].said:
            done.append(found.pop(key))
        client = target if opens and segment.flags.A else source
        one = found.setdefault(key, Connection(carrier, client, not opens))
        data = bytes(segment.payload)
        if carrier == "udp":
            one.said.append((source, data))
            continue
        if isinstance(outer, IP):
            data = data[: max(0, outer.len - 4 * outer.ihl - 4 * segment.dataofs)]
        if data or opens:
            one.take(source, (segment.seq + opens) % (1 << 32), data)
    return [*done, *found.values()]


@lru_cache(maxsize=4)
def messages(path: str) -> tuple[list[Message], set[str]]:
    found, names = [], set()
    for one in connections(path):
        name, said = one.heard()
        if not name and one.guessed:
            name, said = one.heard(turned=True)
        found += said
        names |= {name} - {""}
    return found, names


def wanted(text: str) -> list[str]:
    """The parts of an entry of the catalogue that must be in a message."""
    kind, _, said = text.partition(": ")
    said = said.strip('"').replace("\\n", "\n").replace("\\t", "\t")
    parts = [said]
    if kind == "mail":
        subject, _, body = said.partition(" | body: ")
        parts = [subject.removeprefix("Subject: "), body]
    elif kind == "irc":
        parts = [said.partition(": ")[2].lstrip("+\x01�").removeprefix("DCC ")]
    clean = (BEHIND.sub("", " ".join(one.split())).strip() for one in parts)
    return [TORN.get(part, part) for part in clean if part]


def texts(message: Message) -> Iterator[str]:
    body = message.body.decode("utf-8", "replace")
    yield " ".join(body.split())
    try:
        tree = json.loads(body)
    except ValueError:
        return
    yield from (" ".join(str(one).split()) for one in (tree.values() if isinstance(tree, dict) else [tree]))


@pytest.mark.parametrize(("path", "text"), FOUND)
def test_what_can_be_read_there_is_in_a_message(path: str, text: str) -> None:
    found, _ = messages(path)
    said = [one for message in found for one in texts(message)]
    assert [part for part in wanted(text) if not any(part in one for one in said)] == []


ALSO = [
    ("ndpi/Oscar.pcap", "oscar", "MESSAGE", {"to": "461758769", "text": "HI!"}),
    ("ndpi/Oscar.pcap", "oscar", "MESSAGE", {"from": "461758769", "text": "hey"}),
    ("ndpi/smpp_in_general.pcap", "smpp", "submit_sm", {"from": "100", "to": ["1234567890"], "text": "test"}),
]


@pytest.mark.parametrize(("path", "name", "method", "said"), ALSO)
def test_a_message_that_a_person_found_there_is_told(
    path: str, name: str, method: str, said: dict[str, Any]
) -> None:
    found, names = messages(path)
    assert names == {name}
    bodies = [json.loads(message.body) for message in found if message.head.method == method]
    assert [body for body in bodies if said.items() <= body.items()] != []
