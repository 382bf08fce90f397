"""The edge where captures are named: files and folders in, sources out."""

from collections.abc import Iterator
from pathlib import Path

from auditor.errors import CaptureError
from auditor.sources.journal import SUFFIX

SUFFIXES = (".mitm", ".flow", ".flows", ".dump", ".har", ".jsonl", SUFFIX)


def expand(paths: tuple[str, ...]) -> list[tuple[Path, str]]:
    """Every file with the name it gets in the report: as short as it can be and still its own."""
    files = [file for path in paths for file in _files(path)]
    unique = list(dict.fromkeys(files))
    return [(file, _name(file, unique)) for file in unique]


def _files(path: str) -> Iterator[Path]:
    where = Path(path)
    if path == "-" or not where.is_dir():
        yield where
        return
    found = sorted(f for f in where.rglob("*") if f.suffix in SUFFIXES and f.is_file())
    if not found:
        raise CaptureError(f"{path}: no captures ({', '.join(SUFFIXES)}) in this folder")
    dumps = set(found)
    yield from (f for f in found if f.suffix != SUFFIX or f.with_suffix("") not in dumps)


def _name(file: Path, all_files: list[Path]) -> str:
    """As many folders as tell it from the others."""
    others = [other.resolve().parts for other in all_files if other is not file]
    parts = file.resolve().parts if str(file) != "-" else ("-",)
    size = 1
    while size < len(parts) and any(other[-size:] == parts[-size:] for other in others):
        size += 1
    return "/".join(parts[-size:]).encode("utf-8", "replace").decode()
