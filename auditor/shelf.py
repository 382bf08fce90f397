"""The shelf where the rules stand: the edge that reads rule files and the recordings their tests cite."""

import os
from functools import cache, lru_cache
from pathlib import Path

from msgspec import Struct

import auditor
from auditor.errors import CaptureError, Fault, RuleError
from auditor.model import App, Parcel
from auditor.rulebook.book import Rulebook
from auditor.rulebook.fields import Fields
from auditor.rulebook.yaml import Block, load
from auditor.sources import read as read_capture

SESSION = "session.yaml"
LARGEST = 1_000_000  # a rule file of more bytes is somebody's joke
MOST_FILES = 20_000
LARGEST_RECORDING = 50_000_000


def own_rules() -> Path:
    """The rules that came with this program: beside the package in a checkout, inside it when installed."""
    package = Path(auditor.__file__).parent
    inside = package / "_rules"
    return inside if inside.is_dir() else package.parent / "rules"


def load_rules(folder: Path | None) -> Rulebook:
    """Rules to audit with: those in a folder whole, our own as what was tested before."""
    return Rulebook.of(texts_of(folder)) if folder else _ours()


@cache
def _ours() -> Rulebook:
    """Read once: they came with the program, and do not change while it runs."""
    return Rulebook.of_tested(texts_of(own_rules()))


def load_outside() -> Rulebook:
    """What our own rules say of connections: they are tested, so no fault in the others is looked for."""
    return Rulebook.of_outside(texts_of(own_rules()))


def texts_of(folder: Path) -> dict[str, str]:
    """Every rule file below a folder, by its path there."""
    if not folder.is_dir():
        raise CaptureError(f"{folder}: no such folder of rules")
    files: dict[str, Path] = {}
    for place, _, names in os.walk(folder):
        below = Path(place).relative_to(folder)
        if "captures" not in below.parts[:1]:
            inside = f"{below.as_posix()}/" if below.parts else ""
            files |= {inside + name: Path(place, name) for name in names if name.endswith(".yaml")}
        if len(files) > MOST_FILES:
            raise CaptureError(f"{folder}: more than {MOST_FILES:,} rule files")
    texts = {name: _text_of(file) for name, file in sorted(files.items()) if not file.is_symlink()}
    if not texts:
        raise CaptureError(f"{folder}: no rule files (*.yaml) in this folder")
    return texts


def _text_of(file: Path) -> str:
    try:
        if file.stat().st_size > LARGEST:
            raise CaptureError(f"{file}: too large for a rule file")
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise CaptureError(f"{file}: cannot be read: {exc}") from exc


def root_of(path: Path) -> Path:
    """The rule set that a file or folder belongs to: the folder above platforms/ and its like."""
    for parent in (path, *path.parents):
        if any((parent / kind).is_dir() for kind in ("platforms", "envelopes", "transports")):
            return parent
    raise CaptureError(f"{path}: not in a rule set (a folder with platforms/, envelopes/, transports/)")


class Recordings:
    """Finds parcels of recorded sessions by their refs: `captures/alice.mitm#8>`.

    Only below the rule set's own captures/ folder, or the one beside it in a checkout.
    """

    def __init__(self, rules: Path) -> None:
        self.homes = [p.resolve() for p in (rules, rules.parent) if (p / "captures").is_dir()]
        self._parcels = lru_cache(maxsize=64)(self._read)

    def find(self, ref: str) -> Parcel | None:
        name, _, place = ref.rpartition("#")
        if not name.startswith("captures/") or ".." in name.split("/"):
            raise CaptureError(f"{ref}: recordings lie below captures/, like captures/alice.mitm#8>")
        for home in self.homes:
            file = (home / name).resolve()
            if file.is_relative_to(home / "captures") and file.is_file():
                parcel = self._parcels(file).get(place)
                if parcel is None:
                    raise CaptureError(f"{ref}: no such parcel in this recording")
                return parcel
        return None

    @staticmethod
    def _read(file: Path) -> dict[str, Parcel]:
        if file.stat().st_size > LARGEST_RECORDING:
            raise CaptureError(f"{file.name}: too large for a recorded test")
        names = _names_beside(file)
        events = read_capture(file, renamed=names)
        return {f"{e.ref.entry}{e.ref.part}": e for e in events if isinstance(e, Parcel)}


def _names_beside(file: Path) -> dict[str, str]:
    """The other name of a local server, where the recording's truth.yaml gives one."""
    try:
        return _mapping(_beside(file, "truth.yaml").get("as"))
    except RuleError:
        return {}


class Session(Struct, frozen=True):
    """What a session.yaml beside a capture says of it."""

    app: App = App()
    renamed: dict[str, str] = {}
    texts: tuple[str, ...] = ()


def session_of(file: Path) -> Session:
    """The session.yaml beside a capture; RuleError where it is wrong.

    app: TikTok
    version: 46.7.3
    mode: a chat with a stranger
    as: {localhost: chat.signal.org}
    texts: [a text that was sent, another one]
    """
    block = _beside(file, SESSION)
    faults: list[Fault] = []
    fields = Fields(block, (file.parent / SESSION).as_posix(), faults)
    fields.known("", "app version mode as texts")
    app = App(fields.text("app"), fields.text("version"), fields.text("mode"))
    session = Session(app, _mapping(block.get("as")), fields.texts("texts"))
    if faults:
        raise RuleError(faults)
    return session


def _beside(file: Path, name: str) -> Block:
    """A small mapping in a file of this name beside another; empty where there is none."""
    where = file.parent / name
    if not where.is_file():
        return Block((1, 1))
    if where.stat().st_size > LARGEST:
        raise CaptureError(f"{where}: too large for a {name}")
    try:
        return load(where.read_text(encoding="utf-8"), where.as_posix())
    except (OSError, UnicodeDecodeError):
        raise CaptureError(f"{where}: cannot be read") from None


def _mapping(value: object) -> dict[str, str]:
    return {str(key): str(name) for key, name in value.items()} if isinstance(value, Block) else {}
