"""Text is text, whatever else it could be. In slots of real rules."""

import base64
import gzip
import json
import random
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from auditor.audit import Audit, audit
from auditor.decoders import protobuf
from auditor.decoders.armor import armored
from auditor.judge import judge
from auditor.model import Answer, Channel, Content, Finding, Head, Parcel, Ref, Road
from auditor.report import Capture
from auditor.rulebook.book import Rulebook
from auditor.rulebook.build import sealed

packed = partial(gzip.compress, mtime=0)  # always the same bytes


def parcel(
    host: str, path: str, body: bytes, method: str = "POST", protocol: str = "http", outgoing: bool = True
) -> Parcel:
    head = Head(method, tuple(s for s in path.split("/") if s))
    return Parcel(Ref("a.mitm", 1, ">"), Channel(host, road=Road.PROTECTED), outgoing, body, protocol, head)


def discord(content: Any) -> Parcel:
    return parcel("discord.com", "api/v10/channels/1/messages", json.dumps({"content": content}).encode())


def matrix(content: Any) -> Parcel:
    body = json.dumps({"msgtype": "m.text", "body": content}, ensure_ascii=False).encode()
    return parcel("matrix.example.org", "_matrix/client/v3/rooms/!a:b/send/m.room.message/1", body, "PUT")


def signal(content: Any) -> Parcel:
    return parcel(
        "chat.signal.org",
        "v1/messages/9d06",
        json.dumps({"messages": [{"content": content}]}).encode(),
        "PUT",
    )


def tiktok(content: Any) -> Parcel:
    """Bare text in a field of protobuf."""
    data = content.encode() if isinstance(content, str) else b""
    field = protobuf.wrap({3: 1}) + protobuf.wrap({1: 34})[1:] + protobuf.wrap({1: len(data)})[1:] + data
    return parcel("im-api.tiktok.com", "v1/message/send", protobuf.wrap({1: 1, 8: protobuf.wrap({1: field})}))


def found(book: Rulebook, one: Parcel) -> list[Finding]:
    return Audit(book).feed(one)


def contents(book: Rulebook, one: Parcel) -> list[Content]:
    return [f.content for f in found(book, one)]


def answers(book: Rulebook, *parcels: Parcel) -> list[Answer]:
    return [v.verdict for v in judge(audit(parcels, book, Capture("0" * 64, "a", "mitm", 1)), book)]


READABLE = [
    "hello",
    "yes",
    "ok 👍",
    "https://example.org/a?b=1&c=2#d",
    '{"a": 1}',
    '{"text": "hidden"}',
    "[1, 2, 3]",
    "a=1&b=2",
    "{}",
    "[]",
    "<b>hi</b>",
    "<a href='x'>y</a>",
    "100% sure",
    "100%25 sure",
    "%41%42",
    "internationalisation",
    "+49 170 1234567",
    "+OK",
    "-",
    "7",
    "👨‍👩‍👧 family",
    "🏳️‍🌈",
    "שלום עולם",
    "مرحبا\u200f بك",
    "می\u200cخواهم",
    "line\vfeed\fhere",
    "tab\tand\nline",
    "今晚七点在北门见",
    "привет",
    "\ufeffmark",
    "🫨",
    "meet me at 7 by the gate",
    "e\u0301",
    "null",
    "true",
    "a" * 5_000,
    "1234567890123456",
    "+4917012345678",
    "-----BEGIN",
    "$HOME `ls`",
    "\\u0041",
    "=?utf-8?q?a?=",
    "x.y.z",
    "@bob",
    "#1",
    "****************",
    "don't",
]
TOKENS = [
    "CANARY-repeat-00",
    "7f9c24e8-3b12-4f5a-9c1d-0a2b3c4d5e6f",
    "RJYKSTBOIE2024",
    "dGhlIGdhdGU9MQ==",
    "deadbeefdeadbeef",
]
CARRIERS: list[Callable[[Any], Parcel]] = [discord, matrix, signal, tiktok]


@pytest.mark.parametrize("carry", CARRIERS)
@pytest.mark.parametrize("text", READABLE)
def test_text_is_readable(real: Rulebook, carry: Callable[[Any], Parcel], text: str) -> None:
    allowed = [[Content.READABLE], *([[Content.UNDECIDED]] if text.strip("+").isdigit() else [])]
    assert contents(real, carry(text)) in allowed
    assert Answer.END_TO_END not in answers(real, carry(text))


@pytest.mark.parametrize("carry", CARRIERS)
@pytest.mark.parametrize("text", TOKENS)
def test_a_token_is_readable_or_undecided(real: Rulebook, carry: Callable[[Any], Parcel], text: str) -> None:
    assert contents(real, carry(text))[0] in (Content.READABLE, Content.UNDECIDED)


@pytest.mark.parametrize("carry", CARRIERS)
@pytest.mark.parametrize(
    "code", ["9e107d9d372bb6826bd81d3542a419d6", "q83vEjRWeJCrze8SNFZ4kA", "q80/EjRWeJCrze8+NFZ4kA=="]
)
def test_a_short_code_in_disorder_is_opaque_and_said_to_be_short(
    real: Rulebook, carry: Callable[[Any], Parcel], code: str
) -> None:
    [finding] = found(real, carry(code))
    assert (finding.content, finding.note) == (Content.OPAQUE, "short: may name something as well")


def test_words_that_happen_to_be_protobuf_stay_words(real: Rulebook) -> None:
    dice, words, tried = (
        random.Random(3),
        [
            "yes",
            "the",
            "dinner",
            "six",
            "at",
            "north",
            "gate",
            "on",
            "monday",
            "hello",
            "bring",
            "a",
            "boat",
            "and",
            "her",
        ],
        0,
    )
    for _ in range(6_000):
        text = " ".join(dice.choices(words, k=dice.randint(1, 4)))
        try:
            protobuf.fields(text.encode())
        except ValueError:
            continue
        tried += 1
        for carry in CARRIERS:
            assert contents(real, carry(text)) == [Content.READABLE], text
    assert tried > 5


@pytest.mark.parametrize(
    "empty", ["", "   ", "\n\t", None, 0, 7, 1.5, True, False, [], {}, [None, ""], {"a": None}]
)
def test_numbers_and_emptiness_count_as_nothing(real: Rulebook, empty: Any) -> None:
    for carry in (discord, matrix, signal):
        assert contents(real, carry(empty)) == [Content.MISSING]


NOISE = base64.b64encode(random.Random(9).randbytes(96)).decode()


def seal(book: Rulebook, name: str = "signal-message") -> str:
    made = sealed(name, book)
    assert isinstance(made, bytes)
    return base64.b64encode(made).decode()


def test_an_opaque_ciphertext_in_json_is_opaque(real: Rulebook) -> None:
    assert contents(real, discord(json.dumps({"v": 1, "data": NOISE}))) == [Content.OPAQUE]
    assert contents(real, discord({"v": 1, "data": NOISE})) == [Content.OPAQUE]


def test_a_readable_text_beside_it_is_readable(real: Rulebook) -> None:
    for value in ({"data": NOISE, "hint": "meet me"}, {"data": NOISE, "list": [{"x": "meet me"}]}):
        assert contents(real, discord(json.dumps(value))) == [Content.READABLE]
        assert contents(real, discord(value)) == [Content.READABLE]


def test_a_readable_value_beside_a_seal_is_readable(real: Rulebook) -> None:
    for value in (
        {"x": seal(real), "y": "see you"},
        {"x": seal(real), "@y": "see you at the gate"},
        [seal(real), "see you"],
        {"x": seal(real), "@y": {"z": "see you"}},
        {"x": seal(real), "y": ["", {"z": gzip64("see you")}]},
    ):
        assert Content.READABLE in contents(real, discord(value))
        assert Content.READABLE in contents(real, discord(json.dumps(value)))


def gzip64(text: str) -> str:
    return base64.b64encode(packed(text.encode())).decode()


def test_noise_in_armor_is_no_text_and_text_in_armor_is(real: Rulebook) -> None:
    def armor(data: bytes, label: str = "PGP MESSAGE") -> str:
        return armored(data, label).decode()

    noise = base64.b64decode(NOISE)
    assert contents(real, discord(armor(noise))) == [Content.OPAQUE]
    for text in (
        armor(b"meet me at the old crane at seven"),
        armor(packed(b"meet me at the old crane at seven")),
        armor(noise, "PRIVATE KEY"),
        armor(noise).replace("-----\n", "-----\nComment: see you at seven\n", 1),
        f"see you\n{armor(noise)}",
    ):
        assert contents(real, discord(text)) == [Content.READABLE]


def test_a_duplicate_key_hides_nothing(real: Rulebook) -> None:
    for pair in (
        f'"content": "hidden", "content": "{seal(real)}"',
        f'"content": "{seal(real)}", "content": "hidden"',
        f'"content": "{seal(real)}", "content": ["hidden", 7]',
    ):
        one = parcel("discord.com", "api/v10/channels/1/messages", f"{{{pair}}}".encode())
        assert contents(real, one) == [Content.READABLE]


def test_a_seal_is_found_behind_every_coding(real: Rulebook) -> None:
    raw = base64.b64decode(seal(real))
    for text in (
        seal(real),
        raw.hex(),
        base64.urlsafe_b64encode(raw).decode().rstrip("="),
        base64.b64encode(packed(raw)).decode(),
    ):
        assert contents(real, discord(text)) == [Content.SEALED]


def test_words_around_a_seal_are_read(real: Rulebook) -> None:
    for text in (f"here: {seal(real)}", f"{seal(real)} see you", f"<b>{seal(real)}</b> see you"):
        assert contents(real, discord(text)) == [Content.READABLE]


def test_a_token_takes_the_class_of_its_slot_and_never_end_to_end(real: Rulebook) -> None:
    assert answers(real, discord("CANARY-repeat-00")) == [Answer.INCONCLUSIVE]
    assert answers(real, discord("CANARY-repeat-00"), discord("hello there")) == [Answer.TRANSPORT_ONLY]
    assert answers(real, discord("CANARY-repeat-00"), discord(NOISE)) == [Answer.OPAQUE]
    assert answers(real, discord("CANARY-repeat-00"), discord(seal(real))) == [Answer.INCONCLUSIVE]


def test_one_readable_message_outweighs_a_thousand_sealed_ones(real: Rulebook) -> None:
    many = [signal(seal(real))] * 50
    assert answers(real, *many) == [Answer.END_TO_END]
    assert answers(real, *many, signal("see you there")) == [Answer.TRANSPORT_ONLY]
    assert answers(real, *many, signal(None)) == [Answer.INCONCLUSIVE]


def test_a_cut_parcel_is_never_sealed(real: Rulebook) -> None:
    whole = signal(seal(real))
    cut = Parcel(whole.ref, whole.channel, True, whole.body, head=whole.head, whole=False)
    assert contents(real, cut) == [Content.MISSING]
