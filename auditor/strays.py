"""Strays: readable words, or keys, in a parcel that no rule explains. Beside sealed messages they may be
copies, or what opens them.

Laws: a message and all in it is its rule's; what another rule is about explains itself, but for whole
sentences that it does not name; headers that programs fill explain what programs write there, and
nothing that a person says. Whatever else is words was written by somebody.
Where nothing is sealed only what should have been a message is looked at: an entry of a list of
messages, or what was sent to where messages are sent, of a kind that no rule knows; and whole sentences
in whatever else comes with such a list: that no message came this time says nothing about them.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain

from auditor.decoders.unwrap import Node, Opening
from auditor.model import MESSAGES, Content
from auditor.rulebook.contents import Judge
from auditor.rulebook.keyring import WHOLE, may_be_key
from auditor.rulebook.match import Element, Message, elements, holds_prose, text_of, written
from auditor.rulebook.paths import glob
from auditor.rulebook.types import Rule
from auditor.text import is_name, is_prose, is_sentence

AROUND = ("path", "header")
# Headers of requests, answers and mails that programs fill, and no person.
ORDINARY = """
    accept* access-control-* age allow alt-svc arc-* authentication-* authorization auto-submitted
    autocrypt* cache-control chat-* clear-site-data connection content-* cookie critical-ch
    cross-origin-* dav date delivered-to device-memory digest dkim-* dnt document-policy downlink dpr
    early-data ect etag expect* expires feature-policy forwarded from host if-* importance keep-alive
    last-modified link list-* location mime-version nel origin* p3p permissions-policy pragma
    precedence prefer* priority proxy-* range received* referer referrer-policy report-to
    reporting-endpoints retry-after return-path rtt save-data sec-* secure-join* server server-timing
    service-worker* set-cookie sourcemap strict-transport-security te timing-allow-origin trailer
    transfer-encoding upgrade* user-agent vary via warning www-authenticate x-amz-* x-aspnet* x-cache*
    x-content-* x-dns-* x-download-options x-fb-* x-forwarded-* x-frame-options x-google-* x-mailer
    x-ms-* x-permitted-* x-powered-by x-robots-tag x-runtime x-served-by x-signal-agent x-spam-*
    x-ua-compatible x-xss-protection
"""

# Of them those in which programs write whole sentences, or file names; in the others nobody does.
WORDY = """
    arc-* authentication-* autocrypt* chat-* content-disposition dkim-* from list-* nel p3p
    permissions-policy received* report-to warning www-authenticate x-ms-* x-spam-*
"""
# Three words without capitals or signs between them, also as addresses and cookies spell a blank.
_SAYING = re.compile(r"(?<![\w-])(?:[^\W\d_A-Z]{2,}(?: |%20|\+)){2,}[^\W\d_A-Z]{2,}(?![\w-])")


def stray(rules: list[Rule], root: Node, judge: Judge, sealed: bool) -> Node | None:
    """The first of them; around a body only where it holds something sealed."""
    spoken = sealed or any(says(node) for top in root.children if top.step in WHOLE for node in top.walk())
    if not spoken and not any(map(_for_messages, rules)):
        return None
    known: list[Element] = []
    unknown: list[Node] = []
    for rule in rules:
        for node in elements(rule, root):
            one = Element(rule, root, node, judge)
            if one.concerned():
                known.append(one)
            elif _for_messages(rule):
                unknown.append(node)
    looked = {id(one.node) for one in known if one.rule.each}
    listed = any(rule.each is not None and _for_messages(rule) for rule in rules)
    if any(one.node is root and (one.rule.slots or not sealed) for one in known):
        looked |= {id(child) for child in root.children if child.step in WHOLE}
        unknown, listed = [], False
    top = [root] if sealed or listed else []
    found = chain(
        filter(_told, _outside(top if sealed else unknown, looked, (*WHOLE, *AROUND) if sealed else WHOLE)),
        () if sealed else filter(says, _outside(top if spoken else [], looked, WHOLE)),
        filter(says, _around(known) if spoken else ()),
    )
    named: set[int] | None = None
    for node in found:
        if named is None:
            named = {id(part) for one in known for part in one.named()}
        if id(node) not in named:
            return node
    return None


def _around(known: list[Element]) -> Iterator[Node]:
    """What actions are about, without the messages in it."""
    messages = {id(one.node) for one in known if one.rule.each and one.rule.slots}
    actions = [one.node for one in known if one.rule.action and one.rule.when.protocol == "http"]
    return _outside(actions, messages, WHOLE)


def says(node: Node) -> bool:
    """Whether three words or more stand here as people write them, and are no name."""
    text = node.value if isinstance(node.value, str) and not node.children else ""
    return len(text.split()) > 2 and is_sentence(text) and not is_name(text)


def _for_messages(rule: Rule) -> bool:
    """Whether what has the rule's address is a message, of whatever kind, or a list of them."""
    asked = rule.when.protocol == "http" and rule.when.addresses
    written = any(surface in MESSAGES for surface in rule.surface.all)
    return bool(rule.slots and written and asked and (rule.each or all(rule.when.outgoing)))


def _outside(places: list[Node], looked: set[int], tops: tuple[str, ...]) -> Iterator[Node]:
    """Everything in these places of a parcel but what was looked at."""
    stack = list(reversed(places))
    while stack:
        node = stack.pop()
        if id(node) not in looked and (not node.path or node.path[0] in tops):
            yield node
            stack.extend(reversed(node.children))


def _told(node: Node) -> bool:
    header = _header(node.path)
    if not header:
        return holds_prose(node) or written(node) or may_be_key(node)
    if node.children:
        return False
    if _is_one_of(header, ORDINARY):
        return not _is_one_of(header, WORDY) and _SAYING.search(text_of(node)) is not None
    first, *inner = Opening().open(text_of(node), node.path).walk()
    return is_sentence(text_of(first)) or any(map(holds_prose, inner)) or _spelled(first)


def _spelled(node: Node) -> bool:
    """Prose that came out of base64 or another spelling."""
    return any(isinstance(layer.value, str) and is_prose(layer.value) for layer in node.layers[1:])


@lru_cache(1024)
def _is_one_of(header: str, names: str) -> bool:
    return any(glob(name).match(header) for name in names.split())


def _header(path: tuple[str, ...]) -> str:
    """The header that a node stands in, of a parcel or of a mail; nothing where it is none."""
    for top in (("header",), ("body", "header")):
        if path[: len(top)] == top and len(path) > len(top):
            return path[len(top)].lower()
    return ""


def unseen(rule: Rule, why: str) -> list[Message]:
    """One message in doubt of every kind that the rule knows."""
    if not rule.slots:
        return []
    slot = rule.slots[0].text
    return [Message(surface, Content.MISSING, slot, note=why) for surface in sorted(set(rule.surface.all))]
