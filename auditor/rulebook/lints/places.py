"""Paths into a message: those that find nothing, too much, or the wrong message."""

from collections.abc import Iterator
from functools import lru_cache

from auditor.rulebook.fields import nearest
from auditor.rulebook.lint import Finds, Sheet, lint
from auditor.rulebook.paths import Pattern
from auditor.rulebook.yaml import Block, Place

ROOTS = ("host", "method", "path", "query", "header", "status", "body")
_BARE = ("host", "method", "status")  # nothing lies below these
_COMMON = ("content", "text", "body", "data", "value", "message", "payload", "name", "title")
_SECRET = ("token", "cookie", "authorization", "password", "secret", "session")
_PATHS = ("slot", "attachment", "each")
_KEYED = ("where", "unless", "empty-when", "open")


@lru_cache(maxsize=1)
def _written(sheet: Sheet) -> tuple[tuple[Pattern, Place, str], ...]:
    """Every path in a rule, where it stands and what it is for: all lints of this file ask."""
    return tuple(_paths(sheet))


def _paths(sheet: Sheet) -> Iterator[tuple[Pattern, Place, str]]:
    for key in _PATHS:
        yield from ((Pattern.parse(text), place, key) for text, place in sheet.each(key))
    for key in _KEYED:
        inner = sheet.block.get(key)
        for path in inner if isinstance(inner, Block) else ():
            yield Pattern.parse(str(path)), sheet.key(key, path), key
    sees = sheet.block.get("sees")
    for role in sees if isinstance(sees, Block) else ():
        yield from ((Pattern.parse(text), place, "sees") for text, place in sheet.each("sees", role))
    if isinstance(sheet.block.get("surface"), Block):
        yield from ((Pattern.parse(t), place, "surface") for t, place in sheet.each("surface", "from"))


@lint(
    "R301",
    "rule",
    "Begin with body, header, query, path, method, host or status; or with a dot below `each`.",
)
def unknown_root(sheet: Sheet) -> Finds:
    """A path that begins nowhere.

    What a rule looks at is one tree: host, method, path, query, header, status and body. A
    path that begins with anything else can never match.
    """
    for pattern, place, _ in _written(sheet):
        if not pattern.relative and pattern.steps[0] not in (*ROOTS, "*", "**"):
            yield place, f"{pattern.text!r} can never match{nearest(pattern.steps[0], ROOTS)}"


@lint("R302", "rule", "End the path here.")
def below_a_value(sheet: Sheet) -> Finds:
    """A path below something that has nothing below it.

    Host, method and status are single values; `.text` of them can never match.
    """
    for pattern, place, _ in _written(sheet):
        if not pattern.relative and pattern.steps[0] in _BARE and len(pattern.steps) > 1:
            yield place, f"{pattern.text!r} can never match: {pattern.steps[0]} is a single value"


@lint("R303", "rule", "Write the name of the header in small letters.")
def capital_header(sheet: Sheet) -> Finds:
    """A header with a capital letter.

    Headers are kept in small letters, so the path can never match.
    """
    for pattern, place, _ in _written(sheet):
        if pattern.steps[0] == "header" and any(s != s.lower() for s in pattern.steps[1:2]):
            yield place, f"{pattern.text!r} can never match: names of headers are in small letters"


@lint("R304", "rule", "Write it from the dot: .text belongs to the same message as the rest.")
def past_each(sheet: Sheet) -> Finds:
    """A path that runs through the list that `each` cuts.

    With `each` a path from the root still sees all messages: a condition of the first one
    would decide about the text of the second.
    """
    each = sheet.rule.each
    if each is None:
        return
    for pattern, place, key in _written(sheet):
        if key in ("each", "open") or pattern.relative:
            continue
        if pattern.steps[: len(each.steps)] == each.steps:
            yield place, f"{pattern.text!r} reads all messages at once, not the one that is looked at"


@lint("R305", "rule", "Name the steps between, or say in `allow` why none can be named.", "warning")
def any_depth(sheet: Sheet) -> Finds:
    """Any number of steps to a common name.

    body.**.content also finds what an attachment, a quotation or a preview calls content.
    """
    for pattern, place, key in _written(sheet):
        if key == "slot" and "**" in pattern.steps and pattern.steps[-1] in _COMMON:
            yield place, f"{pattern.text!r} finds {pattern.steps[-1]!r} in anything"


@lint("R306", "rule", "Name the step, or add a `where` that tells the kinds apart.", "warning")
def any_command(sheet: Sheet) -> Finds:
    """A star right above the text, and nothing that tells kinds apart.

    In protobuf 8.*.4 is field 4 of every command: of a typing notice too.
    """
    rule = sheet.rule
    for pattern, place, key in _written(sheet):
        if key == "slot" and pattern.steps[-2:-1] == ("*",) and not (rule.where or rule.unless):
            yield place, f"{pattern.text!r} takes any kind of message"


@lint("R307", "rule", "Take the place of the text out of `sees`.")
def sees_the_text(sheet: Sheet) -> Finds:
    """The text itself among what the far end sees besides.

    `sees` is printed in reports: the message would be told as its own circumstance.
    """
    slots = {(p.relative, p.steps) for p in sheet.rule.slots}
    for pattern, place, key in _written(sheet):
        if key == "sees" and (pattern.relative, pattern.steps) in slots:
            yield place, f"{pattern.text!r} is a slot"


@lint("R308", "rule", "Leave it out: the roles are for who, when and with what.")
def sees_a_secret(sheet: Sheet) -> Finds:
    """A token or a cookie among what the far end sees besides.

    A report is shown to others; whoever has the token is the user.
    """
    for pattern, place, key in _written(sheet):
        if key == "sees" and any(word in pattern.steps[-1].lower() for word in _SECRET):
            yield place, f"{pattern.text!r} looks like something that lets its owner in"


@lint("R309", "rule", "Take the line out, or add the path it was meant for.")
def opened_in_vain(sheet: Sheet) -> Finds:
    """Something that is opened and that nobody looks into.

    `open` forces one decoder: where it is wrong nothing else is tried, so it should stand
    only where a path of the rule passes.
    """
    each = sheet.rule.each.steps if sheet.rule.each else ()
    used = [(*each, *p.steps) if p.relative else p.steps for p, _, key in _written(sheet) if key != "open"]
    for pattern, place, key in _written(sheet):
        opened = (*each, *pattern.steps) if pattern.relative else pattern.steps
        if key == "open" and not any(_passes(opened, path) for path in used):
            yield place, f"nothing looks into {pattern.text!r}"


def _passes(opened: tuple[str, ...], path: tuple[str, ...]) -> bool:
    """Whether a path may come by; steps that could be anything do."""
    for mine, other in zip(opened, path, strict=False):
        if "**" in (mine, other):
            return True
        if mine != other and "*" not in (mine + other):
            return False
    return len(path) >= len(opened)


@lint("R310", "rule", "Take one of them out.")
def slot_as_attachment(sheet: Sheet) -> Finds:
    """A slot that is also an attachment.

    An attachment makes an empty slot no alarm; the same place cannot be both.
    """
    slots = {(p.relative, p.steps) for p in sheet.rule.slots}
    for pattern, place, key in _written(sheet):
        if key == "attachment" and (pattern.relative, pattern.steps) in slots:
            yield place, f"{pattern.text!r} is a slot and an attachment"
