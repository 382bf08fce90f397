"""The audit: events in, findings and sums out; nothing is forgotten and nothing private is shown."""

import base64
import gc
import gzip
import hashlib
import json
import tracemalloc
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.padding import PKCS7

from auditor import ledger
from auditor.audit import Audit, audit
from auditor.decoders import DECODERS
from auditor.decoders.unwrap import LEAVES, Opening
from auditor.judge import Verdict, judge
from auditor.model import (
    Answer,
    Channel,
    Contact,
    Content,
    Direction,
    Event,
    Finding,
    Grade,
    Head,
    Parcel,
    Problem,
    Ref,
    Road,
)
from auditor.needles import Needles
from auditor.reading import PLANTED
from auditor.report import Capture, Report, Slice
from auditor.reporters.json import encode, line
from auditor.rulebook.book import Rulebook
from auditor.rulebook.build import sealed
from auditor.rulebook.opening import open_parcel
from auditor.shelf import load_rules
from auditor.sources import read

CAPTURES = Path(__file__).parents[1] / "captures"
FILE = Capture("ab" * 32, "made.mitm", "mitmproxy dump", 1000)
TEXT = "Harbor-4471 meet me by the old crane"
JSON = (("content-type", "application/json"),)


@lru_cache
def book() -> Rulebook:
    return load_rules(None)


def parcel(host: str, method: str, path: str, body: bytes, entry: int = 0, **changes: Any) -> Parcel:
    steps = tuple(step for step in path.split("/") if step)
    made = Parcel(
        Ref("made.mitm", entry, ">"),
        Channel(host, 443, Road.PROTECTED),
        True,
        body,
        head=Head(method, steps, headers=JSON),
    )
    return msgspec.structs.replace(made, **changes)


def discord(text: str, entry: int = 0, **more: Any) -> Parcel:
    body = json.dumps({"content": text, "nonce": "1"}, ensure_ascii=False).encode()
    return parcel("discord.com", "POST", "/api/v9/channels/77/messages", body, entry, **more)


def matrix(entry: int = 0, beside: dict[str, Any] | None = None, **more: Any) -> Parcel:
    """A megolm event, with whatever else a client may put into it."""
    event = sealed("megolm", book(), str(entry))
    body = DECODERS["json"].wrap(event | (beside or {}))
    return parcel(
        "hs.example", "PUT", "/_matrix/client/v3/rooms/!r:hs/send/m.room.encrypted/1", body, entry, **more
    )


def other(body: bytes, host: str = "stats.example", entry: int = 0, **more: Any) -> Parcel:
    return parcel(host, "POST", "/collect", body, entry, **more)


def run(
    *events: Event, planted: tuple[str, ...] = (), reveal: bool = False
) -> tuple[list[Finding], Slice, list[Verdict]]:
    one = Audit(book(), Needles(planted), reveal)
    findings = [finding for event in events for finding in one.feed(event)]
    report = one.report(FILE)
    return findings, report.whole(), judge(report, book())


# Messages


def test_a_message_is_a_finding() -> None:
    (finding,), whole, (verdict,) = run(discord(TEXT))
    assert (finding.platform, finding.surface, finding.direction) == ("discord", "channel", Direction.OUT)
    assert (finding.content, finding.grade, finding.rule) == (
        Content.READABLE,
        Grade.SHOWN,
        "discord/message-send",
    )
    assert (finding.path, finding.trail, str(finding.ref)) == ("body.content", ("json",), "made.mitm#0>")
    assert verdict.verdict is Answer.TRANSPORT_ONLY
    assert whole.platforms == (("discord", 1),)


NODE = DECODERS["whatsapp_nodes"].wrap(
    {
        "message": {
            "@to": "1@s.whatsapp.net",
            "enc": {"@type": "pkmsg", "#text": sealed("signal-prekey", book())},
        }
    }
)
CALL = DECODERS["telegram_tl"].wrap(
    {"_": "messages.sendMessage", "peer": {"_": "inputPeerSelf"}, "message": TEXT, "random_id": 1}
)


@pytest.mark.parametrize(
    ("protocol", "body", "content", "language"),
    [
        ("wabinary", NODE, Content.SEALED, "whatsapp_nodes"),
        ("mtproto", CALL, Content.READABLE, "telegram_tl"),
        (
            "wabinary",
            b"<message to='1@g.us'><enc type='msg'>hello there</enc></message>",
            Content.READABLE,
            "xml",
        ),
        (
            "mtproto",
            json.dumps({"_": "messages.sendMessage", "message": TEXT}).encode(),
            Content.READABLE,
            "json",
        ),
    ],
    ids=["nodes", "TL", "nodes as XML", "TL as JSON"],
)
def test_what_a_layer_carried_is_read_in_the_language_of_its_protocol(
    protocol: str, body: bytes, content: Content, language: str
) -> None:
    (finding,), _, _ = run(parcel("web.example", "", "", body, protocol=protocol, head=Head()))
    assert (finding.content, finding.trail[:1]) == (content, (language,))


@pytest.mark.parametrize("body", [NODE, CALL], ids=["node", "TL"])
@pytest.mark.parametrize("protocol", ["http", "websocket", "noise"])
def test_the_language_of_a_layer_is_not_tried_where_nobody_speaks_it(protocol: str, body: bytes) -> None:
    root = open_parcel(parcel("web.example", "", "", body, protocol=protocol), Opening())
    opened = root.child("body")
    assert opened is not None
    assert not {"whatsapp_nodes", "telegram_tl"} & {name for node in opened.walk() for name in node.trail}


def test_a_sealed_message_is_end_to_end_once_it_was_seen_often() -> None:
    findings, _, (verdict,) = run(*(matrix(entry) for entry in range(3)))
    assert {f.content for f in findings} == {Content.SEALED}
    assert (verdict.verdict, verdict.grade) == (Answer.END_TO_END, Grade.RECOGNISED)
    assert verdict.detail == "megolm"
    assert run(matrix())[2][0].grade is Grade.CONSISTENT


def test_an_answer_is_read_in_its_own_direction() -> None:
    asked = Head("POST", ("api", "v9", "channels", "77", "messages"))
    answer = discord(TEXT, outgoing=False, head=Head(status=200, headers=JSON), answers=asked)
    findings, _, _ = run(answer)
    assert {f.direction for f in findings} <= {Direction.IN}


# Planted texts

DRESSED = {
    "as it is": TEXT.encode(),
    "in JSON": json.dumps({"q": TEXT}).encode(),
    "in a form": ("q=" + quote(TEXT)).encode(),
    "in base64": base64.b64encode(b"xx" + TEXT.encode() + b"yy"),
    "in gzip": gzip.compress(b"a" * 50 + TEXT.encode()),
    "in gzip in base64 in JSON": json.dumps(
        {"d": base64.b64encode(gzip.compress(TEXT.encode() * 3)).decode()}
    ).encode(),
    "in protobuf": DECODERS["protobuf"].wrap({1: 5, 2: {3: TEXT}}),
    "in the middle of other bytes": b"\x00\xff\xfe" + TEXT.encode() + b"\x80\x81",
    "in other capitals": json.dumps({"q": TEXT.upper()}).encode(),
}


# Planted texts in pieces


def line_of_irc(text: str, part: int, **more: Any) -> Parcel:
    made = parcel("irc.example.org", "PRIVMSG", "bob", json.dumps({"target": "bob", "text": text}).encode())
    ref = Ref("made.mitm", 0, f".{part}>")
    return msgspec.structs.replace(made, ref=ref, protocol="irc", **more)


def test_a_planted_text_over_several_lines_of_one_connection_and_direction_is_found() -> None:
    pieces = (TEXT[:12], TEXT[12:25], TEXT[25:] + " tonight")
    findings, _, (verdict,) = run(*(line_of_irc(p, n) for n, p in enumerate(pieces)), planted=(TEXT,))
    assert [finding.texts for finding in findings] == [(), (), (TEXT,)]
    assert findings[-1].note == "read in pieces; here is the last of them"
    assert (verdict.verdict, verdict.grade) == (Answer.TRANSPORT_ONLY, Grade.SHOWN)


def test_pieces_of_two_directions_or_two_connections_are_no_planted_text() -> None:
    first = line_of_irc(TEXT[:12], 0)
    for changed in ({"outgoing": False}, {"ref": Ref("made.mitm", 1, ".1>")}):
        second = msgspec.structs.replace(line_of_irc(TEXT[12:], 1), **changed)
        findings, _, _ = run(first, second, planted=(TEXT,))
        assert {finding.texts for finding in findings} <= {()}


# Keys beside what they open

SECRET, START = bytes(range(32)), bytes(range(12))


def nip04(shared: str = "") -> Parcel:
    """A direct message of Nostr, sealed with a secret that only its two ends should have."""
    padder, lock = (
        PKCS7(128).padder(),
        Cipher(algorithms.AES(SECRET), modes.CBC(bytes(range(16)))).encryptor(),
    )
    content = lock.update(padder.update(TEXT.encode()) + padder.finalize()) + lock.finalize()
    event = {
        "kind": 4, "pubkey": "a1" * 32, "id": "b2" * 32, "sig": "c3" * 64, "tags": [["p", "d4" * 32]],
        "content": f"{coded(content)}?iv={coded(bytes(range(16)))}", "shared": shared,
    }  # fmt: skip
    return parcel("relay.example", "WS", "/", json.dumps(["EVENT", event]).encode(), protocol="websocket")


def locked(**beside: str) -> Parcel:
    """A direct message in a cipher that no envelope names."""
    noise = AESGCM(SECRET).encrypt(START, TEXT.encode(), None)
    body = {"text": coded(noise), "iv": coded(START), **beside}
    return parcel("x.com", "POST", "/i/api/1.1/dm/new2.json", json.dumps(body).encode())


def coded(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.mark.parametrize(
    ("shut", "open_", "before", "cipher"),
    [
        (nip04(), nip04(SECRET.hex()), Answer.END_TO_END, "aes-cbc"),
        (locked(), locked(k=coded(SECRET)), Answer.OPAQUE, "aes-gcm"),
    ],
    ids=["a known envelope", "bytes that nobody knows"],
)
def test_what_a_key_beside_it_opens_the_service_can_read(
    shut: Parcel, open_: Parcel, before: Answer, cipher: str
) -> None:
    assert run(shut)[2][0].verdict is before
    for planted in ((), (TEXT,)):
        (finding,), _, (verdict,) = run(open_, planted=planted)
        assert (verdict.verdict, verdict.grade) == (Answer.TRANSPORT_ONLY, Grade.SHOWN)
        assert (finding.trail[-1], finding.texts) == (cipher, planted)
        assert finding.note.startswith(f"opened ({cipher}) with a key that travels at body.")


# What no rule knows


def test_calls_that_no_rule_knows_count_at_a_host_that_other_messages_name() -> None:
    called = [
        parcel("hs.example", "PUT", f"/_matrix/client/v3/rooms/!r:hs/forget/$x/{n}", b"{}") for n in "12"
    ]
    elsewhere = parcel("stats.example", "POST", "/collect", b"{}")
    for events in ((matrix(1), *called, elsewhere), (elsewhere, *called, matrix(1))):
        _, _, (verdict,) = run(*events)
        assert verdict.verdict is Answer.END_TO_END
        (limit,) = [one for one in verdict.limits if "no rule knows" in one]
        assert limit.startswith("no rule knows 2 parcels of this app")


# Digests: neither readable nor sealed

SHA = hashlib.sha256(TEXT.encode())
MATCHING = json.dumps({"content_hash": SHA.hexdigest(), "size": len(TEXT)}).encode()


def test_a_digest_of_a_planted_text_is_told_apart_from_the_text() -> None:
    findings, whole, verdicts = run(other(MATCHING), other(MATCHING, entry=4), planted=(TEXT,))
    assert (findings, verdicts) == ([], [])
    ((kind, sums),) = whole.digests
    assert (kind.platform, kind.host, kind.algorithm) == ("unknown:stats.example", "stats.example", "sha256")
    assert (kind.direction, kind.text) == (Direction.OUT, TEXT)
    assert (sums.count, [str(ref) for ref in sums.refs]) == (2, ["made.mitm#0>", "made.mitm#4>"])
    assert dict(whole.ledger)[ledger.STRANGER].parcels == 2


HASHED = {
    "hex": SHA.hexdigest().encode(),
    "bytes": SHA.digest(),
    "protobuf": DECODERS["protobuf"].wrap({1: 5, 2: {3: SHA.digest()}}),
    "gzip": gzip.compress(MATCHING * 9),
    "base64 in JSON": json.dumps({"h": base64.b64encode(SHA.digest()).decode()}).encode(),
    "base64 around more": json.dumps({"h": base64.b64encode(b"xx" + SHA.digest()).decode()}).encode(),
}


@pytest.mark.parametrize("dress", HASHED)
def test_a_digest_is_found_in_what_was_opened(dress: str) -> None:
    findings, whole, _ = run(other(HASHED[dress]), planted=(TEXT,))
    assert [(kind.algorithm, kind.text) for kind, _ in whole.digests] == [("sha256", TEXT)]
    assert findings == []


def test_a_digest_changes_no_verdict_but_is_named_under_it() -> None:
    messages = [matrix(n) for n in range(5)]
    _, _, (plain,) = run(*messages, planted=(TEXT,))
    _, whole, (beside,) = run(*messages, other(MATCHING), planted=(TEXT,))
    assert (beside.verdict, beside.grade, beside.counts) == (plain.verdict, plain.grade, plain.counts)
    assert plain.verdict is Answer.END_TO_END
    (limit,) = set(beside.limits) - set(plain.limits)
    assert limit.startswith(f'a digest (sha256) of the planted text "{TEXT}" was sent to stats.example')
    page = json.loads(encode(Report((whole,)), [beside]))
    assert page["digests"][0]["host"] == "stats.example"


def test_a_digest_inside_a_sealed_message_neither_opens_nor_shuts_it() -> None:
    findings, whole, (verdict,) = run(
        *(matrix(n, {"org.example.hash": SHA.hexdigest()}) for n in range(5)), planted=(TEXT,)
    )
    assert {f.content for f in findings} == {Content.SEALED}
    assert verdict.verdict is Answer.END_TO_END
    ((kind, sums),) = whole.digests
    assert (kind.platform, kind.host, sums.count) == ("matrix", "hs.example", 5)


def test_a_digest_in_a_slot_is_no_text() -> None:
    (finding,), whole, (verdict,) = run(discord(SHA.hexdigest()), planted=(TEXT,))
    assert (finding.content, finding.texts) == (Content.OPAQUE, ())
    assert verdict.verdict is Answer.OPAQUE
    assert whole.digests[0][0].platform == "discord"


def test_a_digest_beside_its_text_hides_it_from_nobody() -> None:
    for body in (
        f"{SHA.hexdigest()} {TEXT}",
        f"{TEXT} {SHA.hexdigest()}",
        f"{SHA.hexdigest()} {TEXT.upper()}",
    ):
        (finding,), whole, _ = run(other(body.encode()), planted=(TEXT,))
        assert finding.texts == (TEXT,)
        assert len(whole.digests) == 1


def test_without_planted_texts_there_is_no_digest() -> None:
    assert run(other(MATCHING))[1].digests == ()


@pytest.mark.parametrize("dress", DRESSED)
def test_a_planted_text_in_a_request_of_nobody_we_know_is_found(dress: str) -> None:
    (finding,), whole, verdicts = run(other(DRESSED[dress]), planted=(TEXT,))
    assert (finding.platform, finding.surface, finding.rule) == ("unknown:stats.example", "other", PLANTED)
    assert (finding.content, finding.grade, finding.texts) == (Content.READABLE, Grade.SHOWN, (TEXT,))
    assert finding.path.startswith("body")
    assert dict(whole.ledger)[ledger.CANARY].parcels == 1
    assert [v.verdict for v in verdicts if v.platform == "unknown:stats.example"] == [Answer.TRANSPORT_ONLY]


@pytest.mark.parametrize("dress", DRESSED)
def test_a_planted_text_in_a_known_platforms_unknown_request_is_found(dress: str) -> None:
    findings, _, verdicts = run(other(DRESSED[dress], host="discord.com"), planted=(TEXT,))
    assert [(f.platform, f.surface) for f in findings] == [("discord", "other")]
    assert [(v.surface, v.verdict) for v in verdicts if v.platform == "discord" and v.surface == "other"] == [
        ("other", Answer.TRANSPORT_ONLY)
    ]


PLACES: dict[str, dict[str, Any]] = {
    "the address": {"head": Head("GET", ("search", TEXT))},
    "the query": {"head": Head("GET", ("search",), (("q", TEXT),))},
    "a header": {"head": Head("POST", ("collect",), headers=(("x-draft", TEXT),))},
}


@pytest.mark.parametrize("place", PLACES)
def test_a_planted_text_is_found_around_the_body_as_well(place: str) -> None:
    (finding,), _, _ = run(other(b"", **PLACES[place]), planted=(TEXT,))
    assert finding.texts == (TEXT,)
    assert finding.offset is None


@pytest.mark.parametrize(("host", "whose"), [("stats.example", []), ("gateway.discord.gg", ["discord"])])
def test_a_ping_says_whose_its_socket_is_by_its_host_alone(host: str, whose: list[str]) -> None:
    ping = parcel(host, "WS-PING", "/", b"are you still there", protocol="websocket")
    one = Audit(book(), Needles(()))
    assert one.feed(ping) == []
    assert [*one.platforms] == whose


def test_a_nameless_host_has_a_name_to_be_found_by() -> None:
    (finding,), _, _ = run(other(TEXT.encode(), channel=Channel("")), planted=(TEXT,))
    assert finding.platform == "unknown:nameless"


COPIES: dict[str, dict[str, Any]] = {
    "a preview": {"preview": TEXT},
    "a deep copy": {"x": {"y": [{"z": TEXT}]}},
    "a coded copy": {"x": base64.b64encode(TEXT.encode()).decode()},
    "a copy in the ciphertext's place": {"ciphertext": TEXT},
    "a copy the rules call a placeholder": {"body": TEXT},
}


@pytest.mark.parametrize("copy", COPIES)
def test_a_readable_copy_beside_a_seal_decides(copy: str) -> None:
    findings, _, verdicts = run(*(matrix(n) for n in range(5)), matrix(9, COPIES[copy]), planted=(TEXT,))
    assert any(f.content is Content.READABLE and f.texts == (TEXT,) and f.ref.entry == 9 for f in findings)
    assert [v.verdict for v in verdicts if v.surface == "room"] == [Answer.TRANSPORT_ONLY]


@pytest.mark.parametrize(
    "copy", [{"preview": "meet me by the old crane at nine"}, {"a": {"b": "bring two ropes tonight"}}]
)
def test_readable_prose_beside_a_seal_is_never_end_to_end(copy: dict[str, Any]) -> None:
    _, _, verdicts = run(*(matrix(n) for n in range(5)), matrix(9, copy))
    assert [v.verdict for v in verdicts if v.surface == "room"] == [Answer.INCONCLUSIVE]


def test_a_text_leaked_to_another_request_of_the_same_app_is_never_end_to_end() -> None:
    leak = parcel(
        "hs.example",
        "PUT",
        "/_matrix/client/v3/rooms/!r:hs/typing/@a:hs",
        json.dumps({"d": TEXT}).encode(),
        9,
    )
    _, _, verdicts = run(*(matrix(n) for n in range(5)), leak, planted=(TEXT,))
    assert Answer.END_TO_END not in {v.verdict for v in verdicts}


def test_without_the_text_in_it_a_seal_stays_a_seal() -> None:
    _, _, verdicts = run(*(matrix(n) for n in range(5)), planted=(TEXT,))
    assert [v.verdict for v in verdicts] == [Answer.END_TO_END]


# What could not be read


def test_a_parcel_that_was_cut_is_never_end_to_end() -> None:
    findings, _, (verdict,) = run(*(matrix(n) for n in range(5)), matrix(9, whole=False))
    assert findings[-1].content is Content.MISSING
    assert findings[-1].seal == ""
    assert verdict.verdict is Answer.INCONCLUSIVE
    assert verdict.evidence[0].ref == "made.mitm#9>"


def test_a_cut_parcel_whose_text_was_read_is_still_readable() -> None:
    _, _, verdicts = run(discord(TEXT, whole=False))
    assert [v.verdict for v in verdicts if v.surface == "channel"] == [Answer.TRANSPORT_ONLY]


TOO_MUCH = {
    "too many values": {"x": [0] * (LEAVES + 1)},
    "nested too deep": {"x": json.loads("[" * 70 + "]" * 70)},
}


VANISHES = (
    "auditor/rulebook/opening.py: once the body used the budget up, the path is shut, so no rule meets it"
)


@pytest.mark.parametrize("how", TOO_MUCH)
def test_a_parcel_beyond_the_budget_is_a_problem_and_never_end_to_end(how: str) -> None:
    _, whole, (verdict,) = run(*(matrix(n) for n in range(5)), matrix(9, TOO_MUCH[how]))
    assert [(trouble.kind, sums.count) for trouble, sums in whole.troubles] == [("too much", 1)]
    assert verdict.verdict is Answer.INCONCLUSIVE


def matrix_sync(events: list[Any], state: list[Any], entry: int) -> Parcel:
    room = {"state": {"events": state}, "timeline": {"events": events}}
    body = DECODERS["json"].wrap({"rooms": {"join": {"!r:hs": room}}})
    asked = Head("GET", ("_matrix", "client", "v3", "sync"))
    answer = parcel("hs.example", "GET", "/_matrix/client/v3/sync", body, entry)
    return msgspec.structs.replace(answer, outgoing=False, head=Head(status=200, headers=JSON), answers=asked)


def room_message(number: int) -> dict[str, Any]:
    content = sealed("megolm", book(), str(number))
    return {"type": "m.room.encrypted", "sender": "@a:hs", "event_id": f"${number}", "content": content}


def test_messages_in_one_answer_are_each_a_finding() -> None:
    findings, _, (verdict,) = run(matrix_sync([room_message(n) for n in range(3)], [], 0))
    assert [f.content for f in findings] == [Content.SEALED] * 3
    assert verdict.verdict is Answer.END_TO_END


def test_messages_that_the_budget_never_reached_are_not_forgotten() -> None:
    seen = matrix_sync([room_message(n) for n in range(3)], [], 0)
    hidden = matrix_sync([room_message(9)], [0] * (LEAVES + 1), 1)
    _, _, (verdict,) = run(seen, hidden)
    assert verdict.verdict is Answer.INCONCLUSIVE


def test_messages_in_the_lost_part_of_an_answer_are_not_forgotten() -> None:
    seen = matrix_sync([room_message(n) for n in range(3)], [], 0)
    lost = msgspec.structs.replace(matrix_sync([], [], 1), whole=False, body=b"")
    _, _, (verdict,) = run(seen, lost)
    assert verdict.verdict is Answer.INCONCLUSIVE


@pytest.mark.parametrize(
    ("host", "answer"), [("hs.example", Answer.INCONCLUSIVE), ("stats.example", Answer.END_TO_END)]
)
def test_a_text_that_the_server_of_a_sealed_room_was_told_elsewhere_may_be_a_copy(
    host: str, answer: Answer
) -> None:
    """Anybody's host can be a home server: that this one is one, its messages show."""
    verdicts = run(*(matrix(n) for n in range(5)), other(TEXT.encode(), host, 9), planted=(TEXT,))[2]
    assert [one.verdict for one in verdicts if one.platform == "matrix"] == [answer]


def socket(host: str, path: str) -> Parcel:
    """An address as many apps have it; that Rocket.Chat has it as well says nothing."""
    return parcel(host, "GET", path, json.dumps({"log": TEXT}).encode(), 9, protocol="websocket")


@pytest.mark.parametrize(
    ("host", "path", "name"),
    [
        ("chat.signal.org", "/v1/websocket", "signal"),
        ("app.example", "/socket/websocket", "unknown:app.example"),
    ],
)
def test_a_socket_is_not_called_by_the_name_of_somebody_who_has_one_too(
    host: str, path: str, name: str
) -> None:
    findings, whole, verdicts = run(socket(host, path), planted=(TEXT,))
    assert [one.platform for one in findings] == [name]
    assert {one for one, _ in whole.platforms} | {one.platform for one in verdicts} == {name}


def test_a_text_leaked_to_a_socket_of_the_same_server_may_be_a_copy() -> None:
    verdicts = run(*(matrix(n) for n in range(5)), socket("hs.example", "/websocket"), planted=(TEXT,))[2]
    assert [one.verdict for one in verdicts if one.platform == "matrix"] == [Answer.INCONCLUSIVE]


WHO = {"pubkey": "ab" * 32, "sig": "cd" * 64, "tags": []}


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (TEXT, Answer.INCONCLUSIVE),
        (json.dumps({"say": TEXT}), Answer.INCONCLUSIVE),
        (json.dumps(["CHAT", TEXT]), Answer.INCONCLUSIVE),
        (json.dumps(["EVENT", WHO | {"kind": 20999, "content": TEXT}]), Answer.INCONCLUSIVE),
        (json.dumps(["EVENT", WHO | {"kind": 0, "content": json.dumps({"about": TEXT})}]), Answer.END_TO_END),
        (json.dumps(["OK", "ab" * 32, False, "blocked: not for you"]), Answer.END_TO_END),
        (json.dumps(["EOSE", "sub:1"]), Answer.END_TO_END),
        (json.dumps({"user": "Ada King Byron", "state": "not here"}), Answer.END_TO_END),
    ],
)
def test_a_sentence_in_a_socket_may_be_a_message_of_a_kind_that_nobody_described(
    said: str, answer: Answer
) -> None:
    """Beside sealed ones of the same socket; names and what a relay says are none."""
    seen = [msgspec.structs.replace(nip04(), ref=Ref("made.mitm", number, ">")) for number in range(3)]
    other = msgspec.structs.replace(seen[0], ref=Ref("made.mitm", 9, ">"), body=said.encode())
    elsewhere = msgspec.structs.replace(other, channel=Channel("stream.example", 443, Road.PROTECTED))
    for more, expected in ((other, answer), (elsewhere, Answer.END_TO_END)):
        verdicts = run(*seen, more)[2]
        assert [one.verdict for one in verdicts if one.surface == "dm"] == [expected]


FILE_SENT = {"type": "m.room.message", "content": {"msgtype": "m.image", "url": "mxc://hs/a"}}
STRETCH, ALL = ("content-range", "bytes 90-99/100"), ("content-range", "bytes 0-99/100")
NAMELESS = (("content-type", "application/json"), ("content-encoding", "new"))


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({"whole": False}, Answer.INCONCLUSIVE),
        ({"body": b'{"rooms": {"join": {"!r:hs": {"timeline"'}, Answer.INCONCLUSIVE),
        (
            {"body": hashlib.sha512(b"").digest(), "head": Head(status=200, headers=NAMELESS)},
            Answer.INCONCLUSIVE,
        ),
        (
            {"body": hashlib.sha512(b"").digest(), "head": Head(status=502, headers=NAMELESS)},
            Answer.END_TO_END,
        ),
        ({"body": b"--a\r\n\r\nmeet me"}, Answer.INCONCLUSIVE),
        ({"body": b"<?xml version='1.0'?><!DOCTYPE a><a>meet me</a>"}, Answer.INCONCLUSIVE),
        ({"body": b'data: {"rooms": {"join": {}}}\nevent: sync\n\n'}, Answer.INCONCLUSIVE),
        ({"head": Head(status=206, headers=JSON)}, Answer.INCONCLUSIVE),
        ({"head": Head(status=206, headers=(*JSON, STRETCH))}, Answer.INCONCLUSIVE),
        ({"head": Head(status=206, headers=(*JSON, ALL))}, Answer.END_TO_END),
        ({"body": b"not now"}, Answer.END_TO_END),
        ({"body": b"{}"}, Answer.END_TO_END),
        ({}, Answer.END_TO_END),
    ],
    ids=[
        "cut behind a file",
        "cut JSON",
        "an unknown coding",
        "an error",
        "cut multipart",
        "damaged XML",
        "in events",
        "a stretch, nobody knows which",
        "a stretch",
        "a stretch that is all of it",
        "plain words",
        "nothing",
        "a file",
    ],
)
def test_messages_in_an_answer_that_did_not_open_are_not_forgotten(
    changes: dict[str, Any], answer: Answer
) -> None:
    seen = matrix_sync([room_message(n) for n in range(3)], [], 0)
    other_one = msgspec.structs.replace(matrix_sync([FILE_SENT], [], 1), **changes)
    verdicts = run(seen, other_one)[2]
    assert [one.verdict for one in verdicts if one.surface == "room"] == [answer]


def test_what_did_not_open_is_a_doubt_and_no_message() -> None:
    unknown = msgspec.structs.replace(matrix_sync([], [], 1), body=hashlib.sha512(b"").digest())
    assert [verdict.counts for verdict in run(unknown)[2] if verdict.counts] == []


def test_a_bomb_is_a_problem_and_never_end_to_end() -> None:
    event = sealed("megolm", book(), "bomb")
    bomb = base64.b64encode(gzip.compress(bytes(200_000_000), 1)).decode()
    body = DECODERS["json"].wrap(event | {"x": bomb})
    _, whole, (verdict,) = run(matrix(0), msgspec.structs.replace(matrix(1), body=body))
    assert whole.troubles
    assert verdict.verdict is Answer.INCONCLUSIVE


# The ledger


def everything() -> list[Event]:
    return [
        discord(TEXT, 0),
        parcel("discord.com", "POST", "/api/v9/channels/77/typing", b"", 1),
        other(b"nothing of note", entry=2),
        other(b"unknown request", "discord.com", 3),
        other(TEXT.encode(), "stats.example", 4),
        matrix(5),
        Contact(Ref("made.mitm", 6), Channel("gateway.discord.gg", 443), "quic", "no keys", 10, 20),
        Contact(Ref("made.mitm", 7), Channel("gateway.discord.gg", 443), "quic", "no keys", 1, 2),
        Contact(Ref("made.mitm", 8), Channel("", 443, address="192.0.2.1"), "tls", "refused", 1, 2),
        Problem(Ref("made.mitm", 9), "damaged", "half an entry"),
        Problem(Ref("made.mitm", 10), "damaged", "half an entry"),
    ]


@pytest.mark.parametrize("planted", [(), (TEXT,)])
def test_every_parcel_is_in_the_ledger_once(planted: tuple[str, ...]) -> None:
    events = everything()
    parcels = [event for event in events if isinstance(event, Parcel)]
    _, whole, _ = run(*events, planted=planted)
    assert sum(sums.parcels for _, sums in whole.ledger) == len(parcels)
    assert sum(sums.bytes for _, sums in whole.ledger) == sum(len(p.body) for p in parcels)
    states = {state: sums.parcels for state, sums in whole.ledger}
    assert states[ledger.READ] == 2
    assert states[ledger.AROUND] == 1
    assert states[ledger.NO_RULE] == 1
    assert states.get(ledger.CANARY, 0) == len(planted)
    assert states[ledger.STRANGER] == 2 - len(planted)


@pytest.mark.parametrize(
    "file", sorted(f.relative_to(CAPTURES).as_posix() for f in CAPTURES.glob("*/*.[mh]*[mr]"))
)
@pytest.mark.parametrize("planted", [(), (TEXT,)])
def test_every_parcel_of_a_recording_is_in_the_ledger_once(file: str, planted: tuple[str, ...]) -> None:
    events = list(read(CAPTURES / file))
    _, whole, _ = run(*events, planted=planted)
    parcels = [event for event in events if isinstance(event, Parcel)]
    assert sum(sums.parcels for _, sums in whole.ledger) == len(parcels)
    assert sum(sums.bytes for _, sums in whole.ledger) == sum(len(p.body) for p in parcels)


def test_contacts_and_problems_are_folded_and_counted() -> None:
    _, whole, _ = run(*everything())
    contacts = {(peer.host, peer.platform): sums for peer, sums in whole.contacts}
    assert (
        contacts["gateway.discord.gg", "discord"].count,
        contacts["gateway.discord.gg", "discord"].sent,
    ) == (2, 11)
    assert contacts["gateway.discord.gg", "discord"].received == 22
    assert contacts["192.0.2.1", ""].count == 1
    ((trouble, sums),) = whole.troubles
    assert (trouble.kind, trouble.message, sums.count) == ("damaged", "half an entry", 2)
    assert [str(ref) for ref in sums.refs] == ["made.mitm#9", "made.mitm#10"]
    assert tuple(whole.covers) == ((0, 11),)


def test_a_platform_that_was_only_contacted_has_a_row() -> None:
    _, _, (verdict,) = run(Contact(Ref("made.mitm", 0), Channel("im-api.tiktok.com", 443), "quic", "no keys"))
    assert (verdict.platform, verdict.verdict) == ("tiktok", Answer.INCONCLUSIVE)


def test_a_contact_belongs_to_its_host_then_to_what_is_spoken_there() -> None:
    def contact(host: str, start: bytes = b"", platform: str = "", carrier: str = "TCP") -> Contact:
        channel, said = Channel(host, 443, address="192.0.2.1"), ((True, start),)
        ref = Ref("made.mitm", 0)
        return Contact(
            ref, channel, carrier, "no keys", facts=(("tls", "1.3"),), platform=platform, start=said
        )

    loco = bytes.fromhex("000100000c00000002000000")
    _, whole, verdicts = run(
        contact("", loco), contact("chat.signal.org", loco), contact("", platform="matrix"), contact("")
    )
    assert [(peer.host, peer.transport, peer.platform) for peer, _ in whole.contacts] == [
        ("192.0.2.1", "LOCO", "kakaotalk"),
        ("192.0.2.1", "TCP", ""),
        ("192.0.2.1", "TCP", "matrix"),
        ("chat.signal.org", "LOCO", "signal"),
    ]
    assert next(iter(whole.contacts))[1].facts == (("known by", "kakaotalk-loco: recognised"), ("tls", "1.3"))
    assert {verdict.verdict for verdict in verdicts} == {Answer.INCONCLUSIVE}


@pytest.mark.slow
def test_a_far_end_that_stayed_shut_takes_little_room() -> None:
    def room(count: int) -> int:
        one = Audit(book())
        tracemalloc.start()
        for entry in range(0, 2 * count, 2):
            host = f"10.{entry >> 16}.{entry >> 8 & 255}.{entry & 255}"
            one.feed(
                Contact(Ref("made.mitm", entry), Channel(host, 443), "tls", "no keys for this one", 9, 9)
            )
        report = one.report(FILE)
        found = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        assert len(report.slices[0].contacts) == len(report.slices[0].covers) == count
        return found

    room(1_000)  # what is loaded once
    assert (room(24_000) - room(8_000)) / 16_000 < 400


def test_what_lies_around_messages_is_an_observation() -> None:
    findings, whole, (verdict,) = run(parcel("discord.com", "POST", "/api/v9/channels/77/typing", b""))
    assert findings == []
    assert [(sight.surface, sums.count) for sight, sums in whole.sightings] == [("typing", 1)]
    assert verdict.detail == "no message seen"


def test_hosts_renamed_by_the_user_are_recorded() -> None:
    one = Audit(book())
    one.feed(discord(TEXT, channel=Channel("discord.com", 443, Road.PROTECTED, renamed="localhost")))
    assert one.renamed == {("localhost", "discord.com")}


def test_one_call_audits_a_whole_capture() -> None:
    events = everything()
    one = Audit(book())
    for event in events:
        one.feed(event)
    assert audit(events, book(), FILE) == one.report(FILE)


# Masks

PRIVATE = "Zephyrine Quillfeather burns amber lanterns"


def private_events() -> list[Event]:
    return [
        discord(PRIVATE),
        matrix(1, {"preview": PRIVATE, PRIVATE: "x"}),
        other(json.dumps({PRIVATE: PRIVATE}).encode(), "discord.com", 2),
        discord("x" * 200 + PRIVATE, 3),
        parcel(
            "discord.com", "POST", "/api/v9/channels/77/messages", json.dumps({"text": PRIVATE}).encode(), 4
        ),
        parcel(
            "discord.com",
            "POST",
            f"/api/v9/channels/{PRIVATE}/messages",
            json.dumps({"content": "a b c"}).encode(),
            5,
        ),
    ]


def pages(reveal: bool, planted: tuple[str, ...]) -> str:
    one = Audit(book(), Needles(planted), reveal)
    findings = [finding for event in private_events() for finding in one.feed(event)]
    report = one.report(FILE)
    return encode(report, judge(report, book())).decode() + "\n".join(map(line, findings))


def test_private_text_is_masked() -> None:
    page = pages(False, ())
    for word in PRIVATE.split():
        assert word not in page


def test_private_text_is_shown_on_demand_and_planted_text_always() -> None:
    assert PRIVATE in pages(True, ())
    assert PRIVATE in pages(False, (PRIVATE,))


# Offsets


@pytest.mark.parametrize("planted", [(), (TEXT,)])
def test_an_offset_is_where_the_value_stands(planted: tuple[str, ...]) -> None:
    events = [discord(f"{TEXT} {n}" if n else TEXT, n) for n in range(3)]
    findings, _, _ = run(*events, planted=planted)
    assert len(findings) == 3
    for event, finding in zip(events, findings, strict=True):
        assert finding.offset is not None
        assert event.body[finding.offset :].startswith(TEXT.encode())


def test_what_only_exists_once_opened_has_no_offset() -> None:
    packed = discord(TEXT)
    body = gzip.compress(packed.body)
    headers = (*JSON, ("content-encoding", "gzip"))
    for planted in ((), (TEXT,)):
        (finding,), _, _ = run(
            msgspec.structs.replace(
                packed, body=body, head=msgspec.structs.replace(packed.head, headers=headers)
            ),
            planted=planted,
        )
        assert finding.trail[0] == "gzip"
        assert finding.offset is None


@pytest.mark.parametrize(
    "file", ["matrix-plain/alice.mitm", "matrix-e2ee/alice.har", "discord-client/client.mitm"]
)
def test_in_recordings_offsets_point_into_the_body(file: str) -> None:
    one = Audit(book(), Needles([TEXT]))
    for event in read(CAPTURES / file):
        for finding in one.feed(event):
            if finding.offset is not None and isinstance(event, Parcel):
                assert 0 <= finding.offset < len(event.body)
                if finding.texts:
                    assert event.body[finding.offset :].startswith(TEXT.encode())


@pytest.mark.parametrize("planted", [(), (TEXT,)])
@pytest.mark.parametrize(
    ("file", "verbatim"), [("irc-clear", False), ("xmpp-plain", True), ("mail-plain", True)]
)
def test_what_stands_in_words_of_ours_has_no_offset_in_the_capture(
    file: str, verbatim: bool, planted: tuple[str, ...]
) -> None:
    one = Audit(book(), Needles(planted))
    found = [f for event in read(CAPTURES / file / "alice.mitm") for f in one.feed(event)]
    assert any(finding.offset is not None for finding in found) is verbatim


def test_a_rule_that_knows_its_parcels_by_their_content_alone_claims_no_others() -> None:
    """Nostr has no host and no address: other people's sockets are not its own."""
    note = json.dumps(["EVENT", {"kind": 1, "pubkey": "aa", "content": TEXT}]).encode()
    other = json.dumps({"op": 11, "note": TEXT}).encode()
    for host, body, platforms, state in [
        ("relay.example.org", note, {"nostr": 1}, ledger.READ),
        ("sock.example.org", other, {}, ledger.STRANGER),
        ("api.line.me", other, {"line": 1}, ledger.NO_RULE),
    ]:
        one = Audit(book())
        one.feed(parcel(host, "WS", "/", body, protocol="websocket", whole=False))
        assert one.platforms == platforms
        assert list(one.ledger.accounts) == [state]
    planted = Audit(book(), Needles((TEXT,)))
    found = planted.feed(parcel("sock.example.org", "WS", "/", other, protocol="websocket"))
    assert [f.platform for f in found] == ["unknown:sock.example.org"]


@pytest.mark.parametrize("lost_first", [True, False])
@pytest.mark.parametrize(
    ("host", "answer"), [("relay.example.org", Answer.INCONCLUSIVE), ("sock.example.org", Answer.END_TO_END)]
)
def test_what_is_lost_counts_where_its_platform_speaks_and_nowhere_else(
    host: str, answer: Answer, lost_first: bool
) -> None:
    """Only content tells that a socket is Nostr's, and what is lost has none."""

    def socket(at: str, body: bytes, entry: int, whole: bool = True) -> Parcel:
        return parcel(at, "WS", "/", body, entry, protocol="websocket", whole=whole)

    seal = sealed("nip04", book(), "1").decode()
    event = {"kind": 4, "pubkey": "aa", "tags": [["p", "bb"]], "content": seal}
    parcels = [
        socket("relay.example.org", json.dumps(["EVENT", event]).encode(), 0),
        socket(host, b'["EVENT", {"kind": 4, "cont', 1, whole=False),
    ]
    _, whole, verdicts = run(*(parcels[::-1] if lost_first else parcels))
    assert [v.verdict for v in verdicts if v.surface == "dm"] == [answer]
    assert whole.platforms == (("nostr", 1),)


@pytest.mark.parametrize("texts", [(), (TEXT,)])
def test_what_was_audited_is_gone_at_once_and_waits_for_nobody_to_look_for_circles(
    texts: tuple[str, ...],
) -> None:
    for dump in sorted(CAPTURES.glob("*/*.mitm"))[::5]:
        events = list(read(dump))
        audit(events, book(), FILE, Needles(texts))  # what is remembered once and for all
        run = Audit(book(), Needles(texts))
        gc.collect()
        gc.disable()
        try:
            for event in events:
                run.feed(event)
            assert gc.collect() == 0, dump.name
        finally:
            gc.enable()
