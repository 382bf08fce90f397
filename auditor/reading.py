"""One parcel under reading: opened, matched, searched for planted texts, written down as findings.

Laws: a planted text that no slot accounts for is a finding all the same; of a parcel that
could not be read to its end nothing is called sealed; where a value lies is always said.
"""

from functools import partial

from msgspec import structs

from auditor.answers import Kind, Kinds, repeated
from auditor.decoders.unwrap import Node, Opening
from auditor.excerpts import Excerpts, offset_of
from auditor.hiding import could_hold, look_for, look_through
from auditor.model import MESSAGES, Content, Direction, Finding, Grade, Parcel, Problem, Sighting
from auditor.needles import Hit, Needles
from auditor.partial import packed, partial_content, shut, unopened
from auditor.rulebook.book import Rulebook
from auditor.rulebook.contents import Judge, Seen
from auditor.rulebook.keyring import Shut
from auditor.rulebook.match import PEOPLE, STRENGTH, Message, match, shown_path
from auditor.rulebook.opening import forced_by, open_parcel
from auditor.rulebook.types import Rule
from auditor.strays import says, stray, unseen

NAMED = ("host", "method", "status")  # what the app does not write texts into
CUT = "only a part of this parcel could be read, so a message or a copy may lie in the rest"
STRAY = "readable words, or a key, stand outside the messages that a rule knows: perhaps a copy"
UNKNOWN = "a sentence stands in a message of the socket that no rule knows: perhaps one of another kind"
ANSWER = "readable words, or a key, stand in the answer to a sealed message: perhaps a copy"
SHUT = "the answer to a sealed message did not open, so a copy of it may lie in it"
UNOPENED = "this parcel did not open into what its rule knows, so a message may lie in it"
LOCKED = (Content.SEALED, Content.OPAQUE, Content.UNDECIDED)
PLANTED = "planted-text"  # the rule of findings that no rule file made


class Reading:
    """One parcel, opened: once for everybody, and again for rules that order how."""

    def __init__(
        self, book: Rulebook, needles: Needles, excerpts: Excerpts, parcel: Parcel, rules: list[Rule]
    ) -> None:
        self.accept = {name for rule in rules for name in rule.accept}
        self.book, self.needles, self.excerpts, self.parcel = book, needles, excerpts, parcel
        self.sightings: list[Sighting] = []
        self.problems: list[Problem] = []
        self.doubts: list[Finding] = []  # lost, where only what is in a parcel tells whose it is
        self.said: dict[int, str] = {}  # the texts in the slots, by the findings that saw them
        self.locked: list[tuple[Finding, tuple[Shut, ...]]] = []  # what a key from elsewhere may open
        self.people: dict[int, str] = {}  # who wrote to whom, as far as the rule sees it
        self.trees: dict[tuple[object, ...], tuple[Node, Judge]] = {}  # by what rules order
        self.hits: list[tuple[Node, Hit]] = []
        self.digests: set[tuple[str, str]] = set()  # algorithm and planted text: nobody read it there
        self.whole = parcel.whole and not partial_content(parcel)
        known = None if self.accept else needles.barren
        around, body = False, False
        if needles:
            opened = not all(rule.opens for rule in rules)
            around, body = could_hold(parcel, needles, book.recogniser(self.accept), known, opened)
        self.headers, self.searched = around, around or body

    def opened(self, rule: Rule | None = None) -> tuple[Node, Judge]:
        ordered = rule if rule is not None and rule.opens else None
        key = (ordered.opens, ordered.accept) if ordered else ()
        if key not in self.trees:
            self.trees[key] = self._open(ordered)
        return self.trees[key]

    def _open(self, rule: Rule | None) -> tuple[Node, Judge]:
        opening = Opening(self.book.recogniser(rule.accept if rule else self.accept), forced_by(rule))
        root = open_parcel(self.parcel, opening, headers=self.headers)
        if opening.stopped:
            self.whole = False
            why = f"opening a parcel stopped early: {opening.stopped}"
            self.problems.append(Problem(self.parcel.ref, "too much", why))
        planted: dict[int, tuple[str, ...]] = {}
        if self.searched or (self.needles and rule is not None):
            nodes = [n for child in root.children if child.step not in NAMED for n in child.walk()]
            for node, found in look_through(self.needles, nodes):
                self.digests |= {(hit.how, hit.text) for hit in found if hit.digest}
                if hits := [hit for hit in found if not hit.digest]:
                    planted[id(node)] = tuple(sorted({hit.text for hit in hits}))
                    self.hits += [(node, hit) for hit in hits]
        # Not with a method of its own: a reading in a circle would stay until somebody tidies up.
        return root, Judge(self.book, root, planted, partial(planted_in, self.needles))

    def follow(self, rule: Rule, platform: str) -> list[Finding]:
        """What one rule sees in this parcel."""
        root, judge = self.opened(rule)
        findings: list[Finding] = []
        seen_here = match(rule, root, judge)
        if why := self.lost(rule, root, not any(isinstance(seen, Message) for seen in seen_here)):
            lost = [self.finding(rule, platform, message) for message in unseen(rule, why)]
            beside = not any(surface in MESSAGES for surface in rule.surface.all)
            (self.doubts if rule.by_content or why == UNOPENED or beside else findings).extend(lost)
        for seen in seen_here:
            direction, ref = self.parcel.direction, self.parcel.ref
            roles = tuple(role for role, _ in seen.sees)
            if isinstance(seen, Message):
                found = self.finding(rule, platform, seen)
                between = (f"{role} {text}" for role, text in seen.sees if role in PEOPLE)
                self.people[id(found)] = ", ".join(sorted(between))
                if seen.seen and found.content in LOCKED:
                    self.locked.append((found, judge.shut(seen.seen.node, rule.accept)))
                findings.append(found)
            if roles or not isinstance(seen, Message):
                self.sightings.append(
                    Sighting(ref=ref, platform=platform, surface=seen.surface, direction=direction,
                             rule=rule.id, sees=tuple(sorted(set(roles))))
                )  # fmt: skip
        return findings

    def look_around(self, findings: list[Finding], rules: list[tuple[Rule, str]]) -> None:
        """Words outside the messages, and in what no rule knows where messages are: perhaps a copy of one."""
        if any(f.content is Content.READABLE and f.surface in MESSAGES for f in findings):
            return
        sealed = {(f.rule, f.platform, f.surface) for f in findings if f.content is Content.SEALED}
        if not sealed and self.parcel.head.status >= 300:
            return  # of an error nobody believes what it says
        places = sealed or {
            (rule.id, platform, surface)
            for rule, platform in rules
            if rule.slots
            for surface in rule.surface.all
            if surface in MESSAGES
        }
        found: dict[int, Node | None] = {}  # by the tree, for several kinds of messages
        for kind in sorted(places):
            root, judge = self.opened(self.book.rules[kind[0]])
            if id(root) not in found:
                found[id(root)] = stray([rule for rule, _ in rules], root, judge, bool(sealed))
            if node := found[id(root)]:
                self.doubts.append(self.doubt(kind, node, STRAY))
        if not places and self.parcel.protocol == "http" and any(rule.action for rule, _ in rules):
            self.look_beside(rules)

    def look_beside(self, rules: list[tuple[Rule, str]]) -> None:
        """A sentence in what goes on around messages: a doubt about all that its platform sends that way."""
        if stray([rule for rule, _ in rules], *self.opened(), False) is None:
            return
        parcel, owners = self.parcel, {platform for _, platform in rules}
        for rule, platform, *_ in self.book.spoken_at("http", parcel.outgoing, parcel.channel.host):
            told = unseen(rule, STRAY) if platform in owners else []
            self.doubts += [self.finding(rule, platform, one) for one in told if one.surface in MESSAGES]

    def look_back(self, asked: Kinds, rules: list[tuple[Rule, str]], known: bool) -> None:
        """Words in the answer to a sealed message: who wrote them may have read it."""
        if not asked:
            return
        note, (root, judge) = ANSWER, self.opened()
        if self.parcel.protocol != "http":
            node = None if known else repeated(_body(root))
        else:
            node = stray([rule for rule, _ in rules], root, judge, True)
        if node is None and shut(self.parcel, root):
            node, note = _body(root), SHUT
        if node is not None:
            doubts = (self.doubt(kind, node, note) for kind in asked)
            self.doubts += [structs.replace(doubt, direction=Direction.OUT) for doubt in doubts]

    def doubt(self, kind: Kind, node: Node, note: str) -> Finding:
        """Something that no rule explains, beside messages of this kind."""
        name, platform, surface = kind
        rule, seen = self.book.rules[name], Seen(Content.MISSING, node, note=note)
        return self.finding(rule, platform, Message(surface, seen.content, rule.slots[0].text, seen, note))

    def look_for_words(self, rules: list[tuple[Rule, str]], sign: bool) -> None:
        """A sentence where one of these rules could have met a message, in what none of them explains.
        Programs write sentences of their own into a sign of life, or at the end."""
        if sign:
            told = repeated(_body(self.opened()[0])) is not None
        else:
            told = any(says(node) for root, _ in self.trees.values() for node in _body(root).walk())
        for rule, platform in rules if told else ():
            self.doubts += [self.finding(rule, platform, one) for one in unseen(rule, UNKNOWN)]

    def lost(self, rule: Rule, root: Node, empty: bool) -> str:
        """Why the rule may have missed a message in what could not be read; nothing where all was read."""
        if empty and not self.whole:
            return CUT
        closed = packed(rule, root) or (empty and not rule.by_content and unopened(rule, root))
        return UNOPENED if closed and self.parcel.head.status < 300 else ""  # errors hold no messages

    def finding(self, rule: Rule, platform: str, message: Message) -> Finding:
        content, note = message.content, message.note
        if not self.whole and content in (Content.SEALED, Content.OPAQUE):
            content, note = Content.MISSING, CUT
        seen, parcel = message.seen, self.parcel
        layer = seen.layer if seen else None
        pattern = next((slot for slot in rule.slots if slot.text == message.slot), None)
        found = Finding(
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
            trail=layer.trail[parcel.retold :] if layer else (),
            excerpt=self.excerpts.of(seen) if seen else "",
            offset=None if parcel.retold else offset_of(parcel.body, seen, layer),
            note=note,
            texts=seen.texts if seen else (),
            when=parcel.when,
            device=parcel.channel.device,
        )
        if content in (Content.READABLE, Content.UNDECIDED) and layer and isinstance(layer.value, str):
            self.said[id(found)] = layer.value
        return found

    def rejoined(self, rule: Rule, last: Finding, text: str) -> Finding:
        """A message that came in pieces, of which this parcel holds the last."""
        opening = Opening(self.book.recogniser(rule.accept))
        node = opening.open(text, ("body",))
        judge = Judge(
            self.book, node, {id(n): texts for n in node.walk() if (texts := planted_in(self.needles, n))}
        )
        seen = min(judge.judge(node, rule.accept), key=lambda seen: STRENGTH.index(seen.content))
        note = f"{seen.note}; joined from its pieces" if seen.note else "joined from its pieces"
        found = self.finding(rule, last.platform, Message(last.surface, seen.content, last.slot, seen, note))
        return structs.replace(found, path=last.path, offset=None)

    def grade(self, rule: Rule, message: Message, content: Content) -> Grade:
        seen = message.seen
        if seen and seen.texts:
            return Grade.SHOWN
        if content is Content.READABLE:
            return Grade.SHOWN if rule.verified and not message.beside else Grade.CONSISTENT
        if content is Content.SEALED and seen:
            envelope = self.book.envelopes[seen.seal]
            enough = ("recorded",) if envelope.only_in_slot else ("recorded", "published")
            return Grade.RECOGNISED if envelope.status in enough and rule.verified else Grade.CONSISTENT
        return Grade.CONSISTENT

    def elsewhere(
        self, findings: list[Finding], platform: str, rules: list[tuple[Rule, str]]
    ) -> list[Finding]:
        """Planted texts that no rule's slot accounts for: a leak beside the message, or an unknown app."""
        if not self.searched:
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
        layer = next((x for x in node.layers if hit in self.needles.search(x.data)), None)
        trail = (*(layer or node).trail[parcel.retold :], *((hit.how,) if hit.how else ()))
        verbatim = node.path[:1] == ("body",) and not parcel.retold
        offset = parcel.body.find(hit.text.encode()) if verbatim else -1
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
            excerpt=self.excerpts.planted((hit.text,)),
            offset=offset if offset >= 0 else None,
            note=note + (" (case, spaces or accents differ)" if hit.tolerant else ""),
            texts=(hit.text,),
            when=parcel.when,
            device=parcel.channel.device,
        )


def _body(root: Node) -> Node:
    return root.child("body") or Node(())


def planted_in(needles: Needles, node: Node) -> tuple[str, ...]:
    """The planted texts at one node."""
    return tuple(sorted({hit.text for hit in look_for(needles, node) if not hit.digest}))
