"""Reports made by hand, as an audit would add them up."""

import io
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from auditor.facts import first
from auditor.judge import judge
from auditor.ledger import NO_RULE, READ, STRANGER
from auditor.model import Content, Direction, Finding, Grade, Ref, Road
from auditor.peers import Contacts, Peer, Peers
from auditor.report import (
    Account,
    Capture,
    Digest,
    Digests,
    Report,
    Row,
    Sight,
    Sightings,
    Slice,
    Tally,
    Trouble,
    Troubles,
    ordered,
)
from auditor.reporters import Options, reporter
from auditor.rulebook.book import Rulebook
from auditor.rulebook.types import Claim, Platform
from auditor.stretches import Stretches

OUT, IN = Direction.OUT, Direction.IN
NOVEMBER = 1_794_000_000.0

Add = Callable[[Capture, Iterable[Finding]], Slice]
Show = Callable[..., str]
Golden = Callable[[str, str], None]


def add(capture: Capture, findings: Iterable[Finding]) -> Slice:
    """A slice with these findings, summed one by one."""
    table: dict[Row, Tally] = {}
    for f in findings:
        row = Row(
            f.platform,
            f.surface,
            f.direction,
            f.content,
            f.road,
            f.grade,
            f.rule,
            f.slot,
            f.seal,
            texts=f.texts,
        )
        one = Tally(1, (f,), f.when, f.when)
        table[row] = table[row] + one if row in table else one
    return Slice(capture, Stretches.of([(0, 40)]), ("d1ce5a17d1ce5a17",), 2, ordered(table))


def _tiktok() -> list[Finding]:
    long = "body.8.100.4.text"
    return [
        Finding(
            ref=Ref("phone.mitm", entry, ">"), platform="tiktok", surface="dm", direction=OUT,
            road=Road.PROTECTED, content=Content.READABLE, grade=Grade.SHOWN, rule="tiktok/dm-send",
            slot=long, path=long, trail=("gzip", "protobuf", "json"), offset=None if entry % 2 else 1234,
            excerpt="meet at 7 by the north gate" if entry == 3 else "me… (31 characters, masked)",
            texts=("meet at 7 by the north gate",) if entry == 3 else (), when=NOVEMBER + entry,
        )
        for entry in range(3, 14)
    ]  # fmt: skip


def _signal() -> list[Finding]:
    def one(entry: int, direction: Direction, content: Content, note: str = "") -> Finding:
        sealed = content is Content.SEALED
        return Finding(
            ref=Ref("phone.mitm", entry, ">.2"), platform="signal", surface="dm", direction=direction,
            road=Road.PROTECTED, content=content, grade=Grade.RECOGNISED if sealed else Grade.CONSISTENT,
            rule="signal/dm", slot="body.messages.*.content", seal="sealed-sender" if sealed else "",
            path="body.messages.0.content", trail=("json", "base64"), note=note, when=NOVEMBER,
            excerpt="11 0a 21 05 … (720 bytes)",
        )  # fmt: skip

    cut = "only a part of this parcel could be read, so a copy may lie in the rest"
    sent = [one(entry, OUT, Content.SEALED) for entry in (20, 21, 22)]
    return [*sent, one(24, IN, Content.SEALED), one(25, IN, Content.MISSING, cut)]


def _others() -> list[Finding]:
    def one(platform: str, surface: str, content: Content, road: Road, excerpt: str) -> Finding:
        shown = content is Content.READABLE
        return Finding(
            ref=Ref("laptop.har", 7, "<"), platform=platform, surface=surface, direction=IN, road=road,
            content=content, grade=Grade.SHOWN if shown else Grade.CONSISTENT, rule=f"{platform}/{surface}",
            path="body.text", excerpt=excerpt, offset=12 if shown else None,
        )  # fmt: skip

    return [
        one("irc", "channel", Content.READABLE, Road.CLEAR, "he… (12 characters, masked)"),
        one("matrix", "room", Content.OPAQUE, Road.PROTECTED, "8f 11 02 c4 … (96 bytes)"),
        one("unknown:chat.example.org", "other", Content.READABLE, Road.PROTECTED, "secret plan"),
    ]


def _around() -> tuple[tuple[Sight, Sightings], ...]:
    ref = (Ref("phone.mitm", 30, ">"),)
    typing = Sightings(3, {"device": 1, "sender": 3, "time": 3}, ref)
    return ordered(
        {
            Sight("signal", "typing", OUT, "signal/typing"): typing,
            Sight("signal", "receipt", IN, "signal/receipt"): Sightings(1, {}, ref),
        }
    )


def _facts() -> tuple[tuple[str, str], ...]:
    return first(
        [
            ("tls", "1.3"),
            ("alpn", "http/1.1"),
            ("ja4", "t13d1516h2_8daaf6152771_e5627efa2ab1"),
            ("alert", "the app: unknown authority"),
        ]
    )


def _shut() -> Peers:
    ref, refused = (Ref("phone.mitm", 31),), "the app refused the proxy's certificate"
    return Peers.of(
        {
            Peer("chat.signal.org", 443, "TLS", refused, "signal"): Contacts(4, 5170, 123_456, ref, _facts()),
            Peer("203.0.113.9", 3478, "UDP", "no keys", ""): Contacts(1, 0, 0, ref),
            Peer("203.0.113.10", 443, "TLS", "no keys", ""): Contacts(
                2, 0, 0, ref, (("weak", "null cipher"),)
            ),
        }.items()
    )


def _digests() -> tuple[tuple[Digest, Digests], ...]:
    text, refs = "meet at 7 by the north gate", (Ref("tablet.mitm", 0, ">"),)
    return ordered(
        {
            Digest("signal", "chat.signal.org", OUT, "sha256", text): Digests(5, refs),
            Digest("unknown:ads.example", "ads.example", IN, "md5", text): Digests(1, refs),
        }
    )


@pytest.fixture
def summed() -> Add:
    return add


@pytest.fixture
def sample() -> Report:
    """Every kind of verdict, and everything that a page can show."""
    phone = add(Capture("ab" * 32, "phone.mitm", "mitmproxy dump", 1_234_567, 99), [*_tiktok(), *_signal()])
    laptop = add(
        Capture("cd" * 32, "laptop.har", "har", 4096, 0, (("localhost", "chat.signal.org"),)), _others()
    )
    troubles = {Trouble("damaged", "the entry is not a flow"): Troubles(5, (Ref("phone.mitm", 33),))}
    ledger = {READ: Account(16, 98_765), NO_RULE: Account(9, 1200), STRANGER: Account(4, 0)}
    rest = Slice(
        Capture("ef" * 32, "tablet.mitm", "mitmproxy dump", 512),
        Stretches.of([(0, 1)]), ("d1ce5a17d1ce5a17",), 0, (), _around(), _shut(),
        ordered(ledger), ordered(troubles),
        (("discord", 6), ("signal", 12)), (), _digests(),
    )  # fmt: skip
    return Report((phone,)) + Report((laptop,)) + Report((rest,))


@pytest.fixture
def book() -> Rulebook:
    tiktok = Platform(
        "tiktok",
        "TikTok",
        claims=(Claim("dm", "end-to-end", "https://example.org/a-page-of-the-company", "2020-01-01"),),
        limits=("calls are not looked at",),
    )
    signal = Platform(
        "signal", "Signal", claims=(Claim("dm", "end-to-end", "https://signal.org/docs", "2014-02-24"),)
    )
    return Rulebook({"tiktok": tiktok, "signal": signal}, {}, {})


@pytest.fixture
def show(book: Rulebook) -> Show:
    """A page as it would stand in a file."""

    def page(report: Report, width: int = 80, encoding: str = "utf-8", colour: bool | None = None) -> str:
        stream = io.TextIOWrapper(io.BytesIO(), encoding, newline="\n")
        reporter("terminal").render(report, judge(report, book), stream, Options(width, colour))
        stream.flush()
        stream.seek(0)
        return stream.read()

    return page


@pytest.fixture
def golden() -> Golden:
    """The page must be the one that was kept; REGOLD=1 keeps this one."""

    def compare(name: str, page: str) -> None:
        path = Path(__file__).parent.parent / "golden" / name
        if os.environ.get("REGOLD"):
            path.write_text(page, encoding="utf-8")
        assert page == path.read_text(encoding="utf-8"), "REGOLD=1 keeps the new page"

    return compare
