"""Answers to sealed messages: words in one may be what the service read in the message.

What was asked is kept until it is answered: by the entry and the head of the question, for an answer
carries them. In a conversation (a WebSocket, a chat, a mail) nothing says what answers what: there it is
what comes next. Laws: what is held is bounded, and the oldest is forgotten first; an answer is looked at
once; of an error nobody believes what it says.
"""

from collections import OrderedDict
from typing import TypeAlias

from auditor.decoders.unwrap import Node
from auditor.model import Content, Finding, Head, Parcel
from auditor.text import is_name, is_prose

MOST = 1_000  # questions that wait for their answer
NEXT = 8  # parcels that come after a sealed message of a conversation, among which its answer is
Kind: TypeAlias = tuple[str, str, str]  # rule, platform, surface
Kinds: TypeAlias = tuple[Kind, ...]
# With which words a program says that it took a message, or that it ends a conversation, and why.
POLITE = """
    accepted action already as been bytes by completed delivered delivery duplicate event for from has
    have id in is it mail message note ok okay queue queued received recipient relayed requested saved sec
    sender sent spooled stored success successful successfully thank thanks the this to was will you your
    after and away be bye client close closed closing code connection data due ended error expired failed
    failure frame going goodbye heartbeat idle inactivity internal invalid keepalive limit logged logout
    lost no normal normally not out peer ping policy pong protocol reached reconnect remote reset restart
    server session shutdown shutting socket stream timed timeout too unexpected unexpectedly user violation
    went with without
"""


class Answers:
    """Which sealed messages wait for an answer."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[tuple[str, int, Head | None], tuple[Kinds, int]] = OrderedDict()

    def wait(self, parcel: Parcel, findings: list[Finding]) -> None:
        """Remember a question that held something sealed."""
        if not parcel.outgoing:
            return
        kinds = {(f.rule, f.platform, f.surface) for f in findings if f.content is Content.SEALED}
        if kinds:
            alone = parcel.protocol == "http"
            asked = parcel.head if alone else None
            waiting, _ = self._waiting.pop((parcel.ref.capture, parcel.ref.entry, asked), ((), 0))
            self._remember(parcel, asked, tuple(sorted(kinds.union(waiting))), 1 if alone else NEXT)

    def to(self, parcel: Parcel) -> Kinds:
        """The kinds of messages that this parcel answers."""
        spoken = parcel.protocol != "http"
        if not self._waiting or (parcel.outgoing if spoken else parcel.answers is None):
            return ()
        asked = None if spoken else parcel.answers
        kinds, left = self._waiting.pop((parcel.ref.capture, parcel.ref.entry, asked), ((), 0))
        if left > 1:
            self._remember(parcel, asked, kinds, left - 1)
        return kinds if parcel.head.status < 300 else ()

    def _remember(self, parcel: Parcel, asked: Head | None, kinds: Kinds, left: int) -> None:
        self._waiting[parcel.ref.capture, parcel.ref.entry, asked] = kinds, left
        if len(self._waiting) > MOST:
            self._waiting.popitem(last=False)


def repeated(body: Node) -> Node | None:
    """Where an answer says more than an answer has to say, and than what was wrong."""
    texts = (node for node in body.walk() if isinstance(node.value, str) and not node.children)
    return next((node for node in texts if "error" not in node.path and says_more(str(node.value))), None)


def says_more(text: str) -> bool:
    """Whether a program says more than that it took a message: three words that do not belong to that."""
    if not is_prose(text) or is_name(text):
        return False
    polite = POLITE.split()
    words = [word for part in text.split() if (word := part.strip(".,:;!?()<>\"'")).isalpha()]
    more = [word for word in words if len(word) > 1 and word.lower() not in polite]
    return len(more) > 2 or not all(map(str.isascii, more))
