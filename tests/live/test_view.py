"""The live view: whatever was seen, it fits the screen."""

import re
from collections.abc import Iterator

import pytest
from msgspec import structs
from rich.cells import cell_len
from rich.console import Console

from auditor.audit import Audit
from auditor.judge import judge
from auditor.live.analyst import Seen
from auditor.live.folder import about_of
from auditor.live.session import Live, Plan
from auditor.live.view import HEAD, KEYS, Face, drawn
from auditor.live.watch import Host
from auditor.model import Answer, Channel, Parcel, Ref, Road
from auditor.needles import Needles
from auditor.report import Capture
from auditor.shelf import load_rules
from auditor.sources.probed import ACCEPTED, Outcome
from auditor.sources.records import Hello

TEXT = "Harbor-4471 meet me by the old crane"
BOOK = load_rules(None)


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    plan = Plan(tmp_path_factory.mktemp("live") / "friday", ("regular",), "127.0.0.1", texts=(TEXT,))
    one = Live(plan, None)
    yield one
    one.close()


def fill(live: Live, hosts: int) -> None:
    audit = Audit(BOOK, Needles((TEXT,)))
    last = None
    live.watch.hosts.clear()
    for number in range(hosts):
        name = f"host{number}.a-rather-long-name-of-a-host.\x1b[2J.example"
        channel = Channel(name, 443, Road.PROTECTED)
        event = Parcel(Ref("a", number), channel, outgoing=True, body=TEXT.encode(), protocol="http")
        last = [*audit.feed(event), None][0]
        one = live.watch.host(name)
        one.alerts, one.passed, one.why = {"unknown CA": 3}, 1, "the app refused the proxy's certificate"
    report = audit.report(Capture("", "", "", 0))
    live.seen = Seen(report, tuple(judge(report, BOOK)), last)


@pytest.mark.parametrize("hosts", [0, 1, 200])
@pytest.mark.parametrize(("width", "height"), [(80, 24), (160, 50), (40, 10)])
def test_it_fills_the_screen_and_never_more(live: Live, hosts: int, width: int, height: int) -> None:
    fill(live, hosts)
    rows = Face(live).rows(width, height)
    assert len(rows) == height
    console = Console(width=width, height=height, record=True, force_terminal=False)
    with console.capture() as shown:
        console.print(drawn(rows, width))
    lines = shown.get().splitlines()
    assert len(lines) == height
    assert max(map(len, lines)) <= width
    assert "\x1b" not in shown.get()
    text = " ".join(row for row, _ in rows)
    assert rows[-1][0] == KEYS[width < 60]
    if height > 10:
        assert ("and 1" in text) is (hosts == 200)
        assert ("nothing yet" in text) is (hosts == 0)
        assert ("host0." in text) is (hosts > 0)


@pytest.mark.parametrize(("width", "height"), [(80, 24), (160, 50), (60, 15)])
def test_a_long_name_leaves_room_for_what_is_said_of_it(live: Live, width: int, height: int) -> None:
    fill(live, 3)
    far = "host9." + "\u96c6\u5408." * 30 + "example"
    live.watch.hosts[far] = Host(alerts={"unknown CA": 9})
    assert live.seen
    first, *others = live.seen.verdicts
    renamed = structs.replace(first, platform=f"unknown:{far}")
    live.seen = structs.replace(live.seen, verdicts=(renamed, *others))
    rows = [text for text, _ in Face(live).rows(width, height)]
    said = [text for text in rows if re.search("planted text sent +the service(, 1 message)?$", text)]
    assert len(said) == 3
    assert len({cell_len(text) for text in said}) == 1
    shut = next(text for text in rows if text.endswith("9 refused (unknown CA)"))
    assert shut.startswith("  host9.")
    assert ".example: " in shut
    assert max(map(cell_len, [*said, shut])) <= width


def test_in_a_small_window_the_address_and_all_keys_are_there(live: Live) -> None:
    fill(live, 200)
    rows = Face(live).rows(40, 10)
    assert "127.0.0.1:8080" in " ".join(text for text, _ in rows)
    assert not any(style == HEAD and not rows[at + 1][0] for at, (_, style) in enumerate(rows[1:-1], 1))
    live.watch.devices = {"10.0.0.7": 1}
    try:
        texts = [text for text, _ in Face(live).rows(40, 10)]
    finally:
        live.watch.devices = {}
    assert "127.0.0.1:8080" not in " ".join(texts)
    assert "Who can read the messages, so far" in texts
    assert re.findall(r"\b[a-z]\b", rows[-1][0]) == list("mnpcdq")


def test_what_anyone_can_read_is_never_among_those_that_are_only_counted(live: Live) -> None:
    fill(live, 200)
    assert live.seen
    *others, last = live.seen.verdicts
    grave = structs.replace(last, verdict=Answer.CLEARTEXT, platform="zzz")
    live.seen = structs.replace(live.seen, verdicts=(*others, grave))
    texts = [text for text, _ in Face(live).rows(80, 24)]
    at = texts.index("Who can read the messages, so far")
    assert " ".join(texts[at + 1].split()) == "\u25cb cleartext zzz other sent anyone on the way"


def test_an_analysis_that_broke_off_is_named_at_once(live: Live) -> None:
    class Broken:
        alive = False

    fill(live, 200)
    live.auditor.listener = Broken()  # type: ignore[assignment]
    try:
        first = [text for text, _ in Face(live).rows(80, 24)[1:3]]
    finally:
        live.auditor.listener = None
    assert first[0] == "The analysis broke off; traffic passes and is recorded. The report, afterwards:"
    assert (len(first[0]) <= 80, first[1]) == (True, f"  {live.command()}")
    assert "broke off" not in " ".join(text for text, _ in Face(live).rows(80, 24))


def test_what_a_probe_found_stands_among_the_troubles(live: Live) -> None:
    fill(live, 1)
    live.watch.hosts["lax.example"] = Host(probes={"x": Outcome(Hello("c", shown="unknown CA"), ACCEPTED)})
    assert (
        "lax.example: accepts a certificate from an authority that nobody knows: TLS protects nothing"
        in " ".join(text for text, _ in Face(live).rows(160, 50))
    )


def test_keys_mark_pause_and_take_notes(live: Live) -> None:
    face = Face(live)
    for key in "mnhello!\x7f\rnlost\x1bn \r":
        face.key(key)
    kept = about_of(live.folder.path)
    assert kept
    assert [mark.what for mark in kept.marks] == ["sent", "hello"]
    fill(live, 0)
    before = face.rows(80, 24)[1:-1]
    face.key("p")
    fill(live, 3)
    assert "PAUSED" in face.rows(80, 24)[0][0]
    assert face.rows(80, 24)[1:-1] == before
    face.key("p")
    assert face.rows(80, 24)[1:-1] != before
    face.key("n")
    assert face.rows(80, 24)[-1][0] == "Note: _"
    for key in "\x1bq":
        face.key(key)
    assert live.running.why == "you stopped it"


def test_codes_are_drawn_one_by_one_where_they_have_room(live: Live) -> None:
    face = Face(live)
    live.profiles.texts.append("[Interface]\n" * 20)
    face.key("c")
    assert "\u2588" in "".join(text for text, _ in face.rows(80, 24))
    assert "no room for its code: the window needs 18 rows" in "".join(text for text, _ in face.rows(80, 12))
    face.key("c")
    assert face.rows(80, 24)[1][0] == "The tunnel, for the WireGuard app"
    assert "\u2588" in "".join(text for text, _ in face.rows(80, 50))
    face.key("c")
    live.profiles.texts.clear()
    assert "Who can read" in " ".join(text for text, _ in face.rows(80, 24))


def test_the_doctor_can_be_asked_at_any_time(live: Live) -> None:
    fill(live, 200)
    face = Face(live)
    face.key("d")
    rows = face.rows(80, 24)
    assert len(rows) == 24
    assert "refused the proxy 3 times: unknown CA" in " ".join(text for text, _ in rows)
    assert max(len(text) for text, _ in rows) <= 80
    face.key("d")
    assert "Who can read" in " ".join(text for text, _ in face.rows(80, 24))
