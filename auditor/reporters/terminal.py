"""The report as a page for people, in a terminal or a file.

Laws: what a capture says is shown literally and never read as markup or control codes;
colour is never the only signal; a file or a pipe gets text and nothing else; a stream that
has no UTF-8 gets plain signs.
"""

import codecs
import io
import shutil
from collections.abc import Iterable, Sequence
from typing import TextIO

from rich.box import SIMPLE_HEAD, Box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from auditor import words
from auditor.judge import Verdict
from auditor.ledger import STATES
from auditor.model import Answer
from auditor.report import Report
from auditor.reporters import Options, phrases
from auditor.text import printable
from auditor.words import SENTENCE, SHORT

name = "terminal"

NARROWEST, NARROW, FILE, WIDEST = 40, 60, 80, 160
PROSE = 110  # lines longer than this are hard to read
MOST = 20  # rows of a table that may grow with the capture; the rest is counted
LEAST, GAP = 13, 2  # columns that a long word may claim; columns between columns
NUMBERS = {"times", "parcels", "size"}  # heads of columns that align at the right
MARKS = {
    Answer.CLEARTEXT: ("○", "!"),
    Answer.TRANSPORT_ONLY: ("◐", "~"),
    Answer.OPAQUE: ("●", "#"),
    Answer.END_TO_END: ("✓", "+"),
    Answer.INCONCLUSIVE: ("?", "?"),
}
STYLES = {
    Answer.CLEARTEXT: "bold red",
    Answer.TRANSPORT_ONLY: "yellow",
    Answer.OPAQUE: "cyan",
    Answer.END_TO_END: "green",
    Answer.INCONCLUSIVE: "magenta",
}
_PLAIN = str.maketrans({"·": ".", "…": "...", "é": "e", "–": "-"})
_PLAIN_BOX = Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)

Cell = str | tuple[str, str]  # a text, or a text and its style


def render(report: Report, verdicts: list[Verdict], stream: TextIO, options: Options) -> None:
    page = Page(stream, options)
    if verdicts:
        _table(page, verdicts)
        told: set[phrases.Fact] = set()
        for verdict in verdicts:
            _verdict(page, verdict, told)
    else:
        _nothing(page, report)
    _around(page, report)
    _digests(page, report)
    _shut(page, report)
    _ledger(page, report)
    _problems(page, report)
    _captures(page, report)
    _again(page, verdicts)
    stream.write(page.text())


class Page:
    """Texts laid out in columns. The only place that knows about widths, colours and encodings."""

    def __init__(self, stream: TextIO, options: Options) -> None:
        self.encoding = stream.encoding or "utf-8"
        self.utf = codecs.lookup(self.encoding).name.startswith("utf")
        colour = stream.isatty() if options.colour is None else options.colour
        wide = shutil.get_terminal_size().columns if stream.isatty() else FILE
        self.width = max(min(options.width or wide, WIDEST), NARROWEST)
        self.buffer = io.StringIO()
        self.console = Console(
            file=self.buffer,
            width=self.width,
            force_terminal=colour,
            color_system=None if not colour else "standard" if options.colour else "auto",
            legacy_windows=False,
            markup=False,
            emoji=False,
            highlight=False,
        )

    def text(self) -> str:
        lines = (line.rstrip() for line in self.buffer.getvalue().splitlines())
        return "\n".join(lines).strip("\n") + "\n"

    def safe(self, cell: Cell) -> Text:
        text, style = (cell, "") if isinstance(cell, str) else cell
        text = printable(text)
        if not self.utf:
            text = text.translate(_PLAIN).encode(self.encoding, "backslashreplace").decode(self.encoding)
        return Text(text, style=style, overflow="fold")

    def mark(self, answer: Answer) -> str:
        return MARKS[answer][0 if self.utf else 1]

    def heading(self, text: str) -> None:
        self.console.print()
        self.console.print(self.safe((text, "bold")))

    def say(self, cell: Cell, indent: int = 0) -> None:
        self.rows([(" " * indent, cell)] if indent else [("", cell)], indent)

    def rows(self, rows: Iterable[tuple[Cell, Cell]], label: int, indent: int = 0) -> None:
        """Labels and texts; texts hang in their own column."""
        grid = Table.grid(padding=(0, 1 if label else 0, 0, 0))
        grid.add_column(width=indent + max(label - 1, 0), overflow="fold")
        grid.add_column(width=min(self.width, PROSE) - indent - label, overflow="fold")
        for left, right in rows:
            shown = Text(" " * indent)
            shown.append_text(self.safe(left))
            grid.add_row(shown, self.safe(right))
        self.console.print(grid)

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[Cell]], fixed: Iterable[str] = ()) -> None:
        """Columns that are `fixed` never wrap; the others wrap between words where they can."""
        table = Table(
            box=SIMPLE_HEAD if self.utf else _PLAIN_BOX,
            show_edge=False,
            pad_edge=False,
            padding=(0, 1, 0, 0),
            header_style="bold",
        )
        cells = [[self.safe(cell) for cell in row] for row in (heads, *rows)]
        widths = self.widths(cells, [head not in fixed for head in heads])
        for head, width, text in zip(heads, widths, cells[0], strict=True):
            table.add_column(
                text, width=width, overflow="fold", justify="right" if head in NUMBERS else "left"
            )
        for row in cells[1:]:
            table.add_row(*row)
        self.console.print(table)

    def widths(self, cells: list[list[Text]], wraps: list[bool]) -> list[int]:
        """As wide as their texts; too wide for the page, columns that wrap give way, down to their words."""
        columns = list(zip(*cells, strict=True))
        widths = [max(text.cell_len for text in column) for column in columns]
        words = [
            max(cell_len(word) for text in column for word in text.plain.split() or [""])
            for column in columns
        ]
        floors = [
            min(word, LEAST) if wrap else width
            for word, wrap, width in zip(words, wraps, widths, strict=True)
        ]
        room = self.width - GAP * (len(widths) - 1)
        while sum(widths) > room and max(widths) > 1:
            slack = [width - floor for width, floor in zip(widths, floors, strict=True)]
            give = slack if max(slack) > 0 else widths
            widths[give.index(max(give))] -= 1
        return widths


def _table(page: Page, verdicts: list[Verdict]) -> None:
    page.heading("Who can read the messages")
    page.console.print()
    rows: list[list[Cell]] = [
        [
            words.whose(v.platform),
            phrases.subject(v),
            (f"{page.mark(v.verdict)} {v.verdict}", STYLES[v.verdict]),
            SHORT[v.verdict],
            v.grade.value,
            (phrases.claim(v), "bold red" if phrases.claim(v) == phrases.CLAIM["no"] else ""),
        ]
        for v in verdicts
    ]
    heads: tuple[str, ...] = ("platform", "messages", "verdict", "who can read it", "grade", "claim")
    if page.width < NARROW:  # the answer alone
        heads = ("messages", "who can read it")
        rows = [[f"{row[0]} {row[1]}", row[3]] for row in rows]
    page.table(heads, rows, fixed=("verdict", "grade", "claim"))


def _verdict(page: Page, verdict: Verdict, told: set[phrases.Fact]) -> None:
    mark = page.mark(verdict.verdict)
    subject = f"{words.whose(verdict.platform)}, {phrases.subject(verdict)}"
    page.console.print()
    head = (f"{subject}: {phrases.answer(verdict)}, {verdict.grade}", "bold")
    page.rows([((mark, STYLES[verdict.verdict]), head)], 2)
    page.say(SENTENCE[verdict.verdict], 2)
    page.rows([((label, "dim"), text) for label, text in phrases.block(verdict, told)], 17, indent=2)


def _nothing(page: Page, report: Report) -> None:
    if not report:
        page.say(phrases.NOTHING_READ)
    else:
        page.say((phrases.NOTHING_FOUND, "bold"))
        page.say(f"What was read: {phrases.total(report)}")
        page.say("That says nothing about the app: only that this recording does not show its messages.")
    page.heading("What to try next")
    page.rows([("-", text) for text in phrases.try_next(report)], 2)


def _around(page: Page, report: Report) -> None:
    rows = phrases.around(report)
    if rows:
        page.heading("Around the messages: what the service sees without reading any text")
        page.console.print()
        page.table(("platform", "what", "way", "times", "the service sees"), rows, fixed=("way", "times"))


def _digests(page: Page, report: Report) -> None:
    if digests := report.whole().digests:
        page.heading("Digests of planted texts: nobody read a text in them")
        page.rows([("-", phrases.digest(kind, sums)) for kind, sums in digests[:MOST]], 2)
        _more(page, len(digests))


def _shut(page: Page, report: Report) -> None:
    contacts = sorted(report.whole().contacts, key=lambda item: (-item[1].count, item[0]))
    shut = [item for item in contacts if words.stays_shut(item[0].reason)]
    if shut:
        page.heading("What stayed shut, and why")
        page.console.print()
        rows = [
            [
                phrases.far_end(peer),
                peer.platform or "-",
                f"{peer.transport}: {peer.reason}",
                f"{sums.count:,}",
                f"{phrases.size(sums.sent)} / {phrases.size(sums.received)}",
            ]
            for peer, sums in shut[:MOST]
        ]
        heads = ("far end", "platform", "why", "times", "sent / received")
        page.table(heads, rows, fixed=heads[3:])
        _more(page, len(shut))
    if told := [(peer, words.facts(sums.facts)) for peer, sums in contacts if sums.facts]:
        page.heading("What they show to anyone who looks on")
        page.rows([("-", f"{phrases.far_end(peer)}: {said}") for peer, said in told[:MOST] if said], 2)
        _more(page, len(told))


def _more(page: Page, rows: int) -> None:
    if rows > MOST:
        page.say(f"and {rows - MOST:,} more: --format json lists them all")


def _ledger(page: Page, report: Report) -> None:
    accounts = dict(report.whole().ledger)
    rows = [
        [state, f"{accounts[state].parcels:,}", phrases.size(accounts[state].bytes), meaning]
        for state, meaning in STATES.items()
        if state in accounts
    ]
    if rows:
        page.heading("Where everything that was opened went (a parcel: what one side says at a time)")
        page.console.print()
        page.table(("state", "parcels", "size", "which means"), rows, fixed=("state", "parcels", "size"))


def _problems(page: Page, report: Report) -> None:
    troubles = report.whole().troubles
    weak = [one for one in troubles if one[0].kind == "weak text"]
    unread = [one for one in troubles if one not in weak]
    for head, some in (("Planted texts that prove little", weak), ("What could not be read", unread)):
        if not some:
            continue
        page.heading(head)
        rows: list[tuple[Cell, Cell]] = []
        for trouble, sums in some[:MOST]:
            where = phrases.first(sums.refs, sums.count)
            rows.append((f"{sums.count:,} x", f"{trouble.kind}: {trouble.message} ({where})"))
        page.rows(rows, max(len(str(left)) for left, _ in rows) + 1)
        _more(page, len(some))


def _captures(page: Page, report: Report) -> None:
    slices = sorted(report.by_capture(), key=lambda s: (s.capture.name, s.capture.sha256))
    if not slices:
        return
    page.heading("What was read")
    lines = [*map(phrases.read, slices), *phrases.remarks(one.capture for one in slices)]
    page.rows([("-", line) for line in lines], 2)


def _again(page: Page, verdicts: list[Verdict]) -> None:
    if cited := [item for verdict in verdicts for item in verdict.evidence]:
        page.heading("How to check this")
        page.rows([("-", text) for text in phrases.again(cited)], 2)
