"""The audit itself: feed it events as they come, ask for the report whenever you like.

Laws: no file, socket, clock or chance in here; the same events in any slices give the same
report; no event is dropped: each parcel enters the ledger once, each contact and problem
its table.
"""

from collections.abc import Iterable

from auditor import ledger
from auditor.decoders.unwrap import Node, Opening
from auditor.excerpts import Excerpts, offset_of
from auditor.model import (
    Contact,
    Content,
    Event,
    Finding,
    Grade,
    Parcel,
    Problem,
    Ref,
    Sighting,
)
from auditor.needles import Hit, Needles
from auditor.report import (
    Capture,
    Contacts,
    Peer,
    Report,
    Row,
    Sight,
    Sightings,
    Slice,
    Tally,
    Trouble,
    Troubles,
    first_refs,
    joined,
    ordered,
)
from auditor.rulebook.book import Rulebook
from auditor.rulebook.contents import Judge
from auditor.rulebook.match import Message, match, shown_path
from auditor.rulebook.opening import forced_by, open_parcel
from auditor.rulebook.types import Rule

NAMED = ("host", "method", "status")  # what the app does not write texts into
PLANTED = "planted-text"  # the rule of findings that no rule file made


class Audit:
    """One audit of one capture, or of a slice of it."""

    def __init__(self, book: Rulebook, needles: Needles | None = None, reveal: bool = False) -> None:
        self.book = book
        self.needles = needles or Needles()
        self.excerpts = Excerpts(reveal)
        self.ledger = ledger.Ledger()
        self.tally: dict[Row, Tally] = {}
        self.sightings: dict[Sight, Sightings] = {}
        self.contacts: dict[Peer, Contacts] = {}
        self.troubles: dict[Trouble, Troubles] = {}
        self.platforms: dict[str, int] = {}
        self.entries: set[int] = set()
        self.renamed: set[tuple[str, str]] = set()

    def feed(self, event: Event) -> list[Finding]:
        """What this event shows; everything is kept in sums as well."""
        self.entries.add(event.ref.entry)
        match event:
            case Parcel():
                return self._parcel(event)
            case Contact():
                self._contact(event)
            case Problem():
                self._problem(event)
        return []

    def report(self, capture: Capture) -> Report:
        return Report(
            (
                Slice(
                    capture,
                    joined((entry, entry + 1) for entry in self.entries),
                    (self.book.digest,),
                    len(self.needles.texts),
                    ordered(self.tally),
                    ordered(self.sightings),
                    ordered(self.contacts),
                    tuple(sorted(self.ledger.accounts.items())),
                    ordered(self.troubles),
                    tuple(sorted(self.platforms.items())),
                ),
            )
        )

    def _parcel(self, parcel: Parcel) -> list[Finding]:
        if parcel.channel.renamed:
            self.renamed.add((parcel.channel.renamed, parcel.channel.host))
        platform = self.book.platform_at(parcel.channel.host)
        rules = self.book.meeting(parcel)
        for name in {name for _, name in rules} | ({platform.id} if platform else set()):
            self.platforms[name] = self.platforms.get(name, 0) + 1
        if not rules and not self.needles:
            self.ledger.enter(ledger.NO_RULE if platform else ledger.STRANGER, parcel)
            return []
        reading = Reading(self, parcel)
        findings = [f for rule, name in rules for f in reading.follow(rule, name)]
        findings += reading.elsewhere(findings, platform.id if platform else "", rules)
        self.ledger.enter(_state(findings, bool(rules), platform is not None), parcel)
        for finding in findings:
            self._count(finding)
        return findings

    def _count(self, finding: Finding) -> None:
        platform = self.book.platforms.get(finding.platform)
        far_end = platform.far_end if platform else "service"
        row = Row(
            finding.platform, finding.surface, finding.direction, finding.content, finding.road,
            finding.grade, finding.rule, finding.slot, finding.seal, far_end, finding.texts,
        )  # fmt: skip
        one = Tally(1, (finding,), finding.when, finding.when)
        self.tally[row] = self.tally[row] + one if row in self.tally else one

    def see(self, sighting: Sighting) -> None:
        key = Sight(sighting.platform, sighting.surface, sighting.direction, sighting.rule)
        one = Sightings(1, dict.fromkeys(sorted(sighting.sees), 1), (sighting.ref,))
        self.sightings[key] = self.sightings[key] + one if key in self.sightings else one

    def _contact(self, contact: Contact) -> None:
        platform = self.book.platform_at(contact.channel.host)
        if platform:
            self.platforms[platform.id] = self.platforms.get(platform.id, 0) + 1
        host = contact.channel.host or contact.channel.address
        key = Peer(
            host, contact.channel.port, contact.transport, contact.reason, platform.id if platform else ""
        )
        one = Contacts(1, contact.sent, contact.received, (contact.ref,))
        self.contacts[key] = self.contacts[key] + one if key in self.contacts else one

    def _problem(self, problem: Problem) -> None:
        self.trouble(problem.kind, problem.message, problem.ref)

    def trouble(self, kind: str, message: str, ref: Ref) -> None:
        key = Trouble(kind, message)
        one = Troubles(1, first_refs((ref,)))
        self.troubles[key] = self.troubles[key] + one if key in self.troubles else one


class Reading:
    """One parcel, opened: once for everybody, and again for rules that order how."""

    def __init__(self, audit: Audit, parcel: Parcel) -> None:
        self.audit, self.parcel = audit, parcel
        self.plain: tuple[Node, Judge] | None = None
        self.hits: list[tuple[Node, Hit]] = []
        self.whole = parcel.whole

    def opened(self, rule: Rule | None = None) -> tuple[Node, Judge]:
        if rule is not None and rule.opens:
            return self._open(rule)
        if self.plain is None:
            self.plain = self._open(None)
        return self.plain

    def _open(self, rule: Rule | None) -> tuple[Node, Judge]:
        audit, parcel = self.audit, self.parcel
        opening = Opening(audit.book.recognise, forced_by(rule))
        root = open_parcel(parcel, opening)
        if opening.stopped:
            self.whole = False
            audit.trouble("too much", f"opening a parcel stopped early: {opening.stopped}", parcel.ref)
        planted: dict[int, tuple[str, ...]] = {}
        if audit.needles:
            for node in (n for child in root.children if child.step not in NAMED for n in child.walk()):
                if hits := look_for(audit.needles, node):
                    planted[id(node)] = tuple(sorted({hit.text for hit in hits}))
                    self.hits += [(node, hit) for hit in hits]
        return root, Judge(audit.book, root, planted)

    def follow(self, rule: Rule, platform: str) -> list[Finding]:
        """What one rule sees in this parcel."""
        root, judge = self.opened(rule)
        findings: list[Finding] = []
        for seen in match(rule, root, judge):
            direction, ref = self.parcel.direction, self.parcel.ref
            roles = tuple(role for role, _ in seen.sees)
            if isinstance(seen, Message):
                findings.append(self.finding(rule, platform, seen))
            if roles or not isinstance(seen, Message):
                self.audit.see(
                    Sighting(ref=ref, platform=platform, surface=seen.surface, direction=direction,
                             rule=rule.id, sees=tuple(sorted(set(roles))))
                )  # fmt: skip
        return findings

    def finding(self, rule: Rule, platform: str, message: Message) -> Finding:
        content, note = message.content, message.note
        if not self.whole and content in (Content.SEALED, Content.OPAQUE):
            content, note = (
                Content.MISSING,
                "only a part of this parcel could be read, so a copy may lie in the rest",
            )
        seen, parcel = message.seen, self.parcel
        layer = seen.layer if seen else None
        pattern = next((slot for slot in rule.slots if slot.text == message.slot), None)
        return Finding(
            ref=parcel.ref,
            platform=platform,
            surface=message.surface,
            direction=parcel.direction,
            road=parcel.channel.road,
            content=content,
            grade=self.grade(rule, message, content),
            rule=rule.id,
            slot=message.slot,
            seal=seen.seal if seen and content is Content.SEALED else "",
            path=shown_path(seen.node.path, pattern) if seen else message.slot,
            trail=layer.trail if layer else (),
            excerpt=self.audit.excerpts.of(seen) if seen else "",
            offset=offset_of(parcel.body, seen, layer),
            note=note,
            texts=seen.texts if seen else (),
            when=parcel.when,
        )

    def grade(self, rule: Rule, message: Message, content: Content) -> Grade:
        seen = message.seen
        if seen and seen.texts:
            return Grade.SHOWN
        if content is Content.READABLE:
            return Grade.SHOWN if rule.verified and not message.beside else Grade.CONSISTENT
        if content is Content.SEALED and seen:
            status = self.audit.book.envelopes[seen.seal].status
            return Grade.RECOGNISED if status != "constructed" and rule.verified else Grade.CONSISTENT
        return Grade.CONSISTENT

    def elsewhere(
        self, findings: list[Finding], platform: str, rules: list[tuple[Rule, str]]
    ) -> list[Finding]:
        """Planted texts that no rule's slot accounts for: a leak beside the message, or an unknown app."""
        if not self.audit.needles:
            return []
        self.opened()
        accounted = {text for finding in findings for text in finding.texts}
        extra: dict[str, Finding] = {}
        for node, hit in self.hits:
            if hit.text not in accounted and hit.text not in extra:
                extra[hit.text] = self.planted(node, hit, findings, platform, rules)
        return list(extra.values())

    def planted(
        self, node: Node, hit: Hit, findings: list[Finding], platform: str, rules: list[tuple[Rule, str]]
    ) -> Finding:
        parcel = self.parcel
        if findings:
            platform, surface = findings[0].platform, findings[0].surface
            note = "a copy of the text outside the message's slot"
        elif rules:
            platform, surface = rules[0][1], rules[0][0].action or "other"
            note = "the text travels in what is not a message"
        else:
            platform, surface = platform or f"unknown:{parcel.channel.host or 'nameless'}", "other"
            note = "no rule knows this request, but the text was read in it"
        layer = next((x for x in node.layers if hit in self.audit.needles.search(x.data)), None)
        trail = (*(layer.trail if layer else node.trail), *((hit.how,) if hit.how else ()))
        offset = parcel.body.find(hit.text.encode()) if node.path[:1] == ("body",) else -1
        return Finding(
            ref=parcel.ref,
            platform=platform,
            surface=surface,
            direction=parcel.direction,
            road=parcel.channel.road,
            content=Content.READABLE,
            grade=Grade.SHOWN,
            rule=PLANTED,
            path=shown_path(node.path),
            trail=trail,
            excerpt=self.audit.excerpts.planted((hit.text,)),
            offset=offset if offset >= 0 else None,
            note=note + (" (case, spaces or accents differ)" if hit.tolerant else ""),
            texts=(hit.text,),
            when=parcel.when,
        )


def look_for(needles: Needles, node: Node) -> list[Hit]:
    """Planted texts in any layer of one node."""
    hits: list[Hit] = []
    for layer in node.layers:
        hits += needles.search(layer.data)
        if isinstance(layer.value, str):
            exact = {hit.text for hit in hits}
            hits += [hit for hit in needles.search_text(layer.value) if hit.text not in exact]
    return hits


def _state(findings: list[Finding], ruled: bool, known: bool) -> str:
    if any(finding.rule != PLANTED for finding in findings):
        return ledger.READ
    if findings:
        return ledger.CANARY
    if ruled:
        return ledger.AROUND
    return ledger.NO_RULE if known else ledger.STRANGER


def audit(
    events: Iterable[Event], book: Rulebook, capture: Capture, needles: Needles | None = None
) -> Report:
    """One capture, whole."""
    run = Audit(book, needles)
    for event in events:
        run.feed(event)
    return run.report(capture)
