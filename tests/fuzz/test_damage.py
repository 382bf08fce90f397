"""Damaged captures: never a traceback, never a hang, and never a better verdict than the whole file has.

Our own captures in every run; the shared lab's where it is there. `pytest -m slow` tries thousands of places.
"""

import base64
import json
import random
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mitmproxy.io import FlowReader

from auditor.audit import Audit
from auditor.errors import CaptureError
from auditor.judge import judge
from auditor.model import LADDER, MESSAGES, Answer, Channel, Direction, Parcel, Ref, Road
from auditor.report import Capture
from auditor.rulebook.book import Rulebook
from auditor.shelf import load_rules
from auditor.sources import read
from auditor.sources.records import line
from auditor.streams import STREAMS, Sorter
from tests.sources.test_journal import FIRST, of
from tests.streams.test_talk import CARRIERS, SESSIONS

CHECKOUT = Path(__file__).parents[2]
SILENT = "mls-relay"  # of an app that no rule knows: damage there can take away nothing
OWN = sorted(
    f
    for f in (CHECKOUT / "captures").glob("*/*")
    if f.suffix in (".mitm", ".har") and f.parent.name != SILENT
)
LAB = CHECKOUT.parent / "shared" / "lab" / "captures"
SHARED = sorted(f for f in LAB.glob("*/*") if f.suffix in (".mitm", ".har")) if LAB.is_dir() else []
RENAMED = {"localhost": "chat.signal.org"}  # in the sessions whose server stood for another
SECONDS = 10  # for one file, on a slow machine; most take a hundredth of that
READ = (Answer.CLEARTEXT, Answer.TRANSPORT_ONLY)

Key = tuple[str, str, Direction]


@lru_cache
def book() -> Rulebook:
    return load_rules(None)


@lru_cache(maxsize=200)
def content(file: Path) -> bytes:
    return file.read_bytes()


@dataclass(frozen=True)
class Result:
    answers: dict[Key, Answer]
    seconds: float


def audited(path: Path, session: str) -> Result:
    """What a file shows; nothing where it is refused as a whole."""
    start = time.process_time()
    renamed = RENAMED if session.startswith("signal") else {}
    try:
        source = read(path, renamed=renamed, name="damaged")
    except CaptureError as error:
        assert str(error)
        return Result({}, time.process_time() - start)
    audit = Audit(book())
    for event in source:
        audit.feed(event)
    report = audit.report(Capture(source.sha256, source.name, source.kind, source.size, source.unread))
    answers = {(v.platform, v.surface, v.direction): v.verdict for v in judge(report, book())}
    return Result(answers, time.process_time() - start)


@lru_cache(maxsize=200)
def whole(file: Path) -> dict[Key, Answer]:
    return audited(file, file.parent.name).answers


def better(file: Path, answers: dict[Key, Answer]) -> list[str]:
    """Where the damaged file looks safer than the whole one."""
    found = []
    for key, answer in answers.items():
        before = whole(file).get(key)
        if before in READ and answer in LADDER and LADDER.index(answer) > LADDER.index(before):
            found.append(f"{key}: {answer}, but the whole file says {before}")
        elif answer is Answer.END_TO_END and before is not answer and key[1] in MESSAGES:
            known = {a for (platform, *_), a in whole(file).items() if platform == key[0]}
            if answer not in known:
                found.append(f"{key}: {answer}, but nothing of this platform is")
    return found


Damage = Callable[[bytes, int, random.Random], bytes]


def cut(data: bytes, at: int, _: random.Random) -> bytes:
    return data[:at]


def flip(data: bytes, at: int, rng: random.Random) -> bytes:
    return data[:at] + bytes((data[at] ^ 1 << rng.randrange(8),)) + data[at + 1 :]


def replace(data: bytes, at: int, rng: random.Random) -> bytes:
    return data[:at] + bytes((rng.randrange(256),)) + data[at + 1 :]


def scatter(data: bytes, at: int, rng: random.Random) -> bytes:
    """Twenty bytes near each other."""
    made = bytearray(data)
    for _ in range(20):
        made[min(len(made) - 1, at + rng.randrange(400))] = rng.randrange(256)
    return bytes(made)


def drop(data: bytes, at: int, rng: random.Random) -> bytes:
    return data[:at] + data[at + rng.randrange(1, 200) :]


def repeat(data: bytes, at: int, rng: random.Random) -> bytes:
    end = at + rng.randrange(1, 200)
    return data[:end] + data[at:]


def nothing(data: bytes, at: int, rng: random.Random) -> bytes:
    size = min(rng.randrange(1, 60), len(data) - at)
    return data[:at] + bytes(size) + data[at + size :]


def behead(data: bytes, at: int, _: random.Random) -> bytes:
    return data[at:]


DAMAGES: tuple[Damage, ...] = (cut, flip, flip, replace, scatter, drop, repeat, nothing, behead)


def wrong(file: Path, damaged: bytes, folder: Path) -> list[str]:
    path = folder / f"damaged{file.suffix}"
    path.write_bytes(damaged)
    result = audited(path, file.parent.name)
    slow = [f"took {result.seconds:.1f} s"] if result.seconds > SECONDS else []
    return [*better(file, result.answers), *slow]


def sweep(files: list[Path], places: int, folder: Path) -> list[str]:
    """Every file gets its share of places, each damaged in one way."""
    said = []
    for number in range(places):
        file = files[number % len(files)]
        rng = random.Random(f"{file.parent.name}/{file.name} {number}")
        data = content(file)
        how, at = rng.choice(DAMAGES), rng.randrange(len(data))
        for text in wrong(file, how(data, at, rng), folder):
            said.append(f"{file.parent.name}/{file.name} {how.__name__} at {at} ({number}): {text}")
    return said


def test_no_damage_makes_a_capture_look_safer(tmp_path: Path) -> None:
    assert sweep(OWN, 150, tmp_path) == []


@pytest.mark.slow
def test_no_damage_in_thousands_of_places_makes_a_capture_look_safer(tmp_path: Path) -> None:
    assert sweep(OWN, 4_000, tmp_path) == []


@pytest.mark.lab
@pytest.mark.skipif(not SHARED, reason=f"no shared lab at {LAB}")
def test_no_damage_makes_a_session_of_the_lab_look_safer(tmp_path: Path) -> None:
    assert sweep(SHARED, 100, tmp_path) == []


@pytest.mark.lab
@pytest.mark.slow
@pytest.mark.skipif(not SHARED, reason=f"no shared lab at {LAB}")
def test_no_damage_in_thousands_of_places_makes_a_session_of_the_lab_look_safer(tmp_path: Path) -> None:
    assert sweep(SHARED, 3_000, tmp_path) == []


# The other kinds of files say the same as our captures, and are damaged in the same ways.


def as_journal(file: Path) -> bytes:
    with file.open("rb") as raw:
        flows = list(FlowReader(raw).stream())
    return b"".join(line(record) for record in (FIRST, *of(*flows)))


def as_parcels(file: Path) -> bytes:
    said: list[dict[str, Any]] = [{"parcels": 1, "made_by": "test"}]
    for one in read(file, renamed=RENAMED if file.parent.name.startswith("signal") else {}):
        if isinstance(one, Parcel):
            head, asked = one.head, one.answers
            said.append(
                {
                    "outgoing": one.outgoing, "body_base64": base64.b64encode(one.body).decode(),
                    "protocol": one.protocol, "host": one.channel.host, "port": one.channel.port,
                    "road": one.channel.road, "method": head.method, "path": list(head.path),
                    "query": dict(head.query), "headers": dict(head.headers), "status": head.status,
                    "answers": asked and {"method": asked.method, "path": list(asked.path)},
                }
            )  # fmt: skip
    return b"".join(json.dumps(one).encode() + b"\n" for one in said)


KINDS: dict[str, Callable[[Path], bytes]] = {"session.mitm.journal": as_journal, "parcels.jsonl": as_parcels}


def rewritten(name: str, folder: Path) -> list[Path]:
    """Our captures as files of another kind."""
    made = []
    for number, file in enumerate(f for f in OWN if f.suffix == ".mitm"):
        path = folder / str(number) / file.parent.name / name
        path.parent.mkdir(parents=True)
        path.write_bytes(KINDS[name](file))
        made.append(path)
    return made


@pytest.mark.parametrize("name", KINDS)
def test_a_capture_of_another_kind_says_the_same(name: str, tmp_path: Path) -> None:
    dumps = [file for file in OWN if file.suffix == ".mitm"]
    for file, dump in zip(rewritten(name, tmp_path), dumps, strict=True):
        assert whole(file) == whole(dump)


@pytest.mark.parametrize("name", KINDS)
def test_no_damage_makes_a_capture_of_another_kind_look_safer(name: str, tmp_path: Path) -> None:
    assert sweep(rewritten(name, tmp_path), 60, tmp_path) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_no_damage_in_thousands_of_places_makes_one_of_another_kind_look_safer(
    name: str, tmp_path: Path
) -> None:
    assert sweep(rewritten(name, tmp_path), 2_000, tmp_path) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["session.mitm", *KINDS])
def test_memory_does_not_grow_with_the_file(name: str, tmp_path: Path) -> None:
    """Ten megabytes of the same session, one after the other."""
    dump = next(file for file in OWN if file.suffix == ".mitm" and file.parent.name == "matrix-e2ee")
    made = KINDS[name](dump) if name in KINDS else content(dump)
    begin = made.find(b"\n") + 1 if name == "parcels.jsonl" else 0  # says what the file is, once
    path = tmp_path / name
    path.write_bytes(made[:begin] + made[begin:] * (10_000_000 // len(made)))
    tracemalloc.start()
    count = sum(1 for _ in read(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count > 500
    assert peak < 5_000_000


# In a stream the damage lies inside of a capture that is whole.


def cut_up(data: bytes, rng: random.Random) -> list[bytes]:
    """As it may have come in."""
    ends = sorted(rng.sample(range(len(data) + 1), min(len(data), rng.randrange(4))))
    return [data[start:end] for start, end in pairwise((0, *ends, len(data)))]


def stream_sweep(name: str, places: int) -> None:
    """Sessions of a protocol, damaged once or twice: read as far as they go, audited, never a traceback."""
    protocol = getattr(STREAMS[name], "protocol", name)
    for number in range(places):
        rng = random.Random(f"{name} {number}")
        pieces = list(SESSIONS[name])
        for _ in range(rng.randint(1, 2)):
            at = rng.randrange(len(pieces))
            out, data = pieces[at]
            how = rng.choice(DAMAGES)
            pieces[at] = (out, how(data, rng.randrange(len(data)), rng) if data else data)
        for one in (Sorter(carrier=CARRIERS[name]), STREAMS[name].Stream()):
            audit = Audit(book())
            said = [m for out, data in pieces for part in cut_up(data, rng) for m in one.feed(out, part)]
            for message in [*said, *getattr(one, "finish", list)()]:
                ref, channel = Ref("made", number, message.part), Channel("a.example", 1, Road.CLEAR)
                audit.feed(Parcel(ref, channel, message.outgoing, message.body, protocol, message.head))
            assert one.waiting >= 0
            judge(audit.report(Capture("0" * 64, "made", "mitm", 1)), book())


@pytest.mark.parametrize("name", SESSIONS)
def test_no_damage_to_a_stream_is_more_than_it_can_take(name: str) -> None:
    stream_sweep(name, 60)


@pytest.mark.slow
@pytest.mark.parametrize("name", SESSIONS)
def test_no_damage_in_a_thousand_places_is_more_than_a_stream_can_take(name: str) -> None:
    stream_sweep(name, 1_500)


SMALL = [file for file in OWN if file.stat().st_size < 40_000]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.sampled_from(SMALL),
    st.lists(st.tuples(st.sampled_from(DAMAGES), st.integers(0, 2**32)), min_size=1, max_size=4),
)
def test_no_several_damages_make_a_capture_look_safer(
    tmp_path: Path, file: Path, damages: list[tuple[Damage, int]]
) -> None:
    data = content(file)
    for how, number in damages:
        data = how(data, number % len(data), random.Random(number)) or b"0"
    assert wrong(file, data, tmp_path) == []


@pytest.mark.parametrize("file", OWN, ids=[f"{f.parent.name}/{f.name}" for f in OWN])
def test_a_capture_that_is_not_damaged_has_messages_to_lose(file: Path) -> None:
    assert any(surface in MESSAGES for _, surface, _ in whole(file))
