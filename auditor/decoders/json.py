"""JSON (RFC 8259): an object or an array, and nothing after it.

Before it may stand white space, a byte order mark and one of the prefixes that keep a page
from running it as a script. A key that stands twice yields both values. NaN and Infinity
are refused; numbers beyond a float, and integers of more than 1,000 digits, stay text.
RFC 8259, 8.2: "the behavior of software that receives JSON texts containing such values
is unpredictable" - a lone surrogate becomes U+FFFD here, so that all text can be encoded.
More than 256 levels, or more bytes than the limit, are too much.
"""

import json
import math
import re
from typing import NoReturn

from auditor.decoders import Clue
from auditor.errors import TooMuch
from auditor.model import Tree

EXAMPLES: list[tuple[bytes, Tree]] = [
    (b'{"a": [1, "b"]}', {"a": [1, "b"]}),
    (
        b' {"m": {"relates": [{"id": -2.5e3}, null, true]}} \n',
        {"m": {"relates": [{"id": -2500.0}, None, True]}},
    ),
    (rb'{"text": "see you \ud83d\udd10 \u00e9"}', {"text": "see you 🔐 é"}),
    (b'{"a": 1, "b": 2, "a": [3]}', {"a": [1, [3]], "b": 2}),
    (b")]}'\n[[]]", [[]]),
    (b"for(;;);{}", {}),
]
order = 20
reads = "both"
needs_clue = False
starts = b"{[)wf\0\xef\xbb\xbf\xfe\xff \t\n\v\f\r"

_DEPTH = 256
_DIGITS = 1_000
_NEAR = re.compile(rb"[\s\0\xef\xbb\xbf\xfe\xff]*+[{\[)wf]")
_START = re.compile(r"\ufeff?[ \t\r\n]*+(?:\)\]\}',?|while\(1\);|for\(;;\);)?[ \t\r\n]*+(?=[{\[])")
_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPE = re.compile(r"(\\u[dD][89abAB]..\\u[dD][c-fC-F]..)|(\\u[dD][89a-fA-F])..|\\.", re.DOTALL)
# Names that Python knows without surprises: others (idna, punycode, utf-7) are slow or no charset at all.
_CHARSET = re.compile(
    r"(?i:utf-?8|utf-?16(?:le|be)?|us-ascii|latin-?1|iso-?8859-\d{1,2}|(?:windows-|cp)125\d"
    r"|gb(?:2312|k|18030)|big5|shift[_-]jis|euc-(?:jp|kr)|iso-2022-jp|koi8-[ru])"
)


def unwrap(data: bytes, clue: Clue) -> Tree:
    if not _NEAR.match(data):
        raise ValueError("not JSON")
    text = _decode(data, clue.charset)
    start = _START.match(text)
    if not start or not text.rstrip(" \t\r\n").endswith(("}", "]")):
        raise ValueError("not a JSON object or array")
    if len(data) > clue.limit:
        raise TooMuch(f"JSON: more than {clue.limit:,} bytes would come out")
    try:
        tree = _DECODER.decode(_mend(text[start.end() :]))
    except RecursionError as error:
        raise TooMuch(f"JSON is nested more than {_DEPTH} deep") from error
    if data.count(b"[") + data.count(b"{") > _DEPTH:
        _measure(tree)
    return tree


def wrap(tree: Tree) -> bytes:
    return json.dumps(tree, ensure_ascii=False, allow_nan=False, default=_plain).encode()


def _decode(data: bytes, charset: str) -> str:
    encoding = json.detect_encoding(data)
    try:
        text = data.decode(encoding, "surrogatepass")
    except UnicodeDecodeError:
        if not _CHARSET.fullmatch(charset):
            raise
        try:
            return data.decode(charset)
        except LookupError as error:
            raise ValueError(f"no charset {charset}") from error
    if not text.isascii() and _SURROGATE.search(text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _mend(text: str) -> str:
    """Lone surrogates, as escapes, become U+FFFD."""
    if r"\ud" not in text and r"\uD" not in text:
        return text
    return _ESCAPE.sub(lambda found: r"\ufffd" if found[2] else found[0], text)


def _measure(tree: Tree) -> None:
    level, depth = [tree], 0
    while level:
        depth += 1
        if depth > _DEPTH:
            raise TooMuch(f"JSON is nested more than {_DEPTH} deep")
        values = (node.values() if isinstance(node, dict) else node for node in level)
        level = [value for several in values for value in several if isinstance(value, dict | list)]


def _pairs(pairs: list[tuple[str, Tree]]) -> dict[str, Tree]:
    tree = dict(pairs)
    if len(tree) == len(pairs):
        return tree
    several: dict[str, list[Tree]] = {}
    for key, value in pairs:
        several.setdefault(key, []).append(value)
    return {key: values if len(values) > 1 else values[0] for key, values in several.items()}


def _integer(text: str) -> int | str:
    return int(text) if len(text) <= _DIGITS else text


def _real(text: str) -> float | str:
    number = float(text)
    return number if math.isfinite(number) else text


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _plain(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode()
    raise ValueError(f"JSON cannot hold {type(value).__name__}")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_int=_integer, parse_float=_real, parse_constant=_refuse
)
