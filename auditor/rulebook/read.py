"""From YAML blocks to rule types. A rule's id is its path; every key has one spelling."""

from auditor.decoders import DECODERS
from auditor.errors import Fault
from auditor.model import AROUND, MESSAGES, ROLES, SURFACES
from auditor.rulebook import grammar
from auditor.rulebook.fields import Fields
from auditor.rulebook.grammar import keys
from auditor.rulebook.paths import Pattern
from auditor.rulebook.seals import Function
from auditor.rulebook.shape import Byte, Bytes, Field, Outline, Piece, Protobuf, Shape, TextShape, fixed
from auditor.rulebook.testcases import read_tests
from auditor.rulebook.tree import Place, TreeShape
from auditor.rulebook.types import Claim, Condition, Envelope, Fact, Platform, Rule, SurfaceRule, When
from auditor.rulebook.yaml import Block


def read_rule(block: Block, file: str, name: tuple[str, str], faults: list[Fault]) -> Rule:
    fields = Fields(block, file, faults)
    fields.known(*keys(grammar.RuleKeys))
    slots = fields.parsed("slot", Pattern.parse)
    action = fields.word("action", AROUND)
    if ("slot" in block) == ("action" in block):
        fields.fault(
            "a rule has either a `slot` (a message) or an `action` (what is around one)", block.place, "R010"
        )
    rule = Rule(
        id="/".join(name),
        file=file,
        platform=name[0],
        title=fields.text("title"),
        surface=_surface(fields, required=bool(slots)),
        when=_when(fields),
        action=action,
        opens=_opens(fields),
        each=next(iter(fields.parsed("each", Pattern.parse)), None),
        where=_conditions(fields, "where"),
        unless=_conditions(fields, "unless"),
        slots=slots,
        accept=fields.texts("accept"),
        placeholders=_placeholders(fields),
        attachments=fields.parsed("attachment", Pattern.parse),
        empty_when=_conditions(fields, "empty-when"),
        sees=_sees(fields),
        why=facts_of(fields),
        tests=read_tests(fields),
    )
    _relative_needs_each(fields, rule)
    return rule


def read_platform(block: Block, file: str, name: str, faults: list[Fault]) -> Platform:
    fields = Fields(block, file, faults)
    fields.known(*keys(grammar.PlatformKeys))
    return Platform(
        id=name,
        title=fields.text("title"),
        hosts=fields.texts("hosts"),
        shared=fields.texts("shared"),
        company=fields.text("company"),
        far_end=fields.word("far-end", grammar.FAR_ENDS, "service"),
        speaks=fields.texts("speaks"),
        claims=tuple(_claim(claim) for claim in fields.blocks("claims")),
        limits=fields.texts("limits"),
        why=facts_of(fields),
    )


def read_envelope(block: Block, file: str, name: str, faults: list[Fault]) -> Envelope:
    fields = Fields(block, file, faults)
    fields.known(*keys(grammar.EnvelopeKeys))
    kinds = [key for key in ("shape", "text", "function", "tree") if key in block]
    if len(kinds) != 1:
        fields.fault("an envelope has one of `shape`, `text`, `function` and `tree`", block.place, "R010")
    return Envelope(
        id=name,
        file=file,
        title=fields.text("title"),
        opened_by=fields.word("opened-by", grammar.OPENED_BY, "unknown"),
        shape=_outline(fields),
        tree=_tree(fields),
        alone=fields.word("strength", grammar.STRENGTHS, "alone") == "alone",
        only_in_slot=fields.flag("only-in-slot"),
        why=facts_of(fields),
        tests=read_tests(fields),
    )


def _outline(fields: Fields) -> Outline | None:
    pieces = _pieces(fields)
    _measured(fields, pieces)
    if pieces:
        return Shape(pieces)
    texts = fields.parsed("text", TextShape.parse, "R011")
    functions = fields.parsed("function", Function.parse, "R011")
    return texts[0] if texts else functions[0] if functions else None


def _when(fields: Fields) -> When:
    when = fields.inner("when")
    if when is None:
        return When()
    when.known(*keys(grammar.WhenKeys))
    directions = when.texts("direction")
    for word in directions:
        if word not in grammar.DIRECTIONS:
            when.fault(
                f"'direction' is out, in, or both in a list; not {word!r}", when.place("direction"), "R008"
            )
    addresses = when.texts("path")
    return When(
        protocol=when.text("protocol", "http"),
        outgoing=tuple(grammar.DIRECTIONS[word] for word in directions if word in grammar.DIRECTIONS),
        methods=when.texts("method"),
        hosts=when.texts("host"),
        addresses=tuple(tuple(s for s in text.split("/") if s) for text in addresses),
        address_texts=addresses,
        headers=_headers(when),
    )


def _headers(when: Fields) -> tuple[tuple[str, tuple[str, ...]], ...]:
    inner = when.inner("header")
    return tuple((str(name).lower(), inner.texts(name)) for name in inner.block) if inner else ()


def _surface(fields: Fields, required: bool) -> SurfaceRule:
    value = fields.block.get("surface")
    if isinstance(value, Block):
        inner = fields.inner("surface")
        assert inner is not None
        inner.known(*keys(grammar.SurfaceKeys))
        source = next(iter(inner.parsed("from", Pattern.parse)), None)
        cases = inner.inner("is")
        found = tuple((str(key), cases.word(key, SURFACES)) for key in cases.block) if cases else ()
        return SurfaceRule("", source, found, inner.word("else", SURFACES, "other"))
    if value is None and required:
        fields.fault(f"missing key 'surface'; one of {', '.join(MESSAGES)}", fields.block.place, "R006")
    return SurfaceRule(fields.word("surface", SURFACES, "other"))


def _conditions(fields: Fields, key: str) -> tuple[Condition, ...]:
    inner = fields.inner(key)
    if inner is None:
        return ()
    out = []
    for path in inner.block:
        values = (
            tuple(_word(inner, path, v) for v in inner.block[path])
            if isinstance(inner.block[path], list)
            else ()
        )
        out += [
            Condition(pattern, values or (_word(inner, path, inner.block[path]),))
            for pattern in _path(inner, path)
        ]
    return tuple(out)


def _word(fields: Fields, path: object, value: object) -> str:
    """Values are compared as text: 46 is "46", true is "true"."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int):
        return str(value)
    fields.fault("a condition compares with texts and numbers", fields.place(path))
    return ""


def _path(fields: Fields, path: object) -> list[Pattern]:
    try:
        return [Pattern.parse(str(path))]
    except ValueError as exc:
        fields.fault(str(exc), fields.block.keys_at.get(path, fields.block.place), "R009")
        return []


def _opens(fields: Fields) -> tuple[tuple[Pattern, str], ...]:
    inner = fields.inner("open")
    if inner is None:
        return ()
    return tuple((p, inner.word(path, DECODERS)) for path in inner.block for p in _path(inner, path))


def _sees(fields: Fields) -> tuple[tuple[str, Pattern], ...]:
    inner = fields.inner("sees")
    if inner is None:
        return ()
    inner.known("", " ".join(ROLES))
    return tuple((role, pattern) for role in inner.block for pattern in inner.parsed(role, Pattern.parse))


def _placeholders(fields: Fields) -> tuple[str, ...]:
    """At most one `*`, and enough letters that no person's text is swallowed."""
    for text, place in fields.placed("placeholder"):
        if text.count("*") > 1 or ("*" in text and len(text) < 13):
            fields.fault(f"a placeholder has at most one * and 12 letters beside it: {text!r}", place, "R012")
    return fields.texts("placeholder")


def facts_of(fields: Fields) -> tuple[Fact, ...]:
    facts = []
    for fact in fields.blocks("why"):
        fact.known(*keys(grammar.FactKeys))
        facts.append(Fact(fact.text("fact"), fact.text("source"), fact.text("read")))
    return tuple(facts)


def _claim(fields: Fields) -> Claim:
    fields.known(*keys(grammar.ClaimKeys))
    return Claim(
        surface=fields.word("surface", SURFACES),
        says=fields.word("says", grammar.CLAIMED),
        source=fields.text("source"),
        since=fields.text("since"),
        until=fields.text("until"),
        read=fields.text("read"),
        when=fields.text("when"),
        optional=fields.flag("optional"),
    )


def _relative_needs_each(fields: Fields, rule: Rule) -> None:
    patterns = [
        *rule.slots,
        *rule.attachments,
        *(p for _, p in rule.sees),
        *([rule.surface.source] if rule.surface.source else []),
        *(c.pattern for c in (*rule.where, *rule.unless, *rule.empty_when)),
    ]
    if rule.each is None and any(pattern.relative for pattern in patterns):
        fields.fault(
            "a path that begins with a dot is relative to `each`, and there is none",
            fields.block.place,
            "R009",
        )


def _pieces(fields: Fields) -> tuple[Piece, ...]:
    pieces: list[Piece] = []
    for piece in fields.blocks("shape"):
        piece.known("", "byte bytes secret protobuf")
        for key in piece.block:
            if (found := _piece(piece, key)) is not None:
                pieces.append(found)
    return tuple(pieces)


def _measured(fields: Fields, pieces: tuple[Piece, ...]) -> None:
    """Bytes can be cut in one way only: at most one piece leaves its size open."""
    if "shape" in fields.block and not pieces:
        fields.fault("a shape has at least one piece", fields.place("shape"), "R011")
    if sum(fixed(piece) is None for piece in pieces) > 1:
        fields.fault("at most one piece of a shape may leave its size open", fields.place("shape"), "R011")


def _piece(fields: Fields, key: str) -> Piece | None:
    value = fields.block[key]
    match key:
        case "byte":
            numbers = list(value) if isinstance(value, list) else [value]
            if numbers and all(type(n) is int and 0 <= n < 256 for n in numbers):
                return Byte(tuple(numbers))
            fields.fault("'byte' is a number from 0 to 255, or a list of them", fields.place(key), "R011")
        case "bytes" | "secret":
            return next(
                iter(fields.parsed(key, lambda size: Bytes(Field.parse(f"{key}[{size}]")), "R011")), None
            )
        case "protobuf":
            inner = fields.inner(key)
            if inner is not None:
                specs = {number: inner.parsed(number, Field.parse, "R011") for number in inner.block}
                for number in specs:
                    if not isinstance(number, int):
                        inner.fault(
                            f"a field number is a number, not {number!r}", inner.block.keys_at[number], "R011"
                        )
                return Protobuf({int(n): spec[0] for n, spec in specs.items() if isinstance(n, int) and spec})
    return None


def _tree(fields: Fields) -> TreeShape | None:
    inner = fields.inner("tree")
    if inner is None:
        return None
    places: list[Place] = []
    for path in inner.block:
        places += inner.parsed(path, lambda spec, path=path: Place.parse(str(path), spec), "R011")  # type: ignore[misc]
    return TreeShape(tuple(places))
