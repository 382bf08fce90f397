"""The edge where captures are named: files and folders in, sources out."""

from collections.abc import Iterator
from pathlib import Path

from auditor.errors import CaptureError

SUFFIXES = (".mitm", ".flow", ".flows", ".dump", ".har", ".jsonl")


def expand(paths: tuple[str, ...]) -> list[tuple[Path, str]]:
    """Every file with the name it gets in the report: as short as it can be and still its own."""
    files = [file for path in paths for file in _files(path)]
    unique = list(dict.fromkeys(files))
    names = [file.name for file in unique]
    return [(file, _name(file, names)) for file in unique]


def _files(path: str) -> Iterator[Path]:
    where = Path(path)
    if path == "-" or not where.is_dir():
        yield where
        return
    found = sorted(f for f in where.rglob("*") if f.suffix in SUFFIXES and f.is_file())
    if not found:
        raise CaptureError(f"{path}: no captures ({', '.join(SUFFIXES)}) in this folder")
    yield from found


def _name(file: Path, names: list[str]) -> str:
    name = f"{file.resolve().parent.name}/{file.name}" if names.count(file.name) > 1 else file.name
    return name.encode("utf-8", "replace").decode()
