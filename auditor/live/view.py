"""The live view: what is to be done, what was seen, and what it means so far, on one screen.

It is drawn on a thread of its own from what others wrote down, twice a second, and never longer
than the terminal is high: what finds no room is counted. The log goes on underneath it.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from textwrap import wrap

from rich.cells import cell_len, set_cell_size
from rich.console import Console, Group
from rich.live import Live as Screen
from rich.text import Text

from auditor.judge import Verdict
from auditor.live.codes import code
from auditor.live.doctor import diagnoses
from auditor.live.session import Live
from auditor.live.watch import Host
from auditor.model import Answer
from auditor.reporters.phrases import messages
from auditor.reporters.terminal import MARKS, STYLES
from auditor.text import printable
from auditor.words import SHORT, count, whose

PACE = 0.5  # seconds between pictures
KEYS = (  # the first for which there is room
    "m sent   n note   p pause   c code for the phone   d doctor   q stop",
    "m sent n note p hold c code d why q stop",
    "m n p c d q",
)
NARROWEST, ENOUGH, WIDEST = 10, 40, 60  # columns for a name
LOW = 16  # rows
ANSWER = 17  # columns of a verdict and its mark
IN = "  "  # before what lies in a section
HEAD = "bold"  # the style of what stands over a section
Row = tuple[str, str]  # a text and its style


class Face:
    """The screen, and what the keys do to it."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.paused = False
        self.shows = ""  # instead of the overview: code or doctor
        self.code = 0  # which of them: a small window has room for one
        self.typed: str | None = None  # a note that is being written
        self._frozen: list[Row] = []

    def key(self, char: str) -> None:
        if self.typed is not None:
            self._type(char)
        elif char == "m":
            self._mark("sent")
        elif char == "n":
            self.typed = ""
        elif char == "p":
            self.paused = not self.paused
        elif char == "c":
            self._next_code()
        elif char == "d":
            self.shows = "" if self.shows == "doctor" else "doctor"
        elif char == "q":
            self.live.running.stop("you stopped it")

    def _next_code(self) -> None:
        self.code = self.code + 1 if self.shows == "code" else 0
        self.shows = "code" if self.code < len(self.live.codes()) else ""

    def _type(self, char: str) -> None:
        note = self.typed or ""
        if char in "\r\n":
            self.typed = None
            if note.strip():
                self._mark(note.strip())
        elif char == "\x1b":
            self.typed = None
        elif char in "\x7f\b":
            self.typed = note[:-1]
        elif char.isprintable():
            self.typed = note + char

    def _mark(self, what: str) -> None:
        try:
            self.live.folder.mark(what)
            self.live.lines.write(f"marked: {what}")
        except OSError as exc:
            self.live.lines.write(f"the mark was not kept: {exc.strerror}")

    def rows(self, width: int, height: int) -> list[Row]:
        """Exactly as many as there is room for."""
        keys = next((text for text in KEYS if len(text) <= width), KEYS[-1])
        foot = f"Note: {self.typed}_" if self.typed is not None else keys
        if self.shows == "code":
            body = _code(*self.live.codes()[self.code], width, height - 2)
        elif self.shows == "doctor":
            body = _cut(_doctor(self.live, width), height - 2)
        elif self.paused and self._frozen:
            body = self._frozen
        else:
            body = self._frozen = self._body(width, height - 2)
        body = body[: height - 2]
        while body and body[-1][1] == HEAD:  # what it stands over found no room
            body = body[:-1]
        return [self._head(), *body, *[("", "")] * (height - 2 - len(body)), (foot, "reverse")]

    def _head(self) -> Row:
        live = self.live
        ran = int(time.time() - live.folder.about.began)
        about = f"{live.name}  {live.plan.address}  {ran // 60}:{ran % 60:02}"
        counts = f"{count(live.watch.requests, 'request')}, {count(len(live.watch.hosts), 'host')}"
        held = "  PAUSED (recording goes on)" if self.paused else ""
        return f"{about}{held}  {counts}", HEAD

    def _body(self, width: int, height: int) -> list[Row]:
        """Sections in their order; each gives way to those that matter more."""
        live = self.live
        room = width - len(IN)
        verdicts, shut = _verdicts(live, room), _shut(live.watch.hosts, room)
        steps = [*_broken(live), *_steps(live, width, brief=height < LOW)]
        last, log = _last(live), [(text, "dim") for _, text in list(live.lines.last)[-3:]]
        spare = height - len(steps) - len(last) - len(log) - 5
        for_verdicts = max(3, min(len(verdicts), spare - min(len(shut), 4)))
        for_shut = max(2, spare - min(len(verdicts), for_verdicts))
        return [
            *steps,
            *_section("Who can read the messages, so far", _cut(verdicts, for_verdicts)),
            *_section("What stays shut, and what is weak", _cut(shut, for_shut)),
            *_section("Last evidence", last),
            *_section("Log", log),
        ]


def _broken(live: Live) -> list[Row]:
    """Said for as long as it is so: whoever looks on would wait for verdicts that never come."""
    listener = live.auditor.listener
    if listener is None or listener.alive:
        return []
    why = "The analysis broke off; traffic passes and is recorded. The report, afterwards:"
    return [(why, "bold red"), (f"  {live.command()}", "red")]


def _steps(live: Live, width: int, brief: bool) -> list[Row]:
    """The checklist: shrinks to one line once everything works, in a low window to what is left to do."""
    watch, seen = live.watch, live.seen
    met = seen and any(verdict.counts for verdict in seen.verdicts)
    done = [bool(watch.devices), watch.trusted, watch.trusted and bool(met)]
    if all(done):
        return [("Set up: the phone is here, trusts the certificate, and messages were seen.", "green")]
    steps = live.steps()
    reach, page, send = steps[: len(live.plan.modes)], steps[-2], steps[-1]
    rows = [(done[0], one) for one in reach] + [(done[1], page), (done[2], send)]
    return [
        (line, "green" if ok else "")
        for ok, step in rows
        if not (ok and brief)
        for line in wrap(f"[{'x' if ok else ' '}] {step}", width, subsequent_indent=" " * 4)
    ]


def _verdicts(live: Live, width: int) -> list[Row]:
    if live.seen is None or not live.seen.verdicts:
        return [("nothing yet: no app that the rules know, and none of your texts", "dim")]
    found = sorted(live.seen.verdicts, key=lambda v: (list(Answer).index(v.verdict), v.platform))
    room, longest = width - ANSWER - 2, max(cell_len(_name(one, WIDEST)) for one in found)
    ends = [f"{SHORT[one.verdict]}, {count(sum(one.counts.values()), 'message')}" for one in found]
    if min(longest, ENOUGH) + max(map(len, ends)) > room:  # how many matters less than whose
        ends = [SHORT[one.verdict] for one in found]
    names = [_name(one, room - max(map(len, ends))) for one in found]
    wide = max(map(cell_len, names))
    return [
        (
            f"{MARKS[one.verdict][0]} {one.verdict:<15}{set_cell_size(name, wide)}  {end}",
            STYLES[one.verdict],
        )
        for one, name, end in zip(found, names, ends, strict=True)
    ]


def _name(one: Verdict, room: int) -> str:
    """Whose messages, and which; the app that is audited is one and the same."""
    kind = messages(one.platform, one.surface, one.direction)
    return f"{_short(whose(one.platform), room - len(kind) - 1)} {kind}"


def _short(name: str, room: int) -> str:
    """Of a long name both ends are kept: which one it is, and whose."""
    name, room = printable(name), min(max(room, NARROWEST), WIDEST)
    if cell_len(name) <= room:
        return name
    first = room // 2
    return f"{set_cell_size(name, first)}\u2026{set_cell_size(name[::-1], room - first - 1)[::-1]}"


def _shut(hosts: dict[str, Host], width: int) -> list[Row]:
    shut = [(name, one) for name, one in list(hosts.items()) if _grave(one)]
    shut.sort(key=lambda item: (-_grave(item[1]), item[0]))
    told = [(name, _why(one)) for name, one in shut]
    rows = [(f"{_short(name, width - len(why) - 2)}: {why}", "yellow") for name, why in told]
    return rows or [("nothing", "dim")]


def _grave(one: Host) -> int:
    return one.passed + one.refused + one.left + sum(bool(outcome.weak) for outcome in one.probes.values())


def _why(one: Host) -> str:
    parts = [outcome.weak for outcome in one.probes.values() if outcome.weak]
    parts += [f"{number:,} refused ({kind})" for kind, number in sorted(one.alerts.items())]
    parts += [f"{one.left:,} left without a word"] if one.left else []
    parts += [f"{one.passed:,} passed through unopened: {one.why}"] if one.passed else []
    return ", ".join(parts)


def _last(live: Live) -> list[Row]:
    finding = live.seen.last if live.seen else None
    if finding is None:
        return []
    what = messages(finding.platform, finding.surface, finding.direction)
    where = f"{whose(finding.platform)} {what}, {finding.ref} by {finding.rule}"
    return [(f"{finding.content}, {finding.grade}: {printable(finding.excerpt)}", ""), (where, "dim")]


def _section(head: str, rows: Sequence[Row]) -> list[Row]:
    return [(head, HEAD), *((f"{IN}{text}", style) for text, style in rows)] if rows else []


def _cut(rows: list[Row], most: int) -> list[Row]:
    if len(rows) <= most:
        return rows
    return [*rows[: most - 1], (f"and {len(rows) - most + 1:,} more", "dim")]


def _doctor(live: Live, width: int) -> list[Row]:
    """Troubles first: what works needs nobody."""
    rows: list[Row] = []
    for one in sorted(
        diagnoses(live.watch, live.plan.modes), key=lambda one: ("trouble", "hint", "ok").index(one.kind)
    ):
        style = {"trouble": "yellow", "hint": "", "ok": "green"}[one.kind]
        rows += [(row, style) for row in wrap(f"{one.about}: {one.what}", width, subsequent_indent="  ")]
        rows += [
            (row, "dim") for row in wrap(one.fix, width - 4, initial_indent="    ", subsequent_indent="    ")
        ]
    return rows


def _code(about: str, text: str, width: int, height: int) -> list[Row]:
    rows = code(text)
    if len(rows) + 1 > height or len(rows[0]) > width:
        need = f"the window needs {len(rows) + 3} rows of {len(rows[0])} characters"
        return [(about, ""), (f"no room for its code: {need}", "yellow")]
    return [(about, ""), *((row, "code") for row in rows)]


def drawn(rows: Sequence[Row], width: int) -> Group:
    """Rows as they are shown: one line each, and nothing that a host was named moves the cursor."""
    lines = []
    for text, style in rows:
        line = Text(text) if style == "code" else Text(printable(text), style=style)
        line.no_wrap = True
        line.truncate(width, overflow="ellipsis")
        lines.append(line)
    return Group(*lines)


@contextmanager
def shown(face: Face) -> Iterator[None]:
    """The screen belongs to the view until this ends."""
    console, over = Console(stderr=True), threading.Event()
    screen = Screen(console=console, screen=True, auto_refresh=False)

    def draw() -> None:
        with suppress(OSError):  # the terminal is gone, and the session goes on to its end
            while not over.wait(PACE):
                size = console.size
                screen.update(drawn(face.rows(size.width, size.height), size.width), refresh=True)

    thread = threading.Thread(target=draw, name="view", daemon=True)
    screen.start()
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        with suppress(OSError):
            screen.stop()
