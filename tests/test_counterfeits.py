"""Counterfeits: every envelope in rules/ with a readable text in each free part. None is ever end-to-end.

Data-driven: an envelope, a shape, a tree that is added later is counterfeited without touching this file.
"""

import base64
import binascii
import gzip
import json
import random
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import cycle, islice
from pathlib import Path
from typing import Any, TypeVar

import pytest
import zstandard

from auditor.audit import audit
from auditor.decoders import DECODERS, Clue, protobuf
from auditor.judge import Verdict, judge
from auditor.model import Answer, Channel, Head, Parcel, Ref, Road
from auditor.needles import Needles
from auditor.report import Capture
from auditor.rulebook.book import Rulebook
from auditor.rulebook.build import sealed
from auditor.rulebook.paths import Pattern
from auditor.rulebook.seals import Function
from auditor.rulebook.shape import Byte, Bytes, Field, Protobuf, Shape, TextShape
from auditor.rulebook.shut import Part
from auditor.rulebook.tree import Place, TreeShape
from auditor.rulebook.types import Envelope
from auditor.shelf import load_rules
from auditor.text import as_text

RULES = Path(__file__).parent.parent / "rules"
T = TypeVar("T")
REF = Ref("counterfeit.mitm", 7, ">")


@cache
def book() -> Rulebook:
    texts = {str(p.relative_to(RULES)): p.read_text() for p in sorted(RULES.rglob("*.yaml"))}
    weak = [e.id for e in load_rules(None).envelopes.values() if e.only_in_slot]
    return Rulebook.of(texts | {p: t.replace("WEAK", ", ".join(weak)) for p, t in ACCEPTING.items()})


# A platform whose rule accepts every weak envelope there is.
ACCEPTING = {
    "platforms/slots/platform.yaml": "title: Slots\nhosts: [slots.example]\nwhy: [{fact: f, source: s}]\n",
    "platforms/slots/send.yaml": "title: Sent\nsurface: dm\nslot: body.text\naccept: [WEAK]\n"
    "when: {direction: out, method: POST, path: /send}\nwhy: [{fact: f, source: s}]\ntests: []\n",
}


TEXTS = {
    "sentence": "meet me at seven by the north gate",
    "short": "meet at7",
    "percent": "100% sure",
    "cyrillic": "встретимся у северных ворот в семь",
    "emoji": "👨‍👩‍👧 see you 🔐🔐 at the gate 🎉",
    "arabic": "نلتقي عند البوابة الشمالية",
}
CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "zlib": zlib.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "brotli": DECODERS["brotli"].wrap,
    "deflate": DECODERS["deflate"].wrap,
    "lz4": DECODERS["lz4"].wrap,
    "base64": base64.b64encode,
    "hex": lambda data: data.hex().encode(),
    "utf-16": lambda data: data.decode().encode("utf-16-le"),
}


def pkcs7(data: bytes, size: int) -> bytes:
    return data + bytes([size - len(data)]) * (size - len(data))


def scattered(data: bytes, size: int) -> bytes:
    return data + random.Random(data + size.to_bytes(4)).randbytes(size - len(data))


PADDINGS: dict[str, Callable[[bytes, int], bytes]] = {
    "zeros": lambda data, size: data + bytes(size - len(data)),
    "zeros before": lambda data, size: bytes(size - len(data)) + data,
    "pkcs7": pkcs7,
    "spaces": lambda data, size: data.ljust(size),
    "repeated": lambda data, size: (data * (size // len(data) + 1))[:size],
    "random": scattered,
}
COMPRESSED = ("gzip", "zlib", "zstd", "brotli", "deflate", "lz4")
SHOWS_DEFLATED = 12  # characters; so few come out of noise as well
# With noise behind it a text must be this long to show without being known: a shorter run is in noise too.
SHOWS_IN_NOISE = 18


def too_short(deflated: bytes) -> bool:
    plain = DECODERS["deflate"].unwrap(deflated, Clue(("deflate",)))
    assert isinstance(plain, bytes)
    return len(plain) < SHOWS_DEFLATED


def fitted(raw: bytes, field: Field, padding: Callable[[bytes, int], bytes]) -> bytes | None:
    """The text, padded to a size that the part may have; None when it does not fit."""
    room = len(raw) + len(field.starts)
    match field.how:
        case "n":
            size = -(-room // field.sizes[0]) * field.sizes[0]
        case "..":
            size = max(room, field.sizes[0])
        case _:
            sizes = [s for s in field.sizes if s >= room] if field.sizes else [room]
            if not sizes:
                return None
            size = min(sizes)
    if size - room > 255 and padding is pkcs7:
        return None
    return field.starts + padding(raw, size - len(field.starts))


Where = tuple[int, ...]  # piece, field, piece inside, field inside ...


def free_parts(shape: Shape) -> Iterator[tuple[Where, Field]]:
    """Every stretch of an envelope that may hold anything."""
    for at, piece in enumerate(shape.pieces):
        match piece:
            case Bytes(field=field):
                yield (at,), field
            case Protobuf(fields=fields):
                for number, field in fields.items():
                    if field.kind in ("bytes", "secret"):
                        yield (at, number), field
                    elif field.kind.startswith("="):
                        inner = book().shape(field.kind[1:])
                        if isinstance(inner, Shape):
                            yield from (((at, number, *w), f) for w, f in free_parts(inner))
            case Byte():
                pass


def forged(shape: Shape, where: Where, filling: bytes, rng: random.Random) -> bytes:
    """A genuine envelope, but for one part."""
    out = b""
    for at, piece in enumerate(shape.pieces):
        if not isinstance(piece, Protobuf) or where[0] != at:
            mine = where == (at,)
            out += filling if mine else Shape((piece,)).sample(rng, book().shape)
            continue
        tree: dict[int, Any] = {}
        for number, field in piece.fields.items():
            if where[1] != number:
                if not field.optional or rng.random() < 0.5:
                    tree[number] = field.sample(rng, book().shape)
            elif len(where) == 2:
                tree[number] = filling
            else:
                inner = book().shape(field.kind[1:])
                assert isinstance(inner, Shape)
                tree[number] = forged(inner, where[2:], filling, rng)
        out += lengthy(tree)
    return out


def lengthy(tree: dict[int, Any]) -> bytes:
    """Protobuf whose bytes are all length-delimited (wrap makes fixed numbers of 4 and 8 bytes of text)."""
    out = b""
    for number, value in tree.items():
        if isinstance(value, bytes):
            key, size = protobuf.wrap({1: number << 3 | 2})[1:], protobuf.wrap({1: len(value)})[1:]
            out += key + size + value
        else:
            out += protobuf.wrap({number: value})
    return out


def parcel(host: str, path: str, body: bytes, **more: Any) -> Parcel:
    head = Head(more.pop("method", "POST"), tuple(path.split("/")), headers=more.pop("headers", ()))
    channel = Channel(host, 443, Road.PROTECTED)
    return Parcel(REF, channel, outgoing=more.pop("outgoing", True), body=body, head=head, **more)


def signal_send(data: bytes) -> Parcel:
    text = base64.b64encode(data).decode()
    body = json.dumps({"messages": [{"type": 1, "content": text}], "timestamp": 1763715600000})
    return parcel("chat.signal.org", "v1/messages/9d0652a3", body.encode(), method="PUT")


def signal_push(data: bytes) -> Parcel:
    inner = lengthy({1: 1, 5: 1763715600000, 8: data})
    body = lengthy({1: 1, 2: lengthy({1: b"PUT", 2: b"/api/v1/message", 3: inner, 4: 7})})
    return parcel("chat.signal.org", "v1/websocket", body, method="WS", outgoing=False, protocol="websocket")


def tiktok_send(data: bytes) -> Parcel:
    content = json.dumps({"aweType": 0, "text": base64.b64encode(data).decode()}).encode()
    body = lengthy({1: 100, 8: lengthy({100: lengthy({1: b"0:1:7:8", 4: content})}), 9: b"7400"})
    return parcel("im-api.tiktok.com", "v1/message/send", body)


def tiktok_push(data: bytes) -> Parcel:
    content = json.dumps({"text": base64.b64encode(data).decode()}).encode()
    command = lengthy({1: 500, 6: lengthy({500: lengthy({5: lengthy({2: 1, 7: 70001, 8: content})})})})
    body = lengthy({1: 10001, 6: b"gzip", 8: gzip.compress(command, mtime=0)})
    return parcel("im-ws.tiktok.com", "ws/v2", body, method="WS", outgoing=False, protocol="websocket")


def matrix_room(data: bytes) -> Parcel:
    text = base64.b64encode(data).decode().rstrip("=")
    tree = {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": text, "device_id": "RJYKSTBOIE"}
    return matrix_event(tree)


def matrix_olm(data: bytes) -> Parcel:
    inner = {"type": 1, "body": base64.b64encode(data).decode().rstrip("=")}
    tree = {"algorithm": "m.olm.v1.curve25519-aes-sha2", "ciphertext": {"ADXzVAtuALDDS9F0v": inner}}
    return matrix_event(tree)


def matrix_event(tree: Any) -> Parcel:
    path = "_matrix/client/v3/rooms/!a:b.org/send/m.room.encrypted/1"
    return parcel("matrix.example.org", path, json.dumps(tree).encode(), method="PUT")


def matrix_sync(tree: Any) -> Parcel:
    event = {"type": "m.room.encrypted", "sender": "@a:b.org", "content": tree}
    body = json.dumps({"rooms": {"join": {"!a:b.org": {"timeline": {"events": [event]}}}}}).encode()
    asked = Head("GET", ("_matrix", "client", "v3", "sync"))
    channel = Channel("matrix.example.org", 443, Road.PROTECTED)
    return Parcel(REF, channel, outgoing=False, body=body, head=Head(status=200), answers=asked)


def tiktok_tree(tree: Any) -> Parcel:
    body = lengthy({1: 100, 8: lengthy({100: lengthy({4: json.dumps(tree).encode()})})})
    return parcel("im-api.tiktok.com", "v1/message/send", body)


def discord_tree(tree: Any) -> Parcel:
    body = json.dumps({"content": tree}).encode()
    return parcel("discord.com", "api/v10/channels/1287/messages", body)


def slot_send(data: bytes) -> Parcel:
    """The only slot that accepts weak envelopes; a text stands as it is, bytes as base64."""
    text = as_text(data)
    return slot_tree(text if isinstance(text, str) else base64.b64encode(data).decode())


def slot_tree(tree: Any) -> Parcel:
    return parcel("slots.example", "send", json.dumps({"text": tree}).encode())


CARRIERS = (slot_send, signal_send, signal_push, tiktok_send, tiktok_push, matrix_room, matrix_olm)
TREE_CARRIERS = (slot_tree, matrix_event, matrix_sync, tiktok_tree, discord_tree)


@cache
def planted(text: str) -> Needles:
    return Needles([text])


def verdicts(one: Parcel, text: str = "") -> list[Verdict]:
    report = audit([one], book(), Capture("0" * 64, "counterfeit.mitm", "mitm", 1), planted(text))
    return judge(report, book())


def believed(one: Parcel) -> bool:
    return any(v.verdict is Answer.END_TO_END for v in verdicts(one))


def cited(one: Parcel, text: str) -> bool:
    """A verdict that says: this text was read here, in this parcel."""
    found = verdicts(one, text)
    assert not any(v.verdict is Answer.END_TO_END for v in found)
    return any(
        v.verdict in (Answer.CLEARTEXT, Answer.TRANSPORT_ONLY)
        and any(text in e.excerpt and e.path and e.ref == str(REF) for e in v.evidence)
        for v in found
    )


def shows(coding: str, padding: str, raw: bytes, filling: bytes) -> bool:
    """Whether somebody who does not know the text could still read it."""
    if coding == "deflate" and too_short(raw):
        return False
    if padding != "random" or len(filling) == len(raw) or coding in COMPRESSED:
        return True
    return len(raw) >= SHOWS_IN_NOISE


def named(kind: Callable[[Envelope], bool]) -> list[str]:
    return sorted(e.id for e in book().envelopes.values() if kind(e))


def believable(envelope: Envelope) -> bool:
    return envelope.opened_by == "recipient" and envelope.alone


SHAPED = named(lambda e: isinstance(e.shape, Shape))
OTHERS = named(lambda e: isinstance(e.shape, TextShape | Function))
TREES = named(lambda e: e.tree is not None)
ALONE = named(lambda e: e.shape is not None and believable(e))
ALONE_TREES = named(lambda e: e.tree is not None and believable(e))


def shape_of(envelope: Envelope) -> Shape:
    assert isinstance(envelope.shape, Shape)
    return envelope.shape


def fakes(name: str) -> Iterator[tuple[str, str, str, bytes, bool]]:
    """(what it is, text, coding, bytes, whether the text shows)."""
    shape = shape_of(book().envelopes[name])
    for where, field in free_parts(shape):
        for text_name, text in TEXTS.items():
            for coding, code in CODINGS.items():
                raw = code(text.encode())
                done = set()
                for padding, pad in PADDINGS.items():
                    filling = fitted(raw, field, pad)
                    if filling is None or filling in done:
                        continue
                    done.add(filling)
                    rng = random.Random(f"{name}{where}{text_name}{coding}{padding}")
                    what = f"{name} {where}: {text_name}, {coding}, {padding}, {len(filling)} bytes"
                    seen = shows(coding, padding, raw, filling[len(field.starts) :])
                    yield what, text, coding, forged(shape, where, filling, rng), seen


def some(made: Iterable[T]) -> Iterator[T]:
    """Every fifth; the slow tests take all of them, under every rule."""
    return islice(made, 0, None, 5)


def carrier_for(name: str) -> list[Callable[[bytes], Parcel]]:
    """The rules in which a genuine one of this envelope is believed."""
    if book().envelopes[name].only_in_slot:
        return [slot_send]
    genuine = sealed(name, book())
    return [carry for carry in CARRIERS if believed(carry(genuine))] or list(CARRIERS)


def tree_carriers_for(name: str) -> tuple[Callable[[Any], Parcel], ...]:
    return (slot_tree,) if book().envelopes[name].only_in_slot else TREE_CARRIERS


@pytest.mark.parametrize("name", [*SHAPED, *OTHERS])
def test_a_genuine_envelope_is_believed_somewhere_so_that_a_counterfeit_could_be(name: str) -> None:
    """Only where the recipient opens it, and where it needs nothing around it; else nowhere."""
    genuine = sealed(name, book())
    where = [carry for carry in CARRIERS if believed(carry(genuine))]
    assert bool({*where} - {matrix_room, matrix_olm}) == (name in ALONE)
    if book().envelopes[name].only_in_slot:
        assert where in ([slot_send], [])


@pytest.mark.parametrize("name", SHAPED)
def test_every_free_part_of_a_shape_is_counterfeited_with_a_text_that_fits(name: str) -> None:
    shortest = min(len(text) for text in TEXTS.values())
    shape = shape_of(book().envelopes[name])
    parts = {
        where for where, field in free_parts(shape) if field.how or max(field.sizes, default=99) >= shortest
    }
    made = {what.split(":")[0] for what, *_ in fakes(name)}
    assert made == {f"{name} {where}" for where in parts}


@pytest.mark.parametrize("name", SHAPED)
def test_no_counterfeit_of_a_shape_is_end_to_end(name: str) -> None:
    carriers = cycle(carrier_for(name))
    wrong = [what for what, _, _, data, seen in some(fakes(name)) if believed(next(carriers)(data)) and seen]
    assert not wrong, f"{len(wrong)} believed"


@pytest.mark.parametrize("name", SHAPED)
def test_a_known_text_in_a_counterfeit_is_read_and_cited(name: str) -> None:
    carriers = cycle(carrier_for(name))
    wrong = [what for what, text, _, data, _ in some(fakes(name)) if not cited(next(carriers)(data), text)]
    assert not wrong, f"{len(wrong)} not cited"


@pytest.mark.slow
@pytest.mark.parametrize("name", SHAPED)
def test_no_counterfeit_of_a_shape_is_end_to_end_under_any_rule(name: str) -> None:
    wrong = [
        what
        for what, text, _, data, seen in fakes(name)
        for carry in carrier_for(name)
        if (seen and believed(carry(data))) or not cited(carry(data), text)
    ]
    assert not wrong, f"{len(wrong)} believed"


@cache
def large(text: str) -> dict[str, bytes]:
    """Fillings that are longer than what is usually sent, and readable all the same."""
    noise = random.Random(text).randbytes(80_000)
    pages = "\n".join(f"{number}: {text}" for number in range(3_000))
    packings = {kind: DECODERS[kind].wrap(pages) for kind in ("brotli", "deflate", "lz4", "gzip", "zstd")}
    return packings | {
        "behind noise": noise + text.encode() * 3,
        "amid noise": noise + text.encode() * 3 + noise,
        "in UTF-16 behind noise": noise + text.encode("utf-16-le") + noise,
    }


@pytest.mark.parametrize("name", SHAPED)
def test_no_large_counterfeit_of_a_shape_is_end_to_end(name: str) -> None:
    carriers, shape, wrong = cycle(carrier_for(name)), shape_of(book().envelopes[name]), []
    for text_name in ("sentence", "cyrillic"):
        for how, filling in large(TEXTS[text_name]).items():
            for where, field in free_parts(shape):
                if field.sizes and not field.how:
                    continue
                data = fitted(filling, field, PADDINGS["repeated"]) or b""
                if believed(next(carriers)(forged(shape, where, data, random.Random(how)))):
                    wrong.append(f"{where} {text_name} {how}")
    assert wrong == []


BASE64 = re.compile(rb"[A-Za-z0-9+/]{16,}={0,2}")


def swapped(whole: bytes, part: bytes, filling: bytes) -> bytes | None:
    """The same envelope with another part of the same length; parts of armor and text lie in base64."""
    if part in whole:
        return whole.replace(part, filling, 1)
    if not whole.isascii():
        return None
    lines = whole.split(b"\n")
    joined = whole if len(lines) < 4 else b"\n".join([*lines[:2], b"".join(lines[2:-1]), lines[-1]])
    for run in BASE64.finditer(joined):
        for skip in (0, 12):  # Rocket.Chat has the name of a key in front
            text = run[0][skip:]
            try:
                inner = base64.b64decode(text + b"=" * (-len(text) % 4))
            except binascii.Error:
                continue
            if part in inner:
                coded = base64.b64encode(inner.replace(part, filling, 1))
                return joined[: run.start() + skip] + coded + joined[run.end() :]
    return None


def swaps(name: str) -> Iterator[tuple[str, str, bytes, bool]]:
    """Counterfeits of text shapes and functions: (what it is, text, bytes, whether the text shows)."""
    shape = book().shape(name)
    for number, (text_name, text) in enumerate(TEXTS.items()):
        for coding, code in CODINGS.items():
            raw = code(text.encode())
            whole = shape.sample(random.Random(f"{name}{number}{coding}"), book().shape)
            parts = shape.cut(whole, book().shape)
            assert parts is not None
            for part in parts:
                for padding, pad in PADDINGS.items():
                    filling = filled(part, raw, pad, padding)
                    data = None if filling is None else swapped(whole, part.data, filling)
                    if data is not None and filling is not None:
                        what = f"{name} {part.label}: {text_name}, {coding}, {padding}, {len(filling)} bytes"
                        yield what, text, data, shows(coding, padding, raw, filling)


def filled(part: Part, raw: bytes, pad: Callable[[bytes, int], bytes], padding: str) -> bytes | None:
    size = len(part.data)
    if len(raw) > size or (padding == "pkcs7" and size - len(raw) > 255):
        return None
    return pad(raw, size)


@pytest.mark.parametrize("name", OTHERS)
def test_no_counterfeit_of_a_text_or_a_walk_is_end_to_end(name: str) -> None:
    carriers = cycle(carrier_for(name))
    made = list(some(swaps(name)))
    assert made
    wrong = [what for what, _, data, seen in made if believed(next(carriers)(data)) and seen]
    assert not wrong, f"{len(wrong)} believed"


@pytest.mark.parametrize("name", OTHERS)
def test_a_known_text_in_a_counterfeit_of_a_text_or_a_walk_is_read_and_cited(name: str) -> None:
    carriers = cycle(carrier_for(name))
    made = list(some(fitting(name)))
    assert made
    wrong = [what for what, text, data, _ in made if not cited(next(carriers)(data), text)]
    assert not wrong, f"{len(wrong)} not cited"


def fitting(name: str) -> Iterator[tuple[str, str, bytes, bool]]:
    """Those that have the shape all the same."""
    return (one for one in swaps(name) if book().shape(name).cut(one[2], book().shape) is not None)


@pytest.mark.slow
@pytest.mark.parametrize("name", OTHERS)
def test_none_of_all_counterfeits_of_a_text_or_a_walk_is_end_to_end(name: str) -> None:
    every = cycle(carrier_for(name))
    wrong = [what for what, _, data, seen in swaps(name) if believed(next(every)(data)) and seen]
    wrong += [what for what, text, data, _ in fitting(name) if not cited(next(every)(data), text)]
    assert not wrong, f"{len(wrong)} believed or not cited"


def put(tree: Any, steps: tuple[str, ...], value: Any) -> None:
    for at, step in enumerate(steps):
        key: Any = step if step not in ("*", "**") else next(iter(tree), f"k{at}")
        if isinstance(tree, list):
            key = int(step[1:])
        if at == len(steps) - 1:
            tree[key] = value
        else:
            tree = tree[key] if isinstance(tree, list) else tree.setdefault(key, {})


def tree_sample(name: str, seed: str) -> dict[str, Any]:
    made = sealed(name, book(), seed)
    assert isinstance(made, dict)
    return made


def like_a_name(value: Any) -> bool:
    """A single ASCII word under 16 letters, or digits: no decoder reads it, and identifiers look the same."""
    if not isinstance(value, str) or not value.isascii():
        return False
    return value.isdigit() or (len(value) < 16 and value.rstrip("=").isalnum())


def fillings(text: str) -> Iterator[tuple[str, Any]]:
    """A text as it may stand in JSON."""
    data = text.encode()
    yield "plain", text
    yield "in a list", [text]
    yield "in an object", {"note": text}
    yield "in an object, as an attribute", {"@note": text}
    yield "JSON in text", json.dumps({"note": text}, ensure_ascii=False)
    yield "with zeros", text + "\0\0"
    for coding, code in CODINGS.items():
        if coding == "deflate" and too_short(code(data)):
            continue
        if coding not in ("base64", "hex") or not like_a_name(code(data).decode()):
            yield f"{coding} in base64", base64.b64encode(code(data)).decode()
    yield "in base64, without padding", base64.b64encode(data).decode().rstrip("=")
    yield "in hex", data.hex()
    yield "padded with zeros to 32 bytes", base64.b64encode(data.ljust(32, b"\0")).decode()
    yield "padded with spaces to 32 bytes", base64.b64encode(data.ljust(32)).decode()


def ill_trees(name: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Counterfeits of a tree: (what it is, text, tree)."""
    envelope = book().envelopes[name]
    assert isinstance(envelope.tree, TreeShape)
    for text_name, text in TEXTS.items():
        for how, value in fillings(text):
            if like_a_name(value):
                continue
            for place in envelope.tree.places:
                tree = tree_sample(name, f"{text_name}{how}")
                put(tree, place.pattern.steps, value)
                yield f"{name} {place.pattern.text}: {text_name}, {how}", text, tree
            for key in ("comment", "@comment", "preview", "m.new", "x.y"):
                yield f"{name} {key}: {text_name}, {how}", text, tree_sample(name, how) | {key: value}
        written = {text: {"n": 1}}
        yield f"{name} key: {text_name}", text, tree_sample(name, text_name) | written


@pytest.mark.parametrize("name", TREES)
def test_a_genuine_tree_is_believed_somewhere(name: str) -> None:
    where = [c for c in TREE_CARRIERS if believed(c(tree_sample(name, "")))]
    assert bool(where) == (name in ALONE_TREES)
    if book().envelopes[name].only_in_slot:
        assert where == [slot_tree]


@pytest.mark.parametrize("name", TREES)
def test_no_counterfeit_of_a_tree_is_end_to_end(name: str) -> None:
    wrong = [
        f"{carry.__name__} {what}"
        for (what, _, tree), carry in zip(some(ill_trees(name)), cycle(tree_carriers_for(name)), strict=False)
        if believed(carry(tree))
    ]
    assert not wrong, f"{len(wrong)} believed"


@pytest.mark.slow
@pytest.mark.parametrize("name", TREES)
def test_no_counterfeit_of_a_tree_is_end_to_end_under_any_rule(name: str) -> None:
    wrong = [
        f"{carry.__name__} {what}"
        for what, text, tree in ill_trees(name)
        for carry in tree_carriers_for(name)
        if believed(carry(tree)) or not cited(carry(tree), text)
    ]
    assert not wrong, f"{len(wrong)} believed"


@pytest.mark.parametrize("name", TREES)
def test_a_known_text_in_a_counterfeit_tree_is_read_and_cited(name: str) -> None:
    wrong = [
        f"{carry.__name__} {what}"
        for (what, text, tree), carry in zip(
            some(ill_trees(name)), cycle(tree_carriers_for(name)), strict=False
        )
        if not cited(carry(tree), text)
    ]
    assert not wrong, f"{len(wrong)} not cited"


def placed_shapes(place: Place) -> list[str]:
    return [name for name in place.others if isinstance(book().shape(name), Shape)]


@pytest.mark.parametrize("name", TREES)
def test_no_tree_around_a_counterfeit_shape_is_end_to_end(name: str) -> None:
    envelope = book().envelopes[name]
    assert envelope.tree is not None
    carriers = cycle(tree_carriers_for(name))
    wrong = []
    for place in envelope.tree.places:
        for inner in placed_shapes(place):
            for what, text, _, data, seen in some(fakes(inner)):
                tree = tree_sample(name, what)
                put(tree, place.pattern.steps, base64.b64encode(data).decode().rstrip("="))
                carry = next(carriers)
                if (seen and believed(carry(tree))) or not cited(carry(tree), text):
                    wrong.append(f"{carry.__name__} {place.pattern.text} {what}")
    assert not wrong, f"{len(wrong)} believed"


def test_paths_of_trees_are_plain_enough_to_be_filled_by_this_test() -> None:
    for name in TREES:
        tree = book().envelopes[name].tree
        assert tree is not None
        for place in tree.places:
            made = tree_sample(name, "x")
            put(made, place.pattern.steps, "filled")
            assert isinstance(place.pattern, Pattern)
