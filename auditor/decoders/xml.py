"""XML 1.0 with namespaces: {root: element}, an element being its text or a dict of what it has.

An element without attributes and children is its text. Else attributes are "@name" (with
the prefix as written), children stand by their tag, several of one tag as a list, and the
text between them is joined as "#text" unless it is only white space. A tag is written
"namespace|tag" where its namespace is not that of its parent, "|tag" where it leaves it.
Comments, processing instructions and the order among children are not kept.

A document type or an entity declaration is refused, so nothing expands. More than 64
levels, or more bytes than the limit, are too much.
"""

import re
from collections.abc import Iterator
from typing import NoReturn
from xml.parsers import expat

from msgspec import Struct

from auditor.decoders import Clue
from auditor.errors import TooMuch
from auditor.model import Tree
from auditor.text import xml_escaped, xml_quoted

EXAMPLES: list[tuple[bytes, Tree]] = [
    (b"<a>hi &lt;you&gt;</a>", {"a": "hi <you>"}),
    (b"<a/>", {"a": ""}),
    (
        b"<message xmlns='jabber:client' to='bob@lab.test' xml:lang='en'>\n  <body>meet at 7</body>\n"
        b"  <x xmlns='urn:x' id='1'>a<y/>b<y>2</y></x><z xmlns=''/></message>",
        {
            "jabber:client|message": {
                "@to": "bob@lab.test",
                "@xml:lang": "en",
                "body": "meet at 7",
                "urn:x|x": {"@id": "1", "y": ["", "2"], "#text": "ab"},
                "|z": "",
            }
        },
    ),
    (
        b'<?xml version="1.0"?><s:e xmlns:s="urn:s" s:to="b&#10;c"><s:f/></s:e>',
        {"urn:s|e": {"@s:to": "b\nc", "f": ""}},
    ),
]
order = 25
reads = "text"
needs_clue = False
starts = b"<\xef \t\r\n"

_DEPTH = 64
_START = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n]*+(?=<[A-Za-z_:?!\x80-\xff])")
_SPACE = " \t\r\n"
_BETWEEN = "\x01"  # no XML document can hold it, so names are cut apart safely


class _Element(Struct):
    namespace: str
    key: str
    attributes: dict[str, str]
    texts: list[str] = []
    children: dict[str, list[Tree]] = {}

    def tree(self) -> Tree:
        text = "".join(self.texts)
        if not self.attributes and not self.children:
            return text
        tree: dict[str, Tree] = dict(self.attributes)
        tree |= {key: several if len(several) > 1 else several[0] for key, several in self.children.items()}
        return tree | {"#text": text} if text.strip(_SPACE) else tree


def unwrap(data: bytes, clue: Clue) -> Tree:
    start = _START.match(data)
    if not start:
        raise ValueError("not XML")
    top = _Element("", "", {})
    parser = _parser([top])
    try:
        parser.Parse(data[start.end() :], True)
    except expat.ExpatError as error:
        raise ValueError(f"not XML: {error}") from error
    if len(data) > clue.limit:
        raise TooMuch(f"XML: more than {clue.limit:,} bytes would come out")
    return {key: several[0] for key, several in top.children.items()}


def wrap(tree: Tree) -> bytes:
    if not isinstance(tree, dict) or len(tree) != 1:
        raise ValueError("XML has one root")
    return "".join(piece for key, value in tree.items() for piece in _write(str(key), value)).encode()


def _parser(stack: list[_Element]) -> expat.XMLParserType:
    # What is text was decoded before it came here, whatever its declaration says.
    parser = expat.ParserCreate("utf-8", _BETWEEN)
    parser.namespace_prefixes = True
    parser.buffer_text = True

    def start(name: str, attributes: dict[str, str]) -> None:
        if len(stack) > _DEPTH:
            raise TooMuch(f"XML is nested more than {_DEPTH} deep")
        namespace, tag = _split(name)
        key = tag if namespace == stack[-1].namespace else f"{namespace}|{tag}"
        stack.append(_Element(namespace, key, {_attribute(k): v for k, v in attributes.items()}))

    def end(name: str) -> None:
        element = stack.pop()
        stack[-1].children.setdefault(element.key, []).append(element.tree())

    def text(piece: str) -> None:
        stack[-1].texts.append(piece)

    def refuse(*_: object) -> NoReturn:
        raise ValueError("XML with a document type or entities")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    return parser


def _split(name: str) -> tuple[str, str]:
    namespace, between, rest = name.partition(_BETWEEN)
    if not between:
        return "", name
    # It would look like an attribute, and attributes are never read as content.
    if namespace.startswith("@"):
        raise ValueError("an XML namespace that begins with @")
    return namespace, rest.partition(_BETWEEN)[0]


def _attribute(name: str) -> str:
    _, between, rest = name.partition(_BETWEEN)
    local, _, prefix = rest.partition(_BETWEEN)
    return f"@{prefix}:{local}" if between else f"@{name}"


def _write(key: str, value: Tree) -> Iterator[str]:
    namespace, changes, tag = key.rpartition("|")
    fields = value if isinstance(value, dict) else {"#text": value}
    attributes = {name[1:]: _text(one) for name, one in fields.items() if _is_attribute(name)}
    if changes:
        attributes = {"xmlns": namespace} | attributes
    # The tree does not know what a prefix stands for; any namespace gives the same tree.
    for prefix in sorted({name.partition(":")[0] for name in attributes if ":" in name} - {"xml"}):
        attributes[f"xmlns:{prefix}"] = f"urn:prefix:{prefix}"
    yield ("<" + tag + "".join(f" {name}={xml_quoted(one)}" for name, one in attributes.items()) + ">")
    yield xml_escaped(_text(fields.get("#text", "")))
    for name, several in fields.items():
        if name != "#text" and not _is_attribute(name):
            for one in several if isinstance(several, list) else [several]:
                yield from _write(str(name), one)
    yield f"</{tag}>"


def _is_attribute(name: object) -> bool:
    return isinstance(name, str) and name.startswith("@") and "|" not in name


def _text(value: Tree) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case bytes():
            return value.decode()
        case _:
            return str(value)
