"""Random bytes and ordinary texts in the slots of real rules: noise is opaque, and a text is a text."""

import base64
import gzip
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from auditor.audit import Audit, audit
from auditor.decoders import protobuf, telegram_tl, whatsapp_nodes
from auditor.judge import judge
from auditor.model import MESSAGES, Answer, Channel, Content, Finding, Head, Parcel, Ref, Road
from auditor.report import Capture
from auditor.rulebook.book import Rulebook
from auditor.shelf import load_rules

REF = Ref("made.mitm", 1, ">")
CAPTURE = Capture("0" * 64, "made.mitm", "mitmproxy dump", 1)
FORM = (("content-type", "application/x-www-form-urlencoded"),)
JSON = (("content-type", "application/json"),)
SEED = "random bodies"


@lru_cache
def book() -> Rulebook:
    return load_rules(None)


def parcel(host: str, path: str, body: bytes, method: str = "POST", **more: Any) -> Parcel:
    headers, query = more.pop("headers", ()), more.pop("query", ())
    head = Head(method, tuple(path.split("/")), query, headers)
    road = Road.PROTECTED
    return Parcel(REF, Channel(host, 443, road), more.pop("outgoing", True), body, head=head, **more)


def written(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


# Slots that hold a text: the messages as the apps write them.


def discord(text: str) -> Parcel:
    body = written({"content": text, "nonce": "1311111111111111111", "tts": False})
    return parcel("discord.com", "api/v10/channels/1287/messages", body, headers=JSON)


def slack_form(text: str) -> Parcel:
    body = urlencode({"channel": "D012345", "text": text}).encode()
    return parcel("slack.com", "api/chat.postMessage", body, headers=FORM)


def slack_push(text: str) -> Parcel:
    body = written({"type": "message", "channel": "C012345", "user": "U1", "text": text})
    host = "wss-primary.slack.com"
    return parcel(host, "", body, "WS", outgoing=False, protocol="websocket")


def matrix(text: str) -> Parcel:
    path = "_matrix/client/v3/rooms/!a:b.org/send/m.room.message/1"
    return parcel("matrix.example.org", path, written({"msgtype": "m.text", "body": text}), "PUT")


def mattermost(text: str) -> Parcel:
    body = written({"channel_id": "4xp9fdt77pncbef59f4k1qe83o", "message": text})
    return parcel("chat.example.org", "api/v4/posts", body, headers=JSON)


def telegram_form(text: str) -> Parcel:
    return parcel(
        "api.telegram.org",
        "bot1:a/sendMessage",
        urlencode({"chat_id": 5, "text": text}).encode(),
        headers=FORM,
    )


def telegram_query(text: str) -> Parcel:
    query = (("chat_id", "5"), ("text", text))
    return parcel("api.telegram.org", "bot1:a/sendMessage", b"", "GET", query=query)


def telegram_cloud(text: str) -> Parcel:
    body = written({"_": "messages.sendMessage", "peer": {"user_id": 5}, "message": text})
    return parcel("149.154.167.51", "", body, "messages.sendMessage", protocol="mtproto")


def telegram_tl_cloud(text: str) -> Parcel:
    peer = {"_": "inputPeerUser", "user_id": 5, "access_hash": 1}
    body = telegram_tl.wrap({"_": "messages.sendMessage", "peer": peer, "message": text, "random_id": 7})
    return parcel("149.154.167.51", "", body, "", protocol="mtproto")


def instagram(text: str) -> Parcel:
    body = urlencode({"action": "send_item", "thread_ids": "[7]", "text": text}).encode()
    return parcel("i.instagram.com", "api/v1/direct_v2/threads/broadcast/text", body, headers=FORM)


def irc(text: str) -> Parcel:
    body = written({"target": "#quay", "text": text})
    return parcel("irc.example.org", "#quay", body, "PRIVMSG", protocol="irc")


def tiktok(text: str) -> Parcel:
    return tiktok_bytes(written({"aweType": 0, "text": text}))


def signal(text: str) -> Parcel:
    body = written({"messages": [{"type": 1, "content": text}], "timestamp": 1763715600000})
    return parcel("chat.signal.org", "v1/messages/9d0652a3", body, "PUT", headers=JSON)


def whatsapp_bot(text: str) -> Parcel:
    body = written(
        {"messaging_product": "whatsapp", "to": "15550100", "type": "text", "text": {"body": text}}
    )
    return parcel("graph.facebook.com", "v22.0/100000000000002/messages", body, headers=JSON)


# Slots that hold bytes.


def tiktok_bytes(data: bytes) -> Parcel:
    body = nested(1, 100) + nested(8, nested(100, nested(1, b"0:1:7:8") + nested(4, data)))
    return parcel("im-api.tiktok.com", "v1/message/send", body)


def signal_push(data: bytes) -> Parcel:
    inner = nested(1, 1) + nested(5, 1763715600000) + nested(8, data)
    body = nested(1, 1) + nested(2, nested(1, b"PUT") + nested(2, b"/api/v1/message") + nested(3, inner))
    return parcel("chat.signal.org", "v1/websocket", body, "WS", outgoing=False, protocol="websocket")


def signal_group(data: bytes) -> Parcel:
    return parcel("chat.signal.org", "v1/messages/multi_recipient", data, "PUT")


def matrix_file(data: bytes) -> Parcel:
    return parcel("matrix.example.org", "_matrix/media/v3/upload", data)


def slack_file(data: bytes) -> Parcel:
    return parcel("files.slack.com", "upload/v1/abc", data)


def whatsapp_socket(data: bytes) -> Parcel:
    return parcel("web.whatsapp.com", "ws/chat", data, "WS", protocol="websocket")


def whatsapp_node(data: bytes) -> Parcel:
    enc = {"@v": "2", "@type": "pkmsg", "#text": data}
    body = whatsapp_nodes.wrap({"message": {"@to": "15550100@s.whatsapp.net", "enc": enc}})
    return parcel("web.whatsapp.com", "", body, "", protocol="wabinary")


def whatsapp_channel(data: bytes) -> Parcel:
    body = whatsapp_nodes.wrap({"message": {"@to": "120363@newsletter", "plaintext": data}})
    return parcel("web.whatsapp.com", "", body, "", protocol="wabinary")


def telegram_secret(data: bytes) -> Parcel:
    peer = {"_": "inputEncryptedChat", "chat_id": 3, "access_hash": 1}
    body = telegram_tl.wrap({"_": "messages.sendEncrypted", "peer": peer, "random_id": 7, "data": data})
    return parcel("149.154.167.51", "", body, "", protocol="mtproto")


def nested(number: int, value: int | bytes) -> bytes:
    """One field of protobuf; bytes stay bytes, whatever they look like."""
    if isinstance(value, int):
        return protobuf.wrap({number: value})
    return protobuf.wrap({1: number << 3 | 2})[1:] + protobuf.wrap({1: len(value)})[1:] + value


TEXT_SLOTS: tuple[Callable[[str], Parcel], ...] = (
    discord, slack_form, slack_push, matrix, mattermost, telegram_form, telegram_query, telegram_cloud,
    telegram_tl_cloud, instagram, irc, tiktok, signal, whatsapp_bot,
)  # fmt: skip
BYTE_SLOTS: tuple[Callable[[bytes], Parcel], ...] = (
    tiktok_bytes, signal_push, signal_group, matrix_file, slack_file, whatsapp_socket, whatsapp_node,
    whatsapp_channel, telegram_secret,
)  # fmt: skip
CODINGS: dict[str, Callable[[bytes], str]] = {
    "base64": lambda data: base64.b64encode(data).decode(),
    "base64 for addresses": lambda data: base64.urlsafe_b64encode(data).decode().rstrip("="),
    "hex": bytes.hex,
}


def noise(rng: random.Random, largest: int) -> tuple[str, int, Parcel]:
    """(what it is, how many random bytes, where they lie)."""
    size = round(16 * (largest / 16) ** rng.random())
    data = rng.randbytes(size)
    coding = rng.choice(["raw", *CODINGS, "base64 in JSON"])
    if coding == "raw":
        slot = rng.choice(BYTE_SLOTS)
        return f"{slot.__name__} raw", size, slot(data)
    if coding == "base64 in JSON":
        file = rng.choice(BYTE_SLOTS)
        return f"{file.__name__} {coding}", size, file(written({"v": 1, "c": CODINGS["base64"](data)}))
    if rng.random() < 0.2:
        file = rng.choice(BYTE_SLOTS)
        return f"{file.__name__} {coding}", size, file(CODINGS[coding](data).encode())
    slot_of_text = rng.choice(TEXT_SLOTS)
    return f"{slot_of_text.__name__} {coding}", size, slot_of_text(CODINGS[coding](data))


def wrong_about_noise(found: list[Finding]) -> str:
    """What is concluded from random bytes, and should not be."""
    contents = {f.content for f in found}
    if not found:
        return "no message"
    if seals := {f.seal for f in found if f.seal}:
        return f"sealed by {seals}"
    if contents == {Content.OPAQUE}:
        return ""
    return ", ".join(sorted(contents))


def wrong_about_many(number: int, seed: str) -> Counter[str]:
    """What is concluded from bodies of 16 bytes to 64 kB, of each finding and of each body's verdict."""
    rng, wrong = random.Random(f"{SEED}, {seed}"), Counter[str]()
    for _ in range(number):
        what, size, one = noise(rng, 65_536)
        run = Audit(book())
        if said := wrong_about_noise(run.feed(one)):
            wrong[said if said == Content.UNDECIDED else f"{what}, {size} bytes: {said}"] += 1
        answers = {v.verdict for v in judge(run.report(CAPTURE), book()) if v.surface in MESSAGES}
        allowed = {Answer.OPAQUE, Answer.INCONCLUSIVE} if said == Content.UNDECIDED else {Answer.OPAQUE}
        if not answers or not answers <= allowed:
            wrong[f"{what}, {size} bytes: {answers or 'no verdict'}"] += 1
    return wrong


def test_random_bytes_are_opaque_in_every_slot() -> None:
    wrong = wrong_about_many(2_000, "a few")
    assert wrong.pop(Content.UNDECIDED, 0) <= 2
    assert wrong == {}


@pytest.mark.slow
@pytest.mark.parametrize("part", range(10))
def test_random_bytes_are_opaque_in_a_hundred_thousand_cases(part: int) -> None:
    """A test for randomness refuses 1 random string in 1,000: it is undecided then, never more."""
    wrong = wrong_about_many(10_000, str(part))
    print(f"part {part}: {wrong[Content.UNDECIDED]} of 10,000 undecided")
    assert wrong.pop(Content.UNDECIDED, 0) <= 5
    assert wrong == {}


@pytest.mark.parametrize("slot", BYTE_SLOTS)
def test_short_noise_is_opaque(slot: Callable[[bytes], Parcel]) -> None:
    rng = random.Random(f"{SEED}, short")
    assert {
        f.content for _ in range(200) for f in Audit(book()).feed(slot(rng.randbytes(rng.randint(16, 31))))
    } == {Content.OPAQUE}


OLD = {
    "iso-8859-1": "Größe? Heute um 7 am Steg",
    "cp1252": "À 7 h près de la porte",
    "utf-16-le": "meet at seven",
    "utf-16-be": "в семь у моста",
}


@pytest.mark.parametrize("coding", OLD)
def test_a_short_text_in_another_coding_is_never_opaque(coding: str) -> None:
    """Whoever knows the coding reads it: a text stands in it, however few bytes there are."""
    data = OLD[coding].encode(coding)
    assert 16 <= len(data) < 32
    assert {f.content for slot in (matrix_file, tiktok_bytes) for f in Audit(book()).feed(slot(data))} == {
        Content.UNDECIDED
    }


SENTENCES = {
    "English": "Meet me at seven by the north gate",
    "German": "Treffen wir uns um sieben am Nordtor, größer geht's nicht",
    "French": "On se retrouve à sept heures près de la porte nord",
    "Russian": "Встретимся в семь у северных ворот",
    "Greek": "Συναντιόμαστε στις επτά στη βόρεια πύλη",
    "Arabic": "نلتقي في السابعة عند البوابة الشمالية",
    "Hebrew": "ניפגש בשבע ליד השער הצפוני",
    "Persian": "ساعت هفت کنار دروازه می‌بینمت",
    "Hindi": "सात बजे उत्तरी द्वार पर मिलो",
    "Thai": "เจอกันตอนเจ็ดโมงที่ประตูเหนือ",
    "Chinese": "七点在北门见面",
    "Japanese": "七時に北門で会いましょう",
    "Korean": "일곱 시에 북문에서 만나자",
    "pictures": "👨‍👩‍👧 🔐🔐 🎉",
}
LOOKS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "as HTML": lambda text: f"<p>{text}</p><br>",
    "as XML": lambda text: f'<?xml version="1.0"?><note to="bob">{text}</note>',
    "as a mail": lambda text: f"Subject: hello\nFrom: me\nDate: now\n\n{text}",
    "as quoted-printable": lambda text: f"caf=C3=A9 =\n{text}=20",
    "with =3D": lambda text: f"{text} x=3D1 =3D",
    "with an entity": lambda text: f"{text} &amp; you &lt;3",
    "with an escape": lambda text: f"{text} \\u0041\\n",
    "with percents": lambda text: f"{text}%20100%25 sure",
    "as percents": quote,
    "as an event": lambda text: f"data: {text}",
    "as events": lambda text: f"event: note\ndata: {text}\n\ndata: bye\n\n",
    "as a socket's event": lambda text: "42" + json.dumps(["hi", text], ensure_ascii=False),
    "as JSON": lambda text: json.dumps({"note": text}, ensure_ascii=False),
    "as JSON with escapes": lambda text: json.dumps({"note": text}),
    "as a list": lambda text: json.dumps([text, 1, None], ensure_ascii=False),
    "as lines of JSON": lambda text: f'{{"a": 1}}\n{json.dumps({"b": text})}\n',
    "as a form": lambda text: f"a=1&b={text}",
    "as a filled form": lambda text: urlencode({"a": 1, "b": text}),
    "as multipart": lambda text: f"--b\r\nContent-Disposition: form-data; name=x\r\n\r\n{text}\r\n--b--\r\n",
    "as a script": lambda text: f"name: {text}\nlist:\n  - 1\n",
    "as a table": lambda text: f"name,text\n1,{text}\n",
    "in base64": lambda text: base64.b64encode(text.encode()).decode(),
    "in hex": lambda text: text.encode().hex(),
    "squeezed, in base64": lambda text: base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode(),
    "with line ends": lambda text: f"\r\n{text}\r\n\r\n",
    "with a mark at its beginning": lambda text: f"\ufeff{text}",
}
SMALL = (
    "a.b.c",
    '42["hi"]',
    '2["m",{}]',
    "data: x",
    "{}",
    "[]",
    "[1, 2]",
    '{"a":1}',
    "null",
    "1",
    "0x41 ok",
    "a=1&b=2",
    "&amp;",
    "%20",
    "=3D",
    "\\u0041",
    "<b>",
    "<3",
    "<p>hi</p>",
    "ok",
    "k",
    "?",
    "https://example.org/a?b=c&d=%20",
    "Subject: hello\nFrom: me\nDate: now\n\nhi",
    '{"a":1}\n{"b":2}',
    "deadbeef",
    "cafe",
    "SGVsbG8=",
    "--b\r\n\r\nx",
    "?OTR:AAMD",
    "-----BEGIN PGP MESSAGE-----\n\nhello there\n-----END PGP MESSAGE-----",
    "123456",
    "+1 555 0100",
    "MESSAGE sip:a@b SIP/2.0\r\n\r\nhi",
    "PRIVMSG #a :hi",
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "data:,hi",
    "eyJhbGciOiJub25lIn0.eyJ0ZXh0IjoibWVldCBtZSBhdCBzZXZlbiJ9.",
    "#!/bin/sh\necho hi",
    "\t",
    "a\u200bb",
)
LINKS = (
    "https://example.org/",
    "www.example.org/path",
    "https://youtu.be/dQw4w9WgXcQ",
    "https://chat.example.org/KX8zJ3qkLm2AbCdEfGhIjK",
    "https://example.org/join/+AbCdEfGhIjKlMnOp",
    "https://docs.example.org/document/d/1aB2cD3eF4gH5iJ6kL7mN8oP9qR0sT1uV2wX3yZ4aB5c/edit#gid=0",
    "https://example.org/reset?token=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dGhpcyBpcyBub3Qgc2lnbmVk",
    "https://example.org/?q=" + "a" * 300,
    "https://192.0.2.1:8443/a",
    "https://xn--e1afmkfd.xn--p1ai/",
    "https://пример.example/путь",
    "magnet:?xt=urn:btih:c12fe1c06bba254a9dc9f519b335aa7c1367a88a&dn=song",
    "mailto:alice@example.org?subject=hello%20there",
    "data:text/plain;base64,bWVldCBtZSBhdCBzZXZlbg==",
    "bitcoin:bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq?amount=0.1",
    "alice@example.org",
    "tel:+15550100",
)
TOKEN = "KX8zJ3qkLm2AbCdEfGhIjK"
AMONG: dict[str, Callable[[str], str]] = {
    "its first word": lambda text: text.split()[0],
    "its first letters": lambda text: text[:2],
    "before a link": lambda text: f"{text} https://example.org/a?b=c&d=%20",
    "in a link": lambda text: f"https://example.org/{text.replace(' ', '_')}",
    "in a link, escaped": lambda text: f"https://example.org/{quote(text)}",
    "before a token": lambda text: f"{text} {TOKEN}",
    "behind a token": lambda text: f"{TOKEN} {text}",
}
TOKENS = (
    "CANARY-repeat-00",
    "a1b2c3d4e5f6a7b8",
    "9d0652a3-dcc3-4d11-975f-74d61598733f",
    "x1.y2.z3.w4.v5",
    "abc123DEF456ghi789",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dGhpcyBpcyBub3Qgc2lnbmVk",
    "AAAAAAAAAAAA=1",
)
NEVER = (Content.OPAQUE, Content.SEALED, Content.WRAPPED, Content.MISSING)


def carried(text: str) -> Iterator[tuple[str, Parcel]]:
    yield from ((slot.__name__, slot(text)) for slot in TEXT_SLOTS)
    yield from ((slot.__name__, slot(text.encode())) for slot in BYTE_SLOTS)


def contents(one: Parcel) -> set[Content]:
    return {f.content for f in Audit(book()).feed(one)}


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("language", SENTENCES)
def test_a_sentence_is_readable_whatever_else_it_could_be(language: str, look: str) -> None:
    text = LOOKS[look](SENTENCES[language])
    wrong = {name: found for name, one in carried(text) if (found := contents(one)) != {Content.READABLE}}
    assert wrong == {}


@pytest.mark.parametrize("text", [text for text in SMALL if text.strip()])
def test_a_short_text_is_readable_whatever_else_it_could_be(text: str) -> None:
    wrong = {name: found for name, one in carried(text) if (found := contents(one)) != {Content.READABLE}}
    assert wrong == {}


@pytest.mark.parametrize("text", LINKS)
def test_a_link_is_readable_whatever_stands_in_it(text: str) -> None:
    wrong = {name: found for name, one in carried(text) if (found := contents(one)) != {Content.READABLE}}
    assert wrong == {}


@pytest.mark.parametrize("among", AMONG)
@pytest.mark.parametrize("language", SENTENCES)
def test_a_sentence_is_readable_among_links_and_tokens(language: str, among: str) -> None:
    text = AMONG[among](SENTENCES[language])
    wrong = {name: found for name, one in carried(text) if (found := contents(one)) != {Content.READABLE}}
    assert wrong == {}


@pytest.mark.parametrize("text", TOKENS)
def test_a_token_is_never_taken_for_a_ciphertext(text: str) -> None:
    wrong = {name: found for name, one in carried(text) if (found := contents(one)) & {*NEVER} or not found}
    assert wrong == {}


@pytest.mark.parametrize("slot", TEXT_SLOTS)
def test_a_token_takes_the_class_of_its_slot(slot: Callable[[str], Parcel]) -> None:
    locked = CODINGS["base64"](random.Random(SEED).randbytes(96))
    for other, expected in ((SENTENCES["English"], Answer.TRANSPORT_ONLY), (locked, Answer.OPAQUE)):
        report = audit([slot(other), slot(TOKENS[0])], book(), CAPTURE)
        answers = {v.verdict for v in judge(report, book()) if v.surface in MESSAGES and v.counts}
        assert answers == {expected}


def test_words_that_stand_as_a_name_beside_noise_are_readable() -> None:
    locked = CODINGS["base64"](random.Random(SEED).randbytes(96))
    for value in (locked, TOKENS[0]):
        text = json.dumps({SENTENCES["English"]: value})
        wrong = {name: found for name, one in carried(text) if (found := contents(one)) != {Content.READABLE}}
        assert wrong == {}
