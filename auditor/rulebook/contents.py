"""What lies at a node: readable, sealed, wrapped, opaque or undecided. Evidence decides, never a label.

Laws: text is readable whether or not it also decodes; numbers and empty values are
nothing; a seal counts only when it is shut and no planted text was read in it; what is
below a node belongs to it, attributes beside a text do not unless they are prose.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property

from msgspec import Struct

from auditor.decoders.unwrap import Layer, Node, Opening
from auditor.model import Content, Path
from auditor.randomness import habits, shuffled
from auditor.rulebook.book import Rulebook
from auditor.rulebook.keyring import Keyring, Shut, in_a_session, long
from auditor.rulebook.tree import TreeSeal
from auditor.rulebook.types import Envelope
from auditor.text import is_prose, is_token

TESTABLE = 32  # bytes from which a test for randomness has power
SHORT = 16  # bytes from which at least the letters of a code tell it from words
Planted = Mapping[int, tuple[str, ...]]  # the planted texts that were read at a node

Look = Callable[[Node], Iterable[str]]  # for planted texts, in what was opened later

_BY_OPENER = {"recipient": Content.SEALED, "server": Content.WRAPPED}


def nothing(_: Node) -> tuple[str, ...]:
    return ()


class Seen(Struct, frozen=True):
    """One value of a message."""

    content: Content
    node: Node
    seal: str = ""
    note: str = ""
    texts: tuple[str, ...] = ()

    @property
    def layer(self) -> Layer | None:
        """The layer that shows the content: the innermost text or bytes that were judged."""
        if not self.node.layers:
            return None
        if self.content is Content.SEALED and self.node.sealed_layer >= 0:
            return self.node.layers[self.node.sealed_layer]
        if self.content is Content.OPAQUE:
            return self.node.layers[-1]
        return next((x for x in self.node.layers if x.trail == self.node.trail), self.node.layers[0])


class _Trees(Struct, frozen=True):
    """What tree envelopes say about nodes: which hold the secret of which, and which are covered."""

    secrets: dict[int, str]
    covered: set[int]


class Judge:
    """Judges nodes of one parcel: the tree seals around them, the texts planted in them."""

    def __init__(self, book: Rulebook, root: Node, planted: Planted, look: Look = nothing) -> None:
        self.book = book
        self.planted = planted
        self.look = look
        self.believed: dict[tuple[str, ...], _Trees] = {}
        self.root = root

    @cached_property
    def keyring(self) -> Keyring:
        return Keyring(self.root)

    def unlocked(self, node: Node, accept: tuple[str, ...]) -> tuple[Seen, Path] | None:
        """What a key beside it opens, and where that lies."""
        found = self.keyring.open(node) if self._bare(node, accept) else None
        if found is None:
            return None
        opened = Opening().open(found.plain, node.path, trail=(*node.trail, found.cipher))
        texts = tuple(sorted({text for n in opened.walk() for text in self.look(n)}))
        return Seen(Content.READABLE, opened, texts=texts), found.key

    def shut(self, node: Node, accept: tuple[str, ...]) -> tuple[Shut, ...]:
        """What a key from elsewhere may open."""
        bare = self.keyring.shut(node) if self._bare(node, accept) else ()
        return (*bare, *in_a_session(node))

    def _bare(self, node: Node, accept: tuple[str, ...]) -> bool:
        """Whether a ciphertext lies there: an envelope in a tree is none."""
        inner = node.seal is not None and node.seal.shut and self.covers(node, accept)
        return not inner and any(long(node))

    @cached_property
    def trees(self) -> list[tuple[Envelope, TreeSeal]]:
        """The tree seals in this parcel, once somebody asks."""
        return [
            (envelope, seal)
            for node in self.root.walk()
            if node.children and not node.listing
            for envelope, seal in self.book.trees(node)
            if not self._read_below(node)
        ]

    def _trees(self, accept: tuple[str, ...]) -> "_Trees":
        """What trees seal for a rule: the weak ones only where it accepts them."""
        if accept not in self.believed:
            known = _Trees({}, set())
            for envelope, seal in self.trees:
                if not envelope.only_in_slot or envelope.id in accept:
                    known.covered.update(seal.covered)
                    known.secrets.update(dict.fromkeys(seal.secrets, envelope.id))
            self.believed[accept] = known
        return self.believed[accept]

    def _read_below(self, node: Node) -> tuple[str, ...]:
        if not self.planted:
            return ()
        return tuple(sorted({text for n in node.walk() for text in self.planted.get(id(n), ())}))

    def judge(self, node: Node, accept: tuple[str, ...] = ()) -> list[Seen]:
        """Everything of weight at this node, for a rule that accepts these weak envelopes."""
        texts = self._read_below(node)
        if not texts:
            if self._beside(node, accept):
                return []
            if sealed := self._sealed(node, accept):
                return [sealed]
        elif not node.children or self.planted.get(id(node)):
            return [Seen(Content.READABLE, node, note=_dressed(node), texts=texts)]
        if node.children and _undressed(node):
            # Text in a part of what only looks sealed counts; noise in it says no more than the whole.
            read = [s for s in self._container(node, accept) if s.content is Content.READABLE]
            return read or self._leaf(node)
        if node.children:
            return self._container(node, accept)
        return self._leaf(node)

    def _sealed(self, node: Node, accept: tuple[str, ...]) -> Seen | None:
        if name := self._trees(accept).secrets.get(id(node)):
            return self._seen(node, name)
        seal = node.seal
        if seal is None or not seal.shut or _opened_beyond(node):
            return None
        if self.book.envelopes[seal.name].only_in_slot and seal.name not in accept:
            return None
        if not seal.alone:
            return Seen(Content.OPAQUE, node, note=f"shaped like {seal.name}, without what proves it")
        return self._seen(node, seal.name)

    def covers(self, node: Node, accept: tuple[str, ...]) -> bool:
        """Whether it is part of a seal that is several values."""
        return id(node) in self._trees(accept).covered

    def _beside(self, node: Node, accept: tuple[str, ...]) -> bool:
        """Whether it belongs to a seal that is several values, and is not the secret one."""
        trees = self._trees(accept)
        return id(node) in trees.covered and id(node) not in trees.secrets

    def _seen(self, node: Node, name: str) -> Seen:
        opener = self.book.envelopes[name].opened_by
        content = _BY_OPENER.get(opener, Content.OPAQUE)
        note = "" if content is Content.SEALED else f"{name}: opened by {opener}"
        return Seen(content, node, seal=name, note=note)

    def _container(self, node: Node, accept: tuple[str, ...]) -> list[Seen]:
        below = [
            seen
            for child in node.children
            if (not child.attribute or (isinstance(child.value, str) and is_prose(child.value)))
            and not self._beside(child, accept)
            for seen in self.judge(child, accept)
        ]
        written = next((x for x in node.layers if isinstance(x.value, str)), None)
        if written is None or any(s.content is Content.SEALED or s.texts for s in below):
            return below
        # A person may type JSON or a=1&b=2: the text is the message. An app that puts a
        # ciphertext into JSON shows nothing else in it, names included.
        shown = any(s.content is Content.READABLE for s in below) or any(
            is_prose(n.step) for n in node.walk()
        )
        if below and not shown:
            return below
        return [Seen(Content.READABLE, node, note=_dressed(node))]

    def _leaf(self, node: Node) -> list[Seen]:
        value = node.value
        if value is None and node.layers:
            value = node.layers[0].value  # `{}` and `[]` open into nothing, but somebody wrote them
        if isinstance(value, str):
            if not value.strip():  # `%20` opens into a blank, but somebody wrote it
                value = next(
                    (x.value for x in node.layers if isinstance(x.value, str) and x.value.strip()), ""
                )
            return self._text(node, value) if value else []
        if isinstance(value, bytes) and value:
            wrong = habits(value)
            note = _dressed(node) or (f"an unknown format, not ciphertext: {wrong}" if wrong else "")
            return [Seen(Content.UNDECIDED if wrong else Content.OPAQUE, node, note=note)]
        return []

    def _text(self, node: Node, value: str) -> list[Seen]:
        last = node.layers[-1].value if node.layers else value
        armored = isinstance(last, bytes) and node.layers[-1].trail[-1:] == ("armor",)
        if not armored and not is_token(value):
            return [Seen(Content.READABLE, node, note=_dressed(node))]
        if isinstance(last, bytes) and len(last) >= SHORT and not habits(last):
            if len(last) >= TESTABLE:
                return [Seen(Content.OPAQUE, node, note=_dressed(node))]
            if shuffled(value):
                return [
                    Seen(Content.OPAQUE, node, note=_dressed(node) or "short: may name something as well")
                ]
        return [Seen(Content.UNDECIDED, node, note=_dressed(node) or "could be a text or a key")]


def _opened_beyond(node: Node) -> bool:
    """Whether a text came out behind the bytes that looked sealed; a seal made of letters is text anyway."""
    if isinstance(node.layers[node.sealed_layer].value, str):
        return False
    return any(isinstance(layer.value, str) for layer in node.layers[node.sealed_layer + 1 :])


def _undressed(node: Node) -> bool:
    """Whether its children are the parts of something that only looks sealed."""
    return node.seal is not None and not node.seal.shut and node.seal.name in node.children[0].trail


def _dressed(node: Node) -> str:
    if node.seal is not None and not node.seal.shut:
        return f"dressed as {node.seal.name}, but {node.seal.why}"
    return ""
