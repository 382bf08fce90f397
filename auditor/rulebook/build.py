"""Bytes written down readably: tests in rules are built from the decoders and shapes that read them.

    !json {text: hi}   !protobuf {1: 100}   !form {a: b}   !gzip [!json {a: 1}]   !xml {message: {body: hi}}
    !base64 [!sealed signal-message]        !sealed megolm (a tree where the envelope is one)
    !hex 0a0b          !text hello          !random 64 (bytes that look like ciphertext)

A list with one item hands its bytes on; inside JSON, XML and forms bytes must be wrapped in
text (base64, hex) first.
"""

import random
from typing import Any

from auditor.decoders import DECODERS
from auditor.errors import AuditorError
from auditor.rulebook.book import Rulebook
from auditor.rulebook.fields import nearest
from auditor.rulebook.yaml import Tagged
from auditor.text import as_text

MEDIA = {
    "json": "application/json",
    "form": "application/x-www-form-urlencoded",
    "protobuf": "application/x-protobuf",
    "xml": "application/xml",
    "multipart": "multipart/form-data; boundary=",
}
CODINGS = {"gzip": "gzip", "zlib": "deflate", "brotli": "br", "zstd": "zstd"}
LARGEST = 1_000_000
_OF_BYTES = ("gzip", "zlib", "brotli", "zstd", "base64", "hex", "percent")
_OWN = ("sealed", "hex", "text", "random")


class BuildError(AuditorError):
    """A test's body cannot be built; says why."""


def build(value: Any, book: Rulebook) -> bytes:
    """The bytes of a body."""
    made = made_of(value, book)
    if made is None:
        return b""
    if isinstance(made, str):
        return made.encode()
    if isinstance(made, bytes):
        return made
    if isinstance(made, int | float):
        return str(made).encode()
    raise BuildError("a body is a text or built with a tag such as !json")


def headers_of(value: Any) -> list[tuple[str, str]]:
    """The headers that such a body travels with."""
    headers: list[tuple[str, str]] = []
    if isinstance(value, Tagged) and value.tag in CODINGS:
        headers.append(("content-encoding", CODINGS[value.tag]))
        value = value.value[0] if isinstance(value.value, list) and value.value else value.value
    if isinstance(value, Tagged) and value.tag in MEDIA:
        boundary = getattr(DECODERS["multipart"], "BOUNDARY", "") if value.tag == "multipart" else ""
        headers.append(("content-type", MEDIA[value.tag] + boundary))
    return headers


def made_of(value: Any, book: Rulebook) -> Any:
    """A tree with every builder in it built."""
    if isinstance(value, Tagged):
        return _tagged(value, book)
    if isinstance(value, dict):
        return {key: made_of(inner, book) for key, inner in value.items()}
    if isinstance(value, list):
        return [made_of(inner, book) for inner in value]
    return value


def _tagged(value: Tagged, book: Rulebook) -> Any:
    inner = value.value
    match value.tag:
        case "sealed":
            return sealed(str(inner), book)
        case "hex":
            try:
                return bytes.fromhex(str(inner))
            except ValueError:
                raise BuildError(f"not hexadecimal: {inner!r}") from None
        case "text":
            return str(inner)
        case "random":
            if not isinstance(inner, int) or not 0 <= inner <= LARGEST:
                raise BuildError(f"!random takes a number of bytes up to {LARGEST:,}")
            return random.Random(str(inner)).randbytes(inner)
    if value.tag not in DECODERS:
        names = [*_OWN, *DECODERS, "capture"]
        raise BuildError(f"unknown builder !{value.tag}{nearest(value.tag, names)}")
    alone = isinstance(inner, list) and len(inner) == 1 and isinstance(inner[0], Tagged)
    tree = made_of(inner[0] if alone and value.tag not in ("json",) else inner, book)
    if isinstance(tree, str) and value.tag in _OF_BYTES:
        tree = tree.encode()
    if value.tag == "protobuf" and isinstance(tree, dict):
        # Bytes of 4 or 8 would be written as a fixed number; those that are text stay text.
        tree = {k: _texts(v) for k, v in tree.items()}
    try:
        data = DECODERS[value.tag].wrap(_textual(tree) if value.tag in ("json", "xml", "form") else tree)
    except (TypeError, ValueError, AttributeError, KeyError) as exc:
        raise BuildError(f"!{value.tag} cannot be built: {exc}") from exc
    return data.decode() if value.tag in ("base64", "hex", "percent", "form", "json", "xml") else data


def _texts(tree: Any) -> Any:
    if isinstance(tree, list):
        return [_texts(value) for value in tree]
    return as_text(tree) if isinstance(tree, bytes) else tree


def _textual(tree: Any) -> Any:
    """JSON and its like hold text: bytes must have been made text before."""
    if isinstance(tree, bytes):
        try:
            return tree.decode()
        except UnicodeDecodeError:
            raise BuildError("bytes inside text: wrap them, as in !base64 [!sealed megolm-message]") from None
    if isinstance(tree, dict):
        return {key: _textual(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_textual(value) for value in tree]
    return tree


def sealed(name: str, book: Rulebook, seed: str = "") -> Any:
    """One example of an envelope: bytes, or a tree."""
    envelope = book.envelopes.get(name)
    if envelope is None:
        raise BuildError(f"unknown envelope {name!r}{nearest(name, book.envelopes)}")
    rng = random.Random(name + seed)
    if envelope.tree is not None:
        return envelope.tree.sample(rng, book.shape)
    assert envelope.shape is not None
    return envelope.shape.sample(rng, book.shape)
