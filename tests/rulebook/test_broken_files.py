# ruff: noqa: E501 - one broken file a line
"""Broken rule files of thirty kinds: each gives the right code, place and advice. Hostile ones are refused at once."""

import time

import pytest

from auditor.errors import Fault, RuleError
from auditor.rulebook.book import Rulebook
from auditor.rulebook.paths import Pattern, address_fits, host_fits
from tests.rulebook.lints.broken import GOOD, HOME, SEAL, SEND

# what is broken: file, what stood there, what stands there now, code, line:column, words
BROKEN = {
    "no YAML": (SEND, "slot: [body.text, body.copy]", "slot: [body.text, body.copy", "R001", "11:5", "not YAML"),
    "a tab": (SEND, "surface: dm", "\tsurface: dm", "R001", "3:1", "not YAML"),
    "no text": (SEND, "title: X", "title: \x07X", "R001", "1:1", "a character that text never has"),
    "an anchor": (SEND, "surface: dm", "surface: &s dm", "R003", "3:10", "write it out"),
    "an alias": (SEND, "surface: dm", "surface: *s", "R003", "3:10", "write it out"),
    "a foreign tag": (SEND, "surface: dm", "surface: !!str dm", "R003", "3:10", "unknown tag"),
    "a second file in it": (SEND, "surface: dm", "---\nsurface: dm", "R003", "3:1", "one rule a file"),
    "a key that is a list": (SEND, "surface: dm", "[surface]: dm", "R003", "3:1", "a key is one word"),
    "a list": (SEND, GOOD[SEND], "- a\n", "R003", "1:1", "a rule file is a mapping"),
    "a key twice": (SEND, "surface: dm", "surface: dm\nsurface: dm", "R004", "4:1", "given twice"),
    "an unknown key": (SEND, "slot:", "slott:", "R005", "10:1", "did you mean 'slot'?"),
    "an unknown key in when": (SEND, "method:", "metod:", "R005", "7:3", "did you mean 'method'?"),
    "an unknown role": (SEND, "sender:", "sendr:", "R005", "11:8", "did you mean 'sender'?"),
    "a missing key": (SEND, "title: X direct message, sent\n", "", "R006", "2:1", "missing key 'title'"),
    "no surface": (SEND, "surface: dm\n", "", "R006", "2:1", "missing key 'surface'"),
    "a list for a text": (SEND, "title: X", "title: [a]\n#", "R007", "2:8", "is a text, not a list"),
    "a text for a list": (SEND, GOOD[SEND].partition("tests:")[2], " none\n", "R007", "16:8", "list of mappings"),
    "an unknown surface": (SEND, "surface: dm", "surface: dms", "R008", "3:10", "did you mean 'dm'?"),
    "an unknown direction": (SEND, "direction: out", "direction: up", "R008", "6:14", "out, in, or both"),
    "an unknown decoder": (SEND, "slot:", "open: {body: protobuff}\nslot:", "R008", "10:14", "did you mean 'protobuf'?"),
    "an unknown expectation": (SEND, "expect: readable", "expect: readible", "R008", "20:13", "did you mean 'readable'?"),
    "a path with brackets": (SEND, "[body.text,", '["body.a[0]",', "R009", "10:8", "not a path"),
    "a dot without each": (SEND, "[body.text,", "[.text,", "R009", "2:1", "relative to `each`"),
    "slot and action": (SEND, "surface: dm", "surface: dm\naction: typing", "R010", "2:1", "either a `slot`"),
    "a size that is none": (SEAL, "secret: 16n", "secret: 16m", "R011", "8:13", "like `bytes[33] 05`"),
    "two open sizes": (SEAL, "byte: 3", "secret: 16n", "R011", "5:3", "at most one piece"),
    "a wide placeholder": (SEND, "sees:", 'placeholder: "This*"\nsees:', "R012", "11:14", "at most one *"),
    "an unknown envelope": (SEND, "sees:", "accept: [ee]\nsees:", "R013", "1:1", "no envelope that is only-in-slot"),
    "an unknown platform": (HOME, "claims:", "speaks: [y]\nclaims:", "R013", "1:1", "speaks unknown platform 'y'"),
    "a file elsewhere": ("other/x.yaml", "", "a: b", "R014", "1:1", "not a place for a rule file"),
    "a bad day in a claim": (HOME, "says: transport-only", "says: e2e", "R008", "5:25", "'says' is one of"),
}  # fmt: skip


def faults(file: str, text: str) -> tuple[Fault, ...]:
    with pytest.raises(RuleError) as caught:
        Rulebook.of({**GOOD, file: text})
    return caught.value.faults


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_file_gives_code_place_and_advice(how: str) -> None:
    file, old, new, code, place, words = BROKEN[how]
    assert old in GOOD.get(file, "")
    found = faults(file, GOOD[file].replace(old, new, 1) if file in GOOD else new)
    told = [(f.file, f.code, f"{f.line}:{f.column}") for f in found]
    assert (file, code, place) in told
    assert any(words in f.message for f in found if f.code == code)
    assert len(told) <= 2


def test_there_are_more_than_25_kinds() -> None:
    assert len(BROKEN) >= 25
    assert {kind[3] for kind in BROKEN.values()} == {f"R0{n:02}" for n in range(1, 15)} - {"R002"}


ANCHORS = "a: &a [x, x]\n" + "".join(f"b{n}: &b{n} [*a, *a, *a]\n" for n in range(200))
HOSTILE = {
    "a bomb of anchors": (ANCHORS, "R003"),
    "ten million letters": ("title: " + "x" * 10_000_000, "R002"),
    "a hundred thousand levels": ("title: " + "[" * 100_000, "R002"),
    "levels in mappings": ("title: " + "{a: " * 50_000, "R002"),
    "levels by indent": ("".join(f"{' ' * n}a:\n" for n in range(500)), "R002"),
    "sixty thousand keys": ("".join(f"k{n}: 1\n" for n in range(16_000)), "R005"),
    "sixty thousand tags": ("title: " + "!x " * 60_000, "R001"),
    "a path without end": (GOOD[SEND].replace("body.text", "body" + ".**" * 20_000 + "."), "R009"),
    "a size without end": (GOOD[SEAL].replace("16n", "9" * 100_000), "R011"),
    "a text shape without end": (
        GOOD[SEAL].partition("shape:")[0] + "text: '" + "{base64 " * 20_000 + "'\nwhy: []\ntests: []\n", "R011",
    ),
}  # fmt: skip
QUICK = 1.0  # seconds of this process


@pytest.mark.parametrize("how", HOSTILE)
def test_a_hostile_file_is_refused_within_a_second(how: str) -> None:
    text, code = HOSTILE[how]
    file = SEAL if text.startswith(GOOD[SEAL][:60]) else SEND
    begun = time.process_time()
    found = faults(file, text)
    assert time.process_time() - begun < QUICK
    assert code in {fault.code for fault in found}


CATASTROPHIC = ("a*" * 40 + "b", "*a" * 40 + "*b", "**a" * 40, "?*" * 60 + "b", "(a+)+$", "a*" * 100 + "b")


@pytest.mark.parametrize("pattern", CATASTROPHIC)
def test_no_pattern_takes_longer_than_a_second(pattern: str) -> None:
    """Stars are the only pattern there is, and they never look back."""
    begun = time.process_time()
    long = "a" * 5_000 + "c"
    assert not address_fits((pattern,), (long,))
    assert not host_fits(f"{pattern}.org", f"{long}.org")
    assert not Pattern.parse(f"body.{pattern.replace('(', '').replace(')', '')}").covers(("body", long))
    assert not address_fits(("**", "x") * 30, ("a",) * 300)
    assert time.process_time() - begun < QUICK
