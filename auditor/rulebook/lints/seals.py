"""Envelopes, and what rules accept of them."""

from auditor.rulebook.lint import Finds, Sheet, lint


@lint("R601", "rule", "Take it out of `accept`.")
def accepted_in_vain(sheet: Sheet) -> Finds:
    """An accepted envelope that is no seal.

    What the server or another device of the same person opens, or nobody knows who, never makes
    a message sealed. To accept it promises what the evidence cannot hold.
    """
    for name, place in sheet.each("accept"):
        opener = sheet.book.envelopes[name].opened_by
        if opener != "recipient":
            yield place, f"{name} is opened by {opener}: it seals nothing"


@lint("R602", "envelope", "Add `bytes: !random 64` with `expect: nothing`, or something that looks like it.")
def recognises_everything(sheet: Sheet) -> Finds:
    """An envelope that is not shown to refuse anything.

    It needs a test that it recognises and one that it does not.
    """
    own = [sheet.envelope.id in t.expect for t in sheet.envelope.tests]
    if all(own):
        yield sheet.key("tests"), "no test expects `nothing`, or another envelope"
    if not any(own):
        yield sheet.key("tests"), f"no test expects {sheet.envelope.id}"


@lint("R603", "rule", "Take the placeholders out, or the slot that can be sealed is not listed.")
def placeholder_without_neighbour(sheet: Sheet) -> Finds:
    """Placeholders in a rule with one slot.

    A placeholder counts for nothing only beside a seal in another slot; with one slot there is none.
    """
    rule = sheet.rule
    single = len(rule.slots) == 1 and not any("*" in s for s in rule.slots[0].steps)
    if rule.placeholders and single:
        yield sheet.at("placeholder"), "there is no other slot beside which it could stand"


@lint("R604", "rule", "Write more of the sentence, without the star.")
def wide_placeholder(sheet: Sheet) -> Finds:
    """A placeholder that swallows what people write.

    It counts for nothing beside a seal, so a text that fits it would be a hidden leak. It is a
    whole sentence of a program.
    """
    for text, place in sheet.each("placeholder"):
        if "*" in text and text.index("*") < len(text) - 1:
            yield place, f"{text!r}: anything may stand in the middle"
