"""Conditions: those that never hold, hold always, or hide a text."""

from collections.abc import Iterator

from auditor.decoders.clues import LANGUAGES
from auditor.rulebook.fields import nearest
from auditor.rulebook.lint import Finds, Sheet, lint
from auditor.rulebook.types import COMMON, Condition, Rule
from auditor.rulebook.yaml import Block, Items, Place
from auditor.streams import STREAMS

HANDED_OVER = ("onion", "rtp", "smp", "tox")  # what nothing here reads, but other tools open and write down
PROTOCOLS = {
    *COMMON,
    *LANGUAGES,
    *HANDED_OVER,
    *(getattr(stream, "protocol", name) for name, stream in STREAMS.items()),
}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "REPORT", "PROPFIND", "SEARCH")
_LISTS = ("slot", "accept", "placeholder", "attachment")


@lint("R201", "rule", "Write a path as the wire has it: /v1/messages, with * and ** for segments.")
def impossible_address(sheet: Sheet) -> Finds:
    """A path of a request that can never match.

    A query, a fragment, a scheme or no slash at the start: addresses are compared segment by
    segment, without what follows a question mark. Every path begins with / or **.
    """
    for text, place in sheet.each("when", "path"):
        if "://" in text:
            yield place, f"{text!r} is a whole address: the host has a key of its own"
        elif "#" in text or "?" in text.replace("?*", ""):
            yield place, f"{text!r} can never match: a path ends before the question mark"
        elif not text.startswith(("/", "**")):
            yield place, f"{text!r} does not begin with a slash"
        elif "//" in text:
            yield place, f"{text!r} has an empty segment"


@lint("R202", "rule", "Write verbs in capital letters, as the wire has them.")
def unknown_method(sheet: Sheet) -> Finds:
    """A verb of HTTP that does not exist.

    Verbs are compared letter by letter: `post` matches nothing and the rule is silent.
    """
    if sheet.rule.when.protocol != "http":
        return
    for text, place in sheet.each("when", "method"):
        if text not in METHODS:
            yield place, f"no verb of HTTP: {text!r}{nearest(text.upper(), METHODS)}"


@lint("R203", "rule", "Take one of those, or say in `allow` what hands over such parcels.", "warning")
def unknown_protocol(sheet: Sheet) -> Finds:
    """A protocol that nothing here reads.

    Only a hook that hands over parcels (parcels.jsonl) could name it; where it is a typing error
    the rule is silent.
    """
    protocol = sheet.rule.when.protocol
    if protocol not in PROTOCOLS:
        yield sheet.at("when", "protocol"), f"nothing reads {protocol!r}{nearest(protocol, PROTOCOLS)}"


@lint("R204", "rule", "Say out, in, or both in a list.")
def no_direction(sheet: Sheet) -> Finds:
    """A rule without a direction.

    An empty list meets no parcel.
    """
    if not sheet.rule.when.outgoing:
        yield sheet.at("when", "direction"), "neither out nor in: the rule never matches"


@lint("R205", "rule", "Take one of them out.")
def twice(sheet: Sheet) -> Finds:
    """A value that is listed twice.

    Whoever changes one of them will wonder why nothing changes.
    """
    for keys in (*((key,) for key in _LISTS), *(("when", key) for key in ("method", "path", "direction"))):
        yield from _repeated(sheet.each(*keys))
    for key in ("where", "unless", "empty-when"):
        inner = sheet.block.get(key)
        for path in inner if isinstance(inner, Block) else ():
            yield from _repeated(sheet.each(key, path))


def _repeated(values: Iterator[tuple[str, Place]]) -> Finds:
    seen = set()
    for text, place in values:
        if text in seen:
            yield place, f"{text!r} is listed twice"
        seen.add(text)


@lint("R206", "rule", "Take one of them out; what is left decides.")
def contradiction(sheet: Sheet) -> Finds:
    """`where` and `unless` that ask for the same.

    The one must hold and the other must not: no message ever meets both.
    """
    for one in sheet.rule.unless:
        for other in sheet.rule.where:
            same = one.pattern == other.pattern
            if same and ("*" in one.values or set(other.values) <= set(one.values)):
                yield sheet.key("unless", one.pattern.text), f"`where` wants what this forbids: {_said(one)}"


def _said(condition: Condition) -> str:
    return f"{condition.pattern.text} is {' or '.join(condition.values)}"


@lint("R207", "rule", "Use `empty-when`: it says when an empty slot is no alarm, and cannot hide a text.")
def hides_a_text(sheet: Sheet) -> Finds:
    """An `unless` on the place of the text, or of an attachment.

    `unless` takes the whole message away, and with it a leak. It is for telling kinds apart,
    by something that never stands beside a text.
    """
    rule = sheet.rule
    for one in rule.unless:
        for pattern in (*rule.slots, *rule.attachments):
            if pattern.steps == one.pattern.steps:
                yield sheet.key("unless", one.pattern.text), f"the message itself lies at {pattern.text}"


@lint(
    "R208", "rule", "Say in `allow` why an answer is a message of its own, or take the rule out.", "warning"
)
def answer_as_message(sheet: Sheet) -> Finds:
    """A rule for the answer of a request that sends.

    Many services send back the text they just got. That is no message that somebody
    received: counted as one, every text that was sent would count twice.
    """
    rule = sheet.rule
    if rule.when.protocol != "http" or True in rule.when.outgoing or "POST" not in rule.when.methods:
        return
    for other in sheet.book.rules.values():
        if _sends(other, rule):
            yield sheet.at("when", "direction"), f"{other.id} sees the same texts on their way out"


def _sends(other: Rule, rule: Rule) -> bool:
    return (
        other.platform == rule.platform
        and bool(other.slots)
        and True in other.when.outgoing
        and other.when.protocol == "http"
        and bool(set(other.when.addresses) & set(rule.when.addresses))
    )


@lint("R209", "rule", "Read the kind of conversation from something that the message says, or fix it.")
def same_surface(sheet: Sheet) -> Finds:
    """A surface that is read from a value and is always the same.

    All cases and `else` say one word: then nothing is decided by the value.
    """
    surface = sheet.rule.surface
    if surface.source is not None and len(set(surface.all)) == 1:
        yield sheet.at("surface"), f"every case is {surface.otherwise}"


@lint("R210", "rule", "Put the wider one last, or take the others out.")
def unreachable_case(sheet: Sheet) -> Finds:
    """A case of `surface` behind one that takes everything.

    Cases are tried from first to last; behind `*` none is ever asked.
    """
    inner = sheet.block.get("surface")
    cases = inner.get("is") if isinstance(inner, Block) else None
    wide = False
    for case in cases if isinstance(cases, Block) else ():
        if wide:
            yield sheet.key("surface", "is", case), f"{case!r} stands behind '*', which takes everything"
        wide = wide or case == "*"


@lint("R211", "rule", 'Name the values, or take `"*"` alone.')
def star_among_values(sheet: Sheet) -> Finds:
    """A list of values with a star in it.

    "*" means that something is there at all; values beside it say nothing more.
    """
    for key in ("where", "unless", "empty-when"):
        inner = sheet.block.get(key)
        for path, values in inner.items() if isinstance(inner, Block) else ():
            if isinstance(values, Items) and "*" in values and len(values) > 1:
                yield sheet.at(key, path), f"'*' takes everything: the other {len(values) - 1} say nothing"
