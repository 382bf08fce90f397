"""The audit itself: feed it events as they come, ask for the report whenever you like.

Laws: no file, socket, clock or chance in here; the same events in any slices give the same
report; no event is dropped: each parcel enters the ledger once, each contact and problem
its table.
"""

from collections.abc import Iterable
from heapq import merge

from msgspec import structs

from auditor import bosh, ledger
from auditor.answers import Answers
from auditor.doubts import nearby
from auditor.excerpts import Excerpts
from auditor.fragments import Fragments, fragment_of
from auditor.model import (
    App,
    Contact,
    Content,
    Event,
    Finding,
    Grade,
    Parcel,
    Problem,
    Sighting,
    first_refs,
)
from auditor.needles import Needles
from auditor.peers import Met
from auditor.pieces import Pieces
from auditor.reading import PLANTED, Reading
from auditor.recall import Recall
from auditor.report import (
    NONE,
    Capture,
    Digest,
    Digests,
    Report,
    Row,
    Sight,
    Sightings,
    Slice,
    Tally,
    Trouble,
    Troubles,
    ordered,
)
from auditor.rulebook.book import Rulebook
from auditor.rulebook.types import Platform, Rule
from auditor.streams import PARTS, SIGNS
from auditor.stretches import Numbers, Stretches, of_numbers
from auditor.unread import unread

NO_APP = App()


class Audit:
    """One audit of one capture, or of a slice of it."""

    def __init__(
        self, book: Rulebook, needles: Needles | None = None, reveal: bool = False, app: App = NO_APP
    ) -> None:
        self.book = book
        self.app = app
        self.needles = needles or Needles()
        self.pieces = Pieces(self.needles)
        self.fragments = Fragments()
        self.answers = Answers()
        self.excerpts = Excerpts(reveal)
        self.recall = Recall(book, self.needles, self.excerpts)
        self.ledger = ledger.Ledger()
        self.tally: dict[Row, Tally] = {}
        self.sightings: dict[Sight, Sightings] = {}
        self.contacts = Met()
        self.troubles: dict[Trouble, Troubles] = {}
        self.platforms: dict[str, int] = {}
        self.unruled: dict[str, int] = {}
        self.digests: dict[Digest, Digests] = {}
        self.entries: set[int] = set()
        self.shut = Numbers()  # entries of contacts
        self.renamed: set[tuple[str, str]] = set()

    def feed(self, event: Event) -> list[Finding]:
        """What this event shows; everything is kept in sums as well."""
        if isinstance(event, Contact):
            self._contact(event)
            return []
        self.entries.add(event.ref.entry)
        if isinstance(event, Problem):
            self._problem(event)
            return []
        return [finding for part in bosh.parts(event) for finding in self._part(part)]

    def _part(self, part: Parcel | Problem) -> list[Finding]:
        if isinstance(part, Problem):
            self._problem(part)
            return []
        partial = part.head.method in PARTS
        findings = self._parcel(structs.replace(part, whole=False) if partial else part)
        if not findings and partial:
            why = f"{part.head.method}: of no message seen as a whole"
            problem = Problem(part.ref, "not read", why, (part.channel,), (part.protocol,))
            self._doubt(one for one in unread(problem, self.book) if one[0].direction is part.direction)
        return findings

    def finish(self) -> list[Finding]:
        """Nothing more comes: what was held back because more could come."""
        findings = self.fragments.finish()
        for finding in findings:
            _count(self.tally, *self._row(finding))
        return findings

    def report(self, capture: Capture) -> Report:
        tally = dict(self.tally)
        for finding in self.fragments.unfinished():
            _count(tally, *self._row(finding))
        return Report(
            (
                Slice(
                    capture,
                    Stretches.of(of_numbers(merge(sorted(self.entries), self.shut))),
                    (self.book.digest,),
                    len(self.needles.texts),
                    ordered(tally),
                    ordered(self.sightings),
                    self.contacts.peers(),
                    tuple(sorted(self.ledger.accounts.items())),
                    ordered(self.troubles),
                    tuple(sorted(self.platforms.items())),
                    tuple(sorted(self.unruled.items())),
                    ordered(self.digests),
                ),
            )
        )

    def _parcel(self, parcel: Parcel) -> list[Finding]:
        if parcel.channel.renamed:
            self.renamed.add((parcel.channel.renamed, parcel.channel.host))
        platform = self.book.platform_at(parcel.channel.host)
        sign = parcel.protocol != "http" and parcel.head.method in SIGNS.values()
        rules = self.book.anywhere_in(parcel) if sign else self.book.meeting(parcel)
        asked = self.answers.to(parcel)
        heard = self.recall.listens(parcel, bool(rules or platform))
        if not (rules or asked or heard or self.needles):
            self._known(platform, rules, parcel.channel.host)
            self.ledger.enter(ledger.NO_RULE if platform else ledger.STRANGER, parcel)
            return []
        reading = Reading(self.book, self.needles, self.excerpts, parcel, [rule for rule, _ in rules])
        findings: list[Finding] = []
        held: list[Finding] = []
        for rule, name in () if sign else rules:
            for finding in reading.follow(rule, name):
                settled = self._fragment(finding, rule, reading)
                findings += [self._whole(finding, reading)] if settled is None else settled
                held += [finding] if settled is not None else []
        shown = {f.rule for f in (*held, *findings)} | {s.rule for s in reading.sightings}
        if (sign or parcel.protocol == "websocket") and not shown:
            reading.look_for_words(rules, sign)
        rules = [
            (rule, name)
            for rule, name in rules
            if rule.id in shown or (self.book.tells(rule, name, platform) and not sign)
        ]
        self._known(platform, rules, parcel.channel.host)
        reading.look_around([*held, *findings], rules)
        reading.look_back(asked, rules, bool(shown))
        self.answers.wait(parcel, findings)
        findings += reading.elsewhere([*held, *findings], platform.id if platform else "", rules)
        told = (finding.rule != PLANTED for finding in (*held, *findings))
        self.ledger.enter(ledger.state(told, bool(rules), platform is not None), parcel)
        owner = next((name for _, name in rules), platform.id if platform else "")
        for finding in findings:
            _count(self.tally, *self._row(finding, parcel.channel.host))
        root = reading.opened()[0] if heard else None
        opened = self.recalled(self.recall.look(parcel, owner, reading.locked, root))
        self._doubt((finding, parcel.channel.host) for finding in reading.doubts)
        for sighting in reading.sightings:
            self._see(sighting)
        for problem in reading.problems:
            self._problem(problem)
        self._digested(reading, findings[0].platform if findings and not held else owner)
        return [*findings, *opened]

    def recalled(self, found: Iterable[tuple[Finding, str]]) -> list[Finding]:
        """Messages that a key opens which was seen elsewhere, each with its host."""
        return [_count(self.tally, *self._row(finding, host)) for finding, host in found]

    def _fragment(self, finding: Finding, rule: Rule, reading: Reading) -> list[Finding] | None:
        """What is settled with this piece of a message: often nothing yet. None where it is no piece."""
        one = fragment_of(reading.said.get(id(finding), ""))
        if one is None or finding.texts:
            return None
        ref, people = finding.ref, reading.people.get(id(finding), "")
        key = (ref.capture, ref.entry, reading.parcel.outgoing, finding.rule, people, one.tags)
        whole, settled = self.fragments.add(key, one, finding)
        return [*settled, reading.rejoined(rule, finding, whole)] if whole else settled

    def _whole(self, finding: Finding, reading: Reading) -> Finding:
        """A planted text may come in pieces: the finding of the last one shows it."""
        said = reading.said.get(id(finding))
        if said is None or not self.needles:
            return finding
        ref = finding.ref
        texts = self.pieces.add((ref.capture, ref.entry, reading.parcel.outgoing, finding.rule), said)
        new = tuple(text for text in texts if text not in finding.texts)
        if not new:
            return finding
        return structs.replace(
            finding,
            content=Content.READABLE,
            grade=Grade.SHOWN,
            texts=tuple(sorted({*finding.texts, *new})),
            excerpt=self.excerpts.planted(new),
            note="read in pieces; here is the last of them",
        )

    def _known(self, platform: Platform | None, rules: list[tuple[Rule, str]], host: str) -> None:
        """Whose parcel this is: its host's, and that of every rule that is about it.

        What no rule is about counts for its host, whosever that turns out to be."""
        for name in {name for _, name in rules} | ({platform.id} if platform else set()):
            self.platforms[name] = self.platforms.get(name, 0) + 1
        if not rules:
            name = platform.id if platform else nearby(host)
            self.unruled[name] = self.unruled.get(name, 0) + 1

    def _row(self, finding: Finding, host: str = "", doubt: bool = False) -> tuple[Row, Finding]:
        platform = self.book.platforms.get(finding.platform)
        rule = self.book.rules.get(finding.rule)
        anywhere = rule.anywhere if rule else finding.rule == PLANTED
        near = nearby(host) if anywhere else ""
        far_end = platform.far_end if platform else "service"
        row = Row(
            finding.platform, finding.surface, finding.direction, finding.content, finding.road,
            finding.grade, finding.rule, finding.slot, finding.seal, far_end, finding.texts,
            structs.replace(self.app, device=finding.device) if finding.device else self.app,
            near, doubt,
        )  # fmt: skip
        return row, finding

    def _doubt(self, lost: Iterable[tuple[Finding, str]]) -> None:
        for finding, host in lost:
            _count(self.tally, *self._row(finding, host, doubt=True))

    def _see(self, sighting: Sighting) -> None:
        key = Sight(sighting.platform, sighting.surface, sighting.direction, sighting.rule)
        one = Sightings(1, dict.fromkeys(sorted(sighting.sees), 1), (sighting.ref,))
        self.sightings[key] = self.sightings[key] + one if key in self.sightings else one

    def _digested(self, reading: Reading, owner: str) -> None:
        """Hashes of planted texts: a table of their own, for they are neither readable nor sealed."""
        parcel = reading.parcel
        host = parcel.channel.host or parcel.channel.address or "nameless"
        for algorithm, text in sorted(reading.digests):
            key = Digest(owner or f"unknown:{host}", host, parcel.direction, algorithm, text)
            one = Digests(1, (parcel.ref,))
            self.digests[key] = self.digests[key] + one if key in self.digests else one

    def _contact(self, contact: Contact) -> None:
        """Whose it is its host says, then who recorded it, then what is spoken there."""
        platform = self.book.platform_at(contact.channel.host)
        spoken = self.book.transport_of(contact)
        owner = platform.id if platform else contact.platform or (spoken.platform if spoken else "")
        if owner:
            self.platforms[owner] = self.platforms.get(owner, 0) + 1 + len(contact.also)
        if spoken:
            shown = (*contact.facts, ("known by", f"{spoken.id}: {spoken.grade}"))
            contact = structs.replace(contact, transport=spoken.called(contact.transport), facts=shown)
        for entry in (contact.ref.entry, *contact.also):
            self.shut.add(entry)
        self.contacts.meet(contact, owner)

    def _problem(self, problem: Problem) -> None:
        self._doubt(unread(problem, self.book))
        key = Trouble(problem.kind, problem.message)
        one = Troubles(1, first_refs((problem.ref,)))
        self.troubles[key] = self.troubles[key] + one if key in self.troubles else one


def _count(tally: dict[Row, Tally], row: Row, finding: Finding) -> Finding:
    tally[row] = tally.get(row, NONE).and_one(finding)
    return finding


def audit(
    events: Iterable[Event], book: Rulebook, capture: Capture, needles: Needles | None = None
) -> Report:
    """One capture, whole."""
    run = Audit(book, needles)
    for event in events:
        run.feed(event)
    return run.report(capture)
