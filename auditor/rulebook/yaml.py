"""YAML without surprises, and with places.

Only `true` and `false` are booleans, only plain digits (or 0x..) are numbers: under the
usual loader `no` is False, 12:30 is 750 and 8.100 is 8.1. A key given twice, an anchor,
a second document and more than 64 levels are faults. Every value remembers its line.
Built on the parser's events, so hostile nesting costs no stack.
"""

import re
from collections.abc import Callable
from typing import Any

import yaml

from auditor.errors import Fault, RuleError

SIZE = 256_000
DEPTH = 64
_INT = re.compile(r"-?(?:0|[1-9][0-9]{0,17})|0x[0-9a-fA-F]{1,16}")
_FIRST = "-0123456789"
_ANCHORS = "anchors and aliases are not used in rules: write it out"
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Value = Any
Place = tuple[int, int]


class Block(dict[Any, Value]):
    """A mapping that knows where it and its values were written."""

    place: Place = (1, 1)

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place
        self.keys_at: dict[Any, Place] = {}
        self.values_at: dict[Any, Place] = {}


class Items(list[Value]):
    """A list that knows where its items were written."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place
        self.values_at: list[Place] = []


class Tagged:
    """A value with a tag of ours: `!json {text: hi}`."""

    def __init__(self, tag: str, value: Value, place: Place) -> None:
        self.tag, self.value, self.place = tag, value, place

    def __repr__(self) -> str:
        return f"!{self.tag} {self.value!r}"


def load(text: str, file: str) -> Block:
    """The one mapping in a rule file."""
    if len(text) > SIZE:
        raise _fault(file, (1, 1), f"a rule file has at most {SIZE:,} characters", "R002")
    try:
        tree = _Composer(file).compose(_Loader(text).get_event)
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise _fault(file, place, f"not YAML: {exc.problem or exc.context}", "R001") from exc
    except (yaml.reader.ReaderError, UnicodeEncodeError) as exc:
        raise _fault(file, (1, 1), "not YAML: a character that text never has", "R001") from exc
    if not isinstance(tree, Block):
        raise _fault(file, (1, 1), "a rule file is a mapping: `title: ...`")
    return tree


def _fault(file: str, place: Place, message: str, code: str = "R003") -> RuleError:
    return RuleError([Fault(file, *place, message, code)])


class _Composer:
    def __init__(self, file: str) -> None:
        self.file = file
        self.container: Block | Items | None = None  # the innermost that is open
        self.key: Any = _NO_KEY  # that waits for its value, where the container is a mapping
        self.stack: list[tuple[Block | Items | None, Any, str]] = []  # those around it, their keys, its tag
        self.root: Value = None
        self.documents = 0

    def compose(self, next_event: Callable[[], Any]) -> Value:
        while (event := next_event()) is not None:
            mark, kind = event.start_mark, type(event)
            place = (mark.line + 1, mark.column + 1)
            if kind is yaml.ScalarEvent:
                value = event.value
                if event.tag or event.anchor:
                    value = self.tagged(event, place)
                elif not event.style and event.implicit[0]:
                    value = _plain(value)
                self.put(value, place)
            elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                self.begin(event, place)
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                self.end()
            elif kind is yaml.AliasEvent:
                raise _fault(self.file, place, _ANCHORS)
            elif kind is yaml.DocumentStartEvent:
                self.documents += 1
                if self.documents > 1:
                    raise _fault(self.file, place, "one rule a file: a second document begins here")
        return self.root

    def begin(self, event: Any, place: Place) -> None:
        if len(self.stack) >= DEPTH:
            raise _fault(self.file, place, f"nested deeper than {DEPTH} levels", "R002")
        if event.anchor:
            raise _fault(self.file, place, _ANCHORS)
        if event.tag and not event.tag.startswith("!"):
            raise _fault(self.file, place, f"unknown tag {event.tag!r}")
        self.stack.append((self.container, self.key, event.tag or ""))
        self.container = Block(place) if type(event) is yaml.MappingStartEvent else Items(place)
        self.key = _NO_KEY

    def end(self) -> None:
        value = self.container
        assert value is not None
        self.container, self.key, tag = self.stack.pop()
        self.put(Tagged(tag[1:], value, value.place) if len(tag) > 1 else value, value.place)

    def put(self, value: Value, place: Place) -> None:
        container = self.container
        if type(container) is Block:
            key = self.key
            if key is _NO_KEY:
                self.key = self.named(container, value, place)
            else:
                container[key] = value
                container.values_at[key] = place
                self.key = _NO_KEY
        elif type(container) is Items:
            container.append(value)
            container.values_at.append(place)
        else:
            self.root = value

    def named(self, block: Block, key: Value, place: Place) -> Value:
        if isinstance(key, Block | Items | Tagged):
            raise _fault(self.file, place, "a key is one word; put quotes around { } [ ] in a value")
        if key in block:
            raise _fault(self.file, place, f"{key!r} is given twice", "R004")
        block.keys_at[key] = place
        return key

    def tagged(self, event: Any, place: Place) -> Value:
        tag = event.tag
        if event.anchor:
            raise _fault(self.file, place, _ANCHORS)
        if not tag.startswith("!"):
            raise _fault(self.file, place, f"unknown tag {tag!r}")
        value = event.value if event.style else _plain(event.value)
        return Tagged(tag[1:], value, place) if tag != "!" else value


def _plain(text: str) -> Value:
    """What stands there without quotes."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in _FIRST and _INT.fullmatch(text):
        return int(text, 16 if text.startswith("0x") else 10)
    return text


_NO_KEY = object()
