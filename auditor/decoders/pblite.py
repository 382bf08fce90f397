"""Protobuf written as JSON arrays (JSPB): {field number: value}, every array at every level.

The first element is field 1; null means that a field is not set. A last object whose keys are numbers
beyond the array holds the high fields. Messages and repeated fields look the same, so a repeated field is
numbered as well: a rule says `*`. Any JSON array would do: only where a header or a rule names it.
"""

from auditor.decoders import Clue, json
from auditor.model import Tree

CLUE = Clue(kinds=("pblite",))
EXAMPLES: list[tuple[bytes, Tree]] = [
    (b'[null,"hi",[["a",7],null,["b"]]]', {2: "hi", 3: {1: {1: "a", 2: 7}, 3: {1: "b"}}}),
    (b'["x",{"500":[true],"7":1}]', {1: "x", 500: {1: True}, 7: 1}),
    (b'[{"a":[1]},[]]', {1: {"a": {1: 1}}, 2: {}}),
]
order = 55
reads = "both"
needs_clue = True

_LAST = (1 << 29) - 1
_GAP = 16  # nulls that may stand before a field; a field farther off goes into the object at the end


def unwrap(data: bytes, clue: Clue) -> Tree:
    tree = json.unwrap(data, clue)
    if isinstance(tree, dict):
        raise ValueError("not pblite: an object")  # noqa: TRY004 - the bytes are not of this kind
    return _numbered(tree)


def wrap(tree: Tree) -> bytes:
    return json.wrap(_listed(tree))


def _numbered(value: Tree) -> Tree:
    if isinstance(value, dict):
        return {name: _numbered(one) for name, one in value.items()}
    if not isinstance(value, list):
        return value
    high = value[-1] if value and _is_high(value[-1], len(value)) else {}
    low = value[:-1] if high else value
    fields: dict[int, Tree] = {number: _numbered(one) for number, one in enumerate(low, 1) if one is not None}
    return fields | {int(number): _numbered(one) for number, one in high.items() if one is not None}


def _is_high(value: Tree, above: int) -> bool:
    """Keys that are numbers, as short as they can be, of fields beyond the array."""
    return isinstance(value, dict) and all(
        key.isdecimal() and key.isascii() and len(key) < 10 and key[0] != "0" and above <= int(key) <= _LAST
        for key in value
    )


def _listed(value: Tree) -> Tree:
    if not isinstance(value, dict):
        return value
    if any(isinstance(key, str) for key in value):
        return {name: _listed(one) for name, one in value.items()}
    low: list[Tree] = []
    high: dict[str, Tree] = {}
    for number in sorted(value):
        if number - len(low) > _GAP:
            high[str(number)] = _listed(value[number])
        else:
            low += [None] * (number - 1 - len(low)) + [_listed(value[number])]
    if high:
        return [*low, high]
    # An object at the very end could be taken for high fields.
    return [*low, None] if low and isinstance(low[-1], dict) else low
