"""The edge where captures are named: files and folders in, sources out."""

import os
from collections.abc import Iterator
from pathlib import Path

from auditor.errors import CaptureError
from auditor.sources.keylogs import is_key_log
from auditor.sources.records import SUFFIX
from auditor.text import printable

PACKETS = (".pcap", ".pcapng", ".cap", ".dmp")
SUFFIXES = (".mitm", ".flow", ".flows", ".dump", ".har", ".jsonl", *PACKETS, SUFFIX)
SQUEEZED = (".gz", ".zst")  # captures of packets are read as they are stored


def expand(paths: tuple[str, ...]) -> list[tuple[Path, str]]:
    """Every capture with the name it gets in the report: as short as it can be and still its own."""
    files = list(dict.fromkeys(file for path in paths for file in _files(path)))
    unique = [file for file in files if not _is_key_log(file)]
    if not unique:
        raise CaptureError(f"{printable(str(files[0]))}: a key log; give it with the capture that it opens")
    return [(file, _name(file, unique)) for file in unique]


def key_logs(paths: tuple[str, ...]) -> list[Path]:
    """Files of secrets among the captures: given by name, or lying in their folders."""
    found = []
    for path in paths:
        where = Path(path)
        inside = where.rglob("*") if path != "-" and where.is_dir() else [where]
        found += sorted(file for file in inside if _is_key_log(file))
    return list(dict.fromkeys(found))


def _is_key_log(file: Path) -> bool:
    """What has the name of a capture is one, and a pipe is not opened twice."""
    return not _is_capture(file) and str(file) != "-" and file.is_file() and is_key_log(file)


def _files(path: str) -> Iterator[Path]:
    where = Path(path)
    if path == "-" or not where.is_dir():
        yield where
        return
    if not os.access(where, os.R_OK | os.X_OK):
        raise CaptureError(f"{path}: Permission denied")
    found = sorted(f for f in where.rglob("*") if _is_capture(f) and f.is_file())
    if not found:
        raise CaptureError(f"{path}: no captures ({', '.join(SUFFIXES)}) in this folder")
    dumps = set(found)
    yield from (f for f in found if f.suffix != SUFFIX or f.with_suffix("") not in dumps)


def _is_capture(file: Path) -> bool:
    squeezed = file.suffix in SQUEEZED and Path(file.stem).suffix in PACKETS
    return squeezed or file.suffix in SUFFIXES


def _name(file: Path, all_files: list[Path]) -> str:
    """As many folders as tell it from the others."""
    others = [other.resolve().parts for other in all_files if other is not file]
    parts = file.resolve().parts if str(file) != "-" else ("-",)
    size = 1
    while size < len(parts) and any(other[-size:] == parts[-size:] for other in others):
        size += 1
    return "/".join(parts[-size:]).encode("utf-8", "replace").decode()
