"""Run the tests written inside the rules, and the tests that every envelope has by being one."""

from collections.abc import Callable, Iterator

from msgspec import Struct

from auditor.decoders import NO_CLUE
from auditor.decoders.unwrap import Node, Opening
from auditor.errors import AuditorError
from auditor.model import Channel, Contact, Head, Parcel, Ref, Road
from auditor.rulebook.book import Rulebook
from auditor.rulebook.build import build, headers_of, made_of, sealed
from auditor.rulebook.contents import Judge
from auditor.rulebook.match import Message, match, text_of
from auditor.rulebook.opening import forced_by, open_parcel
from auditor.rulebook.paths import Pattern
from auditor.rulebook.transport import Transport
from auditor.rulebook.types import Envelope, Rule, Test

SAMPLES = 50
Find = Callable[[str], Parcel | None]  # a parcel of a recording, by its ref


class Outcome(Struct, frozen=True):
    """One test and how it went."""

    rule: str
    file: str
    line: int
    name: str
    expected: str
    got: str
    todo: str = ""
    skipped: str = ""

    @property
    def passed(self) -> bool:
        """A known gap must still fail: once it passes, the `todo` has to go."""
        return bool(self.skipped) or (self.expected == self.got) != bool(self.todo)


def nothing_recorded(_: str) -> Parcel | None:
    return None


def run(book: Rulebook, find: Find = nothing_recorded, below: str = "") -> Iterator[Outcome]:
    """All tests of all files, or of those below one folder."""
    for rule in book.rules.values():
        if rule.file.startswith(below):
            for test in rule.tests:
                yield tested(book, rule, test, find)
    yield from run_envelopes(book, find, below)


def run_envelopes(book: Rulebook, find: Find = nothing_recorded, below: str = "") -> Iterator[Outcome]:
    for envelope in book.envelopes.values():
        if envelope.file.startswith(below):
            for test in envelope.tests:
                yield _envelope(book, envelope, test, find)
            yield _samples(book, envelope)
    for transport in book.transports.values():
        if transport.file.startswith(below):
            for test in transport.tests:
                yield _transport(book, transport, test)


def tested(book: Rulebook, rule: Rule, test: Test, find: Find) -> Outcome:
    expected = ", ".join(test.expect)
    try:
        parcel = find(test.recorded) if test.recorded else parcel_of(rule, test, book)
    except AuditorError as exc:
        return _outcome(rule.id, rule.file, test, expected, f"cannot be built: {exc}")
    if parcel is None:
        return _outcome(rule.id, rule.file, test, expected, "", f"no recording {test.recorded}")
    expected, got = compared(test, opened(book, rule, parcel).look(rule, book))
    return _outcome(rule.id, rule.file, test, expected, got)


class Observed(Struct, frozen=True):
    """What one rule saw in one parcel: the contents in order, and all that can be asserted of them."""

    contents: tuple[str, ...]
    extras: dict[str, list[str]]

    def __str__(self) -> str:
        return ", ".join(self.contents) or "nothing"


class Opened(Struct, frozen=True):
    """A parcel and its opened tree: every variant of a rule can look at it."""

    parcel: Parcel
    root: Node
    judge: Judge

    def meets(self, rule: Rule, book: Rulebook) -> bool:
        parcel = self.parcel
        return bool(
            rule.when.meets(parcel.protocol, parcel.outgoing, parcel.asked)
            and book.spoken_for(rule, parcel.channel.host)
        )

    def look(self, rule: Rule, book: Rulebook) -> Observed:
        found = match(rule, self.root, self.judge) if self.meets(rule, book) else []
        extras: dict[str, list[str]] = {}
        contents = []
        for seen in found:
            extras.setdefault("surface", []).append(seen.surface)
            for role, value in seen.sees:
                extras.setdefault(f"sees {role}", []).append(value)
            if isinstance(seen, Message):
                contents.append(seen.content.value)
                if seen.seen:
                    extras.setdefault("path", []).append(".".join(seen.seen.node.path))
                    extras.setdefault("text", []).extend(_texts(seen.seen.node))
                if seen.note:
                    extras.setdefault("note", []).append(seen.note)
            else:
                contents.append("attachment" if seen.attachment else "metadata")
        return Observed(tuple(contents), extras)


def opened(book: Rulebook, rule: Rule, parcel: Parcel, unmet: bool = False) -> Opened:
    """What a rule looks at in a parcel; what it is not about is opened only for `unmet`."""
    met = Opened(parcel, Node(()), Judge(book, Node(()), {}))
    if not unmet and not met.meets(rule, book):
        return met
    root = open_parcel(parcel, Opening(book.recogniser(rule.accept), forced_by(rule)))
    return Opened(parcel, root, Judge(book, root, {}))


def compared(test: Test, seen: Observed) -> tuple[str, str]:
    """What a test expects and what was found, in words that are equal when it passes."""
    expected, got = ", ".join(test.expect), str(seen)
    for name, wanted in _wanted(test):
        expected += f", {name} {wanted!r}"
        found = seen.extras.get(name, [])
        shown = wanted if wanted in found else next(iter(found), "nothing")
        got += f", {name} {shown!r}"
    if got != expected and seen.extras.get("note"):
        got += f" ({seen.extras['note'][0]})"
    return expected, got


def _wanted(test: Test) -> Iterator[tuple[str, str]]:
    """What a test asserts beside the content."""
    if test.text is not None:
        yield "text", test.text
    if test.surface:
        yield "surface", test.surface
    if test.path:
        yield "path", test.path
    for role, value in test.sees:
        yield f"sees {role}", value


def _texts(node: Node) -> list[str]:
    return [str(node.value), text_of(node)]


def parcel_of(rule: Rule, test: Test, book: Rulebook) -> Parcel:
    """The parcel that a test describes: `out: POST host/path?query`."""
    method, _, address = test.address.partition(" ")
    where, _, query = address.partition("?")
    host, *path = where.split("/")
    headers = {**dict(headers_of(test.body)), **dict(test.headers)}
    pairs = [pair.partition("=")[::2] for pair in (test.query or query).split("&") if pair]
    head = Head(method, tuple(s for s in path if s), tuple(pairs), tuple(headers.items()))
    outgoing = bool(test.outgoing)
    answered = rule.when.protocol == "http" and not outgoing
    return Parcel(
        ref=Ref("test", test.line, ">" if outgoing else "<"),
        channel=Channel(host, road=Road.PROTECTED),
        outgoing=outgoing,
        body=build(test.body, book),
        protocol=rule.when.protocol,
        head=Head(headers=head.headers, status=200) if answered else head,
        answers=head if answered else None,
    )


def _envelope(book: Rulebook, envelope: Envelope, test: Test, find: Find) -> Outcome:
    expected = ", ".join(test.expect)
    if test.recorded:
        ref, _, path = test.recorded.partition(" ")
        parcel = find(ref)
        if parcel is None:
            return _outcome(envelope.id, envelope.file, test, expected, "", f"no recording {ref}")
        root = open_parcel(parcel, Opening(book.recogniser(_weak(book))))
        return _outcome(envelope.id, envelope.file, test, expected, recorded_seals(book, root, path))
    try:
        made = made_of(test.body, book)
    except AuditorError as exc:
        return _outcome(envelope.id, envelope.file, test, expected, f"cannot be built: {exc}")
    return _outcome(envelope.id, envelope.file, test, expected, recognised(book, made))


def recorded_seals(book: Rulebook, root: Node, path: str) -> str:
    """The envelopes at a path of a recording."""
    names = {name for node in Pattern.parse(path).select(root) for name in _names(book, node)}
    return ", ".join(sorted(names)) or "nothing"


def recognised(book: Rulebook, made: object) -> str:
    """The envelope that a value is, in a slot that accepts every one; or nothing."""
    node = Opening(book.recogniser(_weak(book))).open(made, ("body",), NO_CLUE)
    return ", ".join(sorted(_names(book, node))) or "nothing"


def _weak(book: Rulebook) -> list[str]:
    return [e.id for e in book.envelopes.values() if e.only_in_slot]


def _names(book: Rulebook, node: Node) -> set[str]:
    names = {envelope.id for envelope, _ in book.trees(node)} if node.children else set()
    if node.seal is not None and node.seal.shut:
        names.add(node.seal.name)
    return names


def _transport(book: Rulebook, transport: Transport, test: Test) -> Outcome:
    expected = ", ".join(test.expect)
    try:
        start = tuple((outgoing, build(piece, book)) for outgoing, piece in test.body)
    except AuditorError as exc:
        return _outcome(transport.id, transport.file, test, expected, f"cannot be built: {exc}")
    contact = Contact(
        ref=Ref("test", test.line),
        channel=Channel(test.address, int(test.query or 0), address=test.address),
        transport=transport.carrier.upper(),
        reason="",
        carrier=transport.carrier,
        facts=test.headers,
        start=start,
    )
    found = book.transport_of(contact)
    return _outcome(transport.id, transport.file, test, expected, found.id if found else "nothing")


def _samples(book: Rulebook, envelope: Envelope) -> Outcome:
    """Examples are recognised as this envelope and no other."""
    samples = (sealed(envelope.id, book, str(number)) for number in range(SAMPLES))
    wrong = sum(recognised(book, made) != envelope.id for made in samples)
    return Outcome(envelope.id, envelope.file, 1, f"{SAMPLES} samples", "0 misread", f"{wrong} misread")


def _outcome(rule: str, file: str, test: Test, expected: str, got: str, skipped: str = "") -> Outcome:
    return Outcome(rule, file, test.line, test.name, expected, got, test.todo, skipped)
