"""Key logs beside captures: files of secrets, told by their content."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from auditor.errors import CaptureError
from auditor.sources.pcap.keys import Keys
from auditor.text import printable

LARGEST = 256_000_000
_START = 65536  # bytes that tell a key log


def is_key_log(path: Path) -> bool:
    """Whether a file is one: most lines at its beginning are secrets."""
    try:
        with path.open("rb") as file:
            start = file.read(_START)
    except (OSError, ValueError):
        return False
    keys = Keys([start if len(start) < _START else start[: start.rfind(b"\n") + 1]])
    return len(keys) > keys.passed_over


def unused(keys: Keys) -> Iterator[str]:
    """What was in key logs and opened nothing. No capture said it, or one that was not given."""
    if keys.idle:
        some = "one connection" if keys.idle == 1 else f"{keys.idle} connections"
        yield f"the key logs have keys for {some} that no capture shows"
    if keys.passed_over:
        lines = "a line" if keys.passed_over == 1 else f"{keys.passed_over} lines"
        yield f"the key logs have {lines} that could not be read as a secret"


def keys_of(paths: Iterable[Path]) -> Keys:
    """All secrets in these files. A file without any is an error: the user thinks that it opens something."""
    keys = Keys()
    for path in paths:
        shown = printable(str(path))
        try:
            if path.stat().st_size > LARGEST:
                raise CaptureError(f"{shown}: too large for a key log")
            data = path.read_bytes()
        except (OSError, ValueError) as error:
            why = printable(getattr(error, "strerror", "") or "not a file name")
            raise CaptureError(f"{shown}: cannot be read as a key log: {why}") from error
        known, before = len(keys), keys.passed_over
        keys.add(data)
        if len(keys) == known and (keys.passed_over > before or not data.strip()):
            raise CaptureError(
                f"{shown}: no secrets in it; a key log has lines like"
                " CLIENT_RANDOM, 64 hex digits, 96 hex digits (set SSLKEYLOGFILE where the app runs)"
            )
    return keys
