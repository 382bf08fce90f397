"""Tests of rules: enough of them, near enough, and none that proves nothing."""

from collections.abc import Iterator

from auditor.rulebook.lint import Finds, Sheet, lint
from auditor.rulebook.paths import address_fits, host_fits
from auditor.rulebook.types import Platform, Rule, Test
from auditor.rulebook.yaml import Block, Items, Place, Tagged, Value

POSITIVE = ("readable", "undecided", "wrapped", "opaque", "sealed")
NEGATIVE = ("nothing", "missing", "attachment")
_BOASTS = ("encrypted", "end-to-end", "e2ee", "secure", "secret message", "private message", "protected")


def positive(test: Test) -> bool:
    return any(e in POSITIVE for e in test.expect)


def _tests(sheet: Sheet) -> Iterator[tuple[Test, Block, Place]]:
    written = sheet.block.get("tests")
    tests = () if isinstance(sheet.thing, Platform) else sheet.thing.tests
    blocks = written if isinstance(written, Items) else []
    yield from ((t, b, b.values_at.get("name", b.place)) for t, b in zip(tests, blocks, strict=True))


@lint("R401", "rule", "Add messages as the app sends them: short, long, with a name, in a group.")
def few_positive(sheet: Sheet) -> Finds:
    """A rule that is hardly shown to match.

    A message rule needs two tests that find a message, a rule about what is around messages
    one. Without them all its tests would pass if the rule were not there.
    """
    rule = sheet.rule
    found = sum(positive(t) if rule.slots else "metadata" in t.expect for t in rule.tests)
    least = 2 if rule.slots else 1
    if found < least:
        yield (
            sheet.key("tests"),
            f"{found} of {least} tests that find a message; without the rule the others pass",
        )


@lint("R402", "rule", "Add a typing notice, a message without text, a request beside it.")
def few_negative(sheet: Sheet) -> Finds:
    """A rule that is hardly shown to stay silent.

    A message rule needs two tests that expect `nothing`, `missing` or `attachment`, a rule
    about what is around messages one that expects `nothing`.
    """
    rule = sheet.rule
    found = sum(any(e in NEGATIVE for e in t.expect) for t in rule.tests)
    least = 2 if rule.slots else 1
    if found < least:
        yield sheet.key("tests"), f"{found} of {least} tests that find no message"


@lint("R403", "rule", "Take a test that matches and change one thing: the verb, a field, a segment.")
def far_miss(sheet: Sheet) -> Finds:
    """No near miss: nothing much like a message that is none.

    A test with another host, another verb and another body shows nothing about any of them.
    One negative test of each rule is its nearest neighbour: the same protocol and way and all
    conditions of `when` but one; or all of them, and something in the message tells.
    """
    if not any(_near(sheet.rule, test, sheet) for test in sheet.rule.tests):
        yield sheet.key("tests"), "no test expects `nothing` and differs from a message in one condition only"


def _near(rule: Rule, test: Test, sheet: Sheet) -> bool:
    if not any(e in ("nothing", "attachment", "missing") for e in test.expect):
        return False
    if test.recorded or rule.any_host or test.outgoing is None:
        return True
    method, _, address = test.address.partition(" ")
    host, *steps = address.partition("?")[0].split("/")
    hosts = rule.when.hosts or sheet.book.platforms[rule.platform].hosts
    when = rule.when
    wrong = [
        test.outgoing not in when.outgoing,
        bool(when.methods) and method not in when.methods,
        not any(host_fits(h, host) for h in hosts),
        bool(when.addresses)
        and not any(address_fits(a, tuple(s for s in steps if s)) for a in when.addresses),
    ]
    return sum(wrong) <= 1


@lint("R404", "rule", "Add a message whose text lies elsewhere, and expect `missing`.")
def never_missing(sheet: Sheet) -> Finds:
    """A message rule that is not shown to notice that the app moved.

    The day the text lies elsewhere the rule must say `missing`, not nothing.
    """
    if sheet.rule.slots and not any("missing" in t.expect for t in sheet.rule.tests):
        yield sheet.key("tests"), "no test expects `missing`"


@lint("R405", "rule", "Build it with !sealed, or take a recording.")
def sealed_by_word(sheet: Sheet) -> Finds:
    """A test that expects a seal and has none in it.

    That something is labelled as encrypted proves nothing, and a test that says so teaches
    the wrong thing. A seal in a test is a recording, published bytes, or made by !sealed.
    """
    for test, block, place in _tests(sheet):
        real = test.recorded or test.published or _has_seal(block.get("body"))
        if "sealed" in test.expect and not real:
            yield place, f"{test.name!r} expects a seal that nothing in it is"


def _has_seal(value: Value) -> bool:
    match value:
        case Tagged():
            return value.tag in ("sealed", "hex", "random", "capture") or _has_seal(value.value)
        case dict():
            return any(map(_has_seal, value.values()))
        case list():
            return any(map(_has_seal, value))
        case str():
            return "-----BEGIN" in value
    return False


@lint("R406", "rule", "Say what it is and which way it goes: `Signal direct message, sent`.")
def boasting_title(sheet: Sheet) -> Finds:
    """A title that says how safe the message is.

    A rule only says where to look. Evidence decides what lies there, every time anew.
    """
    title = sheet.rule.title.lower()
    if word := next((w for w in _BOASTS if w in title), ""):
        yield sheet.at("title"), f"a rule never says that something is {word!r}"


@lint("R407", "file", "Say in the name what is different about this one.")
def same_name(sheet: Sheet) -> Finds:
    """Two tests of one name.

    When one of them fails, nobody knows which.
    """
    seen = set()
    for test, _, place in _tests(sheet):
        if test.name in seen:
            yield place, f"another test is called {test.name!r}"
        seen.add(test.name)


@lint("R408", "rule", "Take one out, or change what it was meant to change.")
def same_test(sheet: Sheet) -> Finds:
    """Two tests of one and the same parcel.

    The second one proves nothing.
    """
    seen: dict[str, str] = {}
    for test, block, place in _tests(sheet):
        shown = repr(
            (test.outgoing, test.address, test.query, test.headers, block.get("body"), block.get("bytes"))
        )
        if shown in seen:
            yield place, f"{test.name!r} has the parcel of {seen[shown]!r}"
        seen.setdefault(shown, test.name)


@lint("R409", "rule", "Add `text: ...` to a test that reads a message.")
def text_never_compared(sheet: Sheet) -> Finds:
    """A message rule whose tests never say which text they read.

    A slot beside the text would pass as well: any words are `readable`.
    """
    rule = sheet.rule
    built = [t for t in rule.tests if "readable" in t.expect and not t.recorded]
    if rule.slots and built and not any(t.text for t in rule.tests):
        yield sheet.key("tests"), "no test says which text was read"


@lint("R410", "rule", "Use a name below example.com, example.org or .test.", "warning")
def stranger_in_a_test(sheet: Sheet) -> Finds:
    """A private value in a test.

    Rule files are public: a phone number or an address that somebody has does not belong in them.
    """
    for test, block, place in _tests(sheet):
        if any(_private(text) for text in _texts(block.get("body"))):
            yield place, f"{test.name!r} holds what could be somebody's phone number"


def _private(text: str) -> bool:
    number = text.removeprefix("+").replace(" ", "").replace("-", "")
    return text.startswith("+") and number.isdigit() and len(number) > 9 and "555" not in number


def _texts(value: Value) -> Iterator[str]:
    match value:
        case Tagged():
            yield from _texts(value.value)
        case dict():
            yield from (text for inner in value.values() for text in _texts(inner))
        case list():
            yield from (text for inner in value for text in _texts(inner))
        case str():
            yield value
