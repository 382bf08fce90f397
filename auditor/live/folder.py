"""The folder of a session: everything that was recorded, and a file that says how.

    session.json           start, stop, versions, options, marks and hashes
    session.yaml           what `auditor analyze` has to know: texts, names, app
    session.mitm           the dump, and beside it the journal
    ca/                    the certificate authority, unless another is kept
    report.txt             the report as it was at the end

Laws: only its owner may read any of it; a file is replaced as a whole, so a crash leaves the
old one; hashes are taken when nobody writes any more.
"""

import hashlib
import os
import shutil
import time
from pathlib import Path

import msgspec
from msgspec import Struct, structs

from auditor.errors import CaptureError
from auditor.model import App
from auditor.sources.records import SUFFIX

DUMP = "session.mitm"
JOURNAL = DUMP + SUFFIX
KEPT = "session.json"


class Mark(Struct, frozen=True):
    """Something that the person at the keys said at that moment."""

    when: float
    what: str


class About(Struct, frozen=True):
    session: int  # the version of this form
    name: str
    began: float
    ended: float | None = None
    why: str = ""  # it ended
    versions: dict[str, str] = {}
    options: dict[str, str | list[str] | int | bool] = {}
    authority: str = ""
    marks: tuple[Mark, ...] = ()
    hashes: dict[str, str] = {}


class Folder:
    """The folder of a session that is running."""

    def __init__(self, path: Path, about: About) -> None:
        self.path = path
        self.about = about
        self._new = not path.exists()
        try:
            path.mkdir(parents=True, mode=0o700, exist_ok=True)
            if any(path.iterdir()):
                raise CaptureError(f"{path}: not empty, and a session is never written over")
            path.chmod(0o700)
            self.write(DUMP, b"")
            self._save()
        except OSError as exc:
            raise CaptureError(f"{path}: cannot be written: {exc.strerror}") from exc

    @property
    def dump(self) -> Path:
        return self.path / DUMP

    def write(self, name: str, data: bytes) -> None:
        """The whole file, or none of it; for its owner alone."""
        new = self.path / f".{name}.new"
        number = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(number, "wb") as file:
            file.write(data)
        new.replace(self.path / name)

    def trust(self, authority: str) -> None:
        self.about = structs.replace(self.about, authority=authority)
        self._save()

    def mark(self, what: str) -> None:
        self.about = structs.replace(self.about, marks=(*self.about.marks, Mark(time.time(), what)))
        self._save()

    def close(self, why: str) -> None:
        hashes = {name: _hash(self.path / name) for name in (DUMP, JOURNAL) if (self.path / name).exists()}
        self.about = structs.replace(self.about, ended=time.time(), why=why, hashes=hashes)
        self._save()

    def discard(self) -> None:
        """It never came to a session: what was written goes, and the folder, unless it was there before."""
        for one in self.path.iterdir():
            if one.is_dir() and not one.is_symlink():
                shutil.rmtree(one)
            else:
                one.unlink()
        if self._new:
            self.path.rmdir()

    def _save(self) -> None:
        self.write(KEPT, msgspec.json.format(msgspec.json.encode(self.about)) + b"\n")


def about_of(path: Path) -> About | None:
    """What a folder says of its session; nothing where it is none."""
    try:
        return msgspec.json.decode((path / KEPT).read_bytes(), type=About)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as exc:
        raise CaptureError(f"{path / KEPT}: not a file of a session") from exc


def said(app: App, renamed: dict[str, str], texts: tuple[str, ...]) -> bytes:
    """session.yaml, so that `auditor analyze` of the folder gives the same report."""
    rows = {"app": app.name, "version": app.version, "mode": app.mode}
    lines = [f"{key}: {_quoted(value)}" for key, value in rows.items() if value]
    if renamed:
        pairs = (f"{_quoted(host)}: {_quoted(name)}" for host, name in renamed.items())
        lines.append(f"as: {{{', '.join(pairs)}}}")
    if texts:
        lines.append(f"texts: [{', '.join(map(_quoted, texts))}]")
    return "".join(f"{line}\n" for line in lines).encode()


def _quoted(text: str) -> str:
    plain = (c if c.isprintable() and c not in '"\\' else f"\\U{ord(c):08x}" for c in text)
    return f'"{"".join(plain)}"'


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
