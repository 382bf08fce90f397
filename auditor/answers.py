"""Answers to sealed messages: words in one may be what the service read in the message.

What was asked is kept until it is answered: by the entry and the head of the question, for an answer
carries them. Laws: what is held is bounded, and the oldest is forgotten first; an answer is looked at
once; of an error nobody believes what it says.
"""

from collections import OrderedDict
from typing import TypeAlias

from auditor.model import Content, Finding, Head, Parcel

MOST = 1_000  # questions that wait for their answer
Kind: TypeAlias = tuple[str, str, str]  # rule, platform, surface


class Answers:
    """Which sealed messages wait for an answer."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[tuple[str, int, Head], tuple[Kind, ...]] = OrderedDict()

    def wait(self, parcel: Parcel, findings: list[Finding]) -> None:
        """Remember a question that held something sealed."""
        if not parcel.outgoing or parcel.protocol != "http":
            return
        kinds = {(f.rule, f.platform, f.surface) for f in findings if f.content is Content.SEALED}
        if kinds:
            self._waiting[parcel.ref.capture, parcel.ref.entry, parcel.head] = tuple(sorted(kinds))
            if len(self._waiting) > MOST:
                self._waiting.popitem(last=False)

    def to(self, parcel: Parcel) -> tuple[Kind, ...]:
        """The kinds of messages that this parcel answers."""
        if parcel.answers is None or not self._waiting:
            return ()
        kinds = self._waiting.pop((parcel.ref.capture, parcel.ref.entry, parcel.answers), ())
        return kinds if parcel.head.status < 300 else ()
