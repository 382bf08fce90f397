"""What of a value may be shown. Masked unless the user asks: private text is not ours to print.

Laws: a planted text is the user's own and is shown; any other text shows its first letters
and its length; sealed and opaque bytes show their first four bytes and their length.
"""

from auditor.decoders.unwrap import Layer
from auditor.model import Content
from auditor.rulebook.contents import Seen
from auditor.text import printable

LONGEST = 80
_FIRST = 2
MASKED = ", masked)"  # how an excerpt ends that hides its text


class Excerpts:
    def __init__(self, reveal: bool) -> None:
        self.reveal = reveal

    def of(self, seen: Seen) -> str:
        if seen.texts:
            return self.planted(seen.texts)
        layer = seen.layer
        value = layer.value if layer else seen.node.value
        if isinstance(value, bytes):
            return f"{value[:4].hex(' ')} … ({len(value):,} bytes)"
        text = str(value)
        if seen.content is Content.SEALED:
            return f"{len(text):,} characters"
        return self.text(text)

    def text(self, text: str) -> str:
        if self.reveal:
            return printable(cut(text))
        return f"{printable(text[:_FIRST])}… ({len(text):,} characters{MASKED}"

    def planted(self, texts: tuple[str, ...]) -> str:
        return " | ".join(printable(cut(text)) for text in texts)


def cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def offset_of(body: bytes, seen: Seen | None, layer: Layer | None) -> int | None:
    """Where the value stands verbatim in the parcel's body; nothing when it only exists once opened."""
    if seen is None or layer is None or seen.node.path[:1] != ("body",):
        return None
    for data in (layer.data, *(text.encode() for text in seen.texts), seen.node.layers[0].data):
        if len(data) >= 4 and (at := body.find(data)) >= 0:
            return at
    return None
