"""The budgets of rules, of the engine and of what is kept and shown."""

import base64
import gzip
import json
import math
import random
import string
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers import aead
from msgspec import structs

from auditor import answers, bosh, excerpts, fragments, hiding, pieces, randomness, recall, report, shelf
from auditor.audit import Audit
from auditor.decoders import (
    DECODERS,
    unwrap,
)  # fmt: skip
from auditor.model import Channel, Content, Direction, Finding, Grade, Head, Parcel, Problem, Ref, Road
from auditor.needles import Needles
from auditor.report import Capture
from auditor.rulebook import book as books
from auditor.rulebook import build, keyring, shape, shut, yaml
from auditor.rulebook.book import Rulebook
from auditor.rulebook.build import sealed
from auditor.rulebook.seals import age, jwe, nip44, saltpack, smime
from auditor.shelf import Recordings, load_rules, own_rules, session_of, texts_of
from tests.budgets.made import OUT, Budget, noise


@cache
def book() -> Rulebook:
    return load_rules(None)


def hosts(_: Path) -> object:
    known = Rulebook(book().platforms, book().rules, book().envelopes)
    for number in range(10):
        known.meeting(parcel_to(f"host{number}.example"))
    return f"known {max(len(known._by_host), len(known._platforms_at))}."


def parcel_to(host: str) -> Parcel:
    head = Head("POST", ("a",), headers=(("content-type", "text/plain"),))
    return Parcel(Ref("made", 0, ">"), Channel(host, 443, Road.PROTECTED), True, b"hello there", head=head)


def files(*names: str, text: str = "title: x\n") -> Callable[[Path], object]:
    def exceed(folder: Path) -> object:
        for name in names:
            (folder / name).write_text(text)
        return texts_of(folder)

    return exceed


def session(folder: Path) -> object:
    (folder / "session.yaml").write_text("app: Lighthouse\n")
    return session_of(folder / "client.har")


def stanzas(_: Path) -> object:
    def bare(size: int) -> bytes:
        return base64.b64encode(noise(size)).rstrip(b"=")

    many = b"".join(b"-> X25519 " + bare(32) + b"\n" + bare(32) + b"\n" for _ in range(101))
    return age.cut(b"age-encryption.org/v1\n" + many + b"--- " + bare(32) + b"\n" + noise(60))


def long_header(_: Path) -> object:
    header = json.dumps({"alg": "dir", "enc": "A256GCM", "kid": "k" * 5_000}).encode()
    pieces = (header, noise(256), noise(12), noise(60), noise(16))
    return jwe.cut(b".".join(base64.urlsafe_b64encode(piece).rstrip(b"=") for piece in pieces)) is not None


def long_note(_: Path) -> object:
    size = 2 + nip44.padded(70_000)
    return nip44.cut(base64.b64encode(b"\2" + noise(64 + size))) is not None


def armored(_: Path) -> object:
    """In letters, 43 for 32 bytes."""
    data, letters = saltpack.sample(random.Random(1)), ""
    signs = string.digits + string.ascii_uppercase + string.ascii_lowercase
    for at in range(0, len(data), 32):
        block = data[at : at + 32]
        number, count = int.from_bytes(block), math.ceil(8 * len(block) / math.log2(62))
        letters += "".join(signs[number // 62**n % 62] for n in reversed(range(count)))
    name = "SALTPACK ENCRYPTED MESSAGE"
    return saltpack.cut(f"BEGIN {name}. {letters}. END {name}.".encode()) is not None


def nested_values(levels: int) -> Callable[[Path], object]:
    data = b"\2\1\1"
    for _ in range(levels):
        data = smime._wrapped(0x30, data)
    return lambda _: smime._values(data, "deep")


def endless_values(levels: int) -> Callable[[Path], object]:
    return lambda _: smime._all(b"\x30\x80" * levels + bytes(2 * levels))


def long_name(_: Path) -> object:
    return smime._values(smime._wrapped(0x0C, b"n" * 200), "name")


@cache
def megabyte() -> bytes:
    text = " ".join(random.Random(2).choices(["meet", "me", "at", "seven"], k=400_000))
    return DECODERS["protobuf"].wrap({1: "meet at seven", 2: DECODERS["brotli"].wrap(text)})


def large_text(_: Path) -> object:
    """A part that is found out either way, and why its opening ended."""
    made: list[unwrap.Opening] = []

    def watched(output: int) -> unwrap.Opening:
        made.append(unwrap.Opening(output=output))
        return made[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shut, "Opening", watched)
        patch.setattr(shut, "habits", lambda _: "")
        assert shut.flaw([shut.Part("1", megabyte())])
    return [opening.stopped for opening in made]


def ruled(text: str) -> Callable[[Path], object]:
    return lambda _: str(yaml.load(text, "f.yaml"))[:100]


def random_bytes(_: Path) -> object:
    return len(build.made_of(yaml.Tagged("random", 1_000_001, (1, 1)), book()))


RULES = [
    Budget("rulebook/book.py MOST_HOSTS", books, r"known [0-3]\.", hosts, low=3),
    Budget("rulebook/book.py LARGEST_SEAL", books, "None",
           lambda _: book().recognise(bytes(sealed("openpgp", book()))), low=100),
    Budget("rulebook/build.py LARGEST", build, "takes a number", random_bytes),
    Budget("rulebook/shape.py LARGEST", shape, "not a size", lambda _: shape.Field.parse("bytes[70000]")),
    Budget("rulebook/shut.py _OPENED", shut, "^64000$",
           lambda _: len(shut.squeezed(zlib.compress(b"a" * 99_000)))),
    Budget("rulebook/shut.py _READ", shut, OUT, large_text),
    Budget("rulebook/seals/age.py _MOST", age, "None", stanzas),
    Budget("rulebook/seals/jwe.py _LONGEST", jwe, "ValueError", long_header),
    Budget("rulebook/seals/nip44.py _LONGEST", nip44, "ValueError", long_note),
    Budget("rulebook/seals/saltpack.py _LONGEST", saltpack, "ValueError", armored, low=100),
    Budget("rulebook/seals/smime.py _DEEPEST", smime, "ValueError", nested_values(20)),
    Budget("rulebook/seals/smime.py _DEEPEST", smime, "ValueError", endless_values(20)),
    Budget("rulebook/seals/smime.py _LONGEST_NAME", smime, "ValueError", long_name),
    Budget("rulebook/yaml.py SIZE", yaml, "at most", ruled(f"title: {'x' * 300_000}")),
    Budget("rulebook/yaml.py DEPTH", yaml, "nested deeper", ruled(f"key: {'[' * 70}{']' * 70}")),
    Budget("shelf.py LARGEST", shelf, "too large", files("a.yaml", text="x" * 1_000_001)),
    Budget("shelf.py LARGEST", shelf, "too large", session, low=10),
    Budget("shelf.py MOST_FILES", shelf, "more than 1 rule files", files("a.yaml", "b.yaml"), low=1),
    Budget("shelf.py LARGEST_RECORDING", shelf, "too large",
           lambda _: Recordings(own_rules()).find("captures/matrix-e2ee/alice.mitm#9>"), low=1_000),
]  # fmt: skip


# What is kept and shown


def kept(_: Path) -> object:
    run = Audit(book())
    for number in range(30):
        body = json.dumps({"content": f"hello there {number}", "nonce": "1"}).encode()
        head = Head("POST", ("api", "v9", "channels", "77", "messages"))
        channel = Channel("discord.com", 443, Road.PROTECTED)
        run.feed(Parcel(Ref("made", number, ">"), channel, True, body, head=head))
    whole = run.report(Capture("0" * 64, "made", "mitm", 1)).whole()
    return f"kept {max(len(tally.findings) for _, tally in whole.tally)}."


def remembered(_: Path) -> object:
    known = pieces.Pieces(Needles(["harbor lighthouse"]))
    for number in range(5):
        known.add(("c", number, True, "r"), "harbor ")
    return known.add(("c", 0, True, "r"), "lighthouse")


FOUND = Finding(
    ref=Ref("made", 0, ">"),
    platform="irc",
    surface="dm",
    direction=Direction.OUT,
    road=Road.CLEAR,
    content=Content.READABLE,
    grade=Grade.SHOWN,
    rule="irc/send",
)


def fragments_of(*messages: tuple[str, ...]) -> Callable[[Path], object]:
    """Messages whose pieces come in order: how many of them were given up."""

    def exceed(_: Path) -> object:
        held, settled = fragments.Fragments(), 0
        for number, texts in enumerate(messages):
            for at, text in enumerate(texts, 1):
                one = fragments.Fragment("", at, 3, text)
                settled += len(held.add(("made", number, True, "irc/send", "", ""), one, FOUND)[1])
        return f"given up {settled}."

    return exceed


PIECE = "aB3" * 10


def stanzas_in(body: bytes, coding: str = "") -> Callable[[Path], object]:
    head = Head("POST", ("http-bind",), headers=(("content-type", "text/xml"), ("content-encoding", coding)))
    parcel = Parcel(Ref("made", 0, ">"), Channel("a.example", 443, Road.PROTECTED), True, body, head=head)
    return lambda _: [part.message for part in bosh.parts(parcel) if isinstance(part, Problem)]


BOSH = b"<body xmlns='http://jabber.org/protocol/httpbind'><iq/><iq/><iq/></body>"


def words_kept(_: Path) -> object:
    barren = set[str | bytes]()
    words = " ".join(f'"{noise(20, number).hex()}"' for number in range(50))
    hiding.Hiding(Needles(["harbor lighthouse"]), unwrap.no_seal, barren).text(words)
    return f"kept {len(barren)}"


def looked_through(text: str) -> Callable[[Path], object]:
    return lambda _: hiding.Hiding(Needles(["harbor lighthouse"]), unwrap.no_seal).text(text)


def in_base64(levels: int) -> str:
    data = b"meet me at seven by the old gate"
    for _ in range(levels):
        data = base64.b64encode(data)
    return data.decode()


def counted(_: Path) -> object:
    uneven = bytes(byte & 0xEF for byte in noise(70_000))
    return f"says {randomness.habits(noise(70_000, 2) + uneven + noise(70_000, 3))!r}"


def with_keys(count: int) -> Callable[[Path], object]:
    """So many wrong keys nearer than the right one, then that."""
    right = noise(32, 77)
    hidden = noise(12) + aead.AESGCM(right).encrypt(noise(12), b"meet me at seven", None)
    wrong = [noise(32, number).hex() for number in range(count)]

    def exceed(_: Path) -> object:
        root = unwrap.Opening().open({"key": right.hex(), "near": {"ct": hidden, "wrong": wrong}}, ("body",))
        ct = next(node for node in root.walk() if node.step == "ct")
        return f"opened {keyring.Keyring(root).open(ct)}"

    return exceed


def answered_late(_: Path) -> object:
    """How many of three sealed messages are known when their answers come."""
    seen = answers.Answers()
    asked = [Parcel(Ref("made", n), Channel("a.example"), True, b"") for n in range(3)]
    for one in asked:
        seen.wait(one, [structs.replace(FOUND, content=Content.SEALED)])
    return f"known {sum(bool(seen.to(structs.replace(one, answers=one.head))) for one in asked)}."


def said_after(_: Path) -> object:
    """How much of what comes after a sealed message of a conversation is looked at."""
    seen = answers.Answers()
    asked = Parcel(Ref("made", 0), Channel("a.example"), True, b"", "xmpp")
    seen.wait(asked, [structs.replace(FOUND, content=Content.SEALED)])
    return f"looked at {sum(bool(seen.to(structs.replace(asked, outgoing=False))) for _ in range(50))}."


RIGHT = noise(32, 77)
LOCKED = (keyring.Shut(noise(12) + aead.AESGCM(RIGHT).encrypt(noise(12), b"meet me at seven", None)),)


def recalling(
    keys: int = 1, messages: int = 1, kinds: int = 1, hosts: int = 1, size: int = 0, wrapped: int = 0
) -> Callable[[Path], object]:
    """Wrong keys, the right one at some hosts, and then messages of some kinds at the last of them."""

    def exceed(_: Path) -> object:
        seen, opened = recall.Recall(shelf.load_rules(None), Needles(), excerpts.Excerpts(False)), 0
        told = [("0.example", noise(32, number)) for number in range(keys - 1)]
        told += [(f"{number}.example", RIGHT) for number in reversed(range(hosts))]
        for number, (host, key) in enumerate(told):
            body = json.dumps({"key": key.hex(), "more": "-" * size}).encode()
            for _layer in range(wrapped):
                body = gzip.compress(body)
            parcel = Parcel(Ref("made", number), Channel(host), False, body)
            if seen.listens(parcel, False):
                root = unwrap.Opening().open({"body": body}, ())
                opened += len(list(seen.look(parcel, "", (), root)))
        last = Parcel(Ref("made", 99), Channel("0.example"), True, b"")
        for number in range(kinds):
            found = structs.replace(FOUND, surface=f"s{number}", rule="xmpp/message-send")
            opened += len(list(seen.look(last, "", [(found, LOCKED)] * messages, None)))
        return f"opened {opened}."

    return exceed


def waiting(messages: int) -> Callable[[Path], object]:
    def exceed(_: Path) -> object:
        seen = recall.Recall(shelf.load_rules(None), Needles(), excerpts.Excerpts(False))
        last = Parcel(Ref("made", 99), Channel("0.example"), True, b"")
        list(seen.look(last, "", [(FOUND, LOCKED)] * messages, None))
        return f"waiting {len(next(iter(seen.kept.waiting.values())))}."

    return exceed


UNSEEN = "no stanzas were looked for"
KEEPING = [
    Budget("answers.py MOST", answers, r"known 2\.", answered_late, low=2),
    Budget("answers.py NEXT", answers, r"looked at 2\.", said_after, low=2),
    Budget("bosh.py MOST", bosh, UNSEEN, stanzas_in(gzip.compress(BOSH), "gzip"), low=50),
    Budget("bosh.py STANZAS", bosh, UNSEEN, stanzas_in(BOSH), low=2),
    Budget("fragments.py MOST", fragments, "given up 1", fragments_of(*[(PIECE,)] * 3), low=2),
    Budget("fragments.py LONGEST", fragments, "given up 1", fragments_of((PIECE, PIECE)), low=50),
    Budget("fragments.py HELD", fragments, "given up 1", fragments_of((PIECE,), (PIECE,)), low=50),
    Budget("hiding.py DEEPEST", hiding, "True", looked_through(in_base64(7))),
    Budget("hiding.py FORMS", hiding, "True", looked_through("%" + "25" * 12 + "41")),
    Budget("hiding.py MOST_WORDS", hiding, "kept 0", words_kept, low=10),
    Budget("hiding.py LONGEST", hiding, "True", looked_through("see you " * 50), low=100),
    Budget("recall.py TRIES", recall, r"opened 0\.", recalling(keys=5), low=5),
    Budget("recall.py MOST_KEYS", recall, r"opened 0\.", recalling(keys=5), low=3),
    Budget("recall.py MOST_SHUT", recall, r"waiting 2\.", waiting(5), low=2),
    Budget("recall.py KINDS", recall, r"opened 2\.", recalling(kinds=5), low=2),
    Budget("recall.py LONGEST", recall, r"opened 0\.", recalling(), low=5),
    Budget("recall.py LARGEST", recall, r"opened 0\.", recalling(), low=5),
    Budget("recall.py MOST_LARGE", recall, r"opened 0\.", recalling(size=300_000), low=5),
    Budget("recall.py DEEP", recall, r"opened 0\.", recalling(wrapped=6)),
    Budget("recall.py STRANGERS", recall, r"opened 0\.", recalling(hosts=5), low=2),
    Budget("rulebook/keyring.py TRIES", keyring, "opened None", with_keys(3), low=5),
    Budget("rulebook/keyring.py NEAR", keyring, "opened None", with_keys(50)),
    Budget("excerpts.py LONGEST", excerpts, "^80$", lambda _: len(excerpts.cut("x" * 1_000))),
    Budget("pieces.py CONNECTIONS", pieces, r"^\(\)$", remembered, low=2),
    Budget("randomness.py _SAMPLE", randomness, "says ''", counted),
    Budget("report.py KEPT", report, r"kept 8\.", kept),
]
