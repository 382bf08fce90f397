"""Newline-delimited JSON: a list, one value for each line.

Every line is an object or an array. Two lines at least, or one where a header or a rule names it; empty
lines are passed over. What a line may hold, and what is too much in it, is said in `json.py`.
"""

from auditor.decoders import Clue, json
from auditor.errors import TooMuch
from auditor.model import Tree

EXAMPLES: list[tuple[bytes, Tree]] = [
    (b'{"a": 1}\n{"text": "hi"}\n', [{"a": 1}, {"text": "hi"}]),
    (b'[1]\r\n\r\n["b", {"c": null}]', [[1], ["b", {"c": None}]]),
]
order = 22
reads = "both"
needs_clue = False
starts = b"{[ \t\n\v\f\r"

_OPENS = (b"{", b"[")


def unwrap(data: bytes, clue: Clue) -> Tree:
    named = "ndjson" in clue.kinds
    if not data.lstrip().startswith(_OPENS) or not (named or b"\n" in data):
        raise ValueError("not JSON lines")
    if len(data) > clue.limit:
        raise TooMuch(f"JSON lines: more than {clue.limit:,} bytes would come out")
    inner = Clue(limit=clue.limit)
    lines: list[Tree] = []
    for line in data.split(b"\n"):
        bare = line.strip(b" \t\r")
        if bare and not bare.startswith(_OPENS):
            raise ValueError("a line is no JSON")
        if bare:
            lines.append(json.unwrap(bare, inner))
    if len(lines) < 1 + (not named):
        raise ValueError("one line of JSON")
    return lines


def wrap(tree: Tree) -> bytes:
    lines = tree if isinstance(tree, list) else [tree]
    return b"".join(json.wrap(line) + b"\n" for line in lines)
