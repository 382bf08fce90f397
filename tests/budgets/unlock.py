"""The budgets of opening what TLS and DTLS sealed."""

import zlib
from collections.abc import Iterable
from pathlib import Path

from auditor.sources.pcap import dtls, keys, tls
from auditor.sources.pcap.keys import Keys
from auditor.sources.pcap.records import DATA, Record
from auditor.sources.pcap.unlock import agreement, early, inflate, search, side
from auditor.sources.pcap.unlock.side import Side
from auditor.sources.pcap.unlock.stage import SPEECH, Stage
from tests.budgets.made import Budget

HELLO = b"\3\3" + bytes(32) + b"\0\0\2\x13\1\1\0"
CLIENT = b"\1" + len(HELLO).to_bytes(3) + HELLO


def log(count: int) -> bytes:
    return b"".join(b"CLIENT_RANDOM %064x %096x\n" % (n, n) for n in range(count))


def forgotten(_: Path) -> object:
    known = Keys()
    for number in range(3):
        known.remember(bytes([number]), b"secret")
    return f"forgotten {known.recall(bytes(1)) is None}"


def certificates(_: Path) -> object:
    pem = b"-----BEGIN PRIVATE KEY-----\n%d\n-----END PRIVATE KEY-----\n"
    return f"passed over {Keys([pem % 1 + pem % 2]).passed_over}"


def unanswered(_: Path) -> object:
    spoken = tls.Tls(Keys())
    spoken.feed(True, b"\x16\3\1" + len(CLIENT).to_bytes(2) + CLIENT)
    spoken.feed(True, b"\x17\3\3\0\x20" + bytes(32))
    return f"shut: {spoken.shut}"


def changed(_: Path) -> object:
    hello = HELLO[:35] + b"\0" + HELLO[35:]
    message = b"\1" + len(hello).to_bytes(3) + bytes(5) + len(hello).to_bytes(3) + hello
    spoken = dtls.Dtls(Keys())
    spoken.feed(True, b"\x16\xfe\xfd" + bytes(8) + len(message).to_bytes(2) + message)
    return f"shut: {spoken.shut}"


def old(_: Path) -> object:
    seen = dtls._Seen()
    seen.add(10)
    return seen.has(5)


def heard(_: Path) -> object:
    made = agreement.Agreement()
    made.hear(11, b"", bytes(20))
    return f"whole {made._complete}"


class Never:
    """Opens nothing, and counts how often it is asked to."""

    resumes = True

    def __init__(self) -> None:
        self.tried = 0

    def open(self, kind: int, version: int, numbers: Iterable[int], body: bytes) -> tuple[int, bytes]:
        self.tried += len(list(numbers))
        raise ValueError("never")


def failing(times: int, lost: int = 0) -> tuple[Side, Never]:
    made, never = Side(), Never()
    made.begin([Stage(SPEECH, never)])
    if lost:
        list(made.cut(b"", lost))
    for _ in range(times):
        try:
            made.open(Record(DATA, 0x0303, bytes(30)))
        except ValueError:
            continue
    return made, never


def sought(_: Path) -> object:
    made = Side()
    for number in range(1_000):
        list(made.cut(b"nothing", int(number == 0)))
    assert made._lost is not None
    return f"kept {len(made._lost._data)}"


UNLOCKING = [
    Budget("sources/pcap/keys.py MOST", keys, "^2$", lambda _: len(Keys([log(3)])), low=2),
    Budget("sources/pcap/keys.py SESSIONS", keys, "True", forgotten, low=2),
    Budget("sources/pcap/keys.py PRIVATE", keys, "passed over 1", certificates, low=1),
    Budget("sources/pcap/tls.py HELD", tls, "hello is missing", unanswered, low=10),
    Budget("sources/pcap/dtls.py EPOCHS", dtls, "change more than", changed, low=0),
    Budget("sources/pcap/dtls.py WINDOW", dtls, "True", old, low=1),
    Budget("sources/pcap/unlock/agreement.py HEARD", agreement, "False", heard, low=10),
    Budget("sources/pcap/unlock/early.py HELD", early, "wait for an answer",
           lambda _: early.Early().say(b"hello there"), low=5),
    Budget("sources/pcap/unlock/inflate.py LONGEST", inflate, "compressed to more",
           lambda _: len(inflate.Inflate().open(zlib.compress(bytes(20_000)))), lifted=1 << 20),
    Budget("sources/pcap/unlock/side.py FURTHER", side, "^2$",
           lambda _: failing(0, lost=10_000)[0]._doubt, low=2),
    Budget("sources/pcap/unlock/side.py TRIES", side, "^12$",
           lambda _: failing(2, lost=2_178)[1].tried, low=10),
    Budget("sources/pcap/unlock/side.py FAILED", side, "True", lambda _: failing(20)[0].hopeless),
    Budget("sources/pcap/unlock/search.py SOUGHT", search, "^kept [0-9]{1,3}$", sought, low=100),
]  # fmt: skip
