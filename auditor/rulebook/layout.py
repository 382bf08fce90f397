"""How a rule file is laid out: a line for editors, an order of keys, and no stray blanks.

Rewriting moves whole keys, each with the comments above it, as text: nothing inside a value
is touched, and what comes out is read again and must say the same.
"""

import re
from itertools import pairwise

from auditor.rulebook.grammar import FILES, order
from auditor.rulebook.yaml import Block, load

MODELINE = "# yaml-language-server: $schema="
_BLANK = re.compile(r"\n{3,}")
_LITERAL = re.compile(r"(?m)^[^#\n]*(?:: |- )(?:![a-z_]+ )?[|>][0-9+-]*\s*(?:#.*)?$")


def kind_of(file: str) -> str:
    """What kind of file lies at a path: a rule, a platform, an envelope or a transport."""
    if file.startswith(("envelopes/", "transports/")):
        return file.partition("s/")[0]
    return "platform" if file.endswith("/platform.yaml") else "rule"


def modeline(file: str) -> str:
    return f"{MODELINE}{'../' * file.count('/')}schema/{kind_of(file)}.json"


def ordered(block: Block, kind: str) -> list[str]:
    """The keys that stand before one that should come first."""
    known = order(FILES[kind])
    there = [key for key in block if key in known]
    return [a for a, b in pairwise(there) if known.index(a) > known.index(b)]


def formatted(text: str) -> str:
    """No tabs at the end, no blanks at the end, one empty line at most, one line break at the end."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if _LITERAL.search(text):
        return text  # blanks may be part of a text that is written over several lines
    lines = [line.rstrip(" \t") for line in text.split("\n")]
    return _BLANK.sub("\n\n", "\n".join(lines)).strip("\n") + "\n"


def rewritten(text: str, file: str) -> str:
    """The same file, laid out; as it was where that would change what it says."""
    block = load(text, file)
    new = formatted(_sorted(text, block, order(FILES[kind_of(file)])))
    if not new.startswith(MODELINE):
        new = f"{modeline(file)}\n{new}"
    return new if _said(load(new, file)) == _said(block) else text


def _said(block: Block) -> str:
    return repr(sorted(block.items(), key=lambda item: str(item[0])))


def _sorted(text: str, block: Block, known: tuple[str, ...]) -> str:
    """The file's keys in order; what stands above a key without a gap goes with it."""
    if not _wrong(block, known) or block.place[1] != 1:
        return text
    lines = text.replace("\r\n", "\n").split("\n")
    if lines[-1] == "":
        lines.pop()
    starts = [_above(lines, block.keys_at[key][0] - 1) for key in block]
    head = lines[: starts[0]]
    ends = [*starts[1:], len(lines)]
    chunks = {key: lines[a:b] for key, a, b in zip(block, starts, ends, strict=True)}
    keys = sorted(block, key=lambda key: known.index(key) if key in known else len(known))
    return "\n".join([*head, *(line for key in keys for line in chunks[key])]) + "\n"


def _wrong(block: Block, known: tuple[str, ...]) -> bool:
    there = [known.index(key) for key in block if key in known]
    return there != sorted(there)


def _above(lines: list[str], start: int) -> int:
    """The first line of the comments right above a line; the head of the file stays where it is."""
    at = start
    while at > 0 and lines[at - 1].startswith("#") and not lines[at - 1].startswith(MODELINE):
        at -= 1
    return at
