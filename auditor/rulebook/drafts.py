"""A rule as a first draft, from a parcel in which a known text was read.

Only what is certain is written down: where the text lay, in what kind of request, and how the body
was opened. Whatever else a rule needs is asked of its author. Values of the capture are replaced:
texts by a text of ours, numbers by 1, bytes by noise; names of fields stay, as they are the format.
"""

import json
import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

from auditor.decoders.unwrap import Node
from auditor.model import Parcel

TEXT = "meet at 7 by the north gate"  # what the draft's own tests say
OTHER = "abc"  # in the place of any other text
DECIDE = """Before it is a rule, decide:
#  surface  whose messages are these: dm, group, channel, room, mail, media, bot?
#  host     is this host the app's own, or one that others share? self-hosted: host: any
#  path     what varies is a star; is anything else sent to this address?
#  slot     does the text always lie there? list every place; the weakest decides
#  where    which value says that this is a message, and not a typing notice?
#           (auditor explain ID --in CAPTURE shows what else lies there)
#  why      what says so besides this capture: a document, a program's source, the day you read it
#  tests    the values are ours, not the capture's: make them look like the app's; add the nearest
#           thing that is no message (nothing), and the day its text is gone (missing)"""
LENGTH = """none of the texts could be read. What stands in the slot grew and shrank with them, and that is
#           all that speaks for it: it may be a copy (of a draft, for a log or a search), or the layer
#           that the service opens. Send other texts, in another order, and see whether it moves again;
#           auditor analyze says whether a known seal lies there. Bytes of each text, and there:
#          """
FACT = "A text that was planted lay there."
NOISE = "!random 96"
MOST = 60  # values of a body that are written down
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_MEDIA = re.compile(r"(?:text|application|image|audio|video|multipart|message)/[\w.+-]{1,60}", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,9}")
_VARIES = re.compile(
    r".*[0-9].*[0-9].*[0-9].*|[0-9]+|.{25,}|.*[@:].*"
)  # a step that is somebody's, or a number


class Draft(Struct, frozen=True):
    """The parcels of one kind in which texts were read, and where."""

    parcel: Parcel  # the first
    root: Node
    slots: tuple[str, ...]
    nodes: tuple[tuple[str, ...], ...]  # the paths of the values, as they are in the first parcel
    count: int = 1
    moved: tuple[tuple[int, int], ...] = ()  # no text was read: bytes of each, and of what lay there


def kind_of(parcel: Parcel) -> tuple[object, ...]:
    """What parcels of one kind have in common."""
    asked = parcel.asked
    return parcel.protocol, parcel.outgoing, parcel.channel.host, asked.method, _address(parcel)


def slot_of(path: Iterable[str]) -> str:
    """A path as rules write it: lists are passed through, keys that vary are a star."""
    return ".".join(_step(step) for step in path if not step.startswith("#"))


def lines(draft: Draft, today: str) -> Iterator[str]:
    parcel, asked = draft.parcel, draft.parcel.asked
    way, back = ("out", "sent") if parcel.outgoing else ("in", "received")
    host = parcel.channel.host or "any"
    count = "1 parcel" if draft.count == 1 else f"{draft.count:,} parcels"
    yield f"# A draft, made of {count} like {parcel.ref}. {DECIDE}"
    if draft.moved:
        yield f"#  LENGTH   {LENGTH} {', '.join(f'{text}: {size}' for text, size in draft.moved)}"
    yield f"title: {_words(host)} message, {back}"
    yield "surface: dm"
    yield f"when: {{{', '.join(_when(draft, way, host))}}}"
    yield f"slot: [{', '.join(map(_quoted, draft.slots))}]"
    yield "why:"
    fact = "The length of what lay there moved with planted texts." if draft.moved else FACT
    yield f'  - {{fact: "{fact}", source: constructed, read: {today}}}'
    yield "tests:"
    yield f"  - name: {'something that nobody reads' if draft.moved else 'the text lies open'}"
    named = host if host != "any" else "chat.example.org"
    yield f"    {way}: {asked.method} {named}{_address(parcel, OTHER)}"
    yield f"    body: {body_of(draft)}"
    yield from ["    expect: opaque"] if draft.moved else ["    expect: readable", f"    text: {TEXT}"]


def platform(drafts: Iterable[Draft], today: str) -> Iterator[str]:
    """The profile of an app that has none: who it is, and at which hosts it was seen."""
    hosts = dict.fromkeys(draft.parcel.channel.host for draft in drafts if draft.parcel.channel.host)
    yield f"title: {_words(next(iter(hosts), ''))}"
    yield f"hosts: [{', '.join(map(_quoted, hosts))}]"
    yield "limits:"
    yield "  - Only what one capture showed is known of it."
    yield "why:"
    yield f"  - {{fact: The app was seen to talk with these hosts., source: constructed, read: {today}}}"


def body_of(draft: Draft) -> str:
    """The body of the first parcel in the words of rule tests, its values replaced."""
    body = draft.root.child("body")
    left = [MOST]
    return _written(body, draft, (), left) if body else '""'


def _when(draft: Draft, way: str, host: str) -> Iterator[str]:
    parcel, asked = draft.parcel, draft.parcel.asked
    if parcel.protocol != "http":
        yield f"protocol: {parcel.protocol}"
    yield f"direction: {way}"
    if asked.method and parcel.protocol in ("http", "websocket"):
        yield f"method: {asked.method}"
    yield f"host: {'any' if host == 'any' else f'[{host}]'}"
    if asked.path:
        yield f"path: {_address(parcel)}"


def _written(node: Node, draft: Draft, above: tuple[str, ...], left: list[int]) -> str:
    """One value with its layers, outermost first."""
    trail = node.trail[len(above) :]
    left[0] -= 1
    children = [child for child in node.children if left[0] > 0 or _holds(child, draft.nodes)]
    if node.listing:
        inner = f"[{', '.join(_written(child, draft, node.trail, left) for child in children[:3])}]"
    elif children:
        numbered = bool(trail) and trail[-1] == "protobuf"
        pairs = (f"{_key(c.step, numbered)}: {_written(c, draft, node.trail, left)}" for c in children)
        inner = f"{{{', '.join(pairs)}}}"
    else:
        inner = _value(node, draft)
    for name in reversed(trail):
        inner = f"!{name} {inner}" if inner[:1] not in ("!",) else f"!{name} [{inner}]"
    return inner


def _holds(node: Node, wanted: tuple[tuple[str, ...], ...]) -> bool:
    return any(path[: len(node.path)] == node.path for path in wanted)


def _value(node: Node, draft: Draft) -> str:
    if node.path in draft.nodes:
        noise = NOISE if isinstance(node.value, bytes) else f"!base64 [{NOISE}]"
        return noise if draft.moved else TEXT
    match node.value:
        case None | bool():
            return json.dumps(node.value)
        case int() | float():
            return "1"
        case str() as text if media := _MEDIA.match(text):
            return json.dumps(media[0])  # says how the rest is read, and nothing of anybody
        case bytes():
            return f"!random {min(max(len(node.value), 1), 64)}"
    return OTHER


def _key(step: str, numbered: bool) -> str:
    if numbered and step.isdigit():
        return step
    return step if _PLAIN.fullmatch(step) and step not in ("true", "false", "null") else json.dumps(step)


def _step(step: str) -> str:
    if _PLAIN.fullmatch(step) or _NUMBER.fullmatch(step) or step.startswith("@"):
        return step
    return "*" if _VARIES.fullmatch(step) else f"'{step}'"


def _address(parcel: Parcel, star: str = "*") -> str:
    """The address; outside HTTP it names people and rooms."""
    web = parcel.protocol in ("http", "websocket")
    steps = (step if web and _stays(step) else star for step in parcel.asked.path)
    return "/" + "/".join(steps)


def _stays(step: str) -> bool:
    return re.fullmatch(r"v[0-9.]{1,4}", step) is not None or not _VARIES.fullmatch(step)


def _quoted(slot: str) -> str:
    return slot if re.fullmatch(r"[\w.-]+", slot, re.ASCII) else json.dumps(slot)


def _words(host: str) -> str:
    labels = host.split(".")
    return labels[-2].capitalize() if len(labels) > 1 and not labels[-1].isdigit() else "An app's"
