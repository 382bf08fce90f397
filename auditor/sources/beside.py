"""Which journal belongs to a dump: the one beside it, if it has every flow of the dump."""

import re
from pathlib import Path

import msgspec

from auditor.sources.journal import LONGEST
from auditor.sources.records import START, SUFFIX, Named
from auditor.sources.tape import Tape

_LENGTH = re.compile(rb"(\d{1,12}):")
_TAIL = 150  # bytes at the end of a flow in a dump, where mitmproxy writes its name
_NAME = re.compile(rb"2:id;36:([\w-]{36});4:type;\d{1,2}:\w{1,9};7:version;\d{1,3}:\d{1,9}#\}$")


def journal_of(dump: Path) -> Path | None:
    """The journal beside a dump, where every flow of the dump is in it."""
    path = dump.with_name(dump.name + SUFFIX)
    try:
        if not (dump.is_file() and path.is_file()):
            return None
        with path.open("rb") as file:
            if file.read(len(START)) != START:
                return None
        missing = _names(dump)
        return path if missing is not None and not _without(path, missing) else None
    except OSError:
        return None


def _names(dump: Path) -> set[bytes] | None:
    """The flows of a dump by their names, up to where it was cut; None where they cannot be told."""
    names: set[bytes] = set()
    tape = Tape(dump.open("rb"))
    try:
        while length := _LENGTH.match(tape.peek(13)):
            size = length.end() + int(length[1]) + 1
            skipped = tape.skip(max(0, size - _TAIL))
            tail = tape.read(min(size, _TAIL))
            if skipped + len(tail) < size:
                return names
            if not (found := _NAME.search(tail)):
                return None
            names.add(found[1])
        return names if tape.peek(13)[:12].isdigit() or not tape.peek(1) else None
    finally:
        tape.close()


def _without(journal: Path, names: set[bytes]) -> set[bytes]:
    """Those of the flows that are not in the journal."""
    tape = Tape(journal.open("rb"))
    try:
        for data, _ in tape.lines(LONGEST):
            try:
                names.discard(msgspec.json.decode(data, type=Named).id.encode(errors="replace"))
            except (msgspec.MsgspecError, ValueError, RecursionError):
                continue
    finally:
        tape.close()
    return names
