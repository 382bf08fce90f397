"""What could not be read where messages travel: a message may lie in it, so it counts as one in doubt.

A doubt changes an answer only where such messages were found: what nobody read is no reason to say
that a message was there, but it is one not to say that all of them were sealed. An entry that could
not be read at all is nobody's: it may hold a message of everybody who was found in its capture. A
file that ends early is a capture that ended then.
"""

from collections.abc import Iterator
from itertools import product

from auditor.model import Content, Direction, Finding, Grade, Problem, Road
from auditor.rulebook.book import Rulebook

LOST = "a stretch of the connection could not be read, so a message or a copy may lie in it"

ENTRY = "an entry of the capture could not be read, so a message or a copy may lie in it"
ENTRIES = ("damaged entry", "damaged", "too-much", "too-new", "passed over", "unknown")


def unread(problem: Problem, book: Rulebook) -> Iterator[tuple[Finding, str]]:
    """What the rules might have found there, each with the host."""
    if problem.kind in ENTRIES and not problem.channels:
        yield Finding(
            ref=problem.ref, platform="", surface="", direction=Direction.ANY, road=Road.UNKNOWN,
            content=Content.MISSING, grade=Grade.CONSISTENT, rule="", note=ENTRY,
        ), ""  # fmt: skip
    for channel, protocol, outgoing in product(problem.channels, problem.protocols, (True, False)):
        for rule, platform, *_ in book.spoken_at(protocol, outgoing, channel.host):
            for surface in sorted(set(rule.surface.all)) if rule.slots else ():
                slot = rule.slots[0].text
                yield Finding(
                    ref=problem.ref, platform=platform, surface=surface,
                    direction=Direction.OUT if outgoing else Direction.IN, road=channel.road,
                    content=Content.MISSING, grade=Grade.CONSISTENT, rule=rule.id, slot=slot, path=slot,
                    note=LOST, device=channel.device,
                ), channel.host  # fmt: skip
