"""Tests as they stand in rule files: addresses, builders, expectations."""

from auditor.model import ROLES, SURFACES
from auditor.rulebook.fields import Fields, nearest
from auditor.rulebook.types import Test
from auditor.rulebook.yaml import Tagged

# What a test may expect: a content, what is around messages, an attachment, or nothing at all.
EXPECT = (
    "readable",
    "undecided",
    "missing",
    "wrapped",
    "opaque",
    "sealed",
    "metadata",
    "attachment",
    "nothing",
)
_KEYS = "out in bytes body query headers text surface sees path todo published"


def read_tests(fields: Fields) -> tuple[Test, ...]:
    """A test that names no address takes that of the one before it."""
    tests: list[Test] = []
    for block in fields.blocks("tests"):
        block.known("name expect", _KEYS)
        tests.append(_test(block, tests[-1] if tests else None))
    return tuple(tests)


def read_transport_tests(fields: Fields) -> tuple[Test, ...]:
    """`said` is a list of pieces, each `out` or `in`; `expect` is the transport's file, or nothing."""
    tests = []
    for block in fields.blocks("tests"):
        block.known("name expect", "said facts address port published")
        said = []
        for piece in block.blocks("said"):
            piece.known("", "out in")
            said += [(key == "out", value) for key, value in piece.block.items()]
        shown = block.inner("facts")
        tests.append(
            Test(
                name=block.text("name"),
                line=block.block.place[0],
                expect=(block.text("expect"),),
                address=block.text("address"),
                body=said,
                query=block.text("port"),
                headers=tuple((str(key), shown.text(key)) for key in shown.block) if shown else (),
                published=block.text("published"),
            )
        )
    return tuple(tests)


def _test(fields: Fields, before: Test | None) -> Test:
    way = next((key for key in ("out", "in") if key in fields.block), None)
    body = fields.block.get("bytes", fields.block.get("body"))
    recorded = str(body.value) if isinstance(body, Tagged) and body.tag == "capture" else ""
    if way is None and before is not None and not recorded:
        outgoing, address = before.outgoing, before.address
    else:
        outgoing, address = (way == "out" if way else None), (fields.text(way) if way else "")
    return Test(
        name=fields.text("name"),
        line=fields.block.place[0],
        expect=_expect(fields),
        outgoing=outgoing,
        address=address,
        body=None if recorded else body,
        query=fields.text("query"),
        headers=_pairs(fields, "headers", ()),
        text=fields.text("text") or None,
        surface=fields.word("surface", SURFACES),
        sees=_pairs(fields, "sees", ROLES),
        path=fields.text("path"),
        todo=fields.text("todo"),
        recorded=recorded,
        published=fields.text("published"),
    )


def _expect(fields: Fields) -> tuple[str, ...]:
    """For a rule one of EXPECT, or several; for an envelope the name of the envelope that recognises."""
    values = fields.placed("expect")
    if "bytes" not in fields.block:
        for value, place in values:
            if value not in EXPECT:
                fields.fault(f"'expect' knows no {value!r}{nearest(value, EXPECT)}", place)
    return tuple(value for value, _ in values) or ("nothing",)


def _pairs(fields: Fields, key: str, allowed: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    inner = fields.inner(key)
    if inner is None:
        return ()
    if allowed:
        inner.known("", " ".join(allowed))
    return tuple((str(name), inner.text(name)) for name in inner.block)
