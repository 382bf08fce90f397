"""A dump of any length: flows of recorded sessions, each time with other texts, ids, nonces and times.

What is drawn anew keeps its length and its kind of letters, so that lengths written beside it stay
true and a seal stays the seal it was.
"""

import hashlib
import random
import re
import string
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

from mitmproxy.io import tnetstring
from msgspec import Struct

from auditor.text import as_text

WORD = rb"[\w'-]+(?: |\+|%20)"
SENTENCE = re.compile(rb"(?:%s){3,}[\w'-]+" % WORD, re.ASCII)
TOKEN = re.compile(rb"(?<![\w%-])(?=(?:[A-Za-z_-]*[0-9]){3})[\w+/-]{6,}(?![\w+/-]*\"\s*:)", re.ASCII)
STEP = re.compile(rb"(?<=[/=!:])(?=(?:[A-Za-z_-]*[0-9]){3})[\w-]{6,}", re.ASCII)
FIRST = re.compile(rb"[A-Za-z_-]*.")  # up to the first number
SEALED = 64  # a token of so many letters may be a seal: its end is noise, its head is not
SPOKEN = 100  # bytes; what is shorter is mostly what programs always say
KEPT = (b"content-type", b"content-encoding", b"host", b"upgrade", b"connection")
HEX = b"0123456789abcdef"
ALIKE = {
    letter: kind
    for kind in (string.digits.encode(), string.ascii_lowercase.encode(), string.ascii_uppercase.encode())
    for letter in kind
}


def redrawn(data: bytes, rng: random.Random) -> bytes:
    """Other letters of the same kinds."""
    if not data.strip(HEX):
        return bytes(rng.choices(HEX, k=len(data)))
    return bytes(rng.choice(ALIKE[letter]) if letter in ALIKE else letter for letter in data)


def anew(data: bytes, rng: random.Random, told: list[bytes]) -> bytes:
    """One body with other sentences and other tokens; `told` gets the sentences."""

    def sentence(found: re.Match[bytes]) -> bytes:
        words = re.split(rb"( |\+|%20)", found.group())
        if sum(len(word) > 2 and word.isalpha() and word.islower() for word in words) < 3:
            return found.group()
        other = b"".join(word if at % 2 else redrawn(word, rng) for at, word in enumerate(words))
        if b" " in words:
            told.append(other)
        return other

    if len(data) >= SPOKEN and isinstance(as_text(data), bytes):
        at = len(data) * 3 // 5  # where noise is, as a rule
        data = data[:at] + rng.randbytes(8) + data[at + 8 :]
    return TOKEN.sub(lambda found: _token(found.group(), rng), SENTENCE.sub(sentence, data))


def _token(token: bytes, rng: random.Random) -> bytes:
    kept = len(FIRST.findall(token)[0]) if len(token) < SEALED else len(token) * 2 // 3
    return token[:kept] + redrawn(token[kept:], rng)


def flow_anew(state: dict[str, Any], rng: random.Random, told: list[bytes]) -> dict[str, Any]:
    """One flow of a dump, told by somebody else at another time."""
    later = rng.random() * 1e6
    made = _later(state, later)
    for side in ("request", "response"):
        if message := made.get(side):
            message["content"] = anew(message["content"] or b"", rng, told)
            message["headers"] = tuple(
                (name, value if name.lower() in KEPT else anew(value, rng, []))
                for name, value in message["headers"]
            )
    if request := made.get("request"):
        request["path"] = STEP.sub(lambda found: _token(found.group(), rng), request["path"])
    if socket := made.get("websocket"):
        socket["messages"] = [_said(one, 2, rng, told) for one in socket["messages"]]
    if "messages" in made:
        made["messages"] = [_said(one, 1, rng, told) for one in made["messages"]]
    return made


def _said(message: Sequence[Any], at: int, rng: random.Random, told: list[bytes]) -> list[Any]:
    return [anew(part, rng, told) if place == at else part for place, part in enumerate(message)]


def _later(state: dict[str, Any], seconds: float) -> dict[str, Any]:
    """A copy in which every time is later."""
    return {key: _shifted(value, seconds) for key, value in state.items()}


def _shifted(value: Any, seconds: float) -> Any:
    if isinstance(value, dict):
        return _later(value, seconds)
    return value + seconds if isinstance(value, float) and value > 1e9 else value


def states(dumps: Sequence[Path]) -> Iterator[dict[str, Any]]:
    for dump in dumps:
        with dump.open("rb") as file:
            while file.peek(1):
                yield cast(dict[str, Any], tnetstring.load(file))


def bodies(state: dict[str, Any]) -> Iterator[bytes]:
    """Its bodies and messages, without mere formulas."""
    sides = [made["content"] or b"" for side in ("request", "response") if (made := state.get(side))]
    said = [one[1] for one in state.get("messages", ())]
    said += [one[2] for one in (state.get("websocket") or {}).get("messages", ())]
    return (one for one in (*sides, *said) if len(one) >= SPOKEN)


class Made(Struct, frozen=True):
    """What is known of a dump that was made."""

    texts: list[str]  # twenty of the sentences in it
    distinct: float  # the share of its bodies that are like no other


def write(path: Path, flows: int, dumps: Sequence[Path], seed: str = "dump") -> Made:
    """A dump of so many flows."""
    rng = random.Random(f"{seed} {flows}")
    known = list(states(dumps))
    told: list[bytes] = []
    kept: list[bytes] = []
    seen, count = set[bytes](), 0
    with path.open("wb") as file:
        for _ in range(flows):
            state = flow_anew(rng.choice(known), rng, told)
            file.write(tnetstring.dumps(state))
            kept += told[:1]
            told.clear()
            for body in bodies(state):
                seen.add(hashlib.blake2b(body, digest_size=12).digest())
                count += 1
    texts = [text.decode() for text in kept[:: max(1, len(kept) // 20)][:20]]
    return Made(texts, len(seen) / max(count, 1))
