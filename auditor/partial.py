"""Bodies of which only a part is here, or that did not open into what a rule knows."""

import re

from auditor.decoders.unwrap import Node
from auditor.model import Parcel
from auditor.rulebook.types import Rule

WITH_PARTS = ("{", "[", "--", "<?xml")  # how JSON, multipart and XML begin that could be opened
FRAMES = ("sse", "multipart")  # around a body that is asked for in pieces or sent as events
PACKED = ("grpc", "grpc_web")  # whose frames may be compressed in a way that nobody here undoes
WORDS = ("text/", "application/json", "application/xml", "application/x-www-form-urlencoded")
# Which bytes of a body these are, and how many it has.
STRETCH = re.compile(r"bytes +(\d{1,15})-(\d{1,15})/(\d{1,15}|\*)", re.IGNORECASE)


def partial_content(parcel: Parcel) -> bool:
    """Whether the body is a stretch of something longer (RFC 9110, 14 and 15.3.7)."""
    stretch = STRETCH.fullmatch(parcel.head.header("content-range").strip())
    if stretch and stretch[1] == "0" and stretch[3].isdigit() and int(stretch[2]) + 1 == int(stretch[3]):
        return False
    return parcel.head.status == 206 or stretch is not None


def unopened(rule: Rule, root: Node) -> bool:
    """Whether the rule looks for messages inside a body that stayed bytes, or text that says it has parts,
    or in which its place would lie in frames it does not know."""
    places = [rule.each] if rule.each else rule.slots
    body = root.child("body")
    if body is None or not _within(rule):
        return False
    if body.children:
        return body.trail[-1:] in [(name,) for name in FRAMES] and not any(p.reaches(root, 2) for p in places)
    value = body.value
    return bool(value) if isinstance(value, bytes) else str(value or "").lstrip().startswith(WITH_PARTS)


def packed(rule: Rule, root: Node) -> bool:
    """Whether one of the frames in which the rule looks for messages stayed compressed."""
    body = root.child("body")
    return body is not None and _packed(body) and _within(rule)


def shut(parcel: Parcel, root: Node) -> bool:
    """Whether a body stayed bytes of which its headers say that it is packed, or that it is words."""
    body = root.child("body") or Node(())
    if not isinstance(body.value, bytes):
        return _packed(body)
    coding = parcel.head.header("content-encoding").strip().lower()
    return coding not in ("", "identity") or parcel.head.header("content-type").lower().startswith(WORDS)


def _within(rule: Rule) -> bool:
    places = [rule.each] if rule.each else rule.slots
    return all(p.steps[0] == "body" and len(p.steps) > 1 for p in places)


def _packed(body: Node) -> bool:
    if not body.trail or body.trail[-1] not in PACKED:
        return False
    frames = body.children if body.listing else [body]
    inner = (frame.child("compressed") for frame in frames)
    return any(one is not None and isinstance(one.value, bytes) and one.value for one in inner)
