"""The page for people: golden pages, hostile strings, plain streams."""

import io
import re
from collections.abc import Callable, Iterable

import msgspec
import pytest
from rich.cells import cell_len

from auditor.excerpts import Excerpts
from auditor.judge import Evidence, judge
from auditor.ledger import STATES
from auditor.model import Answer, Content, Direction, Finding, Grade, Ref, Road
from auditor.peers import Contacts, Peer, Peers
from auditor.report import Account, Capture, Report, Slice, Trouble, Troubles, ordered
from auditor.reporters import Options, phrases, reporter
from auditor.reporters.terminal import MARKS, MOST
from auditor.rulebook.book import Rulebook
from auditor.stretches import Stretches
from auditor.words import GRADE, SENTENCE, SHORT

Show = Callable[..., str]
Golden = Callable[[str, str], None]
Add = Callable[[Capture, Iterable[Finding]], Slice]

EMPTY = Rulebook({}, {}, {})
HOSTILE = [
    "[red]x[/red]",
    "\x1b[31mred\x1b[0m",
    "\u202egnp.exe",
    "a\r\nb",
    "[/]",
    ":smile:",
    "\x9b2J",
    "\ud800",
]


def hostile(text: str, add: Add) -> Report:
    """The same string in every place that a capture can fill."""
    finding = Finding(
        ref=Ref(text, 1, text), platform=text, surface="dm", direction=Direction.OUT, road=Road.CLEAR,
        content=Content.READABLE, grade=Grade.SHOWN, rule=text, slot=text, path=text, trail=(text, text),
        excerpt=text, note=text,
    )  # fmt: skip
    one = add(Capture(text, text, text, 1, 1, ((text, text),)), [finding])
    peer, trouble = Peer(text, 1, text, text, text), Trouble(text, text)
    where = (Ref(text, 1),)
    return Report(
        (
            msgspec.structs.replace(
                one,
                contacts=Peers.of([(peer, Contacts(1, 1, 1, where))]),
                troubles=((trouble, Troubles(1, where)),),
            ),
        )
    )


@pytest.mark.parametrize("width", [80, 160])
def test_the_page_is_the_one_that_was_kept(sample: Report, show: Show, golden: Golden, width: int) -> None:
    golden(f"page-{width}.txt", show(sample, width))


def test_the_page_in_plain_signs_is_the_one_that_was_kept(sample: Report, show: Show, golden: Golden) -> None:
    golden("page-ascii.txt", show(sample, 80, "ascii"))


def test_the_page_without_any_finding_is_the_one_that_was_kept(show: Show, golden: Golden) -> None:
    ledger = ((state, Account(2, 300)) for state in ("other host",))
    capture = Capture("ab" * 32, "phone.mitm", "mitmproxy dump", 1_234_567)
    golden(
        "page-nothing.txt", show(Report((Slice(capture, Stretches.of([(0, 120)]), ledger=tuple(ledger)),)))
    )


def test_nothing_read_at_all_is_said_kindly(show: Show) -> None:
    page = show(Report())
    assert page.startswith("Nothing was read")
    assert "What to try next" in page


HOSTS = (("other host", Account(18, 300)),)
SHUT = Peers.of([(Peer("a.example", 443, "tls", "no key for this connection"), Contacts(2, 9, 9, ()))])
CUT = ((Trouble("cut", "the file ends early"), Troubles(1, (Ref("a", 0),))),)
NEXT: dict[str, tuple[Slice, list[str]]] = {
    "packets without keys": (
        Slice(Capture("1", "a", "pcapng", 1), contacts=SHUT),
        ["2 connections stayed shut: see below why. A key log opens TLS and QUIC: --keylog FILE"],
    ),
    "an app that refused the proxy": (
        Slice(Capture("1", "a", "session journal", 1), contacts=SHUT),
        ["2 connections stayed shut: see below why; of a session of auditor live, auditor doctor FOLDER"],
    ),
    "an app that no rule knows": (
        Slice(Capture("1", "a", "har", 1), ledger=HOSTS),
        [
            "18 parcels went to hosts that no rule names: auditor contacts CAPTURE lists them",
            "--as HOST=NAME",
        ],
    ),
    "a file that was cut": (
        Slice(Capture("1", "a", "har", 1), troubles=CUT),
        ["was the whole file copied", "Record while messages are sent and received"],
    ),
    "nothing at all": (Slice(Capture("1", "a", "har", 1)), ["Record while messages are sent and received"]),
}


@pytest.mark.parametrize("about", NEXT)
def test_where_no_message_was_found_it_says_what_to_do_about_what_was(show: Show, about: str) -> None:
    one, said = NEXT[about]
    page = show(Report((one,)), 160)
    steps = " ".join(page.split("What to try next")[1].split("\n\n")[0].split()).split("- ")[1:]
    assert len(steps) == len(said)
    assert [wanted for wanted, step in zip(said, steps, strict=True) if wanted not in step] == []


@pytest.mark.parametrize("width", [40, 60, 80, 100, 160])
def test_no_line_is_wider_than_the_page(sample: Report, show: Show, width: int) -> None:
    assert max(map(cell_len, show(sample, width).splitlines())) <= width


def test_every_verdict_has_its_sentence_its_word_and_its_mark(
    sample: Report, show: Show, book: Rulebook
) -> None:
    page, table = show(sample, 160), show(sample, 160).split("\n\n")[1]
    verdicts = judge(sample, book)
    assert {v.verdict for v in verdicts} == set(Answer) == set(MARKS) == set(SENTENCE) == set(SHORT)
    for verdict in verdicts:
        assert SENTENCE[verdict.verdict] in page
        assert f"{MARKS[verdict.verdict][0]} {verdict.verdict}" in table
        assert SHORT[verdict.verdict] in table
    assert sum(page.count(sentence) for sentence in SENTENCE.values()) == len(verdicts)


def test_words_are_not_broken_in_the_table_at_80_columns(sample: Report, show: Show) -> None:
    page = show(sample, 80)
    table = page[: page.index("? discord, any:")]
    for word in ("transport-only", "inconclusive", "CONTRADICTED", "recognised", "consistent", "cannot tell"):
        assert word in table


def test_a_narrow_table_has_room_for_the_answer(sample: Report, show: Show) -> None:
    lines = show(sample, 40).split("\n\n")[1].splitlines()
    assert lines[0].split("  ")[0] == "messages"
    assert any(line.startswith("tiktok dm sent") and line.endswith("the service") for line in lines)


def test_end_to_end_is_never_a_bare_yes(sample: Report, show: Show) -> None:
    page = show(sample, 160)
    assert re.search(r"END-TO-END \(\d+/\d+ checks\)", page)
    assert "not run" in page
    assert "provider says" in page


def test_a_claim_that_the_capture_refutes_is_called_contradicted(sample: Report, show: Show) -> None:
    assert "CONTRADICTED by this capture" in " ".join(show(sample, 160).split())


def test_what_is_known_of_a_platform_is_told_once(sample: Report, book: Rulebook) -> None:
    limit = "a limit of this platform, which takes more room than one line of the page has"
    tiktok = next(v for v in judge(sample, book) if v.platform == "tiktok")
    twice = [msgspec.structs.replace(tiktok, limits=(limit, own)) for own in ("of the first", "of the other")]
    stream = io.StringIO()
    reporter("terminal").render(sample, twice, stream, Options(160))
    page = stream.getvalue()
    assert (page.count(limit), page.count("as above")) == (1, 4)
    assert page.index("of the first") < page.index("as above") < page.index("of the other")


@pytest.mark.parametrize(("content", "cited"), [(Content.OPAQUE, 3), (Content.READABLE, 8)])
def test_of_what_nobody_read_three_are_cited_and_the_others_counted(
    show: Show, summed: Add, content: Content, cited: int
) -> None:
    one = Finding(
        ref=Ref("a", 1), platform="p", surface="dm", direction=Direction.OUT, road=Road.PROTECTED,
        content=content, grade=Grade.SHOWN, rule="p/dm",
    )  # fmt: skip
    found = [msgspec.structs.replace(one, ref=Ref("a", n)) for n in range(9)]
    page = show(Report((summed(Capture("1", "a", "har", 1), found),)))
    assert page.count("by the rule p/dm") == cited
    assert f"these are {cited} of 9: --evidence FILE writes down all" in page


def test_every_grade_is_explained_where_it_counts(show: Show, sample: Report) -> None:
    page = show(sample, 160)
    assert all(GRADE[grade] in page for grade in (Grade.SHOWN, Grade.RECOGNISED))


def test_a_stranger_is_told_how_to_find_the_evidence(sample: Report, show: Show) -> None:
    page = " ".join(show(sample).split("How to check this")[1].split())
    assert "laptop.har#7< is a place" in page
    assert "auditor explain irc/channel" in page


PLACES: dict[str, list[str]] = {
    "a.har#1>": ["number of the entry (the first is 0), then > for what the app sent"],
    "a.mitm#0.22>": ["number of the entry", "after the dot the message inside it (the first is 0)"],
    "a.pcap#8>@20": ["as Wireshark counts them, then >", "after @ the packet in which the message begins"],
    "a.pcap#8.27<@20": ["after the dot the message inside it", "after @ the packet"],
    "a#1.2@b.har#1>": ["the capture, after # the number of the entry (the first is 0), then >"],
}


@pytest.mark.parametrize("place", PLACES)
def test_of_a_place_every_part_is_explained_and_no_other(place: str) -> None:
    item = Evidence("p/dm", Content.READABLE, Grade.SHOWN, "body", (), "Ha\u2026", place)
    said = phrases.again([item])[0]
    assert said.startswith(f"{place} is a place: the capture, ")
    assert [part for part in PLACES[place] if part not in said] == []
    assert ("the dot" in said, "packet" in said) == (".2" in place and "a#1" not in place, "pcap" in place)


@pytest.mark.parametrize(
    ("offset", "excerpt", "told"),
    [(None, "a text", ""), (4, "a text", "offset"), (None, Excerpts(False).text("secret"), "--reveal")],
)
def test_offsets_and_masks_are_explained_where_there_are_any(
    offset: int | None, excerpt: str, told: str
) -> None:
    item = Evidence("p/dm", Content.READABLE, Grade.SHOWN, "body", (), excerpt, "a#1>", offset)
    said = " ".join(phrases.again([item]))
    assert [word for word in ("offset", "--reveal") if word in said] == [told] * bool(told)


def test_hosts_that_were_renamed_are_named(sample: Report, show: Show) -> None:
    assert "localhost is audited as chat.signal.org, at your word" in show(sample)


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_hostile_strings_are_shown_literally_and_defused(text: str, encoding: str, summed: Add) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding, newline="\n")
    report = hostile("x", summed)
    shown = [
        msgspec.structs.replace(v, platform=text, reason=text, limits=(text,)) for v in judge(report, EMPTY)
    ]
    reporter("terminal").render(report, shown, stream, Options(160))
    stream.seek(0)
    page = stream.read()
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]", page)
    if text.isascii() and text.isprintable():
        assert text in page


@pytest.mark.parametrize("text", [t for t in HOSTILE if t != "\ud800"], ids=ascii)
@pytest.mark.parametrize("colour", [None, True])
def test_no_part_of_a_report_can_speak_to_the_terminal(
    text: str, show: Show, summed: Add, colour: bool | None
) -> None:
    page = show(hostile(text, summed), 160, "utf-8", colour)
    ours = re.sub("\x1b\\[[0-9;]*m", "", page) if colour else page
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", ours)
    if text.isprintable():
        assert ours.count(text) >= 10
    if colour:
        assert "\x1b[31mred" not in page


def test_a_file_gets_no_escape_codes_whatever_the_surroundings_ask(
    sample: Report, show: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "CLICOLOR_FORCE"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("COLUMNS", "33")
    page = show(sample, 80)
    assert "\x1b" not in page
    monkeypatch.undo()
    assert page == show(sample, 80)


def test_colour_adds_nothing_but_colour(sample: Report, show: Show) -> None:
    bright = show(sample, 80, "utf-8", True)
    assert "\x1b[" in bright
    plain = re.sub("\x1b\\[[0-9;]*m", "", bright)
    assert [line.rstrip() for line in plain.splitlines()] == show(sample, 80).splitlines()


def test_wide_characters_keep_the_columns_straight(show: Show, summed: Add) -> None:
    finding = Finding(
        ref=Ref("a", 1), platform="聊天聊天", surface="dm", direction=Direction.OUT, road=Road.PROTECTED,
        content=Content.READABLE, grade=Grade.SHOWN, rule="r", excerpt="👩‍👩‍👧 на обед 🍜",
    )  # fmt: skip
    other = msgspec.structs.replace(finding, platform="ascii")
    page = show(Report((summed(Capture("1", "a", "har", 1), [finding, other]),)), 80)
    rows = [line for line in page.splitlines() if "the service" in line and "◐" in line]
    assert len({cell_len(row[: row.index("◐")]) for row in rows}) == 1
    assert "👩‍👩‍👧 на обед 🍜" in page


def test_long_lists_are_cut_and_the_rest_is_counted(show: Show) -> None:
    peers = {Peer(f"host{n}", 443, "TLS", "no keys"): Contacts(1, 0, 0, ()) for n in range(MOST + 5)}
    one = Slice(Capture("1", "a", "har", 1), Stretches.of([(0, 9)]), contacts=Peers.of(peers.items()))
    assert "and 5 more: --format json lists them all" in show(Report((one,)))


def test_a_weak_planted_text_is_not_said_to_be_unread(show: Show) -> None:
    troubles = {Trouble(kind, "why"): Troubles(1, (Ref("a", 0),)) for kind in ("weak text", "damaged")}
    page = show(Report((Slice(Capture("1", "a", "har", 1), troubles=ordered(troubles)),)))
    weak, unread = page.index("Planted texts that prove little"), page.index("What could not be read")
    assert weak < page.index("weak text") < unread < page.index("damaged")


def test_every_state_of_the_ledger_is_explained(show: Show) -> None:
    one = Slice(Capture("1", "a", "har", 1), ledger=ordered({state: Account(1, 2) for state in STATES}))
    page = show(Report((one,)), 160)
    assert all(state in page and meaning in page for state, meaning in STATES.items())


def test_a_terminal_gets_colour_unless_the_user_says_no(
    sample: Report, book: Rulebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "97")
    for colour, coded in ((None, True), (True, True), (False, False)):
        stream = Terminal()
        reporter("terminal").render(sample, judge(sample, book), stream, Options(colour=colour))
        assert ("\x1b[" in stream.getvalue()) is coded
        lines = re.sub("\x1b\\[[0-9;]*m", "", stream.getvalue()).splitlines()
        assert 80 < max(map(cell_len, lines)) <= 97
